"""The ``github-pages`` target."""
