"""The SpaceHost port over huggingface_hub, against the fake Hub."""

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path

import huggingface_hub
import pytest
from pydantic import SecretStr

from pipeline.domain.errors import (
    HubRejected,
    HubTokenRefused,
    Misconfigured,
    NotPermitted,
    PaymentRequired,
    SpaceConflict,
    SpaceMissing,
)
from pipeline.domain.space import LogLine, Space, SpaceSettings, Volume
from pipeline.ports import SpaceHost, SpaceHosts
from pipeline.spaces import host as host_module
from pipeline.spaces.host import HubSpaceHost
from pipeline.spaces.hosts import HOSTS_KEPT, space_hosts
from tests.builders import make_files
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub

ID = "deployer/sales"
CARD = "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n"
STATIC = make_files({"README.md": CARD, "index.html": "<h1>Sales</h1>", "css/style.css": "p {}"})
OTHER_TOKEN = "hf_" + "ofSomebodyElse"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={OTHER_TOKEN: "visitor"}) as hub:
        yield hub


@pytest.fixture
def hosts(hub: FakeHub) -> SpaceHosts:
    return space_hosts(hub.endpoint, SecretStr(hub.token), FakeClock())


@pytest.fixture
def host(hosts: SpaceHosts) -> HubSpaceHost:
    host = hosts(None)
    assert isinstance(host, HubSpaceHost)
    return host


async def lines_of(log: AsyncIterator[LogLine]) -> list[str]:
    return [line.text async for line in log]


async def test_a_space_is_created_in_one_call_with_its_secrets_variables_and_hardware(
    hub: FakeHub, host: SpaceHost
) -> None:
    settings = SpaceSettings(
        "gradio",
        private=True,
        secrets={"KEY": "s3cret"},
        variables={"COLOUR": "red"},
        hardware="t4-small",
        sleep_seconds=3600,
    )
    space = await host.create(ID, settings)
    (call,) = hub.calls("POST", "create")
    assert call.body["secrets"] == [{"key": "KEY", "value": "s3cret"}]
    assert [entry.path for entry in hub.calls("POST")] == [call.path]
    stored = hub.spaces[ID]
    assert (stored.secrets["KEY"].value, stored.variables["COLOUR"].value) == ("s3cret", "red")
    assert (stored.hardware, stored.sleep_seconds, stored.visibility) == ("t4-small", 3600, "private")
    assert (space.id, space.url, space.sdk, space.visibility) == (
        ID,
        f"{hub.endpoint}/spaces/{ID}",
        "gradio",
        "private",
    )
    assert (space.commit_sha, space.host) == (stored.head, stored.host)
    assert space.runtime
    assert space.runtime.stage == "NO_APP_FILE"


async def test_a_taken_name_is_a_conflict_and_nothing_is_created(hub: FakeHub, host: SpaceHost) -> None:
    hub.create(ID, "static")
    with pytest.raises(SpaceConflict, match="already"):
        await host.create(ID, SpaceSettings("static"))
    assert not hub.calls("POST")


@pytest.mark.parametrize("sdk", ["gradio", "docker"])
async def test_what_the_plan_lacks_names_the_free_ways(hub: FakeHub, host: SpaceHost, sdk: str) -> None:
    hub.plan = "free"
    with pytest.raises(PaymentRequired, match=r'PRO subscription.*"static".*"zero-a10g"'):
        await host.create(ID, SpaceSettings(sdk))
    await host.create(ID, SpaceSettings("static"))


