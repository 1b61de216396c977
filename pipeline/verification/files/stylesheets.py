"""CSS: what a browser would skip, and the addresses that a style sheet names."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import tinycss2

from pipeline.verification.problems import Problem

_Token = Any  # tinycss2 has no types


@dataclass(frozen=True, slots=True)
class Stylesheet:
    """What no browser can use of a style sheet, and the addresses, with lines, from ``url()`` and ``@import``."""

    problems: tuple[Problem, ...]
    urls: tuple[tuple[str, int], ...]


def read_stylesheet(text: str) -> Stylesheet:
    """Parse ``text``; lines are counted from 1 within it."""
    # A closing brace too many is a token of its own kind; when it is none, something was still open.
    # Form feeds are white space either way, and would count as lines.
    tokens = tinycss2.parse_component_value_list(f"{text.replace(chr(12), ' ')}\n}}", skip_comments=True)
    problems = []
    if tokens and tokens[-1].type == "error" and tokens[-1].kind == "}":
        tokens.pop()
    else:
        problems.append(Problem("a block, comment or string is never closed", text.count("\n") + 1))
    return Stylesheet((*problems, *_rule_problems(tokens)), tuple(_urls(tokens)))


def _rule_problems(tokens: list[_Token]) -> Iterator[Problem]:
    for rule in tinycss2.parse_stylesheet(tokens, skip_whitespace=True):
        if rule.type == "error":
            yield Problem("is not a CSS rule: selector { name: value; }", rule.source_line)
        elif rule.type == "qualified-rule":
            for part in tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True):
                if part.type == "error":
                    yield Problem("is not a declaration: name: value;", part.source_line, is_certain=False)


def _urls(tokens: list[_Token]) -> Iterator[tuple[str, int]]:
    waiting = [iter(tokens)]
    after_import = False
    while waiting:
        token = next(waiting[-1], None)
        if token is None:
            waiting.pop()
        elif token.type == "url" or (token.type == "string" and after_import):
            yield token.value, token.source_line
        elif token.type == "function" and token.lower_name == "url":
            yield from ((part.value, part.source_line) for part in token.arguments if part.type == "string")
        elif token.type == "function":
            waiting.append(iter(token.arguments))
        elif token.type.endswith("block"):
            waiting.append(iter(token.content))
        if token is not None and token.type != "whitespace":
            after_import = token.type == "at-keyword" and token.lower_value == "import"
