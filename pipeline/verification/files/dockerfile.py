"""Dockerfiles: instructions, build stages and the variables that are known while it is built.

The rules are those of Docker's Dockerfile reference; shells inside RUN are not read.
"""

import json
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile

from pipeline.verification.files.problems import Problem

_INSTRUCTIONS = """
    ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL USER VOLUME
    WORKDIR
"""
MOST_INSTRUCTIONS = 500
LONGEST_VALUE = 4000
"""Characters of a variable's value, and of a text with variables put in: each may double what it holds."""

_IMAGES = """
    alpine buildpack-deps bun busybox debian deno eclipse-temurin elixir erlang fedora golang haskell julia node
    openjdk perl python r-base ruby rust rockylinux scratch swift ubuntu
"""
OFFICIAL_IMAGES_WITHOUT_SERVER = frozenset(_IMAGES.split())
"""They start an interpreter, a shell or nothing: nobody serves unless CMD says so. Their user is root."""

_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(\S*)\s*")
_FLAG = re.compile(r"--([a-z][a-z-]*)(?:=(\S*))?\s+")
_HEREDOC = re.compile(r"(?<!\S)\d*<<(-?)([\"']?)([A-Za-z_]\w*)\2(?!\S)")
_HEREDOC_USERS = {"RUN", "COPY", "ADD"}
_VARIABLE = re.compile(r"\\\$|\$(?:\{(\w+)(?::?([-+])([^{}]*))?\}|(\w+))")
_ASSIGNMENT = re.compile(r"(?<!\w)(\w{1,200})=((?:\"(?:\\.|[^\"\\])*\"|'[^']*'|\\.|[^\s\"'\\])*)")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction.

    Attributes:
        name: upper case.
        value: what follows name and flags, in one line; without the bodies of here-documents.
        line: where it begins, from 1.
        flags: ``--name=value``; an empty value when there is none.
        bodies: of its here-documents.
    """

    name: str
    value: str
    line: int
    flags: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[str, ...] = ()

    @property
    def exec_form(self) -> list[str] | None:
        """Its words when it is written as a JSON array of strings, else None: a shell reads it."""
        if not self.value.startswith("["):
            return None
        try:
            words = json.loads(self.value)
        except (ValueError, RecursionError):
            return None
        return words if isinstance(words, list) and all(isinstance(word, str) for word in words) else None

    @property
    def words(self) -> list[str]:
        """Its words, quotes removed, in either form; none when a quote is never closed."""
        exec_form = self.exec_form
        if exec_form is not None:
            return exec_form
        try:
            return shlex.split(self.value)
        except ValueError:
            return []

    @property
    def script(self) -> str:
        """All that a shell is given."""
        return "\n".join([self.value, *self.bodies])


@dataclass(frozen=True, slots=True)
class BuildStage:
    """A FROM and what follows it.

    Attributes:
        base: image, with the variables known before the first FROM put in; or an earlier stage.
        line: of FROM.
        instructions: in their order; those of an earlier stage that it builds on come first.
        own: how many of them are its own.
    """

    base: str
    line: int
    instructions: tuple[Instruction, ...]
    own: int

    @property
    def official_image(self) -> str:
        """The name of the official image it builds on, without tag and digest; empty for any other image."""
        name = re.sub(r"^(?:[\w.:-]+/)?library/", "", self.base.partition("@")[0])
        return "" if "/" in name else name.partition(":")[0].lower()

    def last(self, name: str) -> Instruction | None:
        """The instruction of this name that counts when only one does."""
        return next((i for i in reversed(self.instructions) if i.name == name), None)

    def all(self, *names: str) -> list[Instruction]:
        """Every instruction of these names."""
        return [instruction for instruction in self.instructions if instruction.name in names]

    def variables(self, *, at_run_time: bool = False) -> dict[str, str]:
        """Values of ENV, and of ARG unless ``at_run_time``; those that are made of unknown ones are left out."""
        known: dict[str, str] = {}
        for instruction in self.all("ENV") if at_run_time else self.all("ENV", "ARG"):
            for name, value in assignments(instruction).items():
                settled = substituted(value, known)
                if settled is not None and (instruction.name == "ENV" or value):
                    known[name] = settled
        return known


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """What was read.

    Attributes:
        instructions: all of them.
        stages: in their order; the last one is what runs.
        problems: what Docker would refuse.
    """

    instructions: tuple[Instruction, ...]
    stages: tuple[BuildStage, ...]
    problems: tuple[Problem, ...]


def read_dockerfile(text: str) -> Dockerfile:
    """Parse ``text``; of a very long one, only the first instructions."""
    instructions, problems = _Reader(text).read()
    before_from = list(takewhile(lambda i: i.name != "FROM", instructions))
    known = {name: value for i in before_from for name, value in assignments(i).items()}
    stages: dict[str, BuildStage] = {}
    own: list[Instruction] = []
    for instruction in reversed(instructions):
        if instruction.name != "FROM":
            own.append(instruction)
            continue
        stages[str(instruction.line)] = BuildStage(instruction.value, instruction.line, tuple(reversed(own)), len(own))
        own = []
    return Dockerfile(tuple(instructions), _linked(list(reversed(stages.values())), known), tuple(problems))


def _linked(stages: list[BuildStage], known: Mapping[str, str]) -> tuple[BuildStage, ...]:
    """``stages`` with what they take over from the stages that they build on."""
    linked: list[BuildStage] = []
    by_name: dict[str, BuildStage] = {}
    for stage in stages:
        words = stage.base.split()
        base = words[0] if words else ""
        parent = by_name.get(base.lower())
        inherited = parent.instructions[-MOST_INSTRUCTIONS:] if parent else ()
        image = parent.base if parent else substituted(base, known) or base
        whole = BuildStage(image, stage.line, (*inherited, *stage.instructions), stage.own)
        linked.append(whole)
        if len(words) == 3 and words[1].lower() == "as":  # noqa: PLR2004 - IMAGE AS NAME
            by_name[words[2].lower()] = whole
    return tuple(linked)


def assignments(instruction: Instruction) -> dict[str, str]:
    """Name -> value as written, without quotes, of an ENV or ARG; an ARG without a value is empty."""
    if instruction.name not in {"ENV", "ARG"}:
        return {}
    name, _, value = instruction.value.partition(" ")
    if "=" not in name:
        return {name: value.strip()} if name else {}
    return {name: re.sub(r"[\"']|\\(.)", r"\1", value) for name, value in _ASSIGNMENT.findall(instruction.value)}


def substituted(text: str, known: Mapping[str, str]) -> str | None:
    """``text`` with variables put in, ``${NAME:-default}`` and ``${NAME:+other}`` too; None if not all are known."""
    parts = []
    end = length = 0
    for match in _VARIABLE.finditer(text):
        parts.append(text[end : match.start()])
        end = match.end()
        if match[0] == r"\$":
            parts.append("$")
            continue
        value = known.get(match[1] or match[4])
        if match[2] == "-":
            value = value or match[3]
        elif match[2] == "+":
            value = match[3] if value else ""
        length += len(value or "")
        if value is None or length > LONGEST_VALUE:
            return None
        parts.append(value)
    return "".join(parts) + text[end:]


class _Reader:
    """Takes a Dockerfile apart, line by line."""

    def __init__(self, text: str) -> None:
        self._lines = re.split(r"\r?\n", text)
        self._next = 0
        self._escape = "\\"
        self._problems: list[Problem] = []

    def read(self) -> tuple[list[Instruction], list[Problem]]:
        self._read_directives()
        instructions: list[Instruction] = []
        while self._next < len(self._lines) and len(instructions) < MOST_INSTRUCTIONS:
            line = self._lines[self._next].strip()
            if not line or line.startswith("#"):
                self._next += 1
            else:
                instructions.append(self._instruction())
        return instructions, self._problems

    def _read_directives(self) -> None:
        for line in self._lines:
            directive = _DIRECTIVE.fullmatch(line.strip())
            if directive is None:
                break
            if directive[1].lower() == "escape" and directive[2] == "`":
                self._escape = "`"

    def _instruction(self) -> Instruction:
        first_line = self._next + 1
        name, _, value = self._joined().partition(" ")
        name, value = name.upper(), value.strip()
        if name not in _INSTRUCTIONS.split():
            message = f"{name[:40]} is not a Dockerfile instruction; or does the line before lack a \\ at its end?"
            self._problems.append(Problem(message, first_line))
        elif not value:
            self._problems.append(Problem(f"{name} has no argument", first_line))
        bodies = self._heredocs(value) if name in _HEREDOC_USERS else ()
        flags = {}
        while flag := _FLAG.match(value):
            flags[flag[1]] = flag[2] or ""
            value = value[flag.end() :]
        return Instruction(name, value, first_line, flags, bodies)

    def _joined(self) -> str:
        """The next instruction in one line; comments and empty lines may stand between continued lines."""
        parts: list[str] = []
        while self._next < len(self._lines):
            line = self._lines[self._next].replace("\t", " ")
            self._next += 1
            if parts and (not line.strip() or line.lstrip().startswith("#")):
                continue
            bare = line.rstrip()
            if not bare.endswith(self._escape):
                parts.append(line)
                break
            parts.append(bare.removesuffix(self._escape))
        return "".join(parts).strip()

    def _heredocs(self, value: str) -> tuple[str, ...]:
        bodies = []
        for dash, _, word in _HEREDOC.findall(value):
            opened_on, body = self._next, []
            while self._next < len(self._lines):
                line = self._lines[self._next].lstrip("\t") if dash else self._lines[self._next]
                self._next += 1
                if line == word:
                    break
                body.append(line)
            else:
                self._problems.append(Problem(f"the here-document {word} is never closed", opened_on))
            bodies.append("\n".join(body))
        return tuple(bodies)
