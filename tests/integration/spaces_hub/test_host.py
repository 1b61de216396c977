"""The SpaceHost port over huggingface_hub, against the fake Hub: Spaces and what they hold."""

import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest

from pipeline.domain.errors import HubRejected, PaymentRequired, SpaceConflict, SpaceMissing
from pipeline.domain.space import Space, SpaceSettings
from tests.builders import make_files
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.integration.spaces_hub.rig import CARD, ID, PAGES, HubHost, app_files


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> HubHost:
    return HubHost(hub, clock)


async def test_a_space_is_created_in_one_call_with_its_secrets_variables_and_hardware(host: HubHost) -> None:
    settings = SpaceSettings({"KEY": "s3cret"}, {"COLOUR": "red"}, {}, "t4-small", 3600, visibility="private")
    space = await host.create(ID, "gradio", settings)
    (call,) = host.hub.calls("POST", "create")
    assert call.body["secrets"] == [{"key": "KEY", "value": "s3cret"}]
    assert [entry.path for entry in host.hub.calls("POST")] == [call.path]
    stored = host.hub.spaces[ID]
    assert (stored.secrets["KEY"].value, stored.variables["COLOUR"].value) == ("s3cret", "red")
    assert (stored.hardware, stored.sleep_seconds, stored.visibility) == ("t4-small", 3600, "private")
    assert (space.id, space.url) == (ID, f"{host.hub.endpoint}/spaces/{ID}")
    assert (space.sdk, space.visibility) == ("gradio", "private")
    assert (space.commit_sha, space.host) == (stored.head, stored.host)
    assert space.runtime
    assert space.runtime.stage == "NO_APP_FILE"


async def test_a_taken_name_is_a_conflict_and_nothing_is_created(host: HubHost) -> None:
    host.hub.create(ID, "static")
    with pytest.raises(SpaceConflict, match="already"):
        await host.create(ID, "static", SpaceSettings())
    assert not host.hub.calls("POST")


@pytest.mark.parametrize("sdk", ["gradio", "docker"])
async def test_what_the_plan_lacks_names_the_free_ways(host: HubHost, sdk: str) -> None:
    host.hub.plan = "free"
    with pytest.raises(PaymentRequired, match=r'PRO subscription.*"static".*"zero-a10g"'):
        await host.create(ID, sdk, SpaceSettings())
    await host.create(ID, "static", SpaceSettings())


async def test_files_become_one_commit_that_is_all_the_space_holds(host: HubHost) -> None:
    space = await host.create(ID, "static", SpaceSettings())
    files = PAGES.with_files({"logo.png": bytes(range(256)), "empty.txt": b""})
    head = await host.commit(ID, files, "Build sales\n\nJob: 1", space.commit_sha)
    stored = host.hub.spaces[ID]
    (commit,) = stored.commits[1:]
    assert (commit.oid, commit.summary, commit.parent) == (head, "Build sales", space.commit_sha)
    assert app_files(stored) == files
    (call,) = host.hub.calls("POST", "/commit/")
    assert call.body[0]["value"]["description"] == "Job: 1"
    assert [line["value"]["path"] for line in call.body if line["key"] == "deletedFile"] == ["style.css"]


async def test_a_file_of_the_app_that_its_gitignore_names_is_not_lost(host: HubHost) -> None:
    host.hub.create(ID, "static")
    files = PAGES.with_files({".gitignore": b"*.csv\n*.bin\n", "sales.csv": b"1\n", "sales.bin": bytes(range(256))})
    await host.commit(ID, files, "Ignored and published", None)
    held = host.hub.spaces[ID].files()
    assert held["sales.csv"] == b"1\n"
    assert held["sales.bin"] == bytes(range(256))


async def test_the_same_files_again_are_no_commit_but_the_head(host: HubHost) -> None:
    space = await host.create(ID, "static", SpaceSettings())
    files = PAGES.with_files({"logo.png": bytes(range(256))})
    head = await host.commit(ID, files, "Build", space.commit_sha)
    assert await host.commit(ID, files, "Build", space.commit_sha) == head
    assert await host.commit(ID, files, "Another", None) == head
    assert len(host.hub.calls("POST", "/commit/")) == 1


async def test_a_revision_sends_only_what_changed_and_follows_its_parent(host: HubHost) -> None:
    await host.create(ID, "static", SpaceSettings())
    first = await host.commit(ID, PAGES, "Build", None)
    await host.commit(ID, PAGES.without("css/style.css").with_files({"index.html": b"2"}), "Revise", first)
    header, *operations = host.hub.calls("POST", "/commit/")[-1].body
    assert header["value"]["parentCommit"] == first
    assert [(line["key"], line["value"]["path"]) for line in operations] == [
        ("deletedFile", "css/style.css"),
        ("file", "index.html"),
    ]


async def test_a_head_that_somebody_else_moved_is_never_overwritten(host: HubHost) -> None:
    await host.create(ID, "static", SpaceSettings())
    first = await host.commit(ID, PAGES, "Build", None)
    by_hand = await host.commit(ID, PAGES.with_files({"index.html": b"by hand"}), "By hand", first)
    with pytest.raises(SpaceConflict, match=f"{by_hand}, not at {first}"):
        await host.commit(ID, PAGES.with_files({"index.html": b"2"}), "Revise", first)
    assert host.hub.spaces[ID].head == by_hand


