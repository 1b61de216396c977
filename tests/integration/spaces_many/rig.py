"""Orders of Spaces, and the use case that carries them out on a fake Hub."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from pipeline.domain.provision import ProvisionOrder, SpaceAction, SpaceOutcome, SpaceStatus, WantedSpace
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.ports import Clock
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner
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


class Provision(ProvisionSpaces):
    """The use case on ``hub``, which is held to tell no value of a secret."""

    def __init__(self, hub: FakeHub, clock: Clock, **options: Any) -> None:
        hosts = space_hosts(hub.endpoint, SecretStr(hub.token), clock, **options)
        super().__init__(hosts, ConfiguredSecretScanner((OPERATOR_SECRET,)), clock)
        self.hub = hub

    async def run(self, order: ProvisionOrder, token: str | None = None) -> tuple[SpaceOutcome, ...]:
        told: list[SpaceOutcome] = []
        outcomes = await self(order, token, told.append)
        assert VALUE not in repr((told, outcomes))
        return outcomes

    def writes(self) -> list[str]:
        """What the Hub was asked to change."""
        calls = [call for call in self.hub.calls("*") if call.method != "GET"]
        return [f"{call.method} {call.path.removeprefix('/api/')}" for call in calls]


def error_of(outcome: SpaceOutcome) -> str:
    """Why it failed."""
    assert outcome.status is SpaceStatus.FAILED
    assert outcome.error
    return outcome.error
