"""A service of the contract that publishes with git on loopback, with the one fault that a brief begins with."""

import json
import shutil
import subprocess
import threading
from enum import StrEnum
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from pipeline.assembly.licence import mit_licence
from pipeline.domain.media_types import content_type_of
from tests.fakes.http_server import Handler, LoopbackServer

CALLBACK_SECONDS = 5
MOST_TRIES = 50
README = """# Hello

A page that greets.

## Setup

Nothing to install.

## Usage

Open the page.

## How it works

One page with a script.

## License

MIT
"""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hello</title></head>
<body><h1 id="greeting">Hello in round {round}</h1><p id="size"></p>
<script>fetch("data.json").then(r => r.json()).then(rows => size.textContent = rows.length)</script></body></html>
"""


class Fault(StrEnum):
    NONE = "none"
    HANGS = "never answers the request"
    HTML = "answers with a page and does nothing"
    REDIRECTS = "answers with a redirect"
    TWICE = "calls back twice"
    FIELDS = "calls back with wrong fields"
    SILENT = "never calls back"
    IMPATIENT = "calls back once, before it answers"
    NO_PAGE = "publishes a page that is not there"
    OLD_PAGE = "serves another page than the commit's"
    NO_LICENCE = "publishes no LICENSE"
    NOT_HEAD = "tells a commit that is not the head"
    SECRET = "leaves a secret in the history"
    NO_REPOSITORY = "tells a repository that is not there"
    OTHER_REPOSITORY = "publishes round 2 elsewhere"
    OLD_REPOSITORY = "publishes round 1 in a repository that was there"


class FaultyService(LoopbackServer):
    """The service; repositories are folders of ``folder``, served over git's plain HTTP with their pages."""

    def __init__(self, folder: Path) -> None:
        super().__init__(_Handler)
        self.folder = folder
        self.requests: list[dict[str, Any]] = []
        self._threads: list[threading.Thread] = []
        self._sites: dict[str, str] = {}

    @staticmethod
    def fault_of(request: dict[str, Any]) -> Fault:
        return Fault(request["brief"].partition(":")[0])

    def begin(self, request: dict[str, Any]) -> None:
        thread = threading.Thread(target=self.deploy, args=(request,))
        self._threads.append(thread)
        thread.start()

    def close(self) -> None:
        super().close()
        for thread in self._threads:
            thread.join()

    def deploy(self, request: dict[str, Any]) -> None:
        name, fault = self._site(request), self.fault_of(request)
        sha = self._publish(name, request)
        told = {key: request[key] for key in ("email", "task", "round", "nonce")}
        told |= {"repo_url": f"{self.origin}/git/{name}", "commit_sha": sha}
        told["pages_url"] = f"{self.origin}/pages/{'nowhere' if fault is Fault.NO_PAGE else name}/"
        if fault is Fault.NO_REPOSITORY:
            told["repo_url"] += "-gone"
        if fault is Fault.FIELDS:
            del told["pages_url"]
            told |= {"round": str(request["round"]), "secret": request["secret"]}
        for _ in range(2 if fault is Fault.TWICE else 1):
            self._call_back(request["evaluation_url"], told, 1 if fault is Fault.IMPATIENT else MOST_TRIES)

    def _site(self, request: dict[str, Any]) -> str:
        site = self.fault_of(request).name.lower()
        if request["round"] == 1 or self.fault_of(request) is Fault.OTHER_REPOSITORY:
            self._sites[site] = f"{site}-{request['nonce'][:8]}"
        return self._sites[site]

    def _publish(self, name: str, request: dict[str, Any]) -> str:
        files = {
            "index.html": PAGE.format(round=request["round"]),
            "data.json": "[1, 2, 3]",
            "README.md": README,
            "LICENSE": mit_licence(2026, "the fake"),
        }
        folder, fault = self.folder / name, self.fault_of(request)
        git(self.folder, "init", "--quiet", "--initial-branch=main", name)
        if fault is Fault.OLD_REPOSITORY:
            commit(folder, {"old.txt": "old"}, at="2020-01-01T00:00:00Z")
        if fault is Fault.SECRET:
            commit(folder, {"notes/key.txt": "key = " + "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"})
            shutil.rmtree(folder / "notes")
        if fault is Fault.NO_LICENCE:
            del files["LICENSE"]
        sha = commit(folder, files)
        if fault is Fault.NOT_HEAD:
            commit(folder, {"more.txt": f"{request['round']}"})
        if fault is Fault.OLD_PAGE:
            (folder / "index.html").write_text("<title>Hello</title><h1 id=greeting>Soon</h1><p id=size>3</p>")
        git(folder, "update-server-info")
        return sha

    def _call_back(self, url: str, told: dict[str, Any], tries: int) -> None:
        """Until it is taken, as the contract has it."""
        body = json.dumps(told)
        for _ in range(tries):
            connection = HTTPConnection(urlsplit(url).netloc, timeout=CALLBACK_SECONDS)
            try:
                connection.request("POST", urlsplit(url).path, body, {"Content-Type": "application/json"})
                if connection.getresponse().status == 200 or self.pause(0.05):
                    return
            except OSError:
                return
            finally:
                connection.close()


class _Handler(Handler):
    fake: FaultyService

    def answer(self) -> None:
        if self.command != "POST":
            self._file()
            return
        request = json.loads(self.body())
        fault = self.fake.fault_of(request)
        self.fake.requests.append(request)
        if fault is Fault.HANGS:
            self.fake.pause(None)
            return
        if fault is Fault.REDIRECTS:
            self._send(307, b"", "text/plain", Location=f"{self.fake.origin}/elsewhere")
            return
        if fault is Fault.HTML:
            self._send(200, f"<!doctype html><title>Who sent {request['secret']}?</title>".encode(), "text/html")
            return
        if fault is Fault.IMPATIENT:
            self.fake.deploy(request)
        self._send(200, json.dumps({"ok": True, "status": "running", "echo": request["secret"]}).encode())
        if fault not in {Fault.SILENT, Fault.IMPATIENT}:
            self.fake.begin(request)

    def _file(self) -> None:
        kind, _, path = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        name, _, inner = path.partition("/")
        folder = self.fake.folder / name / (".git" if kind == "git" else ".")
        file = folder / (inner or "index.html")
        if kind not in {"git", "pages"} or ".." in path or not file.is_file():
            self._send(404, b"not found", "text/plain")
            return
        self._send(200, file.read_bytes(), content_type_of(file.name))

    def _send(self, status: int, content: bytes, media_type: str = "application/json", **headers: str) -> None:
        self.send_head(status, {"Content-Type": media_type, "Content-Length": str(len(content)), **headers})
        self.wfile.write(content)


def git(folder: Path, *arguments: str, **environment: str) -> str:
    who = ("-c", "user.name=fake", "-c", "user.email=fake@localhost", "-c", "commit.gpgsign=false")
    told = subprocess.run(
        ["git", *who, *arguments], cwd=folder, env=environment or None, capture_output=True, text=True, check=True
    )
    return told.stdout.strip()


def commit(folder: Path, files: dict[str, str], at: str = "") -> str:
    """All of the folder, with ``files`` in it; the sha."""
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "--all")
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at, "PATH": "/usr/local/bin:/usr/bin:/bin"} if at else {}
    git(folder, "commit", "--quiet", "--allow-empty", "--message=files", **dates)
    return git(folder, "rev-parse", "HEAD")
