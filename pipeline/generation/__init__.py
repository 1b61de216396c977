"""From a brief to the files of an app."""
