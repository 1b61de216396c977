"""What commands on Spaces print for people: the same replies that programs get as JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.output import plain, print_fact, say, stdout, time_text
from pipeline.domain.provision import SpaceAction, SpaceOutcome, SpaceStatus
from pipeline.domain.space import BROKEN, Volume
from pipeline.shapes.spaces import MEANINGS, ProvisionReply

LABELS = {
    "space_id": "space",
    "url": "page",
    "host": "app",
    "sdk": "kind",
    "commit_sha": "commit",
    "notes": "note",
    "modified_at": "modified",
    "unchanged": "as before",
    "error_message": "error",
    "requested_hardware": "asked for",
    "sleep_time": "sleeps",
    "dev_mode": "dev mode",
    "mount_path": "folder",
    "read_only": "read only",
    "key": "name",
    "updated_at": "changed",
}
HIDDEN = {"ok", "message", "note", "meaning", "runtime"}
"""Fields of replies that say nothing to people, or are shown elsewhere."""

STYLES = {"RUNNING": "green", **dict.fromkeys(BROKEN, "red"), SpaceStatus.SUCCEEDED: "green", SpaceStatus.FAILED: "red"}
DONE_WORDS = {SpaceAction.CREATE: "created", SpaceAction.UPDATE: "updated", SpaceAction.UNCHANGED: "unchanged"}


def print_facts(reply: BaseModel) -> None:
    """A line for every field that has a value. Lines are never broken, so that addresses can be copied."""
    for name, value in reply:
        if name == "warning" and value:
            say(f"Warning: {value}", "yellow")
        elif name not in HIDDEN and (value or name == "changed"):
            text = _text(name, value or "nothing")
            if name == "stage":
                text = Text.assemble(
                    (text.plain, STYLES.get(value, "yellow")), f" ({MEANINGS.get(value, 'a new stage')})"
                )
            print_fact(LABELS.get(name, name), text)


def print_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """A table with a column for every field that has a value in some row."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    _print_table([LABELS.get(name, name) for name in names], [[_text(n, row[n]) for n in names] for row in rows])


def print_provision(reply: ProvisionReply) -> None:
    """One line per Space, and below the table what is to be known of some."""
    _print_table(
        ["space", "state", "changes"],
        [
            [Text(each.id), Text(state_of(each), STYLES.get(each.status, "")), _text("changes", each.changes)]
            for each in reply.spaces
        ],
    )
    for each in reply.spaces:
        for text, style in ((each.warning, "yellow"), (each.error, "red")):
            if text:
                say(f"{each.id}: {text}", style)
    if reply.error:
        say(reply.error, "red")


def state_of(space: SpaceOutcome) -> str:
    """What became of a Space of a provision, or would, in a word or three."""
    if space.action is None:
        return space.status
    return f"{'would be ' * (space.status is SpaceStatus.PLANNED)}{DONE_WORDS[space.action]}"


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[Text]]) -> None:
    table = Table(*headings, box=box.SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"
    for row in rows:
        table.add_row(*row)
    stdout().print(table)


def _text(name: str, value: Any) -> Text:
    match value:
        case bool():
            return Text("yes" if value else "no")
        case int() if name == "sleep_time":
            return Text("never" if value == -1 else f"after {value} s without visitors")
        case datetime():
            return Text(time_text(value))
        case list() | tuple():
            return Text(", ".join(_text(name, each).plain for each in value))
        case Volume():
            return Text(plain(f"{value.type}:{value.source} at {value.mount_path}"))
    return Text(plain(str(value)) if value is not None else "", "red" if name == "error" else "")
