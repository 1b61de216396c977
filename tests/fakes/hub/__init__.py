"""A stateful fake of the Hugging Face Hub's Spaces on loopback.

In a test::

    with FakeHub() as hub:
        hub.script("*", ["BUILDING", "BUILD_ERROR"], error_message="pip failed", times=1)
        hub.add_fault(Fault("POST", "/commit/", answer=too_many_requests()))
        ...  # HfApi(endpoint=hub.endpoint, token=hub.token); look at hub.spaces and hub.calls("POST", "/commit/")
"""

from tests.fakes.faults import Drop, Fault, Hang
from tests.fakes.hub.exchange import Answer, too_many_requests
from tests.fakes.hub.repository import Commit
from tests.fakes.hub.server import FakeHub, Logged
from tests.fakes.hub.space import Setting, Space

__all__ = ["Answer", "Commit", "Drop", "FakeHub", "Fault", "Hang", "Logged", "Setting", "Space", "too_many_requests"]
