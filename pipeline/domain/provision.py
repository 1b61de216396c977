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
    """One Space as it should be.

    Attributes:
        name: ``name`` or ``owner/name``.
        settings: what they do not name is left as it is, or to the template or the Hub.
    """

    name: str
    settings: SpaceSettings = field(default_factory=SpaceSettings)


@dataclass(frozen=True, slots=True)
class ProvisionOrder:
    """What is asked for.

    Attributes:
        template: ``owner/name`` of a Space to copy, or an app.
        spaces: in the caller's order.
        replace_secrets: whether secrets that a Space has already are set again: their values cannot be compared.
    """

    template: str | AppTemplate
    spaces: tuple[WantedSpace, ...]
    replace_secrets: bool = False


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
    """What became of one Space, or would.

    Attributes:
        name: as it was asked for.
        status: how far it is.
        action: None while that is not known.
        id: ``owner/name``.
        url: of its page; None while there is none.
        changes: what was done, or would be, in words without values.
        warning: what the caller should know.
        error: why it failed, and what had been done by then.
    """

    name: str
    status: SpaceStatus
    id: str
    action: SpaceAction | None = None
    url: str | None = None
    changes: tuple[str, ...] = ()
    warning: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class WokenSpace:
    """What was done about one Space that was to be woken.

    Attributes:
        id: ``owner/name``.
        was: its stage, in the Hub's word; None when the Hub did not say.
        restarted: whether it was resting, and has been restarted.
        stage: after that, or None.
        note: why nothing had to be done, or None.
        error: why nothing could be done, or None.
    """

    id: str
    was: str | None = None
    restarted: bool = False
    stage: str | None = None
    note: str | None = None
    error: str | None = None


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
