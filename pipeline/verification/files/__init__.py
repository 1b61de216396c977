"""Reading the files of an app."""
