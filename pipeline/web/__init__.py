"""The service as HTTP."""
