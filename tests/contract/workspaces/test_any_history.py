"""Over any history, everything comes back."""

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from pipeline.domain.errors import InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.ports import Workspaces
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW
from tests.contract.repositories import SITE, assert_sound, git, published

_PATHS = st.lists(st.sampled_from(["a", "b", "a.b", "a-b", "index.html", "é", ".x", "0"]), min_size=1, max_size=3).map(
    "/".join
)


def _app(files: dict[str, bytes]) -> AppFiles | None:
    try:
        return AppFiles(files)
    except InvalidInput:
        return None


_APPS = st.dictionaries(_PATHS, st.binary(max_size=30) | st.sampled_from([b"\r\n", b"\n"]), max_size=6).map(_app)


class AnyHistory(RuleBasedStateMachine):
    """Whatever is committed, repeated, interfered with or packed in between: it all comes back."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp())
        self.folder = self.root / SITE.folder
        self.workspaces: Workspaces = GitWorkspaces(self.root)
        self.history: list[tuple[str, AppFiles]] = []

    def teardown(self) -> None:
        if self.history:
            assert_sound(self.folder, self.history[-1][1])
            assert git(self.folder, "rev-list", "--reverse", "main").decode().split() == [s for s, _ in self.history]
        shutil.rmtree(self.root)

    @initialize(files=_APPS.filter(bool))
    def first(self, files: AppFiles) -> None:
        self.commit(files)

    @rule(files=_APPS.filter(lambda files: files is not None))
    def commit(self, files: AppFiles) -> None:
        number = len(self.history)
        at = NOW + timedelta(seconds=number)
        self.history.append((asyncio.run(self.workspaces.commit(SITE, files, f"round {number}", at)), files))

    @rule()
    def repeat(self) -> None:
        number = len(self.history) - 1
        sha, files = self.history[-1]
        at = NOW + timedelta(seconds=number)
        assert asyncio.run(self.workspaces.commit(SITE, files, f"round {number}", at)) == sha

    @rule(path=_PATHS, content=st.binary(max_size=5))
    def interfere(self, path: str, content: bytes) -> None:
        try:
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(content)
        except OSError:  # there is a file where a folder is needed, or the other way about
            (self.folder / path.partition("/")[0]).rename(self.folder / "moved")
        self.repeat()

    @rule()
    def pack(self) -> None:
        git(self.folder, "repack", "-a", "-d", "-q")
        git(self.folder, "pack-refs", "--all")

    @rule(index=st.integers(min_value=0))
    def look_back(self, index: int) -> None:
        sha, files = self.history[index % len(self.history)]
        assert asyncio.run(published(self.workspaces, sha)) == files

    @rule(path=_PATHS)
    def look_at(self, path: str) -> None:
        files = self.history[-1][1]
        content = asyncio.run(self.workspaces.read(SITE.folder, path))
        assert content == files.get(path, files.get(f"{path}/index.html"))


AnyHistory.TestCase.settings = settings(max_examples=20, stateful_step_count=8, deadline=None)
test_any_history_comes_back_exactly = AnyHistory.TestCase