async def test_files_become_one_commit_that_is_all_the_space_holds(hub: FakeHub, host: SpaceHost) -> None:
    space = await host.create(ID, SpaceSettings("static"))
    files = STATIC.with_files({"logo.png": bytes(range(256)), "empty.txt": b""})
    head = await host.commit(ID, files, "Build sales\n\nJob: 1", space.commit_sha)
    stored = hub.spaces[ID]
    assert [(commit.oid, commit.summary, commit.parent) for commit in stored.commits[1:]] == [
        (head, "Build sales", space.commit_sha)
    ]
    assert {path: content for path, content in stored.files().items() if path != ".gitattributes"} == dict(files)
    (call,) = hub.calls("POST", "/commit/")
    assert call.body[0]["value"]["description"] == "Job: 1"
    assert [line["value"]["path"] for line in call.body if line["key"] == "deletedFile"] == ["style.css"]


async def test_a_file_of_the_app_that_its_gitignore_names_is_not_lost(hub: FakeHub, host: SpaceHost) -> None:
    hub.create(ID, "static")
    files = STATIC.with_files({".gitignore": b"*.csv\n*.bin\n", "sales.csv": b"1\n", "sales.bin": bytes(range(256))})
    await host.commit(ID, files, "Ignored and published", None)
    held = hub.spaces[ID].files()
    assert held["sales.csv"] == b"1\n"
    assert held["sales.bin"] == bytes(range(256))


async def test_the_same_files_again_are_no_commit_but_the_head(hub: FakeHub, host: SpaceHost) -> None:
    space = await host.create(ID, SpaceSettings("static"))
    files = STATIC.with_files({"logo.png": bytes(range(256))})
    head = await host.commit(ID, files, "Build", space.commit_sha)
    assert await host.commit(ID, files, "Build", space.commit_sha) == head
    assert await host.commit(ID, files, "Another", None) == head
    assert len(hub.calls("POST", "/commit/")) == 1


async def test_a_revision_sends_only_what_changed_and_follows_its_parent(hub: FakeHub, host: SpaceHost) -> None:
    await host.create(ID, SpaceSettings("static"))
    first = await host.commit(ID, STATIC, "Build", None)
    await host.commit(ID, STATIC.without("css/style.css").with_files({"index.html": b"2"}), "Revise", first)
    header, *operations = hub.calls("POST", "/commit/")[-1].body
    assert header["value"]["parentCommit"] == first
    assert [(line["key"], line["value"]["path"]) for line in operations] == [
        ("deletedFile", "css/style.css"),
        ("file", "index.html"),
    ]


async def test_a_head_that_somebody_else_moved_is_never_overwritten(hub: FakeHub, host: SpaceHost) -> None:
    await host.create(ID, SpaceSettings("static"))
    first = await host.commit(ID, STATIC, "Build", None)
    by_hand = await host.commit(ID, STATIC.with_files({"index.html": b"by hand"}), "By hand", first)
    with pytest.raises(SpaceConflict, match=f"{by_hand}, not at {first}"):
        await host.commit(ID, STATIC.with_files({"index.html": b"2"}), "Revise", first)
    assert hub.spaces[ID].head == by_hand


async def test_files_of_any_commit_are_read_back_byte_for_byte(hub: FakeHub, host: SpaceHost) -> None:
    await host.create(ID, SpaceSettings("static"))
    files = STATIC.with_files({"logo.png": bytes(range(256)), "ünï cödé #1.txt": b"x"})
    first = await host.commit(ID, files, "Build", None)
    await host.commit(ID, STATIC, "Revise", first)
    assert (await host.files(ID, first)).without(".gitattributes") == files
    assert (await host.files(ID, "main")).without(".gitattributes") == STATIC
    assert hub.calls("GET", "/resolve/")


async def test_large_files_do_not_go_by_xet(hub: FakeHub, host: SpaceHost) -> None:
    await host.create(ID, SpaceSettings("static"))
    await host.commit(ID, STATIC.with_files({"a.bin": b"\0a", "b.bin": b"\0b", "c.bin": b"\0c"}), "Build", None)
    assert len(hub.calls("PUT", "/large-files/")) == 3
    assert not hub.calls("*", "xet")
    assert {entry.token for entry in hub.log} == {hub.token, None}
    assert {entry.token for entry in hub.log if "/large-files/" not in entry.path} == {hub.token}
    assert huggingface_hub.constants.HF_HUB_DISABLE_XET


