"""Pushes that fail, each with its reason."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed
from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files
from tests.contract.repositories import ALL_BYTES, SITE, subjects
from tests.fakes.github import (
    Answer,
    Drop,
    FakeGitHub,
    Fault,
    PushRejected,
    Repository,
    bad_gateway,
    branch_protected,
    secret_found,
    workflow_scope_missing,
)

FILES = make_files({"index.html": "one\r\n", "a/b.bin": ALL_BYTES, ".gitattributes": "* text eol=crlf\n"})


class TestPushProblems:
    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (Drop(), PushProblem.UNREACHABLE),
            (bad_gateway(), PushProblem.UNREACHABLE),
            (Answer(429), PushProblem.UNREACHABLE),
            (Answer(200, text="<html>Sign in</html>"), PushProblem.UNREACHABLE),
            (Answer(401), PushProblem.UNAUTHORIZED),
            (Answer(403), PushProblem.UNAUTHORIZED),
            (Answer(404), PushProblem.NOT_FOUND),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_of_http_are_told_apart(
        self, workspaces: GitWorkspaces, github: FakeGitHub, answer: Answer | Drop, problem: PushProblem, method: str
    ) -> None:
        remote = Remote(f"{github.url}/{github.create('octocat', 'app').full_name}.git", github.token)
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        github.add_fault(Fault(kind="git", method=method, answer=answer, times=None))
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert failure.value.problem is problem

    @pytest.mark.parametrize("answer", [secret_found(), workflow_scope_missing(), branch_protected()])
    async def test_of_the_remotes_rules_are_refusals_and_take_the_commit_back(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, folder: Path, answer: PushRejected
    ) -> None:
        first = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, first, remote, 30)
        refused = await workspaces.commit(SITE, make_files({"a": "x"}), "refused", NOW)
        github.add_fault(Fault(kind="git", method="POST", answer=answer, times=None))
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, refused, remote, 30)
        assert failure.value.problem is PushProblem.REFUSED
        assert await workspaces.head(SITE.folder) == first
        assert await workspaces.commit(SITE, make_files({"a": "x"}), "refused", NOW) == refused
        assert subjects(folder) == ["refused", "one"]

    async def test_of_another_history_are_never_solved_by_force(
        self, workspaces: GitWorkspaces, github: FakeGitHub, repository: Repository, remote: Remote
    ) -> None:
        theirs = github.commit(repository, {"a": b"theirs"}, "theirs")
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed, match="not overwritten") as failure:
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert failure.value.problem is PushProblem.NOT_FAST_FORWARD
        assert repository.head() == theirs

    @pytest.mark.parametrize("token", [None, "ghp_wrong1234567890"])
    async def test_of_the_token_never_show_it(
        self, workspaces: GitWorkspaces, remote: Remote, token: str | None
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, replace(remote, token=token), 30)
        assert failure.value.problem is PushProblem.UNAUTHORIZED
        assert "ghp_" not in f"{failure.value!r} {failure.value.__cause__!r}"

    async def test_are_told_without_the_token_even_if_the_remote_says_it(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        lines = (f"your token {github.token}\x1b[31m\x07 is", "x" * 5000)
        github.add_fault(Fault(kind="git", method="POST", answer=PushRejected("no", lines)))
        with pytest.raises(PushFailed, match="your token") as failure:
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert github.token not in str(failure.value)
        assert str(failure.value).isprintable()
        assert len(str(failure.value)) < 1000

    async def test_of_nobody_listening_are_unreachable(self, workspaces: GitWorkspaces) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed) as failure:
            await workspaces.push(SITE.folder, sha, Remote("http://127.0.0.1:1/a/b.git"), 30)
        assert failure.value.problem is PushProblem.UNREACHABLE

    @pytest.mark.parametrize("url", ["/srv/x.git", "file:///srv/x.git", "ext::sh -c true", "ssh://127.0.0.1/x"])
    async def test_of_other_protocols_are_refused_by_git(self, workspaces: GitWorkspaces, url: str) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(PushFailed):
            await workspaces.push(SITE.folder, sha, Remote(url), 5)

    async def test_of_redirects_send_the_token_nowhere_else(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote, tmp_path: Path
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        with FakeGitHub(tmp_path / "elsewhere") as elsewhere:
            target = f"{elsewhere.url}/octocat/app.git/info/refs?service=git-receive-pack"
            github.add_fault(Fault(kind="git", answer=Answer(302, headers={"Location": target}), times=None))
            with pytest.raises(PushFailed) as failure:
                await workspaces.push(SITE.folder, sha, remote, 30)
            assert failure.value.problem is PushProblem.NOT_FOUND
            assert elsewhere.log == []

    async def test_of_a_machine_without_git_are_told(
        self, workspaces: GitWorkspaces, remote: Remote, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "env").symlink_to(shutil.which("env") or "/usr/bin/env")
        monkeypatch.setenv("PATH", str(programs))
        with pytest.raises(WorkspaceFailed, match="install git"):
            await workspaces.push(SITE.folder, sha, remote, 30)
