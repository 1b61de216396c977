"""From a brief to a published app."""
