"""The written pages of the reference: as the code is, and as people and programs get them."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import ClassVar

import pytest

from pipeline.settings import Settings
from pipeline.web.pages.manual import Page, pages
from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import Client

REPOSITORY = Path(__file__).parents[3]
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SETTINGS_OF_THE_CONTRACT = set((REPOSITORY / "tests/data/settings-of-the-contract.txt").read_text().split())
COMMANDS = ["run BRIEF.json", "serve", "doctor", "jobs redeliver ID", "spaces logs OWNER/NAME"]


class Tags(HTMLParser):
    """Fails at a tag that is not closed, and at one that the text brought along."""

    VOID: ClassVar = {"meta", "link", "br", "hr", "img"}

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self.seen.add(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def client() -> Client:
    return Client(MemoryServices())


def test_the_tables_are_as_the_code_is() -> None:
    checked = subprocess.run(
        [sys.executable, REPOSITORY / ".ci/docs.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stderr


def test_every_setting_is_told_with_its_meaning() -> None:
    told = re.findall(r"^\| (`[^|]+) \|[^|]*\| (\S[^|]+) \|$", pages()["settings"].text, re.MULTILINE)
    names = {name for names, _ in told for name in re.findall(r"[A-Z_]+", names)}
    assert names >= SETTINGS_OF_THE_CONTRACT
    assert names >= {name.upper() for name in Settings.model_fields}
    assert len([meaning for _, meaning in told if meaning.startswith("*secret*")]) > 5
    assert "None" not in {meaning for _, meaning in told}


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_told_as_they_are_typed(command: str) -> None:
    assert f"\n| `pipeline {command}` | " in pages()["commands"].text


async def test_every_route_is_told(client: Client) -> None:
    for path, methods in (await client.get("/openapi.json")).json()["paths"].items():
        for method in methods:
            assert f"\n| `{method.upper()} {path}` | " in pages()["http"].text


@pytest.mark.parametrize("name", pages())
async def test_people_get_a_page_and_programs_its_markdown(client: Client, name: str) -> None:
    page = await client.get(f"/docs/{name}", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert page.headers["vary"] == "Accept"
    assert not Tags(page.text).seen & {"script", "style", "iframe", "form", "img"}
    assert "<!--" not in page.text
    text = await client.get(f"/docs/{name}")
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.text == pages()[name].text == (await client.get(f"/docs/{name}.md", headers=BROWSER)).text
    assert text.text.startswith(f"# {pages()[name].title}\n")
    assert "<!--" not in text.text


@pytest.mark.parametrize("name", pages())
async def test_links_between_pages_lead_somewhere(client: Client, name: str) -> None:
    html, text = pages()[name].html, pages()[name].text
    links = set(re.findall(r'href="(?!https?:)([^"#]+)', html))
    assert {"../docs", "page.css", *pages()} <= links
    for link in links | set(re.findall(r"\]\((?!https?:|\.\.)([^)#]+)", text)):
        assert (await client.get(f"/docs/{link}" if link != "../docs" else "/docs")).status_code == 200, link


async def test_the_reference_leads_to_all_pages(client: Client) -> None:
    page, text = (await client.get("/docs", headers=BROWSER)).text, (await client.get("/docs")).text
    for name in pages():
        assert f'href="docs/{name}"' in page
        assert f"/docs/{name}.md)\n" in text


@pytest.mark.parametrize("name", ["nothing", "nothing.md", "settings.html", "page.html"])
async def test_a_page_that_is_not_there_is_told_in_words(client: Client, name: str) -> None:
    refused = await client.get(f"/docs/{name}")
    assert refused.status_code == 404
    assert refused.json()["error"] == f"there is no such page; there are: {', '.join(pages())}"
    page = await client.get(f"/docs/{name}", headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such page" in page.text
    assert 'href="settings"' in page.text


def test_what_looks_like_a_tag_is_text() -> None:
    page = Page("odd", "# A <b>bold</b> & `<i>`\n\n<script>alert(1)</script>\n\n[on](http.md#a-brief)\n")
    assert "script" not in Tags(page.html).seen
    assert "<title>A &lt;b&gt;bold&lt;/b&gt; &amp; `&lt;i&gt;` " in page.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.html
    assert '<a href="http#a-brief">' in page.html
    assert '<h1 id="a-bboldb--i">' in page.html
