from pathlib import Path

import pytest

from pipeline.publishing.local import LocalPublisher
from pipeline.workspace import GitWorkspaces
from tests.builders import make_site


@pytest.mark.parametrize("own_address", ["http://127.0.0.1:8000", "http://127.0.0.1:8000/"])
def test_a_local_site_is_served_below_the_preview_route(own_address: str) -> None:
    publisher = LocalPublisher(GitWorkspaces(Path("repos")), Path("repos"), own_address)
    assert publisher.address(make_site(folder="sales-ab12")) == "http://127.0.0.1:8000/preview/sales-ab12/"


def test_an_address_that_is_known_late_is_asked_for_each_time() -> None:
    ports = iter([1, 2])
    publisher = LocalPublisher(GitWorkspaces(Path("repos")), Path("repos"), lambda: f"http://[::1]:{next(ports)}")
    assert publisher.address(make_site(folder="a")) == "http://[::1]:1/preview/a/"
    assert publisher.address(make_site(folder="a")) == "http://[::1]:2/preview/a/"
