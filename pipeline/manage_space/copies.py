"""Copies of Spaces."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pipeline.domain.errors import FieldProblem, HubTokenRefused, InvalidInput, NotPermitted, SpaceMissing
from pipeline.domain.space import Space, SpaceSettings, space_id_problem
from pipeline.domain.space_rules import hardware_problem, sleep_problem
from pipeline.manage_space.wishes import NewSetting, setting_problems
from pipeline.ports import SpaceHost


@dataclass(frozen=True, slots=True)
class CopyWish:
    """How a copy is to differ from its source.

    Attributes:
        target: ``owner/name``, or a name under the token's owner; None = the source's name.
        private: None = as the source is.
        hardware: None = what the owner's plan gives.
        sleep_seconds: without visitors until it sleeps; -1 = never; None = the Hub's default.
        secrets: of the copy; none are copied.
        variables: beside those that are copied.
    """

    target: str | None = None
    private: bool | None = None
    hardware: str | None = None
    sleep_seconds: int | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Copied:
    """A copy that was made.

    Attributes:
        space: the new one.
        warning: which secrets of the source it lacks; None = none, as far as the token may see.
    """

    space: Space
    warning: str | None = None


async def copy_space(host: SpaceHost, source_id: str, wish: CopyWish) -> Copied:
    """Copy a Space, its settings in the same request.

    Args:
        host: the Hub.
        source_id: ``owner/name``.
        wish: what is to be different.

    Raises:
        InvalidInput: a rule is broken; nothing was made.
        SpaceConflict: the name is taken.
        HubError: the Hub refused or did not answer.
    """
    target = wish.target or source_id.partition("/")[2]
    if problems := [*_problems(wish, target)]:
        raise InvalidInput(*problems)
    source = await host.info(source_id)
    if wish.secrets and source.sdk == "static":
        raise InvalidInput(FieldProblem("secrets", "are shown to every visitor of a static Space: it can have none"))
    if "/" not in target:
        target = f"{await host.owner()}/{target}"
    is_private = source.visibility != "public" if wish.private is None else wish.private
    settings = SpaceSettings(
        sdk=source.sdk or "",
        private=is_private,
        secrets=wish.secrets,
        variables=wish.variables,
        hardware=wish.hardware,
        sleep_seconds=wish.sleep_seconds,
    )
    copy = await host.duplicate(source.id, target, settings)
    missing = sorted({*await _secret_names(host, source.id)} - {*wish.secrets})
    warning = f"secrets are not copied: the copy lacks {', '.join(missing)}" if missing else None
    return Copied(copy, warning)


def _problems(wish: CopyWish, target: str) -> Iterator[FieldProblem]:
    yield from setting_problems("secrets", {key: NewSetting(value) for key, value in wish.secrets.items()})
    yield from setting_problems("variables", {key: NewSetting(value) for key, value in wish.variables.items()})
    if problem := space_id_problem(target if "/" in target else f"owner/{target}"):
        yield FieldProblem("to_id", problem)
    if problem := hardware_problem(wish.hardware):
        yield FieldProblem("hardware", problem)
    if problem := sleep_problem(wish.sleep_seconds):
        yield FieldProblem("sleep_time", problem)
    if wish.secrets.keys() & wish.variables.keys():
        yield FieldProblem("secrets", "has a name that variables has as well: the Hub starts no such Space")


async def _secret_names(host: SpaceHost, space_id: str) -> list[str]:
    """None for a Space of somebody else, whose secrets' names are not to be seen."""
    try:
        return [secret.key for secret in await host.secrets(space_id)]
    except (NotPermitted, HubTokenRefused, SpaceMissing):
        return []
