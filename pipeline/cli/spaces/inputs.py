"""Where the values of secrets and variables come from. Secrets never stand on a command line, which others can see."""

import os
import sys
from collections.abc import Sequence
from getpass import getpass

from pipeline.cli.sources import STANDARD_INPUT, read_source
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import Volume, setting_key_problem
from pipeline.shapes.env_file import parse_env_file

LONGEST_FILE = 4 * 1024 * 1024
_VOLUME_PARTS = "TYPE:SOURCE:/FOLDER, or TYPE:SOURCE:/FOLDER:ro"


def read_secrets(
    env_file: str | None, from_env: Sequence[str] | None, stdin_name: str | None, asked: Sequence[str] | None = None
) -> dict[str, str]:
    """Secrets by name, of a file with ``KEY=VALUE`` lines, of the environment, and the one that standard input holds.

    ``-`` as the file is standard input. The person is ``asked`` for more; without a terminal, standard input has a line
    for each. Raises InvalidInput, without any value, when a source cannot be read.
    """
    readers = {"--env-file -": env_file == STANDARD_INPUT, "--stdin": stdin_name, "--set": asked}
    if len(named := [option for option, reads in readers.items() if reads]) > 1:
        raise InvalidInput(FieldProblem(named[-1], f"standard input is read by {named[0]} already"))
    secrets = parse_env_file(_read("--env-file", env_file), "--env-file") if env_file else {}
    for number, name in enumerate(from_env or [], 1):
        if name not in os.environ:
            # Not the name: somebody may have put the value there.
            raise InvalidInput(FieldProblem("--from-env", f"item {number} is not the name of an environment variable"))
        secrets[name] = os.environ[name]
    if stdin_name:
        secrets[stdin_name] = _read("--stdin", STANDARD_INPUT).rstrip("\r\n")
    return secrets | {name: _ask(number, name) for number, name in enumerate(asked or [], 1)}


def _ask(number: int, name: str) -> str:
    if problem := setting_key_problem(name):
        hint = ": the name alone; its value is asked for, because others can read a command line"
        raise InvalidInput(FieldProblem("--set", f"item {number} {problem}{hint if '=' in name else ''}"))
    value = getpass(f"{name}: ") if sys.stdin.isatty() else sys.stdin.readline(LONGEST_FILE).rstrip("\r\n")
    if not value:
        raise InvalidInput(FieldProblem("--set", f"item {number} got no value"))
    return value


def read_variables(pairs: Sequence[str] | None, file: str | None = None) -> dict[str, str]:
    """Variables by name, of ``KEY=VALUE`` pairs, which win, and of a file or ``-``. Raises InvalidInput."""
    variables = parse_env_file(_read("--file", file), "--file") if file else {}
    for number, pair in enumerate(pairs or [], 1):
        key, equals, value = pair.partition("=")
        if not equals:
            raise InvalidInput(FieldProblem("--set", f"item {number} is not KEY=VALUE"))
        variables[key] = value
    return variables


def read_volumes(texts: Sequence[str]) -> tuple[Volume, ...]:
    """``bucket:owner/name:/data`` each. Raises InvalidInput."""
    return tuple(_volume(number, text) for number, text in enumerate(texts, 1))


def _volume(number: int, text: str) -> Volume:
    kind, source, mount_path, *mode = [*text.split(":"), "", ""][: max(3, text.count(":") + 1)]
    if not source or not mount_path.startswith("/") or mode not in ([], ["ro"]):
        raise InvalidInput(FieldProblem("--mount", f"item {number} is not {_VOLUME_PARTS}"))
    return Volume(type=kind, source=source, mount_path=mount_path, read_only=True if mode else None)


def _read(option: str, source: str) -> str:
    if source == STANDARD_INPUT and sys.stdin.isatty():
        raise InvalidInput(FieldProblem(option, "standard input is a terminal: send the values through a pipe"))
    try:
        return read_source(option, source, LONGEST_FILE).decode()
    except UnicodeDecodeError:
        raise InvalidInput(FieldProblem(option, "is not UTF-8")) from None
