"""What a container starts, from ENTRYPOINT and CMD: which program, which file of the app, and where it listens."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from pipeline.domain.files import AppFiles
from pipeline.verification.files.dockerfile import BuildStage, Instruction, substituted
from pipeline.verification.files.python_servers import EVERYWHERE, LOOPBACK, Listener, python_listener

_SHELLS = {"sh", "bash", "dash", "ash"}
_LONGEST = 4000  # characters of a command that is read
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_SHORT_WITH_VALUE = re.compile(r"(-[a-zA-Z])(\S+)")


@dataclass(frozen=True, slots=True)
class _Program:
    """How a server's command line says where it listens; what holds without; which settings elsewhere may say it.

    Attributes:
        host: options for the host, or for ``host:port``.
        port: options for the port, or for ``host:port``.
        default_host: without an option.
        default_port: without an option.
        variables: of the environment: for the host, for the port.
        elsewhere: options, variables and files of the app that may say it, and are not read here.
    """

    host: tuple[str, ...]
    port: tuple[str, ...]
    default_host: str | None
    default_port: int | None
    variables: tuple[str, str] = ("", "")
    elsewhere: tuple[str, ...] = ()


# From the --help texts and documentation of each.
_PROGRAMS = {
    "uvicorn": _Program(("--host",), ("--port",), LOOPBACK, 8000, ("UVICORN_HOST", "UVICORN_PORT"), ("--uds", "--fd")),
    "gunicorn": _Program(
        *(("-b", "--bind"), ("-b", "--bind"), LOOPBACK, 8000),
        elsewhere=("-c", "--config", "GUNICORN_CMD_ARGS", "gunicorn.conf.py"),
    ),
    "hypercorn": _Program(("-b", "--bind"), ("-b", "--bind"), LOOPBACK, 8000, elsewhere=("-c", "--config")),
    "daphne": _Program(
        ("-b", "--bind"), ("-p", "--port"), LOOPBACK, 8000, elsewhere=("-e", "--endpoint", "-u", "--fd")
    ),
    "waitress-serve": _Program(("--host", "--listen"), ("--port", "--listen"), EVERYWHERE, 8080),
    "flask run": _Program(
        *(("-h", "--host"), ("-p", "--port"), LOOPBACK, 5000, ("FLASK_RUN_HOST", "FLASK_RUN_PORT")),
        elsewhere=(".flaskenv",),
    ),
    "streamlit run": _Program(
        *(("--server.address",), ("--server.port",), EVERYWHERE, 8501),
        *(("STREAMLIT_SERVER_ADDRESS", "STREAMLIT_SERVER_PORT"), (".streamlit/config.toml",)),
    ),
    "fastapi run": _Program(("--host",), ("--port",), EVERYWHERE, 8000, ("HOST", "PORT")),
    "fastapi dev": _Program(("--host",), ("--port",), LOOPBACK, 8000, ("HOST", "PORT")),
    "chainlit run": _Program(("--host",), ("--port",), LOOPBACK, 8000, ("CHAINLIT_HOST", "CHAINLIT_PORT")),
    "http.server": _Program(("-b", "--bind"), (), EVERYWHERE, 8000),
    "http-server": _Program(("-a",), ("-p", "--port"), EVERYWHERE, 8080, ("", "PORT")),
    "serve": _Program(("-l", "--listen"), ("-l", "--listen", "-p"), EVERYWHERE, 3000, ("", "PORT")),
}
_SUBCOMMANDS = {name.partition(" ")[0] for name in _PROGRAMS if " " in name}
_NODE_PROGRAMS = {"http-server", "serve"}
_RUN_PYTHON_FILES = {"streamlit run", "fastapi run", "fastapi dev", "chainlit run"}
_RUN_PYTHON_MODULES = {"uvicorn", "gunicorn", "hypercorn", "daphne", "waitress-serve"}


@dataclass(frozen=True, slots=True)
class Command:
    """One command of those that a container starts with.

    Attributes:
        words: of the command line; None where a variable is not known.
        environment: known variables.
        line: of the instruction.
    """

    words: tuple[str | None, ...]
    environment: Mapping[str, str]
    line: int

    @property
    def program(self) -> tuple[str, list[str | None]] | None:
        """A server's name and what follows it; ``python`` for an interpreter; None for anything else."""
        for index, word in enumerate(self.words):
            name = PurePosixPath(word or "").name
            rest = list(self.words[index + 1 :])
            if name in _SUBCOMMANDS:
                names = [f"{name} {following}" for following in rest]
                return next(((known, rest) for known in names if known in _PROGRAMS), None)
            if name in _PROGRAMS and (name not in _NODE_PROGRAMS or name == word):
                return name, rest
            if re.fullmatch(r"python[0-9.]*", name) and _module_of(rest) not in {*_PROGRAMS, *_SUBCOMMANDS}:
                return "python", rest
        return None

    def python_file(self) -> str | None:
        """The Python file of the app that it starts, by its path or its module; None for ``python -m``."""
        found = self.program
        if found is None:
            return None
        name, words = found
        if name == "python":
            return None if _module_of(words) else _first(words, r"[\w./-]+\.py")
        if name in _RUN_PYTHON_FILES:
            return _first(words, r"[\w./-]+\.py")
        if name in _RUN_PYTHON_MODULES and "--app-dir" not in words and "--chdir" not in words:
            target = _first(words, r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*(?:\(.*\))?")
            return f"{target.partition(':')[0].replace('.', '/')}.py" if target else None
        return None


def commands_of(stage: BuildStage) -> list[Command]:
    """The commands that ENTRYPOINT and CMD start; empty when some run in the background: then no one is the server."""
    entrypoint, cmd = stage.last("ENTRYPOINT"), stage.last("CMD")
    own = stage.instructions[len(stage.instructions) - stage.own :]
    if entrypoint in own and cmd not in own:
        cmd = None  # an ENTRYPOINT drops the CMD of the image that it builds on
    environment = stage.variables(at_run_time=True)
    if entrypoint and entrypoint.exec_form is None:
        return _shell_commands(entrypoint.value, environment, entrypoint)
    started = [*((entrypoint and entrypoint.exec_form) or [])]
    last = cmd or entrypoint
    if last is None:
        return []
    if cmd and cmd.exec_form is None and not started:
        return _shell_commands(cmd.value, environment, cmd)
    words = [*started, *((cmd and cmd.exec_form) or [])]
    if len(words) > 2 and PurePosixPath(words[0]).name in _SHELLS and re.fullmatch("-[a-z]*c", words[1]):  # noqa: PLR2004 - SHELL -c TEXT
        return _shell_commands(words[2], environment, last)
    return [Command(tuple(words), environment, last.line)]


def _shell_commands(text: str, environment: Mapping[str, str], instruction: Instruction) -> list[Command]:
    if "$(" in text or "`" in text:
        return []
    lexer = shlex.shlex(text[:_LONGEST], posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        return []
    if "&" in tokens:
        return []
    commands: list[Command] = []
    words: list[str | None] = []
    known = dict(environment)
    for token in [*tokens, ";"]:
        if set(token) <= set(";&|()"):
            if words:
                commands.append(Command(tuple(words), known, instruction.line))
            words, known = [], dict(environment)
        elif not words and (assigned := _ASSIGNED.fullmatch(token)):
            known[assigned[1]] = substituted(assigned[2], known) or ""
        else:
            words.append(substituted(token, known))
    return commands


def listener_of(commands: list[Command], files: AppFiles) -> Listener | None:
    """The one server among ``commands``; None when there is none, more than one, or it cannot be said."""
    found = [listener for command in commands if (listener := _listener(command, files))]
    return found[0] if len(found) == 1 else None


def _listener(command: Command, files: AppFiles) -> Listener | None:
    found = command.program
    if found is None:
        return None
    name, words = found
    if name == "python":
        return _django_listener(command, words) if "runserver" in words else _script_listener(command, files)
    program = _PROGRAMS[name]
    if any(place in files or place in command.environment or _has(words, place) for place in program.elsewhere):
        return None
    environment, default_host, default_port = command.environment, program.default_host, str(program.default_port)
    if name == "gunicorn" and "PORT" in environment:
        default_host, default_port = EVERYWHERE, environment["PORT"]
    host = _option(words, program.host)
    port = _option(words, program.port)
    if name == "http.server" and port is _ABSENT:
        port = _first(words, r"\d+") or default_port
    return Listener(
        name,
        _host(environment.get(program.variables[0], default_host) if host is _ABSENT else host),
        _port(environment.get(program.variables[1], default_port) if port is _ABSENT else port),
        line=command.line,
    )


def _django_listener(command: Command, words: list[str | None]) -> Listener:
    address = _first(words[words.index("runserver") + 1 :], r"[\w.\[\]:*]+") or "8000"
    host = _host(address) if ":" in address else LOOPBACK
    return Listener("runserver", host, _port(address), line=command.line)


def _script_listener(command: Command, files: AppFiles) -> Listener | None:
    script = command.python_file()
    paths = [path for path in files if script and is_file_of(script, path)]
    return python_listener(paths[0], files.text(paths[0]) or "", command.environment) if len(paths) == 1 else None


def is_file_of(named: str, path: str) -> bool:
    """Whether ``named``, as a command in some folder of the container names it, may be the app's file ``path``."""
    inside, outside = f"/{named.lstrip('/')}", f"/{path}"
    return inside.endswith(outside) or outside.endswith(inside)


_ABSENT = object()


def _option(words: list[str | None], names: tuple[str, ...]) -> object:
    """The value of the last of these options; None when it is not known, _ABSENT without one."""
    value: object = _ABSENT
    for index, word in enumerate(words):
        if word in names:
            value = words[index + 1] if index + 1 < len(words) else None
        elif word is not None:
            name, equals, rest = word.partition("=")
            short = _SHORT_WITH_VALUE.fullmatch(word)
            if equals and name in names:
                value = rest
            elif short and short[1] in names:
                value = short[2]
        elif word is None and value is _ABSENT:
            value = None  # an option may hide in the variable
    return value


def _has(words: list[str | None], option: str) -> bool:
    return any(word == option or (word or "").startswith(f"{option}=") for word in words)


def _host(value: object) -> str | None:
    """The host in ``host`` or ``host:port``; an empty one, ``*`` and ``::`` mean everywhere."""
    if not isinstance(value, str) or "/" in value.removeprefix("tcp://"):
        return None
    host = re.sub(r":?\d+$", "", value.removeprefix("tcp://")) if ":" in value or value.isdigit() else value
    return EVERYWHERE if host.strip("[]") in {"", "*", "::"} else host


def _port(value: object) -> int | None:
    """The port in ``port``, ``host:port`` or ``tcp://host:port``."""
    found = re.search(r"(?:^|:)(\d{1,5})$", value) if isinstance(value, str) else None
    return int(found[1]) if found else None


def _module_of(words: list[str | None]) -> str | None:
    """``MODULE`` in ``python -m MODULE``."""
    for word, following in pairwise(words):
        if word == "-m":
            return following
        if word is None or not word.startswith("-"):
            return None
    return None


def _first(words: list[str | None], pattern: str) -> str | None:
    """The first word of this form, without ``./`` before it."""
    return next((re.sub(r"^\./", "", word) for word in words if word and re.fullmatch(pattern, word)), None)
