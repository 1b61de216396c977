"""The SpaceHost port when the Hub loses answers, is busy, says no more than it must, or says it in other words."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import HubError, HubTokenRefused, HubUnreachable, RateLimited
from pipeline.domain.files import AppFiles
from pipeline.domain.space import SpaceSettings
from pipeline.spaces.calls import TRIES
from pipeline.spaces.creation import PAUSES_SECONDS
from pipeline.spaces.host import HubSpaceHost
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, too_many_requests
from tests.integration.spaces_hub.rig import (
    ANSWERS,
    ID,
    PAGES,
    SECRET,
    SECRETS,
    STATIC,
    WITH_SECRET,
    HubHost,
    Said,
    answer,
    says_only,
    writes,
)

LOST = [
    Fault("POST", "", when="before", answer=Drop()),
    Fault("POST", "", when="after", answer=Drop()),
    Fault("POST", "", when="before", answer=Answer(503)),
    Fault("POST", "", when="after", answer=Answer(500)),
    Fault("POST", "", when="after", answer=Answer(504)),
    Fault("POST", "", when="after", answer=Hang(0.6)),
    Fault("POST", "", when="before", answer=too_many_requests(30)),
]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_to_create_ends_in_one_space_that_is_ours(host: HubHost, fault: Fault) -> None:
    host.hub.add_fault(replace(fault, path="create"))
    space = await host.create(ID, "static", WITH_SECRET)
    assert space.commit_sha == host.hub.spaces[ID].head
    assert host.hub.spaces[ID].secrets["KEY"].value == SECRET
    assert len(host.hub.calls("POST", "create")) == (2 if fault.when == "before" else 1)


async def test_a_creation_that_takes_effect_late_is_ours_as_well(host: HubHost) -> None:
    host.hub.add_fault(Fault("POST", "create", when="after"))
    missing = Answer(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
    host.hub.add_fault(Fault("GET", f"api/spaces/{ID}$", times=2, answer=missing))
    assert (await host.create(ID, "static", WITH_SECRET)).id == ID
    assert [entry.status for entry in host.hub.calls("POST", "create")] == [None, 409]


@pytest.mark.parametrize("fault", LOST, ids=str)
async def test_a_lost_answer_to_a_commit_ends_in_one_commit(host: HubHost, fault: Fault) -> None:
    parent = host.hub.create(ID, "static").head
    host.hub.add_fault(replace(fault, path="/commit/"))
    head = await host.commit(ID, PAGES, "Build", parent)
    stored = host.hub.spaces[ID]
    assert (stored.head, len(stored.commits), stored.commits[-1].parent) == (head, 2, parent)
    assert stored.files()["index.html"] == PAGES["index.html"]


async def test_a_commit_that_takes_effect_between_look_and_next_try_is_found(host: HubHost) -> None:
    space = host.hub.create(ID, "static")
    parent = space.head
    host.hub.add_fault(Fault("POST", "/commit/", when="after", answer=Answer(412, {"error": "A commit has happened"})))
    assert await host.commit(ID, PAGES, "Build", parent) == space.head
    assert len(space.commits) == 2


@pytest.mark.parametrize(
    "path", ["preupload", "validate-yaml", "/tree/", f"api/spaces/{ID}$", "objects/batch", "large-files"]
)
@pytest.mark.parametrize("answer", [Drop(), Answer(502), too_many_requests(5)], ids=str)
async def test_no_step_of_a_commit_is_lost_to_one_bad_answer(host: HubHost, path: str, answer: Answer | Drop) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("*", path, answer=answer))
    files = PAGES.with_files({"a.bin": b"\0a", "b.bin": b"\0b"})
    await host.commit(ID, files, "Build", None)
    assert {**host.hub.spaces[ID].files(), **files} == host.hub.spaces[ID].files()
    assert len(host.hub.spaces[ID].commits) == 2


async def test_too_many_requests_are_waited_for_as_long_as_the_hub_asks(host: HubHost) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("GET", "runtime", answer=too_many_requests(40)))
    assert (await host.runtime(ID)).stage == "RUNNING"
    assert len(host.clock.slept) == 1
    assert 40 <= host.clock.slept[0] <= 60


@pytest.mark.parametrize(
    ("path", "ask"),
    [
        ("runtime", lambda host: host.runtime(ID)),
        ("create", lambda host: host.create("deployer/new", "static", WITH_SECRET)),
        ("preupload", lambda host: host.commit(ID, PAGES, "Build", None)),
        ("/commit/", lambda host: host.commit(ID, PAGES, "Build", None)),
        ("secrets", lambda host: host.set_setting(ID, SECRETS, "KEY", SECRET)),
    ],
)
async def test_beyond_the_patience_too_many_requests_are_told_at_once_with_the_time(
    host: HubHost, path: str, ask: Callable[[HubSpaceHost], Awaitable[object]]
) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("*", path, times=None, answer=too_many_requests(250)))
    with pytest.raises(RateLimited, match="250 s") as raised:
        await ask(host)
    assert raised.value.retry_after_seconds == 250
    assert host.clock.slept == []
    assert len([entry for entry in host.hub.log if entry.status == 429]) == 1


@pytest.mark.parametrize("value", ["7", "Wed, 01 Jan 2020 00:00:00 GMT", "soon", ""])
async def test_other_ways_to_say_when_to_come_back_are_understood(host: HubHost, value: str) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("GET", "runtime", answer=Answer(429, headers={"Retry-After": value})))
    assert (await host.runtime(ID)).stage == "RUNNING"
    assert host.clock.slept[0] >= (8 if value == "7" else 1)


@pytest.mark.parametrize("answer", [Drop(), Answer(503), Hang(0.6)], ids=str)
async def test_a_hub_that_stays_away_is_unreachable_after_a_few_tries(
    host: HubHost, answer: Answer | Drop | Hang
) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("POST", "restart", times=None, answer=answer))
    with pytest.raises(HubUnreachable, match=f"restarting the Space {ID}"):
        await host.restart(ID)
    assert len(host.hub.calls("POST", "restart")) == TRIES
    assert all(seconds >= 1 for seconds in host.clock.slept)


# Hubs that say no more than they must, or say it in other words


INFO = f"api/spaces/{ID}(/revision/[^/]+)?(\\?.*)?$"
MISSING = dict(ANSWERS["missing"])


@pytest.mark.parametrize("said", MISSING.values(), ids=MISSING)
async def test_a_space_is_made_however_the_hub_says_that_there_is_none(host: HubHost, said: Said) -> None:
    host.hub.add_fault(Fault("GET", INFO, answer=answer(**said)))
    space = await host.create(ID, "static", SpaceSettings())
    assert space.commit_sha == host.hub.spaces[ID].head
    assert writes(host.hub) == (1, 0)


@pytest.mark.parametrize("said", MISSING.values(), ids=MISSING)
async def test_a_new_space_that_is_not_shown_at_once_is_waited_for(host: HubHost, said: Said) -> None:
    host.hub.add_fault(Fault("GET", INFO, times=1 + 3, answer=answer(**said)))
    space = await host.create(ID, "static", SpaceSettings())
    assert space.commit_sha == host.hub.spaces[ID].head
    assert writes(host.hub) == (1, 0)
    assert host.clock.slept == list(PAUSES_SECONDS[:3])


async def test_a_new_space_that_is_never_shown_is_told_after_a_while(host: HubHost) -> None:
    host.hub.add_fault(Fault("GET", INFO, times=None, answer=Answer(404)))
    with pytest.raises(HubUnreachable, match="does not show it"):
        await host.create(ID, "static", SpaceSettings())
    assert host.clock.slept == list(PAUSES_SECONDS)


@pytest.mark.parametrize(("said", "kind"), ANSWERS["refusals"], ids=str)
async def test_a_refusal_keeps_its_meaning_whatever_its_words_look_like(host: HubHost, said: Said, kind: str) -> None:
    host.hub.add_fault(Fault("POST", "repos/create", answer=answer(**said)))
    with pytest.raises(HubError) as raised:
        await host.create(ID, "static", SpaceSettings())
    assert type(raised.value).__name__ == kind
    assert writes(host.hub) == (1, 0)


async def test_a_wrong_token_is_told_by_the_creation(hub: FakeHub, clock: FakeClock) -> None:
    stranger = HubSpaceHost(hub.endpoint, SecretStr("hf_nobody"), clock)
    with pytest.raises(HubTokenRefused):
        await stranger.create(ID, "static", SpaceSettings())
    assert not hub.spaces


@pytest.mark.parametrize("said", ANSWERS["creations"], ids=str)
async def test_a_creation_is_believed_when_the_space_is_there_whatever_was_answered(host: HubHost, said: Said) -> None:
    host.hub.add_fault(Fault("POST", "repos/create", when="after", answer=answer(**said)))
    assert (await host.create(ID, "static", SpaceSettings())).url == f"{host.hub.endpoint}/spaces/{ID}"
    assert writes(host.hub) == (1, 0)


async def test_an_unreadable_answer_to_a_creation_without_effect_is_no_space(host: HubHost) -> None:
    host.hub.add_fault(Fault("POST", "repos/create", answer=Answer(200, content=b"<html>proxy</html>")))
    with pytest.raises(HubUnreachable, match="does not show it"):
        await host.create(ID, "static", SpaceSettings())


@pytest.mark.parametrize("said", ANSWERS["commits"], ids=str)
async def test_a_commit_is_believed_when_the_space_holds_it_whatever_was_answered(host: HubHost, said: Said) -> None:
    parent = host.hub.create(ID, "static").head
    host.hub.add_fault(Fault("POST", "/commit/", when="after", answer=answer(**said)))
    assert await host.commit(ID, STATIC, "Build", parent) == host.hub.spaces[ID].head != parent
    assert writes(host.hub) == (0, 1)


async def test_an_unreadable_answer_to_a_commit_without_effect_is_told(host: HubHost) -> None:
    host.hub.create(ID, "static")
    host.hub.add_fault(Fault("POST", "/commit/", answer=Answer(200, {"success": True})))
    with pytest.raises(HubUnreachable, match="makes no sense"):
        await host.commit(ID, STATIC, "Build", None)


@pytest.mark.parametrize("fields", [["sha", "siblings"], ["sha"], []], ids=str)
@pytest.mark.parametrize("status", [404, 405])
async def test_without_a_list_of_files_a_commit_is_still_the_whole_app_and_made_once(
    host: HubHost, monkeypatch: pytest.MonkeyPatch, fields: list[str], status: int
) -> None:
    space = host.hub.create(ID, "static")
    says_only(monkeypatch, *fields)
    host.hub.add_fault(Fault("GET", "/tree/", times=None, answer=Answer(status)))
    host.hub.add_fault(Fault("POST", "/commit/", when="after", answer=Drop()))
    head = await host.commit(ID, STATIC, "Build", None)
    assert await host.commit(ID, STATIC, "Build", None) == head == space.head
    assert space.files().keys() - {".gitattributes"} == set(STATIC)
    assert writes(host.hub) == (0, 1)


async def test_files_are_read_back_without_a_tree_and_not_without_any_list(
    host: HubHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = host.hub.create(ID, "static", STATIC)
    host.hub.add_fault(Fault("GET", "/tree/", times=None, answer=Answer(404)))
    says_only(monkeypatch, "siblings")
    assert await host.files(ID, space.head) == AppFiles(space.files())
    monkeypatch.undo()
    says_only(monkeypatch)
    with pytest.raises(HubUnreachable, match="which files"):
        await host.files(ID, space.head)
