"""The kinds of sentences: a module for each, with its RULES; a new one is found by being here."""

from importlib import import_module
from pkgutil import iter_modules

from pipeline.verification.inspection import Rule
from pipeline.verification.said import Pattern


def all_rules() -> tuple[tuple[Pattern, Rule], ...]:
    """The rules of every kind, in the order of its modules' names."""
    modules = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]
    return tuple((Pattern(expression), judge) for module in modules for expression, judge in module.RULES)
