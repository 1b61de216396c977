"""Reading a model's reply."""
