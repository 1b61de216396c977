"""The evaluator's side: rounds of briefs are played against a service, and what it has told and published is judged."""
