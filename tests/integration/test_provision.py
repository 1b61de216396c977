"""Many Spaces against the fake Hub: created, updated, left alone, and what is said about it."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from pipeline.clock import SystemClock
from pipeline.domain.errors import (
    FieldProblem,
    HubTokenRefused,
    InvalidInput,
    Misconfigured,
    SecretFound,
    SpaceMissing,
)
from pipeline.domain.provision import (
    AppTemplate,
    ProvisionOrder,
    SpaceAction,
    SpaceOutcome,
    SpaceStatus,
    WantedSpace,
)
from pipeline.domain.publication import SpaceSdk
from pipeline.provision import ProvisionSpaces, WakeSpaces, many, one
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import make_files
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, FakeHub, Fault, Hang, Setting, too_many_requests
from tests.fakes.hub.exchange import Request
from tests.fakes.hub.repository import now

CARD = "---\ntitle: Team\nsdk: gradio\nsdk_version: 5.0.0\napp_file: app.py\n---\n"
APP = {"README.md": CARD, "app.py": "print('hello')\n"}
TEMPLATE = "deployer/template"
VALUE = "a-value-nobody-may-see"
OPERATOR_SECRET = "an-operators-secret-value"
OTHER_TOKEN = "hf_" + "ofSomebodyElse"

RESUMED = WantedSpace("updated", variables={"OLD": "1", "NEW": "1"})
CREATE, UPDATE, UNCHANGED = SpaceAction.CREATE, SpaceAction.UPDATE, SpaceAction.UNCHANGED


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={OTHER_TOKEN: "visitor"}) as hub:
        hub.create(TEMPLATE, files=APP, variables={"LEVEL": setting("1")})
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def provision(hub: FakeHub, clock: FakeClock) -> ProvisionSpaces:
    hosts = space_hosts(hub.endpoint, SecretStr(hub.token), clock, silence_seconds=5)
    return ProvisionSpaces(hosts, ConfiguredSecretScanner((OPERATOR_SECRET,)), clock)


def setting(value: str) -> Setting:
    return Setting(value, updated_at=now())


def copies(*spaces: WantedSpace, **options: Any) -> ProvisionOrder:
    return ProvisionOrder(TEMPLATE, spaces, **options)


def apps(*spaces: WantedSpace, files: Mapping[str, str] | None = None) -> ProvisionOrder:
    return ProvisionOrder(AppTemplate(make_files(files or APP), SpaceSdk.GRADIO), spaces)


def refused(status: int = 403, text: str = "A payment method is required") -> Any:
    return Answer(status, {"error": text, "url": "https://hub.test/spaces/deployer/a"})


async def run(
    provision: ProvisionSpaces, order: ProvisionOrder, known: list[SpaceOutcome] | None = None, token: str | None = None
) -> list[SpaceOutcome]:
    outcomes = known or [SpaceOutcome(wanted.name) for wanted in order.spaces]

    async def record(index: int, outcome: SpaceOutcome) -> None:
        outcomes[index] = outcome

    await provision.check(order, token)
    await provision(order, token, tuple(outcomes), record)
    assert VALUE not in repr(outcomes)
    return outcomes


def writes(hub: FakeHub) -> list[str]:
    return [f"{call.method} {call.path.removeprefix('/api/')}" for call in hub.calls("*") if call.method != "GET"]


async def test_a_copy_gets_all_its_settings_within_one_request(provision: ProvisionSpaces, hub: FakeHub) -> None:
    wanted = WantedSpace("team-a", {"KEY": VALUE}, {"TEAM": "a"}, "t4-small", 3600, private=True)
    (outcome,) = await run(provision, copies(wanted))
    space = hub.spaces["deployer/team-a"]
    assert (outcome.action, outcome.status, outcome.id) == (CREATE, SpaceStatus.SUCCEEDED, "deployer/team-a")
    assert outcome.url == space.url
    assert outcome.changes == (
        *("secret KEY", "variable TEAM", "hardware t4-small", "sleep time 3600 s", "private"),
        f"copy of {TEMPLATE}",
    )
    assert writes(hub) == [f"POST spaces/{TEMPLATE}/duplicate"]
    assert {key: setting.value for key, setting in space.variables.items()} == {"LEVEL": "1", "TEAM": "a"}
    assert (space.secrets["KEY"].value, space.hardware, space.sleep_seconds) == (VALUE, "t4-small", 3600)
    assert space.visibility == "private"


async def test_a_copy_of_a_private_space_is_private_unless_it_says_otherwise(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.spaces[TEMPLATE].visibility = "private"
    await run(provision, copies(WantedSpace("a"), WantedSpace("b", private=False)))
    assert hub.spaces["deployer/a"].visibility == "private"
    assert hub.spaces["deployer/b"].visibility == "public"


async def test_an_app_is_created_with_its_secrets_before_its_one_commit(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    (outcome,) = await run(provision, apps(WantedSpace("team-a", {"KEY": VALUE})))
    space = hub.spaces["deployer/team-a"]
    assert (outcome.action, outcome.status) == (CREATE, SpaceStatus.SUCCEEDED)
    assert len(space.commits) == 2
    assert space.starts == 1
    assert [call for call in writes(hub) if "preupload" not in call and "validate" not in call] == [
        "POST repos/create",
        "POST spaces/deployer/team-a/commit/main",
    ]


async def test_each_app_without_a_title_is_called_after_its_space(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await run(provision, apps(WantedSpace("team-a"), WantedSpace("team-b"), files={"app.py": "import gradio\n"}))
    assert b"title: Team a" in hub.spaces["deployer/team-a"].files()["README.md"]
    assert b"title: Team b" in hub.spaces["deployer/team-b"].files()["README.md"]


@pytest.mark.parametrize("order", [copies(WantedSpace("a", {"K": VALUE}, {"V": "1"})), apps(WantedSpace("a"))])
async def test_what_is_as_wanted_is_left_alone(provision: ProvisionSpaces, hub: FakeHub, order: ProvisionOrder) -> None:
    await run(provision, order)
    hub.log.clear()
    (outcome,) = await run(provision, order)
    assert (outcome.action, outcome.status, outcome.changes) == (UNCHANGED, SpaceStatus.SUCCEEDED, ())
    assert writes(hub) == []


async def test_only_what_differs_is_set_and_what_restarts_nothing_comes_first(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    there = {"SAME": setting("1"), "OTHER": setting("1"), "OWN": setting("1")}
    hub.create("deployer/a", files=APP, variables=there, secrets={"OLD": setting("old")}, hardware="t4-small")
    wanted = WantedSpace("a", {"OLD": VALUE, "NEW": VALUE}, {"SAME": "1", "OTHER": "2"}, None, 60, private=True)
    (outcome,) = await run(provision, copies(wanted))
    space = hub.spaces["deployer/a"]
    assert (outcome.action, outcome.status) == (UPDATE, SpaceStatus.SUCCEEDED)
    assert outcome.changes == ("private", "sleep time 60 s", "secret NEW", "variable OTHER")
    assert writes(hub) == [
        "PUT spaces/deployer/a/settings",
        "POST spaces/deployer/a/sleeptime",
        "POST spaces/deployer/a/secrets",
        "POST spaces/deployer/a/variables",
    ]
    assert space.secrets["OLD"].value == "old"
    assert space.variables["OWN"].value == "1"
    assert outcome.warning
    assert "restarts the app, which is running" in outcome.warning
    assert "1 of the secrets are set already" in outcome.warning


async def test_hardware_and_sleep_time_are_one_request(provision: ProvisionSpaces, hub: FakeHub) -> None:
    hub.create("deployer/a", files=APP)
    await run(provision, copies(WantedSpace("a", hardware="t4-small", sleep_seconds=60)))
    assert writes(hub) == ["POST spaces/deployer/a/hardware"]
    assert hub.spaces["deployer/a"].sleep_seconds == 60


async def test_a_space_that_does_not_run_is_changed_without_a_warning(provision: ProvisionSpaces, hub: FakeHub) -> None:
    hub.create("deployer/a", files=APP).settle("PAUSED")
    (outcome,) = await run(provision, copies(WantedSpace("a", variables={"V": "1"})))
    assert (outcome.action, outcome.warning) == (UPDATE, None)


async def test_secrets_are_set_again_when_that_is_asked_for(provision: ProvisionSpaces, hub: FakeHub) -> None:
    hub.create("deployer/a", files=APP, secrets={"KEY": setting("old")})
    (outcome,) = await run(provision, copies(WantedSpace("a", {"KEY": VALUE}), replace_secrets=True))
    assert outcome.changes == ("secret KEY",)
    assert hub.spaces["deployer/a"].secrets["KEY"].value == VALUE


async def test_new_files_come_after_the_settings(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await run(provision, apps(WantedSpace("a")))
    hub.log.clear()
    (outcome,) = await run(provision, apps(WantedSpace("a", {"KEY": VALUE}), files=APP | {"app.py": "print(2)\n"}))
    assert outcome.changes == ("secret KEY", "files")
    order = [call for call in writes(hub) if "secrets" in call or "commit" in call]
    assert order == ["POST spaces/deployer/a/secrets", "POST spaces/deployer/a/commit/main"]


async def test_a_plan_says_what_a_run_then_does_and_changes_nothing(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await run(provision, apps(WantedSpace("same"), WantedSpace("differs")))
    hub.log.clear()
    order = apps(WantedSpace("same"), WantedSpace("differs", {"KEY": VALUE}, {"V": "1"}), WantedSpace("new"))
    planned = await provision.plan(order, None)
    assert [call for call in writes(hub) if "validate" not in call] == []
    done = await run(provision, order)
    assert [(space.action, space.changes) for space in planned] == [(space.action, space.changes) for space in done]
    assert [space.action for space in planned] == [UNCHANGED, UPDATE, CREATE]
    assert {space.status for space in planned} == {SpaceStatus.PLANNED}
    changed = apps(WantedSpace("same"), files=APP | {"more.txt": "more"})
    assert (await provision.plan(changed, None))[0].changes == ("files",)


async def test_one_space_that_fails_stops_no_other_and_says_what_was_done(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.create("deployer/b", files=APP)
    hub.add_fault(Fault("POST", r"/deployer/b/hardware", answer=refused()))
    order = copies(
        WantedSpace("a"),
        WantedSpace("b", {"KEY": VALUE}, hardware="t4-small"),
        WantedSpace("stranger/c"),
        WantedSpace("d"),
    )
    a, b, c, d = await run(provision, order)
    assert [space.status for space in (a, d)] == [SpaceStatus.SUCCEEDED] * 2
    assert b.status is SpaceStatus.FAILED
    assert b.error
    assert "payment" in b.error
    assert "Done before that: secret KEY" in b.error
    assert b.changes == ("secret KEY",)
    assert c.status is SpaceStatus.FAILED
    assert c.error
    assert "may not do this" in c.error


async def test_an_app_whose_commit_failed_is_completed_by_the_next_run(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.add_fault(Fault("POST", "/commit/", answer=refused(), times=1))
    order = apps(WantedSpace("a", {"KEY": VALUE}))
    (failed,) = await run(provision, order)
    assert failed.status is SpaceStatus.FAILED
    assert failed.error
    assert "Done before that: the Space, without its files, secret KEY" in failed.error
    (outcome,) = await run(provision, order)
    assert (outcome.action, outcome.status, outcome.changes) == (UPDATE, SpaceStatus.SUCCEEDED, ("files",))
    assert len(hub.spaces["deployer/a"].commits) == 2


async def test_a_resumed_run_skips_what_is_on_record_and_completes_what_was_begun(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    order = apps(WantedSpace("done"), WantedSpace("begun", {"KEY": VALUE}), WantedSpace("waiting"), RESUMED)
    hub.create("deployer/begun", files={"README.md": CARD, "app.py": ""}, secrets={"KEY": setting(VALUE)})
    known = [
        SpaceOutcome("done", SpaceStatus.SUCCEEDED, CREATE),
        SpaceOutcome("begun", SpaceStatus.RUNNING, CREATE, changes=("secret KEY", "files")),
        SpaceOutcome("waiting"),
        SpaceOutcome("updated", SpaceStatus.RUNNING, UPDATE, changes=("variable OLD", "variable NEW")),
    ]
    hub.create("deployer/updated", files=APP, variables={"OLD": setting("1")})
    done, begun, waiting, updated = await run(provision, order, known)
    assert done == known[0]
    assert (begun.action, begun.changes, begun.warning) == (CREATE, ("secret KEY", "files"), None)
    assert waiting.action is CREATE
    assert (updated.action, updated.changes[:2]) == (UPDATE, ("variable OLD", "variable NEW"))
    assert len(hub.calls("POST", "updated/variables")) == 1
    assert "deployer/done" not in hub.spaces
    assert hub.calls("POST", "begun/commit")


async def test_that_a_space_is_begun_is_on_record_before_the_hub_is_asked_to_make_it(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    seen: list[tuple[SpaceStatus, SpaceAction | None, int]] = []

    async def record(_: int, outcome: SpaceOutcome) -> None:
        seen.append((outcome.status, outcome.action, len(hub.calls("POST"))))

    await provision(copies(WantedSpace("a")), None, [SpaceOutcome("a")], record)
    assert seen == [(SpaceStatus.RUNNING, CREATE, 0), (SpaceStatus.SUCCEEDED, CREATE, 1)]


async def test_a_space_that_somebody_makes_meanwhile_is_taken_as_there(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    taken = Fault("POST", "/duplicate", answer=refused(409, "You already created this space repo"), times=1)
    hub.add_fault(taken)
    answer = hub.respond

    def respond(request: Request, target: str) -> Any:
        answered = answer(request, target)
        if target.endswith("/duplicate") and "deployer/a" not in hub.spaces:
            hub.create("deployer/a", files=APP)
        return answered

    hub.respond = respond  # type: ignore[method-assign]  # the one way to be quicker than the request
    (outcome,) = await run(provision, copies(WantedSpace("a", variables={"V": "1"})))
    assert (outcome.action, outcome.status) == (UPDATE, SpaceStatus.SUCCEEDED)
    assert hub.spaces["deployer/a"].variables["V"].value == "1"


async def test_not_more_than_a_few_requests_are_under_way_at_once(
    provision: ProvisionSpaces, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way, most, lock, enough = 0, 0, threading.Lock(), threading.Event()
    answer = hub.respond

    def respond(request: Request, target: str) -> Any:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
            if most == many.AT_ONCE:
                enough.set()
        enough.wait(1)
        answered = answer(request, target)
        with lock:
            under_way -= 1
        return answered

    order = copies(*(WantedSpace(f"team-{number}", variables={"V": "1"}) for number in range(12)))
    await run(provision, order)
    monkeypatch.setattr(hub, "respond", respond)
    await provision.plan(order, None)
    assert most == many.AT_ONCE


async def test_a_long_rest_that_the_hub_asks_for_is_taken(
    provision: ProvisionSpaces, hub: FakeHub, clock: FakeClock
) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=too_many_requests(300), times=2))
    (outcome,) = await run(provision, copies(WantedSpace("a")))
    assert outcome.status is SpaceStatus.SUCCEEDED
    assert sum(clock.slept) >= 600


async def test_a_rest_longer_than_the_whole_run_ends_in_words(provision: ProvisionSpaces, hub: FakeHub) -> None:
    hub.add_fault(Fault("POST", "/duplicate", answer=too_many_requests(36_000)))
    (outcome,) = await run(provision, copies(WantedSpace("a")))
    assert outcome.status is SpaceStatus.FAILED
    assert outcome.error
    assert "come back in 36000 s" in outcome.error


async def test_a_hub_that_hangs_ends_one_space_in_words(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(one, "CREATE_SECONDS", 1.0)
    clock = SystemClock()
    provision = ProvisionSpaces(
        space_hosts(hub.endpoint, SecretStr(hub.token), clock), ConfiguredSecretScanner(()), clock
    )
    hub.add_fault(Fault("GET", "/spaces/deployer/a$", answer=Hang(30)))
    a, b = await run(provision, copies(WantedSpace("a"), WantedSpace("b")))
    assert a.error
    assert "took too long" in a.error
    assert b.status is SpaceStatus.SUCCEEDED


async def test_what_comes_after_the_time_of_the_whole_is_not_begun(
    provision: ProvisionSpaces, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(many, "RUN_SECONDS", 0.0)
    (outcome,) = await run(provision, copies(WantedSpace("a")))
    assert outcome.error
    assert "time of the whole provision was up" in outcome.error
    assert "deployer/a" not in hub.spaces


@pytest.mark.parametrize("name", ["me", "deployer/me"])
async def test_a_name_with_and_without_its_owner_is_one_space(provision: ProvisionSpaces, name: str) -> None:
    other = "deployer/me" if name == "me" else "me"
    _, second = await run(provision, copies(WantedSpace(name), WantedSpace(other)))
    assert second.status is SpaceStatus.FAILED
    assert second.error == "it is the same Space as spaces[0]"


async def test_names_without_an_owner_belong_to_the_caller(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await run(provision, copies(WantedSpace("a")), token=OTHER_TOKEN)
    assert "visitor/a" in hub.spaces
    assert {call.token for call in hub.log} == {OTHER_TOKEN}


async def test_a_static_space_takes_no_secret(provision: ProvisionSpaces, hub: FakeHub) -> None:
    page = AppTemplate(make_files({"index.html": "<title>Sales</title>"}), SpaceSdk.STATIC)
    with pytest.raises(InvalidInput) as refused:
        await provision.check(ProvisionOrder(page, (WantedSpace("a", {"KEY": VALUE}),)), None)
    assert refused.value.problems[0].field == "spaces[0]"
    hub.create("deployer/page", "static", files={"index.html": "<h1>"})
    a, b = await run(provision, copies(WantedSpace("page", {"KEY": VALUE}), WantedSpace("b")))
    assert a.error
    assert "static Space shows its secrets" in a.error
    assert b.status is SpaceStatus.SUCCEEDED


async def test_a_name_that_is_a_variable_of_the_space_is_not_made_a_secret(
    provision: ProvisionSpaces, hub: FakeHub
) -> None:
    hub.create("deployer/a", files=APP, variables={"KEY": setting("1")})
    (outcome,) = await run(provision, copies(WantedSpace("a", {"KEY": VALUE})))
    assert outcome.error
    assert "has the name of a variable" in outcome.error
    assert writes(hub) == []


async def test_a_template_that_is_not_there_is_an_error_of_the_whole(provision: ProvisionSpaces, hub: FakeHub) -> None:
    with pytest.raises(SpaceMissing):
        await run(provision, ProvisionOrder("deployer/none", (WantedSpace("a"),)))
    assert writes(hub) == []


async def test_a_check_asks_the_hub_nothing_but_whose_token_it_is(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await provision.check(copies(WantedSpace("a")), None)
    assert hub.log == []
    with pytest.raises(HubTokenRefused):
        await provision.check(copies(WantedSpace("a")), "hf_" + "unknown")
    hub.log.clear()
    with pytest.raises(InvalidInput):
        await provision.check(copies(WantedSpace("a b")), OTHER_TOKEN)
    assert hub.log == []


async def test_a_check_finds_what_the_template_lacks(provision: ProvisionSpaces) -> None:
    with pytest.raises(InvalidInput) as refused:
        await provision.check(apps(WantedSpace("a"), files={"data.csv": "a,b"}), None)
    assert isinstance(refused.value.problems[0], FieldProblem)
    assert refused.value.problems[0].field == "template.files"


@pytest.mark.parametrize(
    "order",
    [
        apps(WantedSpace("a"), files=APP | {"config.py": f"KEY = '{OPERATOR_SECRET}'"}),
        copies(WantedSpace("a"), WantedSpace("b", variables={"KEY": OPERATOR_SECRET})),
    ],
)
async def test_a_check_finds_the_operators_secrets(provision: ProvisionSpaces, order: ProvisionOrder) -> None:
    with pytest.raises(SecretFound) as found:
        await provision.check(order, None)
    assert OPERATOR_SECRET not in str(found.value)


async def test_without_a_token_nothing_is_accepted(hub: FakeHub, clock: FakeClock) -> None:
    provision = ProvisionSpaces(space_hosts(hub.endpoint, None, clock), ConfiguredSecretScanner(()), clock)
    with pytest.raises(Misconfigured):
        await provision.check(copies(WantedSpace("a")), None)


async def test_only_spaces_that_rest_are_restarted(hub: FakeHub, clock: FakeClock) -> None:
    wake = WakeSpaces(space_hosts(hub.endpoint, SecretStr(hub.token), clock))
    stages = ["SLEEPING", "PAUSED", "STOPPED", "RUNNING", "BUILDING", "RUNTIME_ERROR"]
    for stage in stages:
        hub.create(f"deployer/{stage.lower()}", files=APP).settle(stage)
    ids = [*(f"deployer/{stage.lower()}" for stage in stages), "deployer/none"]
    woken = await wake(ids, None)
    assert [space.id for space in woken] == ids
    assert [space.was for space in woken] == [*stages, None]
    assert [space.was_restarted for space in woken] == [True, True, True, False, False, False, False]
    assert len(hub.calls("POST", "/restart")) == 3
    assert [bool(space.error) for space in woken] == [False] * 5 + [True] * 2
    assert woken[0].stage == "BUILDING"
    assert [bool(space.note) for space in woken] == [False] * 3 + [True] * 2 + [False] * 2


@pytest.mark.parametrize("ids", [[], ["no-owner"], ["a/b", "a b/c"], ["a/b"] * 201])
async def test_ids_that_are_none_are_refused_before_the_hub_is_asked(hub: FakeHub, ids: list[str]) -> None:
    wake = WakeSpaces(space_hosts(hub.endpoint, SecretStr(hub.token), FakeClock()))
    with pytest.raises(InvalidInput):
        await wake(ids, None)
    await asyncio.sleep(0)
    assert hub.log == []
