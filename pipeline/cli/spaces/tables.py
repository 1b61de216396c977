"""What commands on Spaces print for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.output import plain, say, stdout
from pipeline.domain.provision import SpaceAction, SpaceStatus
from pipeline.domain.space import BROKEN, SettingKind
from pipeline.shapes.spaces import (
    ChangeReply,
    CopyReply,
    CreateSpaceReply,
    ProvisionReply,
    RuntimeView,
    SecretView,
    SpaceReply,
    SpaceView,
    VariableView,
    VolumeView,
    WakeReply,
)

STAGE_STYLES = {"RUNNING": "green", **dict.fromkeys(BROKEN, "red")}
STATUS_STYLES = {SpaceStatus.SUCCEEDED: "green", SpaceStatus.FAILED: "red"}
DONE_WORDS = {SpaceAction.CREATE: "created", SpaceAction.UPDATE: "updated", SpaceAction.UNCHANGED: "unchanged"}


def print_space(space: SpaceView) -> None:
    """All about a Space. Lines are never broken, so that addresses can be copied."""
    _print_facts(
        {
            "space": space.space_id,
            "page": space.url,
            "app": space.host,
            "kind": space.sdk,
            "visibility": space.visibility,
            "commit": space.commit_sha,
            "modified": _time(space.modified_at),
        }
    )
    if isinstance(space, CopyReply) and space.warning:
        say(f"Warning: {space.warning}", "yellow")


def print_created(space: CreateSpaceReply) -> None:
    """A new Space."""
    _print_facts({"space": space.space_id, "page": space.url, "app": space.host, "commit": space.commit_sha})
    for note in space.notes:
        _print_facts({"note": note})


def print_woken(reply: WakeReply) -> None:
    """What was done about each of several Spaces."""
    rows = [
        (
            each.id,
            each.was,
            each.stage,
            Text(each.error or each.note or ("restarted" if each.restarted else ""), "red" if each.error else ""),
        )
        for each in reply.spaces
    ]
    _print_table(("space", "was", "is", ""), rows)


def print_runtime(runtime: RuntimeView) -> None:
    """How a Space is doing."""
    meaning = f" ({runtime.meaning})" if runtime.meaning else ""
    stage = Text.assemble((runtime.stage, STAGE_STYLES.get(runtime.stage, "yellow")), meaning)
    stdout().print(Text.assemble((f"{'stage':<12}", "bold"), stage), soft_wrap=True)
    _print_facts(
        {
            "error": runtime.error_message,
            "hardware": _hardware(runtime),
            "sleeps": _sleep(runtime.sleep_time),
            "domains": ", ".join(runtime.domains),
            "dev mode": "on" if runtime.dev_mode else None,
            "volumes": ", ".join(map(_volume, runtime.volumes)),
        }
    )


def print_change(reply: ChangeReply) -> None:
    """What was changed; the warning goes to standard error."""
    facts = {
        "space": reply.space_id,
        "changed": ", ".join(reply.changed) or "nothing",
        "as before": ", ".join(reply.unchanged),
        "restarts": "yes" if reply.restarts else "no",
    }
    _print_facts(facts)
    if reply.warning:
        say(f"Warning: {reply.warning}", "yellow")


def print_settings(kind: SettingKind, settings: Sequence[SecretView]) -> None:
    """One line per variable or secret; a secret's value cannot be read back."""
    values = ["value"] if kind is SettingKind.VARIABLES else []
    rows = [
        (each.key, *([each.value] if isinstance(each, VariableView) else []), each.description, _time(each.updated_at))
        for each in settings
    ]
    _print_table((kind.singular, *values, "description", "changed"), rows)


def print_volumes(volumes: Sequence[VolumeView]) -> None:
    """One line per volume."""
    rows = [(each.mount_path, each.type, each.source, "yes" if each.read_only else "") for each in volumes]
    _print_table(("folder", "type", "source", "read only"), rows)


def print_provision(reply: ProvisionReply) -> None:
    """One line per Space, and below the table what is to be known of some."""
    rows = [
        (each.id, Text(state_of(each), STATUS_STYLES.get(each.status, "")), ", ".join(each.changes))
        for each in reply.spaces
    ]
    _print_table(("space", "state", "changes"), rows)
    for each in reply.spaces:
        for told, style in ((each.warning, "yellow"), (each.error, "red")):
            if told:
                say(f"{each.id}: {told}", style)
    if reply.error:
        say(reply.error, "red")


def state_of(space: SpaceReply) -> str:
    """What became of a Space of a provision, or would, in a word or three."""
    if space.action is None:
        return space.status
    return f"{'would be ' * (space.status is SpaceStatus.PLANNED)}{DONE_WORDS[space.action]}"


def _print_table(headings: tuple[str, ...], rows: Sequence[tuple[str | Text | None, ...]]) -> None:
    if not rows:
        say(f"There is no {headings[0]}.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(plain(cell or "")) for cell in row))
    stdout().print(table)


def _print_facts(facts: Mapping[str, str | None]) -> None:
    for name, value in facts.items():
        if value:
            stdout().print(Text.assemble((f"{name:<12}", "bold"), plain(value)), soft_wrap=True)


def _hardware(runtime: RuntimeView) -> str | None:
    if runtime.requested_hardware in {None, runtime.hardware}:
        return runtime.hardware
    return f"{runtime.hardware or 'none now'}, {runtime.requested_hardware} is asked for"


def _sleep(seconds: int | None) -> str | None:
    if seconds is None:
        return None
    return "never" if seconds == -1 else f"after {seconds} s without visitors"


def _volume(volume: VolumeView) -> str:
    return f"{volume.type}:{volume.source} at {volume.mount_path}"


def _time(at: datetime | None) -> str:
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S") if at else ""
