"""Builds an app without a language model."""
