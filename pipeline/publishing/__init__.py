"""Putting a commit where visitors find it."""
