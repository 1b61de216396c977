"""Turns a written brief into a live, checked web app."""

__version__ = "0.1.0"
