"""Checks in prose that code can decide."""
