"""Many requests at once: they wait in tables of their own, and come into the queue a few at a time."""
