"""A published client of GitHub's and git, on the fake GitHub."""

import base64
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from github import Auth, Github
from github.Repository import Repository

from tests.fakes.github import FakeGitHub

LONG = 3600.0  # seconds that no test waits for
PAGE = {"index.html": b"<h1>one</h1>", ".nojekyll": b""}
MAIN = {"build_type": "legacy", "source": {"branch": "main", "path": "/"}}
DEPLOY = {".github/workflows/pages.yml": b"jobs:\n  deploy:\n    steps:\n      - uses: actions/deploy-pages@v4\n"}


def connect(github: FakeGitHub, token: str | None = None) -> Github:
    return Github(
        base_url=github.api_url,
        auth=Auth.Token(token or github.token),
        timeout=10,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    )


class Checkout:
    """A repository of the person who pushes."""

    def __init__(self, github: FakeGitHub, folder: Path, token: str | None = None) -> None:
        credentials = base64.b64encode(f"x-access-token:{token or github.token}".encode()).decode()
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{github.url}/.extraHeader",
            "GIT_CONFIG_VALUE_0": f"Authorization: Basic {credentials}",
            **{f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
        }
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        return self.try_git(*arguments, check=True).stdout.strip()

    def try_git(self, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
        command = ["git", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, check=check, capture_output=True, text=True, timeout=60
        )

    def commit(self, files: Mapping[str, bytes], message: str = "one") -> str:
        for path, content in files.items():
            (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / path).write_bytes(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def push(self, repository: Repository) -> subprocess.CompletedProcess[str]:
        return self.try_git("push", repository.clone_url, "main")


@dataclass(frozen=True)
class Octocat:
    """The user of the token, with a client, a checkout and a browser."""

    github: FakeGitHub
    client: Github
    checkout: Checkout
    visitor: httpx.Client

    def create(self, name: str = "sales", **fields: Any) -> Repository:
        created: Repository = self.client.get_user().create_repo(name, **fields)
        return created

    def update(self, repository: Repository, files: Mapping[str, bytes] = PAGE, message: str = "one") -> str:
        """Commit and push ``files``; the commit's sha."""
        sha = self.checkout.commit(files, message)
        self.checkout.push(repository)
        return sha

    def publish(self, files: Mapping[str, bytes] = PAGE) -> Repository:
        repository = self.create()
        self.update(repository, files)
        ask(repository, "POST", "/pages", MAIN)
        return repository


def ask(repository: Repository, method: str, path: str, body: Any = None) -> Any:
    return repository.requester.requestJsonAndCheck(method, repository.url + path, input=body)[1]


def site(repository: Repository) -> str:
    return str(ask(repository, "GET", "/pages")["html_url"])


def latest(repository: Repository) -> Any:
    return ask(repository, "GET", "/pages/builds/latest")
