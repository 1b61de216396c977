"""Pushing over git's own HTTP protocol, and pushes that fail, each with its reason."""

import asyncio
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.errors import PushFailed, PushProblem, WorkspaceFailed, WorkspaceMissing
from pipeline.domain.publication import Remote
from tests.builders import NOW, make_files, make_site
from tests.contract.repositories import FILES, SITE, Origin, git, subjects
from tests.fakes.github import Answer, Drop, FakeGitHub, Fault, PushRejected, faults


class TestPush:
    async def test_makes_the_commit_the_head_with_two_requests(self, origin: Origin) -> None:
        sha = await origin.commit()
        await origin.push(sha)
        assert [logged.method for logged in origin.github.log] == ["GET", "POST"]
        assert origin.repository.head() == sha
        assert origin.repository.files() == dict(FILES)

    async def test_of_what_is_there_already_only_looks(self, origin: Origin) -> None:
        sha = await origin.commit()
        await origin.push(sha)
        await origin.push(sha)
        assert [logged.method for logged in origin.github.log] == ["GET", "POST", "GET"]

    async def test_of_a_later_round_keeps_the_history(self, origin: Origin) -> None:
        for message in ("one", "two"):
            await origin.push(await origin.commit(message))
        assert [message.strip() for _, message in origin.repository.commits()] == ["two", "one"]

    async def test_works_from_packs(self, origin: Origin, folder: Path) -> None:
        sha = await origin.commit(files=make_files({"big.bin": os.urandom(3_000_000)}))
        git(folder, "gc", "-q")
        await origin.push(sha)
        assert origin.repository.head() == sha

    async def test_of_a_commit_that_is_not_here_says_so(self, origin: Origin) -> None:
        with pytest.raises(WorkspaceMissing):
            await origin.push("0" * 40)
        await origin.commit()
        with pytest.raises(WorkspaceMissing):
            await origin.push("0" * 40)
        assert origin.github.log == []

    async def test_of_sixteen_at_once_mixes_nothing_up(self, origin: Origin) -> None:
        workspaces, github = origin.workspaces, origin.github
        sites = [make_site(nonce=f"n{number}") for number in range(16)]
        repositories = [github.create("octocat", site.folder) for site in sites]

        async def push(number: int) -> str:
            site = sites[number]
            sha = await workspaces.commit(site, make_files({"a": str(number)}), "one", NOW)
            await workspaces.push(site.folder, sha, Remote(f"{github.url}/octocat/{site.folder}.git", github.token), 60)
            return sha

        shas = await asyncio.gather(*map(push, range(16)))
        assert [repository.head() for repository in repositories] == shas


