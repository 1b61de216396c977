"""The SpaceHost port over huggingface_hub: settings, tokens and logs."""

import asyncio
import threading
from contextlib import aclosing

import pytest

from pipeline.domain import errors
from pipeline.domain.space import SpaceSettings, Volume
from pipeline.ports import SpaceHosts
from pipeline.spaces import host as host_module
from pipeline.spaces.hosts import HOSTS_KEPT, space_hosts
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.integration.spaces_hub.rig import ID, OTHER_TOKEN, SECRETS, VARIABLES, HubHost, lines_of


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> HubHost:
    return HubHost(hub, clock)


async def test_settings_are_written_and_read_by_name(host: HubHost) -> None:
    host.hub.create(ID, "gradio", {"app.py": "x"})
    await host.set_setting(ID, SECRETS, "KEY", "s3cret", "of the service")
    await host.set_setting(ID, VARIABLES, "B", "2")
    await host.set_setting(ID, VARIABLES, "A", "1", "first")
    assert [(s.key, s.value, s.description) for s in await host.settings(ID, SECRETS)] == [
        ("KEY", None, "of the service")
    ]
    assert [(s.key, s.value, s.description) for s in await host.settings(ID, VARIABLES)] == [
        ("A", "1", "first"),
        ("B", "2", None),
    ]
    assert host.hub.spaces[ID].secrets["KEY"].value == "s3cret"
    for _ in range(2):
        await host.delete_setting(ID, SECRETS, "KEY")
        await host.delete_setting(ID, VARIABLES, "A")
    assert await host.settings(ID, SECRETS) == ()
    assert [setting.key for setting in await host.settings(ID, VARIABLES)] == ["B"]


async def test_a_space_is_paused_restarted_and_given_other_hardware(host: HubHost) -> None:
    host.hub.create(ID, "gradio", {"app.py": "x"})
    assert (await host.pause(ID)).stage == "PAUSED"
    assert (await host.restart(ID)).stage == "BUILDING"
    assert (await host.restart(ID, factory_reboot=True)).stage == "BUILDING"
    assert host.hub.calls("POST", "factory=true")
    assert (await host.set_hardware(ID, "t4-small", 600)).requested_hardware == "t4-small"
    assert (await host.set_sleep_time(ID, 900)).sleep_seconds == 900
    assert (await host.set_dev_mode(ID, enabled=True)).is_dev_mode
    assert not (await host.set_dev_mode(ID, enabled=False)).is_dev_mode


async def test_what_static_spaces_cannot_do_is_rejected_in_the_hubs_words(host: HubHost) -> None:
    host.hub.create(ID, "static")
    with pytest.raises(errors.HubRejected, match="static"):
        await host.pause(ID)


async def test_volumes_visibility_duplicates_and_deletion(host: HubHost) -> None:
    source = host.hub.create(ID, "gradio", {"app.py": "x"})
    await host.set_setting(ID, VARIABLES, "A", "1")
    await host.set_volumes(ID, [Volume("bucket", "deployer/data", "/data", read_only=True)])
    assert (await host.runtime(ID)).volumes == (Volume("bucket", "deployer/data", "/data", read_only=True),)
    await host.set_volumes(ID, [])
    assert (await host.runtime(ID)).volumes == ()
    await host.set_visibility(ID, "private")
    assert source.visibility == "private"
    copy = await host.duplicate(ID, "deployer/copy", SpaceSettings(secrets={"KEY": "s3cret"}))
    assert (copy.id, copy.visibility) == ("deployer/copy", "public")
    assert host.hub.spaces[copy.id].secrets["KEY"].value == "s3cret"
    with pytest.raises(errors.SpaceConflict):
        await host.duplicate(ID, "deployer/copy", SpaceSettings())
    await host.delete(ID)
    assert list(host.hub.spaces) == ["deployer/copy"]
    with pytest.raises(errors.SpaceMissing):
        await host.delete(ID)


@pytest.mark.parametrize("value", ["evil", "../../api", "a/b/c", "a/--x", "a/b?c=d", "a/b\n", "a/" + "x" * 99])
async def test_an_id_that_is_none_is_rejected_without_a_request_or_its_value(host: HubHost, value: str) -> None:
    for question in (host.info, host.runtime, host.delete, host.pause, host.restart):
        with pytest.raises(errors.HubRejected) as raised:
            await question(value)
        assert value not in str(raised.value)
    with pytest.raises(errors.HubRejected):
        await lines_of(host.logs(value, build=True, follow=False))
    assert host.hub.log == []


