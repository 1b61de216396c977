"""Telling the evaluator."""