class TestPushProblems:
    @pytest.mark.parametrize(
        ("answer", "problem"),
        [
            (Drop(), PushProblem.UNREACHABLE),
            (faults.bad_gateway(), PushProblem.UNREACHABLE),
            (Answer(429), PushProblem.UNREACHABLE),
            (Answer(200, text="<html>Sign in</html>"), PushProblem.UNREACHABLE),
            (Answer(401), PushProblem.UNAUTHORIZED),
            (Answer(403), PushProblem.UNAUTHORIZED),
            (Answer(404), PushProblem.NOT_FOUND),
        ],
    )
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_of_http_are_told_apart(
        self, origin: Origin, answer: Answer | Drop, problem: PushProblem, method: str
    ) -> None:
        sha = await origin.commit()
        origin.answer_git_with(answer, method)
        with pytest.raises(PushFailed) as failure:
            await origin.push(sha)
        assert failure.value.problem is problem

    @pytest.mark.parametrize("refusal", [faults.secret_found, faults.workflow_scope_missing, faults.branch_protected])
    async def test_of_the_remotes_rules_are_refusals_and_take_the_commit_back(
        self, origin: Origin, folder: Path, refusal: Callable[[], PushRejected]
    ) -> None:
        first = await origin.commit()
        await origin.push(first)
        refused = await origin.commit("refused", make_files({"a": "x"}))
        origin.answer_git_with(refusal(), "POST")
        with pytest.raises(PushFailed) as failure:
            await origin.push(refused)
        assert failure.value.problem is PushProblem.REFUSED
        assert await origin.workspaces.head(SITE.folder) == first
        assert await origin.commit("refused", make_files({"a": "x"})) == refused
        assert subjects(folder) == ["refused", "one"]

    async def test_of_the_first_commit_leave_the_next_one_without_a_parent(self, origin: Origin, folder: Path) -> None:
        refused = await origin.commit("refused", make_files({"a": "x"}))
        origin.github.add_fault(Fault(kind="git", method="POST", answer=faults.secret_found()))
        with pytest.raises(PushFailed):
            await origin.push(refused)
        assert await origin.workspaces.head(SITE.folder) is None
        await origin.push(await origin.commit("mended", make_files({"a": "y"})))
        assert subjects(folder) == ["mended"]

    async def test_of_another_history_are_never_solved_by_force(self, origin: Origin) -> None:
        theirs = origin.github.commit(origin.repository, {"a": b"theirs"}, "theirs")
        sha = await origin.commit()
        with pytest.raises(PushFailed, match="not overwritten") as failure:
            await origin.push(sha)
        assert failure.value.problem is PushProblem.NOT_FAST_FORWARD
        assert origin.repository.head() == theirs

    @pytest.mark.parametrize("token", [None, "ghp_wrong1234567890"])
    async def test_of_the_token_never_show_it(self, origin: Origin, token: str | None) -> None:
        sha = await origin.commit()
        with pytest.raises(PushFailed) as failure:
            await origin.workspaces.push(SITE.folder, sha, replace(origin.remote, token=token), 30)
        assert failure.value.problem is PushProblem.UNAUTHORIZED
        assert "ghp_" not in f"{failure.value!r} {failure.value.__cause__!r}"

    async def test_are_told_without_the_token_even_if_the_remote_says_it(self, origin: Origin) -> None:
        sha, token = await origin.commit(), origin.github.token
        lines = (f"your token {token}\x1b[31m\x07 is", "x" * 5000)
        origin.github.add_fault(Fault(kind="git", method="POST", answer=PushRejected("no", lines)))
        with pytest.raises(PushFailed, match="your token") as failure:
            await origin.push(sha)
        assert token not in str(failure.value)
        assert str(failure.value).isprintable()
        assert len(str(failure.value)) < 1000

    async def test_of_nobody_listening_are_unreachable(self, origin: Origin) -> None:
        sha = await origin.commit()
        with pytest.raises(PushFailed) as failure:
            await origin.workspaces.push(SITE.folder, sha, Remote("http://127.0.0.1:1/a/b.git"), 30)
        assert failure.value.problem is PushProblem.UNREACHABLE

    @pytest.mark.parametrize("url", ["/srv/x.git", "file:///srv/x.git", "ext::sh -c true", "ssh://127.0.0.1/x"])
    async def test_of_other_protocols_are_refused_by_git(self, origin: Origin, url: str) -> None:
        sha = await origin.commit()
        with pytest.raises(PushFailed):
            await origin.workspaces.push(SITE.folder, sha, Remote(url), 5)

    async def test_of_redirects_send_the_token_nowhere_else(self, origin: Origin, tmp_path: Path) -> None:
        sha = await origin.commit()
        with FakeGitHub(tmp_path / "elsewhere") as elsewhere:
            target = f"{elsewhere.url}/octocat/app.git/info/refs?service=git-receive-pack"
            origin.answer_git_with(Answer(302, headers={"Location": target}))
            with pytest.raises(PushFailed) as failure:
                await origin.push(sha)
            assert failure.value.problem is PushProblem.NOT_FOUND
            assert elsewhere.log == []

    async def test_of_a_machine_without_git_are_told(
        self, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sha = await origin.commit()
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "env").symlink_to(shutil.which("env") or "/usr/bin/env")
        monkeypatch.setenv("PATH", str(programs))
        with pytest.raises(WorkspaceFailed, match="install git"):
            await origin.push(sha)
