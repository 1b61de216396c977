"""Many Spaces against the fake Hub: created, updated, left alone, woken, and what is said about it."""

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import InvalidInput
from pipeline.domain.provision import ProvisionOrder, SpaceStatus
from pipeline.manage_spaces.running import wake_spaces
from pipeline.ports import SpaceHost
from pipeline.spaces.hosts import space_hosts
from tests.builders import make_wanted
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub, Setting
from tests.integration.spaces_many.rig import APP, CREATE, TEMPLATE, UNCHANGED, UPDATE, VALUE, Provision, apps, copies


async def test_a_copy_gets_all_its_settings_within_one_request(provision: Provision) -> None:
    wanted = make_wanted("team-a", {"KEY": VALUE}, {"TEAM": "a"}, hardware="t4-small", sleep_seconds=3600, private=True)
    (outcome,) = await provision.run(copies(wanted))
    space = provision.hub.spaces["deployer/team-a"]
    assert (outcome.action, outcome.status, outcome.id) == (CREATE, SpaceStatus.SUCCEEDED, "deployer/team-a")
    assert outcome.url == space.url
    assert outcome.changes == (
        *("secret KEY", "variable TEAM", "hardware and sleep time", "visibility"),
        f"copy of {TEMPLATE}",
    )
    assert provision.writes() == [f"POST spaces/{TEMPLATE}/duplicate"]
    assert {key: setting.value for key, setting in space.variables.items()} == {"LEVEL": "1", "TEAM": "a"}
    assert (space.secrets["KEY"].value, space.hardware, space.sleep_seconds) == (VALUE, "t4-small", 3600)
    assert space.visibility == "private"


async def test_a_copy_of_a_private_space_is_private_unless_it_says_otherwise(provision: Provision) -> None:
    provision.hub.spaces[TEMPLATE].visibility = "private"
    await provision.run(copies(make_wanted("a"), make_wanted("b", private=False)))
    assert provision.hub.spaces["deployer/a"].visibility == "private"
    assert provision.hub.spaces["deployer/b"].visibility == "public"


async def test_an_app_is_created_with_its_secrets_before_its_one_commit(provision: Provision) -> None:
    (outcome,) = await provision.run(apps(make_wanted("team-a", {"KEY": VALUE})))
    space = provision.hub.spaces["deployer/team-a"]
    assert (outcome.action, outcome.status) == (CREATE, SpaceStatus.SUCCEEDED)
    assert len(space.commits) == 2
    assert space.starts == 1
    assert [call for call in provision.writes() if "preupload" not in call and "validate" not in call] == [
        "POST repos/create",
        "POST spaces/deployer/team-a/commit/main",
    ]


async def test_each_app_without_a_title_is_called_after_its_space(provision: Provision) -> None:
    await provision.run(apps(make_wanted("team-a"), make_wanted("team-b"), files={"app.py": "import gradio\n"}))
    assert b"title: Team a" in provision.hub.spaces["deployer/team-a"].files()["README.md"]
    assert b"title: Team b" in provision.hub.spaces["deployer/team-b"].files()["README.md"]


@pytest.mark.parametrize("order", [copies(make_wanted("a", {"K": VALUE}, {"V": "1"})), apps(make_wanted("a"))])
async def test_what_is_as_wanted_is_left_alone(provision: Provision, order: ProvisionOrder) -> None:
    await provision.run(order)
    provision.hub.log.clear()
    (outcome,) = await provision.run(order)
    assert (outcome.action, outcome.status, outcome.changes) == (UNCHANGED, SpaceStatus.SUCCEEDED, ())
    assert provision.writes() == []


async def test_only_what_differs_is_set(provision: Provision) -> None:
    there = {"SAME": Setting("1"), "OTHER": Setting("1"), "OWN": Setting("1")}
    provision.hub.create("deployer/a", files=APP, variables=there, secrets={"OLD": Setting("old")}, hardware="t4-small")
    wanted = make_wanted("a", {"OLD": VALUE, "NEW": VALUE}, {"SAME": "1", "OTHER": "2"}, sleep_seconds=60, private=True)
    (outcome,) = await provision.run(copies(wanted))
    space = provision.hub.spaces["deployer/a"]
    assert (outcome.action, outcome.status) == (UPDATE, SpaceStatus.SUCCEEDED)
    assert outcome.changes == ("secret NEW", "variable OTHER", "sleep time", "visibility")
    assert provision.writes() == [
        "POST spaces/deployer/a/secrets",
        "POST spaces/deployer/a/variables",
        "POST spaces/deployer/a/sleeptime",
        "PUT spaces/deployer/a/settings",
    ]
    assert space.secrets["OLD"].value == "old"
    assert space.variables["OWN"].value == "1"
    assert outcome.warning
    assert "the app was running" in outcome.warning
    assert "1 of the secrets are set already" in outcome.warning


