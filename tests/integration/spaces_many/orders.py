"""Orders of Spaces, and what the Hub was asked for them."""

from collections.abc import Mapping
from typing import Any

from pipeline.domain.provision import ProvisionOrder, SpaceAction, SpaceOutcome, WantedSpace
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from tests.builders import make_files
from tests.fakes.hub import FakeHub

CARD = "---\ntitle: Team\nsdk: gradio\nsdk_version: 5.0.0\napp_file: app.py\n---\n"
APP = {"README.md": CARD, "app.py": "print('hello')\n"}
TEMPLATE = "deployer/template"
VALUE = "a-value-nobody-may-see"
OPERATOR_SECRET = "an-operators-secret-value"
OTHER_TOKEN = "hf_" + "ofSomebodyElse"
CREATE, UPDATE, UNCHANGED = SpaceAction


def copies(*spaces: WantedSpace, **options: Any) -> ProvisionOrder:
    return ProvisionOrder(TEMPLATE, spaces, **options)


def apps(*spaces: WantedSpace, files: Mapping[str, str] | None = None) -> ProvisionOrder:
    return ProvisionOrder(AppTemplate(make_files(files or APP), SpaceSdk.GRADIO), spaces)


async def run(provision: ProvisionSpaces, order: ProvisionOrder, token: str | None = None) -> tuple[SpaceOutcome, ...]:
    told: list[SpaceOutcome] = []
    outcomes = await provision(order, token, told.append)
    assert VALUE not in repr((told, outcomes))
    return outcomes


def writes(hub: FakeHub) -> list[str]:
    return [f"{call.method} {call.path.removeprefix('/api/')}" for call in hub.calls("*") if call.method != "GET"]
