"""What POST /create-space refuses before the Hub is asked, and what it lets pass."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pipeline.domain.errors import InvalidInput, SecretFound
from pipeline.domain.files import AppFiles
from pipeline.domain.space import NewSpace
from pipeline.domain.space_rules import MAX_SETTINGS, MAX_SPACE_BYTES, MAX_SPACE_FILES, MAX_VALUE
from tests.builders import make_files
from tests.unit.manage_spaces.memory_hub import OPERATOR_SECRET, PAGE, MemoryHub, create, gradio_space, new_space

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
