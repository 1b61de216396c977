"""Writes the tables of the reference pages that come from the code: settings, routes, commands.

``make docs`` writes them; ``.ci/docs.py --check`` names the pages that are not as the code is, and exits with 1.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))

from pydantic import AliasChoices, SecretStr  # noqa: E402 - found by the line above
from pydantic.fields import FieldInfo  # noqa: E402
from typer.main import get_command  # noqa: E402

from pipeline.cli.commands import app as commands  # noqa: E402
from pipeline.settings import MEBIBYTE, Settings  # noqa: E402
from pipeline.web.app import create_app  # noqa: E402
from tests.fakes.jobs import MemoryServices  # noqa: E402

PAGES = REPOSITORY / "pipeline/web/pages/reference"
IN_MANY = 3
"""So many commands have an option in the same words: it is told once, below the table."""


def settings_table() -> Iterator[str]:
    """Every variable: name, default, meaning."""
    yield from _head("variable", "default", "meaning")
    for name, field in sorted(Settings.model_fields.items()):
        choices = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else [name]
        names = " or ".join(f"`{str(choice).upper()}`" for choice in choices)
        secret = "*secret*; " if SecretStr in _kinds(field) else ""
        yield _row(names, _default(field), secret + str(field.description))


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    return getattr(field.annotation, "__args__", (field.annotation,))


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory or value is None or value == ():
        return ""
    in_mebibytes = f" ({value // MEBIBYTE} MiB)" if isinstance(value, int) and value and value % MEBIBYTE == 0 else ""
    return f"`{value}`{in_mebibytes}"


def http_table() -> Iterator[str]:
    """Every operation of the API's description: what, who may, answers."""
    yield from _head("route", "what", "token", "answers")
    for path, methods in create_app(MemoryServices()).openapi()["paths"].items():
        for method, operation in methods.items():
            token = "yes" if operation.get("security") else ""
            answers = ", ".join(sorted(operation["responses"]))
            yield _row(f"`{method.upper()} {path}`", operation["summary"], token, answers)


def commands_table() -> Iterator[str]:
    """Every command: what it does, and its options; those of many commands once, in a table of their own."""
    all_commands = dict(_commands(get_command(commands), ["pipeline"]))
    uses = Counter(_option(option) for command in all_commands.values() for option in _params(command, "option"))
    yield from _head("command", "does", "options")
    for name, command in all_commands.items():
        arguments = [each.metavar or each.name.strip("_").upper() for each in _params(command, "argument")]
        options = map(_option, _params(command, "option"))
        told = [label if uses[label, text] >= IN_MANY else f"{label} ({text})" for label, text in options]
        yield _row(f"`{' '.join([name, *arguments])}`", command.help.split("\n\n")[0], ", ".join(told))
    yield ""
    yield from _head("option of many commands", "meaning")
    for (label, text), count in uses.items():
        if count >= IN_MANY:
            yield _row(label, text)


def _commands(command: Any, name: list[str]) -> Iterator[tuple[str, Any]]:
    command = command.make_context(name[-1], [], resilient_parsing=True).command
    if not hasattr(command, "commands"):
        yield " ".join(name), command
    for below in getattr(command, "commands", {}):
        yield from _commands(command.commands[below], [*name, below])


def _params(command: Any, kind: str) -> list[Any]:
    return [each for each in command.params if each.param_type_name == kind]


def _option(option: Any) -> tuple[str, str]:
    names = "`, `".join([*option.opts, *option.secondary_opts])
    return f"`{names}{f' {option.metavar}' if option.metavar else ''}`", option.help.rstrip(".")


def _head(*titles: str) -> tuple[str, str]:
    return _row(*titles), "|---" * len(titles) + "|"


def _row(*cells: str) -> str:
    return "| " + " | ".join(re.sub(r"\\?\|", r"\\|", " ".join(cell.split())) for cell in cells) + " |"


def written(text: str, name: str, table: Iterable[str]) -> str:
    """``text`` with ``table`` between the marks of that name."""
    begin, end = f"<!-- {name}: written by make docs -->", "<!-- end -->"
    place = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    return place.sub(lambda _: "\n".join([begin, "", *table, "", end]), text)


def main() -> None:
    """Write the pages, or say which of them are old."""
    old = []
    for name, table in (("settings", settings_table), ("http", http_table), ("commands", commands_table)):
        page = PAGES / f"{name}.md"
        before = page.read_text("utf-8")
        after = written(before, name, table())
        if after != before:
            old.append(page.name)
            if "--check" not in sys.argv:
                page.write_text(after, "utf-8")
    if old:
        print(f"{', '.join(old)}: {'not as the code is; run `make docs`' if '--check' in sys.argv else 'written anew'}")
        sys.exit("--check" in sys.argv)


if __name__ == "__main__":
    main()