@pytest.mark.parametrize(
    ("readme", "words"),
    [
        ("---\ntitle: x\nsdk: static\ncolorFrom: mauve\n---\n", "colorFrom"),
        (b"\xff\xfe", "README.md|decode"),
    ],
)
async def test_a_card_that_the_hub_refuses_is_rejected_before_anything_is_sent(
    hub: FakeHub, host: SpaceHost, readme: str | bytes, words: str
) -> None:
    await host.create(ID, SpaceSettings("static"))
    with pytest.raises(HubRejected, match=words):
        await host.commit(ID, make_files({"README.md": readme, "index.html": "x"}), "Build", None)
    assert not hub.calls("POST", "/commit/")


async def test_a_missing_space_is_missing_and_near_names_are_told(hub: FakeHub, host: SpaceHost) -> None:
    hub.create(ID, "static")
    with pytest.raises(SpaceMissing, match=f"there is {ID}"):
        await host.info("deployer/salez")
    with pytest.raises(SpaceMissing) as raised:
        await host.runtime("nobody/elsewhere")
    assert "there is nobody" not in str(raised.value)


async def test_settings_are_written_and_read_by_name(hub: FakeHub, host: SpaceHost) -> None:
    hub.create(ID, "gradio", {"app.py": "x"})
    await host.set_secret(ID, "KEY", "s3cret", "of the service")
    await host.set_variable(ID, "B", "2")
    await host.set_variable(ID, "A", "1", "first")
    assert [(s.key, s.value, s.description) for s in await host.secrets(ID)] == [("KEY", None, "of the service")]
    assert [(s.key, s.value, s.description) for s in await host.variables(ID)] == [
        ("A", "1", "first"),
        ("B", "2", None),
    ]
    assert hub.spaces[ID].secrets["KEY"].value == "s3cret"
    for _ in range(2):
        await host.delete_secret(ID, "KEY")
        await host.delete_variable(ID, "A")
    assert await host.secrets(ID) == ()
    assert [setting.key for setting in await host.variables(ID)] == ["B"]


async def test_a_space_is_paused_restarted_woken_and_given_other_hardware(hub: FakeHub, host: HubSpaceHost) -> None:
    space = hub.create(ID, "gradio", {"app.py": "x"})
    assert (await host.pause(ID)).stage == "PAUSED"
    assert (await host.wake(ID)).stage == "BUILDING"
    assert (await host.restart(ID, factory_reboot=True)).stage == "BUILDING"
    assert hub.calls("POST", "factory=true")
    assert (await host.set_hardware(ID, "t4-small", 600)).requested_hardware == "t4-small"
    assert (await host.set_sleep_time(ID, 900)).sleep_seconds == 900
    assert (await host.set_dev_mode(ID, enabled=True)).is_dev_mode
    assert not (await host.set_dev_mode(ID, enabled=False)).is_dev_mode
    space.settle()
    restarts = len(hub.calls("POST", "restart"))
    assert (await host.wake(ID)).stage == "RUNNING"
    assert len(hub.calls("POST", "restart")) == restarts


async def test_what_static_spaces_cannot_do_is_rejected_in_the_hubs_words(hub: FakeHub, host: SpaceHost) -> None:
    hub.create(ID, "static")
    with pytest.raises(HubRejected, match="static"):
        await host.pause(ID)


