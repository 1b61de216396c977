from collections.abc import Iterator

import httpx
import huggingface_hub
import pytest
from huggingface_hub import HfApi

from tests.fakes.hub import FakeHub
from tests.integration.fake_hub.rig import GUEST


@pytest.fixture(autouse=True)
def _plain_client(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # Read from the environment when the library is imported, which another test may have done long ago.
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
    yield
    huggingface_hub.close_session()


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(others={GUEST: "guest"}, organizations=["team"]) as server:
        yield server


@pytest.fixture
def api(hub: FakeHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=hub.token)


@pytest.fixture
def client(hub: FakeHub) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {hub.token}"}
    with httpx.Client(base_url=hub.endpoint, headers=headers, trust_env=False) as plain:
        yield plain
