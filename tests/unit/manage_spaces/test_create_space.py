"""The use case of POST /create-space, with a Hub in memory."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from pipeline.domain import errors
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import NewSpace, SpaceSettings, sdk_of, space_id_problem
from pipeline.domain.space_rules import MAX_SETTINGS, MAX_SPACE_BYTES, MAX_SPACE_FILES, MAX_VALUE
from pipeline.manage_spaces.creation import CreateSpace
from pipeline.ports import SpaceHost
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import SHA
from tests.cases import cases
from tests.fakes.clock import FakeClock
from tests.unit.manage_spaces.memory_hub import OPERATOR_SECRET, PAGE, MemoryHub, create, gradio_space, new_space

NAMES_TRIED = 5
RULES = cases("space-rules")
PAGES = dict(RULES["page"]) | {
    "too many files": ("files", {"files": {f"{n}.html": b"" for n in range(MAX_SPACE_FILES + 1)}}),
    "too many bytes": ("files", {"files": {"index.html": bytes(MAX_SPACE_BYTES + 1)}}),
    "a README that is no text": ("files", {"files": {"index.html": PAGE, "README.md": b"\xff"}}),
}
PROGRAMS = dict(RULES["program"]) | {
    "a secret that is too long": ("secrets", {"secrets": {"K": "x" * (MAX_VALUE + 1)}}),
    "too many variables": ("variables", {"variables": {f"K{n}": "" for n in range(MAX_SETTINGS + 1)}}),
}


async def test_a_space_is_created_with_everything_and_filled_in_one_commit() -> None:
    hub = MemoryHub()
    wanted = SpaceSettings({"API_KEY": "s3cret-value"}, {"TEAM": "a"}, {}, "zero-a10g", 3600, visibility="private")
    created = await create(hub, replace(gradio_space(parameters={"user": "Ada"}), settings=wanted))
    sdk, settings, files = hub.spaces["ada/sales"]
    assert (sdk, settings) == ("gradio", wanted)
    assert files is not None
    assert sdk_of(files) == "gradio"
    assert b"PARAMS = " in files["app.py"]
    assert hub.log == ["create ada/sales", f"commit on {'0' * 40}", "info"]
    assert (created.id, created.commit_sha) == ("ada/sales", SHA)
    assert created.url == "https://hub.test/spaces/ada/sales"
    assert created.host == "https://ada-sales.static.hub.test"


async def test_streamlit_is_docker_on_the_hub() -> None:
    hub = MemoryHub()
    await create(hub, new_space(kind=SpaceSdk.STREAMLIT, files={"app.py": "import streamlit"}))
    assert hub.spaces["ada/sales"][0] == "docker"


@pytest.mark.parametrize("token", [None, "hf_of_the_caller"])
async def test_the_token_that_was_sent_acts_and_no_other(token: str | None) -> None:
    hub = MemoryHub()
    await create(hub, token=token)
    assert hub.tokens == [token]


async def test_a_name_alone_is_one_of_the_tokens_owner() -> None:
    hub = MemoryHub()
    assert (await create(hub, new_space(name="sales"))).id == "ada/sales"


async def test_the_operators_owner_is_for_the_operators_token_alone() -> None:
    hub = MemoryHub()
    assert (await create(hub, new_space(name="sales"), owner="an-organization")).id == "an-organization/sales"
    assert (await create(hub, new_space(name="sales"), "hf_of_the_caller", owner="an-organization")).id == "ada/sales"


async def test_without_a_name_it_gets_a_new_one_from_its_title() -> None:
    hub = MemoryHub()
    ids = {(await create(hub, new_space(name=None))).id for _ in range(5)}
    assert len(ids) == 5
    assert all(each.startswith("ada/sales-of-2026-") and not space_id_problem(each) for each in ids)


async def test_a_name_of_ours_that_is_taken_is_tried_anew_a_few_times() -> None:
    hub = MemoryHub(create=[errors.SpaceConflict("taken")] * (NAMES_TRIED - 1))
    created = await create(hub, new_space(name=None))
    tried = [call for call in hub.log if call.startswith("create")]
    assert len(set(tried)) == NAMES_TRIED
    assert tried[-1] == f"create {created.id}"
    with pytest.raises(errors.SpaceConflict):
        await create(MemoryHub(create=[errors.SpaceConflict("taken")] * NAMES_TRIED), new_space(name=None))


async def test_a_name_of_the_callers_that_is_taken_is_a_conflict_at_once() -> None:
    hub = MemoryHub(create=[errors.SpaceConflict("taken")])
    with pytest.raises(errors.SpaceConflict, match="taken"):
        await create(hub)
    assert hub.log == ["create ada/sales"]


async def test_the_title_comes_from_the_name_when_the_app_has_none() -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(name="ada/my-sales_app"))
    files = hub.spaces["ada/my-sales_app"][2]
    assert files is not None
    assert b"title: My sales app\n" in files["README.md"]


@pytest.mark.parametrize(
    "error",
    [
        errors.HubUnreachable("no answer"),
        errors.NotPermitted("not yours"),
        errors.RateLimited("too many", retry_after_seconds=7),
    ],
)
async def test_a_space_whose_commit_failed_is_deleted_again(error: errors.HubError) -> None:
    hub = MemoryHub(commit=[error])
    with pytest.raises(type(error)) as raised:
        await create(hub)
    assert raised.value is error
    assert hub.spaces == {}


async def test_a_space_that_could_not_be_deleted_is_told() -> None:
    hub = MemoryHub(commit=[errors.HubUnreachable("no answer")], delete=[errors.NotPermitted("not yours")])
    with pytest.raises(errors.HubUnreachable) as raised:
        await create(hub)
    told = "no answer; the Space ada/sales was created and is still there, without the app: not yours"
    assert str(raised.value) == told


async def test_a_space_is_not_left_behind_by_a_stop_half_way() -> None:
    hub = MemoryHub(commit=[asyncio.CancelledError()])
    with pytest.raises(asyncio.CancelledError):
        await create(hub)
    assert hub.spaces == {}


async def test_a_refusal_to_create_is_passed_on_as_it_is() -> None:
    refusal = errors.PaymentRequired("the Hub wants a paid plan; static Spaces are free")
    hub = MemoryHub(create=[refusal])
    with pytest.raises(errors.PaymentRequired) as raised:
        await create(hub)
    assert raised.value is refusal
    assert "delete" not in hub.log


async def test_an_address_that_the_hub_does_not_tell_yet_is_no_failure() -> None:
    created = await create(MemoryHub(info=[errors.HubUnreachable("no answer")]))
    assert (created.commit_sha, created.host) == (SHA, None)


async def test_without_a_token_of_the_operators_it_is_the_operators_turn() -> None:
    def no_hosts(_token: str | None) -> SpaceHost:
        raise errors.Misconfigured("HF_TOKEN is not set")

    with pytest.raises(errors.Misconfigured):
        await CreateSpace(no_hosts, ConfiguredSecretScanner(()), FakeClock())(new_space(), None)


async def test_what_was_decided_on_the_way_is_told() -> None:
    files = {"index.html": PAGE, "README.md": "---\ncolorTo: teal\n---\n"}
    created = await create(MemoryHub(), new_space(files=files))
    assert created.notes == ("left out of the Space's card, because the Hub takes no such values: colorTo",)


# What is refused before the Hub is asked, and what is let pass


@pytest.mark.parametrize(("field", "fields"), PAGES.values(), ids=PAGES)
async def test_what_is_wrong_with_a_page_is_refused_by_field(field: str, fields: dict[str, Any]) -> None:
    await refused({field}, new_space(**fields))


@pytest.mark.parametrize(("field", "fields"), PROGRAMS.values(), ids=PROGRAMS)
async def test_what_is_wrong_with_a_program_is_refused_by_field(field: str, fields: dict[str, Any]) -> None:
    await refused({field}, gradio_space(**fields))


async def refused(fields: set[str], new: NewSpace) -> str:
    """What is told about them; the Hub was not asked."""
    hub = MemoryHub()
    with pytest.raises(errors.InvalidInput) as error:
        await create(hub, new)
    assert {problem.field for problem in error.value.problems} == fields
    assert (hub.log, hub.tokens) == ([], [])
    return str(error.value)


async def test_all_broken_rules_are_told_together_and_no_value_is() -> None:
    new = gradio_space(name="canary name", hardware="canary!", secrets={"canary-key": "canary\0"}, sleep_seconds=0)
    assert "canary" not in await refused({"name", "hardware", "secrets", "sleep_time"}, new)


@pytest.mark.parametrize("sleep_seconds", [-1, 1, 172_800])
async def test_sleep_is_a_time_or_never(sleep_seconds: int) -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(sleep_seconds=sleep_seconds))
    assert hub.spaces["ada/sales"][1].sleep_seconds == sleep_seconds


async def test_a_static_space_has_neither_hardware_nor_sleep() -> None:
    hub = MemoryHub()
    created = await create(hub, new_space(hardware="cpu-basic", sleep_seconds=60))
    assert (hub.spaces["ada/sales"][1].hardware, hub.spaces["ada/sales"][1].sleep_seconds) == (None, None)
    assert created.notes == ("hardware and sleep_time were left out: a static Space runs no program",)


async def test_hardware_that_is_not_known_here_is_the_hubs_to_judge() -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(hardware="quantum-9000"))
    assert hub.spaces["ada/sales"][1].hardware == "quantum-9000"


async def test_a_short_secret_may_stand_in_the_files_by_chance() -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(secrets={"DEBUG": "1", "MODE": "import"}))
    assert hub.spaces["ada/sales"][1].secrets == {"DEBUG": "1", "MODE": "import"}


async def test_a_name_that_is_too_long_with_its_owner_is_refused() -> None:
    with pytest.raises(errors.InvalidInput) as refused:
        await create(MemoryHub(), new_space(name="s" * 90), owner="a-long-organization")
    assert [problem.field for problem in refused.value.problems] == ["name"]


@pytest.mark.parametrize(
    "fields",
    [
        {"files": {"app.py": f"import gradio\nkey = '{OPERATOR_SECRET}'\n"}},
        {"files": {"app.py": "import gradio", f"{OPERATOR_SECRET}.txt": "x"}},
        {"name": OPERATOR_SECRET},
        {"parameters": {"key": OPERATOR_SECRET}},
        {"parameters": {OPERATOR_SECRET: 1}},
        {"variables": {"KEY": OPERATOR_SECRET}},
    ],
)
async def test_a_secret_of_the_operators_is_published_nowhere(fields: dict[str, Any]) -> None:
    hub = MemoryHub()
    with pytest.raises(errors.SecretFound) as refused:
        await create(hub, gradio_space(**fields))
    assert OPERATOR_SECRET not in str(refused.value)
    (field,) = fields
    assert field == "files" or str(refused.value).startswith(field)
    assert hub.log == []
