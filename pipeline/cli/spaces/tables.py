"""What commands on Spaces print for people."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.output import plain, say, stdout
from pipeline.domain.space import BROKEN
from pipeline.shapes.new_space import CreateSpaceReply
from pipeline.shapes.provision import WakeReply
from pipeline.shapes.spaces import (
    ChangeReply,
    CopyReply,
    RuntimeView,
    SecretList,
    SpaceView,
    VariableList,
    VolumeView,
)

STAGE_STYLES = {"RUNNING": "green", **dict.fromkeys(BROKEN, "red")}


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
    if space.runtime:
        print_runtime(space.runtime)
    if isinstance(space, CopyReply) and space.warning:
        say(f"Warning: {space.warning}", "yellow")


def print_created(space: CreateSpaceReply) -> None:
    """A new Space."""
    _print_facts({"space": space.space_id, "page": space.url, "app": space.host, "commit": space.commit_sha})
    for note in space.notes:
        _print_facts({"note": note})


def print_woken(reply: WakeReply) -> None:
    """What was done about each of several Spaces."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("space", "was", "is", ""):
        table.add_column(heading, no_wrap=heading in {"space", "was", "is"})
    for space in reply.spaces:
        said = space.error or space.note or ("restarted" if space.restarted else "")
        style = "red" if space.error else ""
        table.add_row(plain(space.id), space.was or "", space.stage or "", Text(plain(said), style=style))
    stdout().print(table)


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
    if reply.runtime:
        print_runtime(reply.runtime)
    if reply.warning:
        say(f"Warning: {reply.warning}", "yellow")


def print_variables(variables: VariableList) -> None:
    """One line per variable."""
    rows = [
        (each.key, each.value or "", each.description or "", _time(each.updated_at)) for each in variables.variables
    ]
    _print_table(("variable", "value", "description", "changed"), rows)


def print_secrets(secrets: SecretList) -> None:
    """One line per secret; values cannot be read back."""
    rows = [(each.key, each.description or "", _time(each.updated_at)) for each in secrets.secrets]
    _print_table(("secret", "description", "changed"), rows)


def print_volumes(volumes: Sequence[VolumeView]) -> None:
    """One line per volume."""
    rows = [(each.mount_path, each.type, each.source, "yes" if each.read_only else "") for each in volumes]
    _print_table(("folder", "type", "source", "read only"), rows)


def _print_table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    if not rows:
        say(f"There is no {headings[0]}.")
        return
    table = Table(box=box.SIMPLE_HEAD)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    stdout().print(table)


def _print_facts(facts: Mapping[str, str | None]) -> None:
    for name, value in _given(facts):
        stdout().print(Text.assemble((f"{name:<12}", "bold"), plain(value)), soft_wrap=True)


def _given(facts: Mapping[str, str | None]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in facts.items() if value)


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