async def test_a_key_that_is_none_is_rejected_without_a_request(host: HubHost) -> None:
    with pytest.raises(errors.HubRejected, match="letter"):
        await host.set_setting(ID, SECRETS, "MY-KEY", "s3cret")
    with pytest.raises(errors.HubRejected, match="letter"):
        await host.create(ID, "static", SpaceSettings(variables={"1": "x"}))
    assert host.hub.log == []


async def test_the_owner_is_asked_for_once_per_token(hub: FakeHub, hosts: SpaceHosts) -> None:
    assert await asyncio.gather(*(hosts(None).owner() for _ in range(4))) == ["deployer"] * 4
    assert await hosts(OTHER_TOKEN).owner() == await hosts(OTHER_TOKEN).owner() == "visitor"
    assert len(hub.calls("GET", "whoami")) == 2


async def test_a_callers_token_acts_alone(hub: FakeHub, hosts: SpaceHosts) -> None:
    hub.create(ID, "static")
    with pytest.raises(errors.NotPermitted):
        await hosts(OTHER_TOKEN).set_setting(ID, VARIABLES, "A", "1")
    assert {entry.token for entry in hub.log} == {OTHER_TOKEN}


async def test_a_token_that_the_hub_does_not_know_is_refused_and_never_told(hub: FakeHub, hosts: SpaceHosts) -> None:
    token = "hf_" + "revoked"
    hub.create(ID, "static")
    with pytest.raises(errors.HubTokenRefused) as raised:
        await hosts(token).owner()
    assert token not in f"{raised.value!r} {raised.value.__cause__!r} {hosts(token)!r} {hosts!r}"


@pytest.mark.parametrize("token", ["", "hf_a b", "hf_\n", "hf_ü"])
def test_what_cannot_be_a_token_is_refused_without_a_request(hub: FakeHub, hosts: SpaceHosts, token: str) -> None:
    with pytest.raises(errors.HubTokenRefused):
        hosts(token)
    assert hub.log == []


def test_without_an_operators_token_only_callers_tokens_act(hub: FakeHub) -> None:
    hosts = space_hosts(hub.endpoint, None, FakeClock())
    with pytest.raises(errors.Misconfigured, match="HF_TOKEN"):
        hosts(None)
    assert hosts(OTHER_TOKEN)


def test_a_bounded_number_of_hosts_is_kept(hosts: SpaceHosts) -> None:
    first = hosts("hf_0")
    assert hosts("hf_0") is first
    for number in range(HOSTS_KEPT):
        hosts(f"hf_{number + 1}")
    assert hosts("hf_0") is not first


async def test_a_log_is_read_to_its_end_in_lines_fit_for_a_terminal(host: HubHost) -> None:
    host.hub.script(
        ID, ["BUILDING", "RUNNING"], build_log=["\x1b[31mred\x1b[0m", "a\rb", "x" * 9000], run_log=["started\x07"]
    )
    host.hub.create(ID, "gradio", {"app.py": "x"}).start()
    build = await lines_of(host.logs(ID, build=True, follow=False))
    assert build[:3] == ["red", "a", "b"]
    assert [len(line) for line in build[3:]] == [4000]
    assert await lines_of(host.logs(ID, build=False, follow=False)) == ["started"]


async def test_a_log_that_the_hub_keeps_open_is_read_for_as_long_as_was_meant(
    host: HubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_module, "LOG_SECONDS", 0.2)
    host.hub.keep_alive_seconds = 0.05
    host.hub.log_stream_seconds = None
    host.hub.script(ID, ["RUNNING"], run_log=["one", "two"])
    host.hub.create(ID, "gradio", {"app.py": "x"}).start()
    assert await lines_of(host.logs(ID, build=False, follow=False)) == ["one", "two"]


async def test_a_followed_log_grows_and_its_reader_ends_with_its_consumer(host: HubHost) -> None:
    host.hub.keep_alive_seconds = 0.05
    host.hub.log_stream_seconds = None
    host.hub.script(ID, ["RUNNING"], run_log=["one"])
    space = host.hub.create(ID, "gradio", {"app.py": "x"})
    space.start()
    async with aclosing(host.logs(ID, build=False, follow=True)) as log:
        assert (await anext(log)).text == "one"
        space.add_log("run", "two")
        assert (await anext(log)).text == "two"
        assert "space-log" in {thread.name for thread in threading.enumerate()}
    while "space-log" in {thread.name for thread in threading.enumerate()}:
        await asyncio.sleep(0.01)


async def test_the_log_of_a_missing_space_is_missing(host: HubHost) -> None:
    with pytest.raises(errors.SpaceMissing):
        await lines_of(host.logs(ID, build=True, follow=False))
