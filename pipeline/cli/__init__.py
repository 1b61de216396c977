"""The service as a command."""
