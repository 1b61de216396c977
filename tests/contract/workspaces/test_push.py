"""Pushing over git's own HTTP protocol."""

import asyncio
import os
from pathlib import Path

import pytest

from pipeline.domain.errors import WorkspaceMissing
from pipeline.domain.publication import Remote
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_files, make_site
from tests.contract.repositories import ALL_BYTES, SITE, git
from tests.fakes.github import FakeGitHub, Repository

FILES = make_files({"index.html": "one\r\n", "a/b.bin": ALL_BYTES, ".gitattributes": "* text eol=crlf\n"})


def git_requests(github: FakeGitHub) -> list[str]:
    return [logged.method for logged in github.log]


class TestPush:
    async def test_makes_the_commit_the_head_with_two_requests(
        self, workspaces: GitWorkspaces, github: FakeGitHub, repository: Repository, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert git_requests(github) == ["GET", "POST"]
        assert repository.head() == sha
        assert repository.files() == dict(FILES)

    async def test_of_what_is_there_already_only_looks(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        sha = await workspaces.commit(SITE, FILES, "one", NOW)
        await workspaces.push(SITE.folder, sha, remote, 30)
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert git_requests(github) == ["GET", "POST", "GET"]

    async def test_of_a_later_round_keeps_the_history(
        self, workspaces: GitWorkspaces, repository: Repository, remote: Remote
    ) -> None:
        for message in ("one", "two"):
            sha = await workspaces.commit(SITE, FILES, message, NOW)
            await workspaces.push(SITE.folder, sha, remote, 30)
        assert [message.strip() for _, message in repository.commits()] == ["two", "one"]

    async def test_works_from_packs(
        self, workspaces: GitWorkspaces, repository: Repository, remote: Remote, folder: Path
    ) -> None:
        sha = await workspaces.commit(SITE, make_files({"big.bin": os.urandom(3_000_000)}), "one", NOW)
        git(folder, "gc", "-q")
        await workspaces.push(SITE.folder, sha, remote, 30)
        assert repository.head() == sha

    async def test_of_a_commit_that_is_not_here_says_so(
        self, workspaces: GitWorkspaces, github: FakeGitHub, remote: Remote
    ) -> None:
        with pytest.raises(WorkspaceMissing):
            await workspaces.push(SITE.folder, "0" * 40, remote, 30)
        await workspaces.commit(SITE, FILES, "one", NOW)
        with pytest.raises(WorkspaceMissing):
            await workspaces.push(SITE.folder, "0" * 40, remote, 30)
        assert github.log == []

    async def test_of_sixteen_at_once_mixes_nothing_up(self, workspaces: GitWorkspaces, github: FakeGitHub) -> None:
        sites = [make_site(nonce=f"n{number}") for number in range(16)]
        repositories = [github.create("octocat", site.folder) for site in sites]

        async def push(number: int) -> str:
            site = sites[number]
            sha = await workspaces.commit(site, make_files({"a": str(number)}), "one", NOW)
            await workspaces.push(site.folder, sha, Remote(f"{github.url}/octocat/{site.folder}.git", github.token), 60)
            return sha

        shas = await asyncio.gather(*map(push, range(16)))
        assert [repository.head() for repository in repositories] == shas
