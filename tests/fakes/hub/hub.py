"""What the Hub knows: accounts, Spaces, scripts, and who may do what."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.fakes.hub.card import KNOWN, SDKS, first_readme
from tests.fakes.hub.exchange import Request, refusal
from tests.fakes.hub.repository import GITATTRIBUTES, Repository, StoredFile
from tests.fakes.hub.runtime import BUILD_LOG, RUN_LOG, Script
from tests.fakes.hub.space import Space

TOKEN = "hf_" + "aMadeUpTokenForTheTestsOnly0123456"
NEEDS_PLAN = (
    "Static Spaces are free for everyone, but hosting Gradio and Docker Spaces on free cpu-basic requires a PRO "
    "subscription. Subscribe at https://huggingface.co/pro"
)
FREE_HARDWARE = ("cpu-basic", "zero-a10g")
HARDWARE = (*FREE_HARDWARE, *KNOWN["paid-hardware"].split())
FREE_ZERO_GPU_SPACES = 2
TEMPLATES = {
    "SpacesExamples/jupyterlab": ("JupyterLab", "docker", True),
    "SpacesExamples/streamlit-template": ("Streamlit", "docker", False),
    "SpacesExamples/gradio-chatbot": ("chatbot", "gradio", False),
}
MAX_SPACE_ID = 96


class Hub:
    """The state behind the answers.

    Args:
        owner: whose ``token`` it is.
        others: token -> owner.
        organizations: that ``owner`` may write to.

    Attributes:
        plan: ``pro`` or ``free``, of every account.
        lfs: large files by SHA-256.
        log_stream_seconds: that a stream of logs stays open after its last line; None = until the client leaves.
        keep_alive_seconds: between the empty events of a quiet stream.
    """

    def __init__(
        self, *, owner: str = "deployer", others: Mapping[str, str] | None = None, organizations: Iterable[str] = ()
    ) -> None:
        self.owner = owner
        self.token = TOKEN
        self.accounts = {TOKEN: owner, **(others or {})}
        self.organizations = tuple(organizations)
        self.plan = "pro"
        self.spaces: dict[str, Space] = {}
        self.lfs: dict[str, bytes] = {}
        self.origin = ""
        self.log_stream_seconds: float | None = 0.3
        self.keep_alive_seconds = 0.1
        self._scripts: list[tuple[str, Script]] = []

    def script(
        self,
        space_id: str = "*",
        stages: Iterable[str] = ("BUILDING", "RUNNING"),
        *,
        seconds_each: float = 0.0,
        error_message: str | None = None,
        build_log: Iterable[str] = BUILD_LOG,
        run_log: Iterable[str] = RUN_LOG,
        times: int | None = None,
    ) -> None:
        """Say what happens at the next ``times`` starts (commit, restart, changed setting) of a Space; None = at all.

        Scripts for a number of starts come first, in the order in which they were given; those for the id come before
        those for ``*``. A later one for all starts replaces the one before. What the files make impossible
        (CONFIG_ERROR, NO_APP_FILE) uses no script up.
        """
        script = Script(tuple(stages), seconds_each, error_message, tuple(build_log), tuple(run_log), times)
        if times is None:
            self._scripts = [kept for kept in self._scripts if kept[0] != space_id or kept[1].starts_left is not None]
        self._scripts.append((space_id, script))

    def next_script(self, space_id: str) -> Script | None:
        fitting = [
            (script.starts_left is None, wanted == "*", position)
            for position, (wanted, script) in enumerate(self._scripts)
            if wanted in {space_id, "*"} and script.starts_left != 0
        ]
        if not fitting:
            return None
        script = self._scripts[min(fitting)[2]][1]
        if script.starts_left is not None:
            script.starts_left -= 1
        return script

    def create(
        self, space_id: str, sdk: str = "gradio", files: Mapping[str, bytes | str] | None = None, **changes: Any
    ) -> Space:
        """Prepare a Space that runs, with ``files`` in a second commit; ``changes`` set its other attributes."""
        space = self.new_space(space_id, sdk)
        if files:
            given = {path: content.encode() if isinstance(content, str) else content for path, content in files.items()}
            before = space.repository.files()
            space.repository.commit(before | {path: StoredFile(content) for path, content in given.items()}, "Prepared")
        for name, value in changes.items():
            setattr(space, name, value)
        space.settle()
        return space

    def new_space(self, space_id: str, sdk: str, files: Mapping[str, StoredFile] | None = None) -> Space:
        """Add a Space with the Hub's own first commit, or ``files`` instead of it."""
        first = {
            ".gitattributes": StoredFile(GITATTRIBUTES),
            "README.md": StoredFile(first_readme(space_id.split("/")[1], sdk)),
        }
        if sdk == "static":
            first |= {name: StoredFile(content.encode()) for name, content in KNOWN["static-stub"].items()}
        repository = Repository(first if files is None else files)
        space = Space(space_id, origin=self.origin, sdk=sdk, repository=repository, next_script=self.next_script)
        self.spaces[space_id] = space
        return space

    def may_write(self, account: str | None, namespace: str) -> bool:
        return account == namespace or (account == self.owner and namespace in self.organizations)

    def readable(self, space_id: str, request: Request) -> Space:
        """The Space. Raises Refused when it is missing or hidden: 401 without a token, else 404."""
        space = self._find(space_id)
        if space and (space.visibility == "public" or self.may_write(request.account, space.owner)):
            return space
        if request.account is None:
            raise refusal(401, "Invalid username or password.", "RepoNotFound")
        raise refusal(404, "Repository not found", "RepoNotFound")

    def writable(self, space_id: str, request: Request) -> Space:
        """The Space. Raises Refused when it is missing, hidden or somebody else's."""
        space = self.readable(space_id, request)
        if request.account is None:
            raise refusal(401, "Invalid username or password.")
        if not self.may_write(request.account, space.owner):
            raise refusal(403, "You don't have the rights to change this Space")
        return space

    def check_plan(self, namespace: str, sdk: str, hardware: str | None) -> None:
        """Raises Refused when the plan has no such Space."""
        if self.plan == "pro" or sdk == "static":
            return
        if hardware not in FREE_HARDWARE and hardware is not None:
            raise refusal(402, "A payment method is required for this hardware")
        own = [space for space in self.spaces.values() if space.owner == namespace and space.hardware == "zero-a10g"]
        if hardware != "zero-a10g" or sdk != "gradio" or len(own) >= FREE_ZERO_GPU_SPACES:
            raise refusal(402, NEEDS_PLAN)

    def _find(self, space_id: str) -> Space | None:
        return next((space for known, space in self.spaces.items() if known.lower() == space_id.lower()), None)


def check_space_id(space_id: str) -> None:
    """Raises Refused for names that the Hub does not give (huggingface_hub's ``validate_repo_id``)."""
    if (
        len(space_id) > MAX_SPACE_ID
        or not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", space_id)
        or re.search(r"--|\.\.|/[-.]|[-.]$|\.git$", space_id)
    ):
        raise refusal(400, "Invalid repository name: use letters, digits, '-', '_' and '.', at most 96 in all")


def check_sdk(sdk: object) -> str:
    """Raises Refused for what cannot be created."""
    if sdk not in SDKS:
        raise refusal(400, f'"sdk" must be one of [{", ".join(SDKS)}]')
    return str(sdk)


def check_hardware(hardware: object) -> str | None:
    """Raises Refused for unknown hardware."""
    if hardware is not None and hardware not in HARDWARE:
        raise refusal(400, f'"hardware" must be one of [{", ".join(HARDWARE)}]')
    return None if hardware is None else str(hardware)
