"""Schema changes, oldest first. Run by ``Database.migrate``."""
