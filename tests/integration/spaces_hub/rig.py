"""Spaces of each kind, the port to a fake Hub, and a publisher on it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Target
from pipeline.domain.space import LogLine, SettingKind, SpaceSettings
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.builders import make_brief, make_files, make_site
from tests.cases import cases
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Space

ID = "deployer/sales"
SITE = make_site(target=Target.HF_SPACE)
SITE_ID = f"deployer/{SITE.repository}"
CARD = "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n"
PAGE = "<!doctype html>\n<html><head><title>Sales</title></head><body>42</body></html>\n"
PAGES = make_files({"README.md": CARD, "index.html": PAGE, "css/style.css": "p {}"})
STATIC = PAGES.with_files({"data.bin": bytes(range(256)), "LICENSE": b"MIT", ".gitignore": b".env\n"})
GRADIO_CARD = "---\ntitle: Sales\nsdk: gradio\nsdk_version: 6.31.0\napp_file: app.py\n---\n"
GRADIO = make_files({"README.md": GRADIO_CARD, "app.py": "import gradio\n"})
DOCKER = make_files(
    {"README.md": "---\ntitle: Sales\nsdk: docker\napp_port: 7860\n---\n", "Dockerfile": "FROM python:3.12\n"}
)
SECRETS, VARIABLES = SettingKind
ANSWERS = cases("hub-answers")
Said = dict[str, Any]
SECRET = "s3cret-of-the-space"
WITH_SECRET = SpaceSettings({"KEY": SECRET})
OTHER_TOKEN = "hf_" + "ofSomebodyElse"


class HubHost(HubSpaceHost):
    """The port to ``hub``."""

    def __init__(self, hub: FakeHub, clock: FakeClock, **options: Any) -> None:
        super().__init__(hub.endpoint, SecretStr(hub.token), clock, **options)
        self.hub, self.clock = hub, clock


@dataclass(frozen=True)
class HubTarget:
    """The hf-space target on a fake Hub, and what it told."""

    hub: FakeHub
    host: HubSpaceHost
    workspaces: GitWorkspaces
    clock: FakeClock
    publisher: HfSpacePublisher
    told: list[str] = field(default_factory=list)

    @property
    def space(self) -> Space:
        """That ``SITE`` is published to."""
        return self.hub.spaces[SITE_ID]

    async def publish(self, files: AppFiles, publication: Publication | None = None) -> Publication:
        site = replace(SITE, publication=publication)
        return await self.publisher.publish(site, "0" * 40, files, make_brief(), print)

    async def confirm(self, publication: Publication, files: AppFiles) -> None:
        await self.publisher.confirm(publication, SITE, files, self.told.append)

    async def bring_live(self, files: AppFiles) -> Publication:
        publication = await self.publish(files)
        await self.confirm(publication, files)
        return publication


async def lines_of(log: AsyncIterator[LogLine]) -> list[str]:
    return [line.text async for line in log]


def app_files(space: Space) -> AppFiles:
    return AppFiles(space.files()).without(".gitattributes")


def says_only(monkeypatch: pytest.MonkeyPatch, *fields: str) -> None:
    """Whoever asks the Hub for a Space is told its id and ``fields``."""
    full: Callable[..., dict[str, Any]] = Space.info
    monkeypatch.setattr(
        Space, "info", lambda *args, **options: {field: full(*args, **options)[field] for field in ("id", *fields)}
    )


def answer(status: int, *, content: str | None = None, **fields: Any) -> Answer:
    """One of ``tests/data/cases/hub-answers.toml``."""
    return Answer(status, content=None if content is None else content.encode(), **fields)


def writes(hub: FakeHub) -> tuple[int, int]:
    """How often Spaces were created, and how often commits."""
    return len(hub.calls("POST", "repos/create")), len(hub.calls("POST", "/commit/"))
