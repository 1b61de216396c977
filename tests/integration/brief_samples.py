"""The sample briefs, their right apps, and what can be wrong with those.

``tests/data/pages`` holds a folder for each brief: the right page, which fulfils every round, and ``wrong.toml``:

- ``[[wrong]]``: what is changed in the right app (``search`` and ``replace`` in ``path``, or without them ``path`` is
  taken away), and the numbers of the checks that this breaks; all others must hold as before;
- ``[undecided]``: round -> checks in prose that no rule decides;
- ``[away]``: round -> checks that cannot be verified while foreign hosts are out of reach.

``hosts`` holds what foreign hosts serve.
"""

import json
import tomllib
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from pipeline.assembly import assemble
from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Target
from tests.builders import make_brief, make_files, make_generation

DATA = Path(__file__).parents[1] / "data"
PAGES = DATA / "pages"
HOSTS = PAGES / "hosts"
INDEX = "index.html"


@dataclass(frozen=True)
class Change:
    """How a wrong app differs from the right one.

    Attributes:
        round: label of the round whose checks it breaks.
        checks: their numbers, from 1.
        name: what is wrong.
        path: of the file that is changed.
        search: occurs once in it; None = the file is taken away.
        replace: takes its place.
    """

    round: str
    checks: tuple[int, ...]
    name: str
    path: str = INDEX
    search: str | None = None
    replace: str = ""

    def applied_to(self, files: AppFiles) -> AppFiles:
        if self.search is None:
            assert self.path in files
            return AppFiles({path: content for path, content in files.items() if path != self.path})
        text = files.text(self.path)
        assert text is not None
        assert text.count(self.search) == 1, f"{self.path} holds it {text.count(self.search)} times: {self.search}"
        return AppFiles({**files, self.path: text.replace(self.search, self.replace).encode()})


@dataclass(frozen=True)
class Sample:
    """A brief with its right app and what can be wrong with that.

    Attributes:
        rounds: label (``1``, ``2``, or ``2a`` and ``2b`` where a brief has two second rounds) -> brief.
        right: the app that fulfils them all.
        changes: ways of being wrong.
        undecided: round -> numbers of its checks in prose that stay open.
        away: round -> numbers of its checks that stay open while foreign hosts are out of reach.
    """

    rounds: Mapping[str, Brief]
    right: AppFiles
    changes: tuple[Change, ...]
    undecided: Mapping[str, list[int]] = field(default_factory=dict)
    away: Mapping[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """One verification: of which app, by which round's checks, and whether foreign hosts answer."""

    sample: str
    round: str
    change: Change | None = None
    is_away: bool = False

    @property
    def broken(self) -> tuple[int, ...]:
        """Numbers of the checks that the change breaks."""
        return self.change.checks if self.change else ()

    def __str__(self) -> str:
        name = f"-{self.change.name.replace(' ', '-')}" if self.change else ""
        return f"{self.sample}-round-{self.round}{name}"


@cache
def sample(name: str) -> Sample:
    """The brief of that name and its pages."""
    document = json.loads((DATA / "briefs" / f"{name}.json").read_text("utf-8"))
    later = [entry["request"] for entry in document.get("round2", [])] + document.get("later", [])
    rounds = labelled([document.get("round1", document), *later])
    described = tomllib.loads((PAGES / name / "wrong.toml").read_text("utf-8"))
    changes = (Change(**{**entry, "checks": tuple(entry["checks"])}) for entry in described.pop("wrong"))
    return Sample(rounds, right_app(PAGES / name, rounds), tuple(changes), **described)


def labelled(requests: list[dict[str, Any]]) -> dict[str, Brief]:
    numbers = [str(request["round"]) for request in requests]
    return {
        number if numbers.count(number) == 1 else f"{number}{'abc'[numbers[:index].count(number)]}": brief_of(request)
        for index, (number, request) in enumerate(zip(numbers, requests, strict=True))
    }


def brief_of(request: Mapping[str, Any]) -> Brief:
    return make_brief(
        task=request["task"],
        round=request["round"],
        nonce=request["nonce"],
        text=request["brief"],
        checks=tuple(
            Check.from_script(item["js"]) if isinstance(item, dict) else Check.from_text(item)
            for item in request["checks"]
        ),
        attachments=tuple(attachment_of(item) for item in request["attachments"]),
    )


def attachment_of(item: Mapping[str, str]) -> Attachment:
    kind, _, data = item["url"].removeprefix("data:").partition(",")
    content = b64decode(data) if kind.endswith(";base64") else unquote_to_bytes(data)
    return Attachment(item["name"], kind.partition(";")[0], content)


def right_app(folder: Path, rounds: Mapping[str, Brief]) -> AppFiles:
    """What stands in ``folder``, with the attachments of all rounds and the files that are code's work."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "wrong.toml"
    }
    for brief in rounds.values():
        app = assemble(make_generation(files=make_files(files)), brief, Target.LOCAL, year=2026)
        files = dict(app.items())
    return make_files(files)


NAMES = sorted(path.stem for path in (DATA / "briefs").glob("*.json"))
