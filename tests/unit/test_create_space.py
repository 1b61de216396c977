"""The use case of POST /create-space, with a Hub in memory."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from pipeline.create_space import CreateSpace
from pipeline.domain.errors import (
    HubError,
    HubUnreachable,
    InvalidInput,
    Misconfigured,
    NotPermitted,
    PaymentRequired,
    RateLimited,
    SecretFound,
    SpaceConflict,
)
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import NewSpace, Space, SpaceSettings, sdk_of, space_id_problem
from pipeline.domain.space_rules import MAX_SETTINGS, MAX_SPACE_BYTES, MAX_SPACE_FILES, MAX_VALUE
from pipeline.ports import SpaceHost
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import SHA, make_files
from tests.fakes.clock import FakeClock

NAMES_TRIED = 5
OPERATOR_SECRET = "operator-secret-5f2b91"
PAGE = "<!doctype html><title>Sales of 2026</title>"


class MemoryHub:
    """What the use case asks of a Hub.

    Args:
        errors: by the name of the call, what it raises, in order; afterwards it works.

    Attributes:
        log: every call.
        spaces: settings and files of what there is.
        tokens: that hosts were asked for.
    """

    def __init__(self, **errors: list[BaseException]) -> None:
        self.log: list[str] = []
        self.spaces: dict[str, tuple[SpaceSettings, AppFiles | None]] = {}
        self.tokens: list[str | None] = []
        self._errors = errors

    def __call__(self, token: str | None) -> SpaceHost:
        self.tokens.append(token)
        return cast("SpaceHost", self)

    async def owner(self) -> str:
        self._enter("owner")
        return "ada"

    async def create(self, space_id: str, settings: SpaceSettings) -> Space:
        self._enter(f"create {space_id}")
        self.spaces[space_id] = settings, None
        return Space(space_id, f"https://hub.test/spaces/{space_id}", sdk=settings.sdk, commit_sha="0" * 40)

    async def commit(self, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
        self._enter(f"commit on {parent}")
        assert message
        self.spaces[space_id] = self.spaces[space_id][0], files
        return SHA

    async def info(self, space_id: str) -> Space:
        self._enter("info")
        return Space(space_id, f"https://hub.test/spaces/{space_id}", host="https://ada-sales.static.hub.test")

    async def delete(self, space_id: str) -> None:
        self._enter("delete")
        del self.spaces[space_id]

    def _enter(self, call: str) -> None:
        self.log.append(call)
        if errors := self._errors.get(call.partition(" ")[0]):
            raise errors.pop(0)


def new_space(**fields: Any) -> NewSpace:
    return replace(NewSpace(SpaceSdk.STATIC, make_files({"index.html": PAGE}), name="ada/sales"), **fields)


def gradio_space(**fields: Any) -> NewSpace:
    files = make_files({"app.py": "import gradio\nprint(PARAMS)\n"})
    return new_space(**{"kind": SpaceSdk.GRADIO, "files": files, **fields})


async def create(hub: MemoryHub, new: NewSpace | None = None, token: str | None = None, **options: Any) -> Any:
    scanner = ConfiguredSecretScanner((OPERATOR_SECRET,))
    return await CreateSpace(hub, scanner, FakeClock(), **options)(new or new_space(), token)


async def test_a_space_is_created_with_everything_and_filled_in_one_commit() -> None:
    hub = MemoryHub()
    new = gradio_space(
        parameters={"user": "Ada"},
        private=True,
        secrets={"API_KEY": "s3cret-value"},
        variables={"TEAM": "a"},
        hardware="zero-a10g",
        sleep_seconds=3600,
    )
    created = await create(hub, new)
    settings, files = hub.spaces["ada/sales"]
    assert settings == SpaceSettings(
        "gradio",
        private=True,
        secrets={"API_KEY": "s3cret-value"},
        variables={"TEAM": "a"},
        hardware="zero-a10g",
        sleep_seconds=3600,
    )
    assert files is not None
    assert sdk_of(files) == "gradio"
    assert b"PARAMS = " in files["app.py"]
    assert hub.log == ["create ada/sales", f"commit on {'0' * 40}", "info"]
    assert (created.id, created.commit_sha) == ("ada/sales", SHA)
    assert created.url == "https://hub.test/spaces/ada/sales"
    assert created.host == "https://ada-sales.static.hub.test"


async def test_streamlit_is_docker_on_the_hub() -> None:
    hub = MemoryHub()
    await create(hub, new_space(kind=SpaceSdk.STREAMLIT, files=make_files({"app.py": "import streamlit"})))
    assert hub.spaces["ada/sales"][0].sdk == "docker"


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
    hub = MemoryHub(create=[SpaceConflict("taken")] * (NAMES_TRIED - 1))
    created = await create(hub, new_space(name=None))
    tried = [call for call in hub.log if call.startswith("create")]
    assert len(set(tried)) == NAMES_TRIED
    assert tried[-1] == f"create {created.id}"
    with pytest.raises(SpaceConflict):
        await create(MemoryHub(create=[SpaceConflict("taken")] * NAMES_TRIED), new_space(name=None))


async def test_a_name_of_the_callers_that_is_taken_is_a_conflict_at_once() -> None:
    hub = MemoryHub(create=[SpaceConflict("taken")])
    with pytest.raises(SpaceConflict, match="taken"):
        await create(hub)
    assert hub.log == ["create ada/sales"]


async def test_the_title_comes_from_the_name_when_the_app_has_none() -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(name="ada/my-sales_app"))
    files = hub.spaces["ada/my-sales_app"][1]
    assert files is not None
    assert b"title: My sales app\n" in files["README.md"]


REFUSED: Mapping[str, tuple[str, Callable[[], NewSpace]]] = {
    "no files": ("files", lambda: new_space(files=AppFiles({}))),
    "too many files": (
        "files",
        lambda: new_space(files=AppFiles({f"{n}.html": b"" for n in range(MAX_SPACE_FILES + 1)})),
    ),
    "too many bytes": ("files", lambda: new_space(files=AppFiles({"index.html": bytes(MAX_SPACE_BYTES + 1)}))),
    "nothing to start from": ("files", lambda: new_space(files=make_files({"a.txt": "x"}))),
    "a name with two slashes": ("name", lambda: new_space(name="a/b/c")),
    "a name with an empty part": ("name", lambda: new_space(name="/sales")),
    "an empty name": ("name", lambda: new_space(name="")),
    "a name with dashes in a row": ("name", lambda: new_space(name="sales--page")),
    "a name that ends like a repository": ("name", lambda: new_space(name="sales.git")),
    "a name with a space": ("name", lambda: new_space(name="my sales")),
    "a name that climbs": ("name", lambda: new_space(name="../sales")),
    "hardware of no word": ("hardware", lambda: gradio_space(hardware="GPU; please")),
    "no sleep": ("sleep_time", lambda: gradio_space(sleep_seconds=0)),
    "sleep below never": ("sleep_time", lambda: gradio_space(sleep_seconds=-2)),
    "endless sleep": ("sleep_time", lambda: gradio_space(sleep_seconds=10**20)),
    "a secret's name with a dash": ("secrets", lambda: gradio_space(secrets={"MY-KEY": "v"})),
    "a secret's name with a digit first": ("secrets", lambda: gradio_space(secrets={"1KEY": "v"})),
    "a variable's name with a line first": ("variables", lambda: gradio_space(variables={"_K": "v"})),
    "a secret that is too long": ("secrets", lambda: gradio_space(secrets={"K": "x" * (MAX_VALUE + 1)})),
    "a variable with a NUL": ("variables", lambda: gradio_space(variables={"K": "a\0b"})),
    "too many variables": (
        "variables",
        lambda: gradio_space(variables={f"K{number}": "" for number in range(MAX_SETTINGS + 1)}),
    ),
    "a name that is secret and variable": (
        "secrets",
        lambda: gradio_space(secrets={"K": "a"}, variables={"K": "b"}),
    ),
    "a secret that stands in the files": ("secrets", lambda: gradio_space(secrets={"K": "import gradio"})),
    "secrets of a static Space": ("secrets", lambda: new_space(secrets={"K": "v"})),
    "a README that is no text": (
        "files",
        lambda: new_space(files=make_files({"index.html": PAGE, "README.md": b"\xff"})),
    ),
    "parameters that are not JSON": ("parameters", lambda: new_space(parameters={"a": float("nan")})),
    "an entry that is no Python": ("files", lambda: gradio_space(files=make_files({"app.py": "def f(:"}))),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_is_wrong_is_refused_by_field_before_the_hub_is_asked(name: str) -> None:
    field, make = REFUSED[name]
    hub = MemoryHub()
    with pytest.raises(InvalidInput) as refused:
        await create(hub, make())
    assert {problem.field for problem in refused.value.problems} == {field}
    assert (hub.log, hub.tokens) == ([], [])


async def test_all_broken_rules_are_told_together_and_no_value_is() -> None:
    new = gradio_space(name="canary name", hardware="canary!", secrets={"canary-key": "canary\0"}, sleep_seconds=0)
    with pytest.raises(InvalidInput) as refused:
        await create(MemoryHub(), new)
    assert {problem.field for problem in refused.value.problems} == {"name", "hardware", "secrets", "sleep_time"}
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("sleep_seconds", [-1, 1, 172_800])
async def test_sleep_is_a_time_or_never(sleep_seconds: int) -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(sleep_seconds=sleep_seconds))
    assert hub.spaces["ada/sales"][0].sleep_seconds == sleep_seconds


async def test_a_static_space_has_neither_hardware_nor_sleep() -> None:
    hub = MemoryHub()
    created = await create(hub, new_space(hardware="cpu-basic", sleep_seconds=60))
    assert (hub.spaces["ada/sales"][0].hardware, hub.spaces["ada/sales"][0].sleep_seconds) == (None, None)
    assert created.notes == ("hardware and sleep_time were left out: a static Space runs no program",)


async def test_hardware_that_is_not_known_here_is_the_hubs_to_judge() -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(hardware="quantum-9000"))
    assert hub.spaces["ada/sales"][0].hardware == "quantum-9000"


async def test_a_short_secret_may_stand_in_the_files_by_chance() -> None:
    hub = MemoryHub()
    await create(hub, gradio_space(secrets={"DEBUG": "1", "MODE": "import"}))
    assert hub.spaces["ada/sales"][0].secrets == {"DEBUG": "1", "MODE": "import"}


async def test_a_name_that_is_too_long_with_its_owner_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        await create(MemoryHub(), new_space(name="s" * 90), owner="a-long-organization")
    assert [problem.field for problem in refused.value.problems] == ["name"]


@pytest.mark.parametrize(
    "fields",
    [
        {"files": make_files({"app.py": f"import gradio\nkey = '{OPERATOR_SECRET}'\n"})},
        {"files": make_files({"app.py": "import gradio", f"{OPERATOR_SECRET}.txt": "x"})},
        {"name": OPERATOR_SECRET},
        {"parameters": {"key": OPERATOR_SECRET}},
        {"parameters": {OPERATOR_SECRET: 1}},
        {"variables": {"KEY": OPERATOR_SECRET}},
    ],
)
async def test_a_secret_of_the_operators_is_published_nowhere(fields: dict[str, Any]) -> None:
    hub = MemoryHub()
    with pytest.raises(SecretFound) as refused:
        await create(hub, gradio_space(**fields))
    assert OPERATOR_SECRET not in str(refused.value)
    (field,) = fields
    assert field == "files" or str(refused.value).startswith(field)
    assert hub.log == []


@pytest.mark.parametrize(
    "error",
    [HubUnreachable("no answer"), NotPermitted("not yours"), RateLimited("too many", retry_after_seconds=7)],
)
async def test_a_space_whose_commit_failed_is_deleted_again(error: HubError) -> None:
    hub = MemoryHub(commit=[error])
    with pytest.raises(type(error)) as raised:
        await create(hub)
    assert raised.value is error
    assert hub.spaces == {}


async def test_a_space_that_could_not_be_deleted_is_told() -> None:
    hub = MemoryHub(commit=[HubUnreachable("no answer")], delete=[NotPermitted("not yours")])
    with pytest.raises(HubUnreachable) as raised:
        await create(hub)
    told = "no answer; the Space ada/sales was created and is still there, without the app: not yours"
    assert str(raised.value) == told


async def test_a_space_is_not_left_behind_by_a_stop_half_way() -> None:
    hub = MemoryHub(commit=[asyncio.CancelledError()])
    with pytest.raises(asyncio.CancelledError):
        await create(hub)
    assert hub.spaces == {}


async def test_a_refusal_to_create_is_passed_on_as_it_is() -> None:
    refusal = PaymentRequired("the Hub wants a paid plan; static Spaces are free")
    hub = MemoryHub(create=[refusal])
    with pytest.raises(PaymentRequired) as raised:
        await create(hub)
    assert raised.value is refusal
    assert "delete" not in hub.log


async def test_an_address_that_the_hub_does_not_tell_yet_is_no_failure() -> None:
    created = await create(MemoryHub(info=[HubUnreachable("no answer")]))
    assert (created.commit_sha, created.host) == (SHA, None)


async def test_without_a_token_of_the_operators_it_is_the_operators_turn() -> None:
    def no_hosts(_token: str | None) -> SpaceHost:
        raise Misconfigured("HF_TOKEN is not set")

    with pytest.raises(Misconfigured):
        await CreateSpace(no_hosts, ConfiguredSecretScanner(()), FakeClock())(new_space(), None)


async def test_what_was_decided_on_the_way_is_told() -> None:
    files = make_files({"index.html": PAGE, "README.md": "---\ncolorTo: teal\n---\n"})
    created = await create(MemoryHub(), new_space(files=files))
    assert created.notes == ("left out of the Space's card, because the Hub takes no such values: colorTo",)
