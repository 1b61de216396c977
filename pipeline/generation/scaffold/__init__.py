"""Generation without a language model: a real page, by fixed rules, that says what it is."""

from pipeline.generation.scaffold.generator import ScaffoldGenerator

__all__ = ["ScaffoldGenerator"]
