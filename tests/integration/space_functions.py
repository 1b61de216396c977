"""A Space, and what functions of Space management do to it, as ``tests/data/cases/space-functions.toml`` tells."""

from typing import Any

from tests.cases import cases
from tests.fakes.hub import Setting, Space

ID = "deployer/tides"
APP = {"README.md": "---\ntitle: Tides\nsdk: gradio\n---\n", "app.py": "import gradio\n"}
VALUE = "v4lue-that-nobody-may-see"
FUNCTIONS = cases("space-functions")


def prepare(space: Space) -> None:
    space.variables["OLD"] = Setting("1")
    space.secrets["OLD_KEY"] = Setting("1")
    space.hardware = "cpu-upgrade"  # a sleep time is for paid hardware


def state_of(space: Space) -> dict[str, Any]:
    """What a function can change of a Space."""
    state = {name: getattr(space, name) for name in ("starts", "hardware", "sleep_seconds", "dev_mode", "visibility")}
    for kind in ("variables", "secrets"):
        held: dict[str, Setting] = getattr(space, kind)
        state[kind] = {key: [each.value, each.description or ""] for key, each in held.items()}
    state["stage"] = space.run.stage
    state["volumes"] = [[volume["mountPath"], volume.get("readOnly", False)] for volume in space.volumes]
    return state