async def test_volumes_visibility_duplicates_and_deletion(hub: FakeHub, host: SpaceHost) -> None:
    source = hub.create(ID, "gradio", {"app.py": "x"})
    await host.set_variable(ID, "A", "1")
    await host.set_volumes(ID, [Volume("bucket", "deployer/data", "/data", read_only=True)])
    assert (await host.runtime(ID)).volumes == (Volume("bucket", "deployer/data", "/data", read_only=True),)
    await host.delete_volumes(ID)
    assert (await host.runtime(ID)).volumes == ()
    await host.set_visibility(ID, "private")
    assert source.visibility == "private"
    copy = await host.duplicate(ID, "deployer/copy", SpaceSettings("", secrets={"KEY": "s3cret"}))
    assert (copy.id, copy.visibility) == ("deployer/copy", "public")
    assert hub.spaces[copy.id].secrets["KEY"].value == "s3cret"
    with pytest.raises(SpaceConflict):
        await host.duplicate(ID, "deployer/copy", SpaceSettings(""))
    await host.delete(ID)
    assert list(hub.spaces) == ["deployer/copy"]
    with pytest.raises(SpaceMissing):
        await host.delete(ID)


@pytest.mark.parametrize("value", ["evil", "../../api", "a/b/c", "a/--x", "a/b?c=d", "a/b\n", "a/" + "x" * 99])
async def test_an_id_that_is_none_is_rejected_without_a_request_or_its_value(
    hub: FakeHub, host: SpaceHost, value: str
) -> None:
    for question in (host.info, host.runtime, host.delete, host.variables, host.restart):
        with pytest.raises(HubRejected) as raised:
            await question(value)
        assert value not in str(raised.value)
    with pytest.raises(HubRejected):
        await lines_of(host.logs(value, build=True, follow=False))
    assert hub.log == []


async def test_a_key_that_is_none_is_rejected_without_a_request(hub: FakeHub, host: SpaceHost) -> None:
    with pytest.raises(HubRejected, match="letter"):
        await host.set_secret(ID, "MY-KEY", "s3cret")
    with pytest.raises(HubRejected, match="letter"):
        await host.create(ID, SpaceSettings("static", variables={"1": "x"}))
    assert hub.log == []


async def test_the_owner_is_asked_for_once_per_token(hub: FakeHub, hosts: SpaceHosts) -> None:
    assert await asyncio.gather(*(hosts(None).owner() for _ in range(4))) == ["deployer"] * 4
    assert await hosts(OTHER_TOKEN).owner() == await hosts(OTHER_TOKEN).owner() == "visitor"
    assert len(hub.calls("GET", "whoami")) == 2


async def test_a_callers_token_acts_alone(hub: FakeHub, hosts: SpaceHosts) -> None:
    hub.create(ID, "static")
    with pytest.raises(NotPermitted):
        await hosts(OTHER_TOKEN).set_variable(ID, "A", "1")
    assert {entry.token for entry in hub.log} == {OTHER_TOKEN}


async def test_a_token_that_the_hub_does_not_know_is_refused_and_never_told(hub: FakeHub, hosts: SpaceHosts) -> None:
    token = "hf_" + "revoked"
    hub.create(ID, "static")
    with pytest.raises(HubTokenRefused) as raised:
        await hosts(token).owner()
    assert token not in f"{raised.value!r} {raised.value.__cause__!r} {hosts(token)!r} {hosts!r}"


@pytest.mark.parametrize("token", ["", "hf_a b", "hf_\n", "hf_ü"])
def test_what_cannot_be_a_token_is_refused_without_a_request(hub: FakeHub, hosts: SpaceHosts, token: str) -> None:
    with pytest.raises(HubTokenRefused):
        hosts(token)
    assert hub.log == []


def test_without_an_operators_token_only_callers_tokens_act(hub: FakeHub) -> None:
    hosts = space_hosts(hub.endpoint, None, FakeClock())
    with pytest.raises(Misconfigured, match="HF_TOKEN"):
        hosts(None)
    assert hosts(OTHER_TOKEN)


def test_a_bounded_number_of_hosts_is_kept(hosts: SpaceHosts) -> None:
    first = hosts("hf_0")
    assert hosts("hf_0") is first
    for number in range(HOSTS_KEPT):
        hosts(f"hf_{number + 1}")
    assert hosts("hf_0") is not first


