"""What is wrong with an order is found before a Space is looked at."""

import pytest

from pipeline.domain.errors import FieldProblem, HubTokenRefused, InvalidInput, Misconfigured, SecretFound
from pipeline.domain.provision import ProvisionOrder
from pipeline.manage_spaces.provisioning import ProvisionSpaces
from pipeline.spaces.hosts import space_hosts
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import make_wanted
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub
from tests.integration.spaces_many.orders import APP, OPERATOR_SECRET, OTHER_TOKEN, apps, copies


async def test_a_check_asks_the_hub_nothing_but_whose_token_it_is(provision: ProvisionSpaces, hub: FakeHub) -> None:
    await provision.check(copies(make_wanted("a")), None)
    assert hub.log == []
    with pytest.raises(HubTokenRefused):
        await provision.check(copies(make_wanted("a")), "hf_" + "unknown")
    hub.log.clear()
    with pytest.raises(InvalidInput):
        await provision.check(copies(make_wanted("a b")), OTHER_TOKEN)
    assert hub.log == []


async def test_a_check_finds_what_the_template_lacks(provision: ProvisionSpaces) -> None:
    with pytest.raises(InvalidInput) as refused:
        await provision.check(apps(make_wanted("a"), files={"data.csv": "a,b"}), None)
    assert isinstance(refused.value.problems[0], FieldProblem)
    assert refused.value.problems[0].field == "template.files"


@pytest.mark.parametrize(
    "order",
    [
        apps(make_wanted("a"), files=APP | {"config.py": f"KEY = '{OPERATOR_SECRET}'"}),
        copies(make_wanted("a"), make_wanted("b", variables={"KEY": OPERATOR_SECRET})),
    ],
)
async def test_a_check_finds_the_operators_secrets(provision: ProvisionSpaces, order: ProvisionOrder) -> None:
    with pytest.raises(SecretFound) as found:
        await provision.check(order, None)
    assert OPERATOR_SECRET not in str(found.value)


async def test_without_a_token_nothing_is_accepted(hub: FakeHub, clock: FakeClock) -> None:
    provision = ProvisionSpaces(space_hosts(hub.endpoint, None, clock), ConfiguredSecretScanner(()), clock)
    with pytest.raises(Misconfigured):
        await provision.check(copies(make_wanted("a")), None)