async def test_files_of_any_commit_are_read_back_byte_for_byte(host: HubHost) -> None:
    await host.create(ID, "static", SpaceSettings())
    files = PAGES.with_files({"logo.png": bytes(range(256)), "ünï cödé #1.txt": b"x"})
    first = await host.commit(ID, files, "Build", None)
    await host.commit(ID, PAGES, "Revise", first)
    assert (await host.files(ID, first)).without(".gitattributes") == files
    assert (await host.files(ID, "main")).without(".gitattributes") == PAGES
    assert host.hub.calls("GET", "/resolve/")


async def test_large_files_do_not_go_by_xet(host: HubHost) -> None:
    await host.create(ID, "static", SpaceSettings())
    await host.commit(ID, PAGES.with_files({"a.bin": b"\0a", "b.bin": b"\0b", "c.bin": b"\0c"}), "Build", None)
    assert len(host.hub.calls("PUT", "/large-files/")) == 3
    assert not host.hub.calls("*", "xet")
    assert {entry.token for entry in host.hub.log} == {host.hub.token, None}
    assert {entry.token for entry in host.hub.log if "/large-files/" not in entry.path} == {host.hub.token}
    assert huggingface_hub.constants.HF_HUB_DISABLE_XET


@pytest.mark.parametrize(
    ("readme", "words"),
    [("---\ntitle: x\nsdk: static\ncolorFrom: mauve\n---\n", "colorFrom"), (b"\xff\xfe", "README.md|decode")],
)
async def test_a_card_that_the_hub_refuses_is_rejected_before_anything_is_sent(
    host: HubHost, readme: str | bytes, words: str
) -> None:
    await host.create(ID, "static", SpaceSettings())
    with pytest.raises(HubRejected, match=words):
        await host.commit(ID, make_files({"README.md": readme, "index.html": "x"}), "Build", None)
    assert not host.hub.calls("POST", "/commit/")


async def test_a_missing_space_is_missing_and_near_names_are_told(host: HubHost) -> None:
    host.hub.create(ID, "static")
    with pytest.raises(SpaceMissing, match=f"there is {ID}"):
        await host.info("deployer/salez")
    with pytest.raises(SpaceMissing) as raised:
        await host.runtime("nobody/elsewhere")
    assert "there is nobody" not in str(raised.value)


async def test_what_a_space_holds_of_others_is_checked_as_an_app_is(host: HubHost) -> None:
    host.hub.create(ID, "static", {".env": "x"})
    with pytest.raises(HubRejected, match="reserved name"):
        await host.files(ID, "main")


async def test_the_app_address_comes_from_the_hub_or_is_none(host: HubHost, monkeypatch: pytest.MonkeyPatch) -> None:
    space = host.hub.create(ID, "gradio", {"app.py": "x"})
    info = space.info()
    assert (await host.info(ID)).host == space.host
    monkeypatch.setattr(space, "info", lambda *_, **__: {**info, "host": None})
    assert (await host.info(ID)).host == "https://deployer-sales.hf.space"
    domains = [{"domain": "old.hf.space", "stage": "PENDING"}, {"domain": "new.hf.space"}]
    said = {"id": ID, "runtime": {"stage": "RUNNING", "domains": domains}}
    monkeypatch.setattr(space, "info", lambda *_, said=said, **__: said)
    assert (await host.info(ID)).host == "https://new.hf.space"
    for sdk, domain in (("gradio", "hf.space"), ("static", "static.hf.space")):
        said = {"id": ID, "sdk": sdk, "subdomain": "deployer-sales"}
        monkeypatch.setattr(space, "info", lambda *_, said=said, **__: said)
        assert (await host.info(ID)).host == f"https://deployer-sales.{domain}"
    monkeypatch.setattr(space, "info", lambda *_, **__: {"id": ID})
    assert await host.info(ID) == Space(ID, f"{host.hub.endpoint}/spaces/{ID}", commit_sha=space.head)


def test_nothing_is_written_under_the_users_home_and_nothing_is_printed(hub: FakeHub, tmp_path: Path) -> None:
    script = """
import asyncio, sys
from pydantic import SecretStr
from pipeline.clock import SystemClock
from pipeline.domain.space import SpaceSettings
from pipeline.spaces.hosts import space_hosts
from tests.builders import make_files

async def main():
    host = space_hosts(sys.argv[1], SecretStr(sys.argv[2]), SystemClock())(None)
    await host.create("deployer/sales", "static", SpaceSettings())
    head = await host.commit("deployer/sales", make_files({"README.md": sys.argv[3], "a.bin": b"\\0"}), "Build", None)
    await host.files("deployer/sales", head)
    print(await host.owner())

asyncio.run(main())
"""
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "HF_DEBUG": "1", "PYTHONPATH": "."}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, hub.endpoint, hub.token, CARD],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("deployer\n", "")
    assert not list(tmp_path.rglob("*"))
