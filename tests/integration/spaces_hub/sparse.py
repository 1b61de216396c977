"""Hubs that say no more than they must, and apps that are published there all the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Target
from pipeline.publishing.hf_space import HfSpacePublisher
from tests.builders import make_brief, make_files, make_site
from tests.fakes.hub import FakeHub, Space

SITE = make_site(target=Target.HF_SPACE)
ID = f"deployer/{SITE.repository}"
STATIC = make_files(
    {
        "README.md": "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n",
        "index.html": "<!doctype html><title>Sales</title>",
        "css/page.css": "p {}",
        "data.bin": bytes(range(256)),
    }
)
GRADIO = make_files(
    {"README.md": "---\ntitle: Sales\nsdk: gradio\napp_file: app.py\n---\n", "app.py": "import gradio\n"}
)


def says_only(monkeypatch: pytest.MonkeyPatch, *fields: str) -> None:
    full: Callable[..., dict[str, Any]] = Space.info
    monkeypatch.setattr(
        Space, "info", lambda *args, **options: {field: full(*args, **options)[field] for field in ("id", *fields)}
    )


async def publish(publisher: HfSpacePublisher, files: AppFiles, publication: Publication | None = None) -> Publication:
    return await publisher.publish(
        replace(SITE, publication=publication), "0" * 40, files, make_brief(), lambda _: None
    )


def writes(hub: FakeHub) -> tuple[int, int]:
    return len(hub.calls("POST", "repos/create")), len(hub.calls("POST", "/commit/"))
