"""What is accepted as the settings of a Space, before the Hub is asked."""

import re
from collections.abc import Iterator, Mapping

from pipeline.domain.errors import FieldProblem
from pipeline.domain.space import setting_key_problem, space_id_problem

MAX_SPACE_FILES = 1_000
"""What the Hub judges in one go before a commit."""

MAX_SPACE_BYTES = 50 * 1024 * 1024
MAX_SETTINGS = 100
MAX_VALUE = 32 * 1024
MAX_SLEEP_SECONDS = 2**31 - 1

_HARDWARE = re.compile(r"[a-z0-9][a-z0-9-]{1,40}")


def space_name_problem(name: str) -> str | None:
    """What is wrong with ``name`` or ``owner/name``, or None."""
    return space_id_problem(name if "/" in name else f"owner/{name}")


def hardware_problem(hardware: str | None) -> str | None:
    """What is wrong with a word for hardware, or None. Which words there are, the Hub decides."""
    if hardware is None or _HARDWARE.fullmatch(hardware):
        return None
    return "must be one of the Hub's words, such as cpu-basic or zero-a10g"


def sleep_problem(seconds: int | None) -> str | None:
    """What is wrong with a sleep time, or None. The rule is that of the Hub's OpenAPI."""
    if seconds is None or seconds == -1 or 0 < seconds <= MAX_SLEEP_SECONDS:
        return None
    return "must be a number of seconds above 0, or -1 for never"


def setting_problems(secrets: Mapping[str, str], variables: Mapping[str, str]) -> Iterator[FieldProblem]:
    """Every rule that these secrets and variables of one Space break, without names and values."""
    yield from _map_problems("secrets", secrets)
    yield from _map_problems("variables", variables)
    if secrets.keys() & variables.keys():
        yield FieldProblem("secrets", "has a name that variables has as well: the Hub starts no such Space")


def _map_problems(field: str, settings: Mapping[str, str]) -> Iterator[FieldProblem]:
    if len(settings) > MAX_SETTINGS:
        yield FieldProblem(field, f"has more than {MAX_SETTINGS} items")
        return
    for number, (key, value) in enumerate(settings.items(), 1):
        if problem := setting_key_problem(key):
            yield FieldProblem(field, f"the name of item {number} {problem}")
        if len(value) > MAX_VALUE:
            yield FieldProblem(field, f"the value of item {number} is longer than {MAX_VALUE} characters")
        if "\0" in value:
            yield FieldProblem(field, f"the value of item {number} contains a NUL character")
