"""GitHub on loopback, for tests: the REST API's part that publishing needs, git over HTTP, and Pages.

In a test::

    with FakeGitHub(tmp_path, organizations=("acme",)) as github:
        github.settings.build_seconds = 0.2
        github.add_fault(Fault(kind="api", method="POST", path="/pages$", when="after", answer=Drop()))
        ...  # call github.api_url with github.token
        assert github.repository("octocat", "sales").pages.builds == [(sha, "built")]

Repositories are real bare ones behind git's own http-backend. All addresses in answers have the fake's own host and
port: a repository is at ``/OWNER/REPO``, its site at ``/pages/OWNER/REPO/``, the API below ``/api/v3``.
"""

from tests.fakes.faults import Drop, Fault, Hang
from tests.fakes.github.exchange import Answer, Logged
from tests.fakes.github.faults import PushRejected
from tests.fakes.github.server import FakeGitHub
from tests.fakes.github.state import GitHubSettings, Repository

__all__ = ["Answer", "Drop", "FakeGitHub", "Fault", "GitHubSettings", "Hang", "Logged", "PushRejected", "Repository"]
