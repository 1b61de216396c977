"""Cases that are plain data: ``tests/data/cases`` has a file for each subject, with a table for each test."""

import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "data" / "cases"


def cases(subject: str) -> dict[str, Any]:
    """The tables of a subject by name: lists of values or rows; of keys and values, a list of pairs."""
    tables = tomllib.loads((FOLDER / f"{subject}.toml").read_text(encoding="utf-8"))
    return {name: list(rows.items()) if isinstance(rows, dict) else rows for name, rows in tables.items()}
