"""What is wished of a Space, and the rules for it that need no question to the Hub."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.domain.errors import FieldProblem
from pipeline.domain.space import Volume, setting_key_problem
from pipeline.domain.space_rules import MAX_SETTINGS, MAX_VALUE, hardware_problem, sleep_problem

MAX_DESCRIPTION = 1_000

STORAGE_IS_GONE = (
    "the Hub has no persistent storage tiers any more; what to do now: mount a volume, with PUT "
    '/spaces/{owner}/{name}/volumes {"volumes": [{"type": "bucket", "source": "owner/name", "mount_path": "/data"}]} '
    "or `pipeline spaces volumes ID --mount bucket:owner/name:/data`; DELETE the volumes to unmount them"
)


@dataclass(frozen=True, slots=True)
class NewSetting:
    """A secret or a variable to be set.

    Attributes:
        value: may be secret.
        description: what it is for.
    """

    value: str = field(repr=False)
    description: str | None = None


NewSettings = Mapping[str, NewSetting]


@dataclass(frozen=True, slots=True)
class SpaceChanges:
    """What is to be different. What is None or empty stays as it is.

    Attributes:
        secrets: to be set, by name.
        variables: to be set, by name.
        secrets_to_delete: names.
        variables_to_delete: names.
        volumes: all that is to be mounted.
        hardware: in the Hub's words.
        sleep_seconds: without visitors until it sleeps; -1 = never.
        is_dev_mode: whether its files can be changed while it runs.
        visibility: ``public``, ``private`` or ``protected``.
    """

    secrets: NewSettings = field(default_factory=dict)
    variables: NewSettings = field(default_factory=dict)
    secrets_to_delete: tuple[str, ...] = ()
    variables_to_delete: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] | None = None
    hardware: str | None = None
    sleep_seconds: int | None = None
    is_dev_mode: bool | None = None
    visibility: str | None = None


def setting_problems(kind: str, settings: NewSettings) -> Iterator[FieldProblem]:
    """Every rule that secrets or variables break. Names no value, and no name that breaks the rule for names.

    Args:
        kind: ``secrets`` or ``variables``, for the problems' fields.
        settings: to be set.
    """
    if len(settings) > MAX_SETTINGS:
        yield FieldProblem(kind, f"has more than {MAX_SETTINGS} items")
        return
    for number, (key, setting) in enumerate(settings.items(), 1):
        if problem := setting_key_problem(key):
            yield FieldProblem(kind, f"the name of item {number} {problem}")
        if len(setting.value) > MAX_VALUE:
            yield FieldProblem(kind, f"the value of item {number} is longer than {MAX_VALUE} characters")
        if len(setting.description or "") > MAX_DESCRIPTION:
            yield FieldProblem(kind, f"the description of item {number} is longer than {MAX_DESCRIPTION} characters")
        if "\0" in setting.value + (setting.description or ""):
            yield FieldProblem(kind, f"item {number} contains a NUL character")


def change_problems(changes: SpaceChanges) -> Iterator[FieldProblem]:
    """Every rule that they break, whatever the Space is like."""
    yield from setting_problems("secrets", changes.secrets)
    yield from setting_problems("variables", changes.variables)
    if problem := hardware_problem(changes.hardware):
        yield FieldProblem("hardware", problem)
    if problem := sleep_problem(changes.sleep_seconds):
        yield FieldProblem("sleep_time", problem)
