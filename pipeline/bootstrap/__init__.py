"""Settings become services: the only place that names adapters. A module for each kind of caller."""
