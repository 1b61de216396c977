"""Many Spaces from one template: what is asked for, the rules for it, and what became of each Space."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.domain.errors import FieldProblem
from pipeline.domain.space import AppTemplate, SpaceSettings, space_id_problem
from pipeline.domain.space_rules import files_problems, name_problems, published_secrets, settings_problems

MAX_SPACES = 200
MAX_TEMPLATE_BYTES = 10 * 1024 * 1024
"""Sent once for every Space."""

MAX_SECRETS = 2_000
"""Of all Spaces together: each is looked for in the template's files."""


@dataclass(frozen=True, slots=True)
class WantedSpace:
    """One Space as it should be."""

    name: str  # name or owner/name
    settings: SpaceSettings = field(default_factory=SpaceSettings)  # what they do not name stays


@dataclass(frozen=True, slots=True)
class ProvisionOrder:
    """What is asked for."""

    template: str | AppTemplate  # owner/name of a Space to copy, or an app
    spaces: tuple[WantedSpace, ...]
    replace_secrets: bool = False  # set those again that a Space has: their values cannot be compared


class SpaceAction(StrEnum):
    """What a Space needs, or what was done to it."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"


class SpaceStatus(StrEnum):
    """How far one Space of a provision is."""

    PLANNED = "planned"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SpaceOutcome:
    """What became of one Space, or would."""

    name: str  # as it was asked for
    status: SpaceStatus
    id: str  # owner/name
    action: SpaceAction | None = None  # None while that is not known
    url: str | None = None
    changes: tuple[str, ...] = ()  # done, or to be done, in words without values
    warning: str | None = None
    error: str | None = None  # why it failed, and what had been done by then


@dataclass(frozen=True, slots=True)
class WokenSpace:
    """What was done about one Space that was to be woken."""

    id: str
    was: str | None = None  # its stage, in the Hub's word
    restarted: bool = False  # it was resting, and has been restarted
    stage: str | None = None  # after that
    note: str | None = None  # why nothing had to be done
    error: str | None = None  # why nothing could be done


def order_problems(order: ProvisionOrder) -> Iterator[FieldProblem]:
    """Every rule that ``order`` breaks, by field and without values, but for those of its files' contents."""
    if not isinstance(order.template, str):
        yield from below("template", files_problems(order.template.files, MAX_TEMPLATE_BYTES))
    elif problem := space_id_problem(order.template):
        yield FieldProblem("template", problem)
    if not order.spaces:
        yield FieldProblem("spaces", "is required and must not be empty")
    if len(order.spaces) > MAX_SPACES:
        yield FieldProblem("spaces", f"has more than {MAX_SPACES} items")
        return
    names: dict[str, int] = {}
    for index, wanted in enumerate(order.spaces):
        yield from below(f"spaces[{index}]", [*name_problems(wanted.name), *settings_problems(wanted.settings)])
        # The Hub takes names that differ in case for one.
        first = names.setdefault(wanted.name.lower(), index)
        if first != index:
            yield FieldProblem(f"spaces[{index}].name", f"is that of spaces[{first}] too")
    if sum(len(wanted.settings.secrets) for wanted in order.spaces) > MAX_SECRETS:
        yield FieldProblem("spaces", f"have more than {MAX_SECRETS} secrets in all")
    elif isinstance(order.template, AppTemplate) and order.template.files.size <= MAX_TEMPLATE_BYTES:
        yield from _published(order.template, order.spaces)


def below(place: str, problems: Iterable[FieldProblem]) -> Iterator[FieldProblem]:
    """The same problems, of a part that stands at ``place``."""
    return (FieldProblem(f"{place}.{problem.field}", problem.problem) for problem in problems)


def _published(template: AppTemplate, spaces: Sequence[WantedSpace]) -> Iterator[FieldProblem]:
    published = published_secrets((v for wanted in spaces for v in wanted.settings.secrets.values()), template.files)
    for index, wanted in enumerate(spaces):
        if not published.isdisjoint(wanted.settings.secrets.values()):
            problem = "has a value that stands in the template's files too, where it would be published"
            yield FieldProblem(f"spaces[{index}].secrets", problem)
