"""Turns a written brief into a live, checked web app."""

from importlib.metadata import version

__version__ = version("code-to-deployment")