async def test_hardware_and_sleep_time_are_one_request(provision: Provision) -> None:
    provision.hub.create("deployer/a", files=APP)
    await provision.run(copies(make_wanted("a", hardware="t4-small", sleep_seconds=60)))
    assert provision.writes() == ["POST spaces/deployer/a/hardware"]
    assert provision.hub.spaces["deployer/a"].sleep_seconds == 60


async def test_a_space_that_does_not_run_is_changed_without_a_warning(provision: Provision) -> None:
    provision.hub.create("deployer/a", files=APP).settle("PAUSED")
    (outcome,) = await provision.run(copies(make_wanted("a", variables={"V": "1"})))
    assert (outcome.action, outcome.warning) == (UPDATE, None)


async def test_secrets_are_set_again_when_that_is_asked_for(provision: Provision) -> None:
    provision.hub.create("deployer/a", files=APP, secrets={"KEY": Setting("old")})
    (outcome,) = await provision.run(copies(make_wanted("a", {"KEY": VALUE}), replace_secrets=True))
    assert outcome.changes == ("secret KEY",)
    assert provision.hub.spaces["deployer/a"].secrets["KEY"].value == VALUE


async def test_new_files_come_after_the_settings(provision: Provision) -> None:
    await provision.run(apps(make_wanted("a")))
    provision.hub.log.clear()
    (outcome,) = await provision.run(apps(make_wanted("a", {"KEY": VALUE}), files=APP | {"app.py": "print(2)\n"}))
    assert outcome.changes == ("secret KEY", "files")
    order = [call for call in provision.writes() if "secrets" in call or "commit" in call]
    assert order == ["POST spaces/deployer/a/secrets", "POST spaces/deployer/a/commit/main"]


async def test_a_plan_says_what_a_run_then_does_and_changes_nothing(provision: Provision) -> None:
    await provision.run(apps(make_wanted("same"), make_wanted("differs")))
    provision.hub.log.clear()
    order = apps(make_wanted("same"), make_wanted("differs", {"KEY": VALUE}, {"V": "1"}), make_wanted("new"))
    planned = await provision.plan(order, None)
    assert [call for call in provision.writes() if "validate" not in call] == []
    done = await provision.run(order)
    assert [(space.action, space.changes) for space in planned] == [(space.action, space.changes) for space in done]
    assert [space.action for space in planned] == [UNCHANGED, UPDATE, CREATE]
    assert {space.status for space in planned} == {SpaceStatus.PLANNED}
    changed = apps(make_wanted("same"), files=APP | {"more.txt": "more"})
    assert (await provision.plan(changed, None))[0].changes == ("files",)


async def test_it_is_told_when_a_space_is_begun_and_when_it_has_ended(provision: Provision) -> None:
    told: list[tuple[str, SpaceStatus, int]] = []
    await provision(
        copies(make_wanted("a")),
        None,
        lambda outcome: told.append((outcome.id, outcome.status, len(provision.hub.calls("POST")))),
    )
    assert told == [("deployer/a", SpaceStatus.RUNNING, 0), ("deployer/a", SpaceStatus.SUCCEEDED, 1)]


async def test_not_to_be_private_is_no_wish_to_show_the_code_of_a_protected_space(provision: Provision) -> None:
    provision.hub.create("deployer/a", files=APP).visibility = "protected"
    (outcome,) = await provision.run(copies(make_wanted("a", private=False)))
    assert (outcome.action, provision.hub.spaces["deployer/a"].visibility) == (UNCHANGED, "protected")


# Many Spaces are woken


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> SpaceHost:
    return space_hosts(hub.endpoint, SecretStr(hub.token), clock)(None)


async def test_only_spaces_that_rest_are_restarted(hub: FakeHub, host: SpaceHost) -> None:
    stages = ["SLEEPING", "PAUSED", "STOPPED", "RUNNING", "BUILDING", "RUNTIME_ERROR"]
    for stage in stages:
        hub.create(f"deployer/{stage.lower()}", files=APP).settle(stage)
    ids = [*(f"deployer/{stage.lower()}" for stage in stages), "deployer/none"]
    woken = await wake_spaces(host, ids)
    assert [space.id for space in woken] == ids
    assert [space.was for space in woken] == [*stages, None]
    assert [space.restarted for space in woken] == [True, True, True, False, False, False, False]
    assert len(hub.calls("POST", "/restart")) == 3
    assert [bool(space.error) for space in woken] == [False] * 5 + [True] * 2
    assert woken[0].stage == "BUILDING"
    assert [bool(space.note) for space in woken] == [False] * 3 + [True] * 2 + [False] * 2


@pytest.mark.parametrize("ids", [[], ["no-owner"], ["a/b", "a b/c"], ["a/b"] * 201])
async def test_ids_that_are_none_are_refused_before_the_hub_is_asked(
    hub: FakeHub, host: SpaceHost, ids: list[str]
) -> None:
    with pytest.raises(InvalidInput):
        await wake_spaces(host, ids)
    assert hub.log == []
