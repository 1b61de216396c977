"""The use cases on a Space that is there: change its settings, copy it, give it other files."""
