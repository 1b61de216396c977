"""The kinds of sentences; a module is found by being here."""
