"""Columns of a table: what type they have and what can be said about their values."""

import math
import re
from collections.abc import Sequence

COLUMNS_SHOWN = 60
_PROBED = 100
_DISTINCT_SHOWN = 6
_MAX_NAME = 60
_MAX_VALUE = 24
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?")
_CODE = re.compile(r"\n0\d+\n")
_BOOLEANS = frozenset({"true", "false"})
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "-"})


def describe_columns(names: Sequence[str], columns: Sequence[Sequence[str]]) -> list[str]:
    """One line per column: name, type, and for numbers minimum, maximum and sum."""
    lines = [
        f"- {_short(name, _MAX_NAME)}: {_describe(values)}"
        for name, values in zip(names[:COLUMNS_SHOWN], columns, strict=False)
    ]
    if len(names) > COLUMNS_SHOWN:
        lines.append(f"- … {len(names) - COLUMNS_SHOWN} more columns")
    return lines


def is_number(value: str) -> bool:
    """Whether ``value`` is written as a number."""
    return _numbers([value]) is not None


def _describe(values: Sequence[str]) -> str:
    present = [value for value in values if value] if "" in values else values
    if not present:
        return "empty"
    numbers = _numbers(present)
    if numbers is None and _numbers([value for value in present[:_PROBED] if _is_known(value)]):
        known = [value for value in present if _is_known(value)]
        numbers = _numbers(known)
        present = known if numbers else present
    missing = len(values) - len(present)
    what = _describe_numbers(present, numbers) if numbers else _describe_texts(present)
    return what + (f", {missing} missing" if missing else "")


def _is_known(value: str) -> bool:
    return value.strip().lower() not in _MISSING


def _numbers(values: Sequence[str]) -> list[float] | None:
    """The values as finite numbers, or None when one of them is none, or is a code: a number with leading zeros.

    Works on all values at once where Python does that faster than one by one.
    """
    try:
        numbers = list(map(float, values))
    except ValueError:
        return None
    if not all(map(math.isfinite, numbers)):
        return None
    joined = "\n".join(["", *values, ""])
    return None if "_" in joined or _CODE.search(joined) else numbers


def _describe_numbers(texts: Sequence[str], numbers: Sequence[float]) -> str:
    joined = "\n".join(texts)
    kind = "number" if "." in joined or "e" in joined or "E" in joined else "integer"
    try:
        total = _figure(math.fsum(numbers))
    except OverflowError:
        total = "too large to be told"
    return f"{kind}, min {_figure(min(numbers))}, max {_figure(max(numbers))}, sum {total}"


def _figure(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.12g}"  # noqa: PLR2004 - exact so far


def _describe_texts(values: Sequence[str]) -> str:
    distinct = sorted(set(values))
    probe = values[:_PROBED]
    if all(value.lower() in _BOOLEANS for value in distinct[:3]) and len(distinct) <= 4:  # noqa: PLR2004 - true, True …
        return "boolean"
    if all(map(_DATE.fullmatch, probe)) and all(map(_DATE.fullmatch, values)):
        return f"date, {distinct[0]} to {distinct[-1]}"
    if len(distinct) <= _DISTINCT_SHOWN:
        return f"text, {', '.join(repr(_short(value, _MAX_VALUE)) for value in distinct)}"
    return f"text, {len(distinct)} distinct"


def _short(text: str, longest: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
