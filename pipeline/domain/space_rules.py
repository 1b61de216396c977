"""What is accepted as a Space and its settings. Problems name fields and rules, and never hold a value."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping

from pipeline.domain.errors import FieldProblem
from pipeline.domain.files import AppFiles
from pipeline.domain.space import STATIC, SettingKind, SpaceSettings, setting_key_problem, space_id_problem

MAX_SPACE_FILES = 1_000
"""What the Hub judges in one go before a commit."""

MAX_SPACE_BYTES = 50 * 1024 * 1024
MAX_SETTINGS = 100
MAX_VALUE = 32 * 1024
MAX_DESCRIPTION = 1_000
MAX_SLEEP_SECONDS = 2**31 - 1

_SHORTEST_SECRET = 8  # shorter values stand in files by chance
HARDWARE = re.compile(r"[a-z0-9][a-z0-9-]{1,40}")


def name_problems(name: str, field: str = "name") -> Iterator[FieldProblem]:
    """The rule that ``name`` or ``owner/name`` breaks."""
    if problem := space_id_problem(name if "/" in name else f"owner/{name}"):
        yield FieldProblem(field, problem)


def hardware_problem(hardware: str | None) -> str | None:
    """What is wrong with a word for hardware, or None. Which words there are, the Hub decides."""
    if hardware is None or HARDWARE.fullmatch(hardware):
        return None
    return "must be one of the Hub's words, such as cpu-basic or zero-a10g"


def sleep_problem(seconds: int | None) -> str | None:
    """What is wrong with a sleep time, or None. The rule is that of the Hub's OpenAPI."""
    if seconds is None or seconds == -1 or 0 < seconds <= MAX_SLEEP_SECONDS:
        return None
    return "must be a number of seconds above 0, or -1 for never"


def settings_problems(settings: SpaceSettings) -> Iterator[FieldProblem]:
    """Every rule that ``settings`` break, whatever the Space is like."""
    for kind in SettingKind:
        yield from _named_problems(kind, settings.named(kind), settings.descriptions)
    if settings.secrets.keys() & settings.variables.keys():
        yield FieldProblem("secrets", "has a name that variables has as well: the Hub starts no such Space")
    if problem := hardware_problem(settings.hardware):
        yield FieldProblem("hardware", problem)
    if problem := sleep_problem(settings.sleep_seconds):
        yield FieldProblem("sleep_time", problem)


def misfits(
    settings: SpaceSettings, sdk: str | None, kept: Mapping[SettingKind, Collection[str]] | None = None
) -> Iterator[FieldProblem]:
    """Why a Space of the kind ``sdk`` (None = not known) that has ``kept`` secrets and variables cannot be set so."""
    if sdk == STATIC:
        if settings.secrets:
            problem = "do not stay secret: a static Space shows its secrets to every visitor; use another kind of Space"
            yield FieldProblem("secrets", problem)
        for field, value in (("hardware", settings.hardware), ("sleep_time", settings.sleep_seconds)):
            if value is not None:
                yield FieldProblem(field, "has no meaning for a static Space, which runs no program")
    for kind, other in zip(SettingKind, reversed(SettingKind), strict=True):
        if both := sorted(settings.named(kind).keys() & set((kept or {}).get(other, ()))):
            problem = (
                f"has the name of a {other.singular} of the Space, which the Hub does not start: delete that first"
            )
            yield FieldProblem(kind, f"{', '.join(both)} {problem}")


def files_problems(files: AppFiles, most_bytes: int = MAX_SPACE_BYTES) -> Iterator[FieldProblem]:
    """Every rule that the files of a Space break, but for those of their contents."""
    if not files:
        yield FieldProblem("files", "is required and must not be empty")
    if len(files) > MAX_SPACE_FILES:
        yield FieldProblem("files", f"has more than {MAX_SPACE_FILES} items")
    if files.size > most_bytes:
        yield FieldProblem("files", f"has more than {most_bytes} bytes in all")


def published_secrets(secrets: Iterable[str], files: AppFiles) -> set[str]:
    """Those of ``secrets`` that stand in ``files``, where everybody could read them."""
    raw = {secret: secret.encode("utf-8", "surrogatepass") for secret in secrets}
    long = {secret: value for secret, value in raw.items() if len(value) >= _SHORTEST_SECRET}
    return {secret for secret, value in long.items() if any(value in content for content in files.values())}


def _named_problems(
    kind: SettingKind, settings: Mapping[str, str], descriptions: Mapping[str, str]
) -> Iterator[FieldProblem]:
    if len(settings) > MAX_SETTINGS:
        yield FieldProblem(kind, f"has more than {MAX_SETTINGS} items")
        return
    for number, (key, value) in enumerate(settings.items(), 1):
        description = descriptions.get(key, "")
        if problem := setting_key_problem(key):
            yield FieldProblem(kind, f"the name of item {number} {problem}")
        if len(value) > MAX_VALUE:
            yield FieldProblem(kind, f"the value of item {number} is longer than {MAX_VALUE} characters")
        if len(description) > MAX_DESCRIPTION:
            yield FieldProblem(kind, f"the description of item {number} is longer than {MAX_DESCRIPTION} characters")
        if "\0" in value + description:
            yield FieldProblem(kind, f"item {number} contains a NUL character")
