"""``pipeline spaces``."""
