"""The use cases on Spaces: create and copy, set what differs, put files there, start and stop; one or many."""
