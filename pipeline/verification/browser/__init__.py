"""Opening an app in a sealed browser."""
