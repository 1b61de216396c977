"""Answers of models that are lists."""

import json
from typing import Any


def entries_in(text: str) -> list[dict[str, Any]]:
    """The objects of the JSON array in an answer, whatever stands around it; empty when there is none."""
    start, end = text.find("["), text.rfind("]")
    try:
        document = json.loads(text[start : end + 1]) if 0 <= start < end else []
    except (ValueError, RecursionError):
        return []
    return [entry for entry in document if isinstance(entry, dict)] if isinstance(document, list) else []