async def test_a_log_is_read_to_its_end_in_lines_fit_for_a_terminal(hub: FakeHub, host: SpaceHost) -> None:
    hub.script(
        ID, ["BUILDING", "RUNNING"], build_log=["\x1b[31mred\x1b[0m", "a\rb", "x" * 9000], run_log=["started\x07"]
    )
    hub.create(ID, "gradio", {"app.py": "x"}).start()
    build = await lines_of(host.logs(ID, build=True, follow=False))
    assert build[:3] == ["red", "a", "b"]
    assert [len(line) for line in build[3:]] == [4000]
    assert await lines_of(host.logs(ID, build=False, follow=False)) == ["started"]


async def test_a_log_that_the_hub_keeps_open_is_read_for_as_long_as_was_meant(
    hub: FakeHub, host: SpaceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "LOG_SECONDS", 0.2)
    hub.keep_alive_seconds = 0.05
    hub.log_stream_seconds = None
    hub.script(ID, ["RUNNING"], run_log=["one", "two"])
    hub.create(ID, "gradio", {"app.py": "x"}).start()
    assert await lines_of(host.logs(ID, build=False, follow=False)) == ["one", "two"]


async def test_a_followed_log_grows_and_its_reader_ends_with_its_consumer(hub: FakeHub, host: HubSpaceHost) -> None:
    hub.keep_alive_seconds = 0.05
    hub.log_stream_seconds = None
    hub.script(ID, ["RUNNING"], run_log=["one"])
    space = hub.create(ID, "gradio", {"app.py": "x"})
    space.start()
    async with aclosing(host.logs(ID, build=False, follow=True)) as log:
        assert (await anext(log)).text == "one"
        space.add_log("run", "two")
        assert (await anext(log)).text == "two"
        assert "space-log" in {thread.name for thread in threading.enumerate()}
    while "space-log" in {thread.name for thread in threading.enumerate()}:
        await asyncio.sleep(0.01)


async def test_the_log_of_a_missing_space_is_missing(host: SpaceHost) -> None:
    with pytest.raises(SpaceMissing):
        await lines_of(host.logs(ID, build=True, follow=False))


async def test_what_a_space_holds_of_others_is_checked_as_an_app_is(hub: FakeHub, host: SpaceHost) -> None:
    hub.create(ID, "static", {".env": "x"})
    with pytest.raises(HubRejected, match="reserved name"):
        await host.files(ID, "main")


async def test_the_app_address_comes_from_the_hub_or_is_none(
    hub: FakeHub, host: SpaceHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = hub.create(ID, "gradio", {"app.py": "x"})
    info = space.info()
    assert (await host.info(ID)).host == space.host
    monkeypatch.setattr(space, "info", lambda *_, **__: {**info, "host": None})
    assert (await host.info(ID)).host == "https://deployer-sales.hf.space"
    domains = [{"domain": "old.hf.space", "stage": "PENDING"}, {"domain": "new.hf.space"}]
    said = {"id": ID, "runtime": {"stage": "RUNNING", "domains": domains}}
    monkeypatch.setattr(space, "info", lambda *_, said=said, **__: said)
    assert (await host.info(ID)).host == "https://new.hf.space"
    for sdk, address in (
        ("gradio", "https://deployer-sales.hf.space"),
        ("static", "https://deployer-sales.static.hf.space"),
    ):
        said = {"id": ID, "sdk": sdk, "subdomain": "deployer-sales"}
        monkeypatch.setattr(space, "info", lambda *_, said=said, **__: said)
        assert (await host.info(ID)).host == address
    monkeypatch.setattr(space, "info", lambda *_, **__: {"id": ID})
    assert await host.info(ID) == Space(ID, f"{hub.endpoint}/spaces/{ID}", commit_sha=space.head)


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
    await host.create("deployer/sales", SpaceSettings("static"))
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
