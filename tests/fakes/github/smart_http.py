"""Git over HTTP: git's own http-backend as a CGI program, behind GitHub's way of saying no."""

import base64
import binascii
import re
from pathlib import Path

from tests.fakes.github.bare import git_environment, run_git
from tests.fakes.github.exchange import Answer, Request
from tests.fakes.github.faults import PushRejected, workflow_scope_missing
from tests.fakes.github.state import GitHubState, Repository

_TARGET = re.compile(
    r"/(?P<owner>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/(?P<action>info/refs|git-upload-pack|git-receive-pack)"
)
_ASK = {"WWW-Authenticate": 'Basic realm="GitHub"'}
_WORKFLOWS_CHANGED = "workflows-changed"
# Runs in the quarantine of a push: refuses those that add or change workflow files, and leaves their first path behind.
_WORKFLOW_HOOK = f"""#!/bin/sh
while read old new ref; do
    test "$old" = 0000000000000000000000000000000000000000 && old=$(git hash-object -t tree /dev/null)
    path=$(git diff --name-only --diff-filter=d "$old" "$new" -- .github/workflows | head -n 1)
    test -z "$path" || {{ echo "{_WORKFLOWS_CHANGED}:$path" >&2; exit 1; }}
done
"""


class SmartHttp:
    """The git side of the server; ``hooks`` is a folder for what tokens without the workflow permission meet."""

    def __init__(self, state: GitHubState, token: str, hooks: Path) -> None:
        self._state = state
        self._token = token
        self._hooks = hooks
        hooks.mkdir(parents=True, exist_ok=True)
        hook = hooks / "pre-receive"
        hook.write_text(_WORKFLOW_HOOK)
        hook.chmod(0o755)

    def answer(self, request: Request) -> Answer:
        target = _TARGET.fullmatch(request.path)
        if target is None:
            return Answer(404, text="Not Found")
        is_push = "git-receive-pack" in {target["action"], request.raw_query.removeprefix("service=")}
        authorization = request.headers.get("authorization")
        if authorization and not self._is_valid(authorization):
            text = "Invalid username or token. Password authentication is not supported for Git operations."
            return Answer(401, text=text, headers=_ASK)
        repository = self._state.repository(target["owner"], target["name"])
        is_reader = repository is not None and (not repository.private or self._may_read(repository, authorization))
        if not authorization and (is_push or not is_reader):
            return Answer(401, text="Repository not found.", headers=_ASK)
        if repository is None or not repository.is_visible or not is_reader:
            return Answer(404, text="Repository not found.")
        if is_push and not self._may_push(repository):
            denied = f"Permission to {repository.full_name}.git denied to {self._state.user.login}."
            return Answer(403, text=denied)
        return self._run(request, repository, target["action"], is_push=is_push)

    def _is_valid(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        return scheme.lower() == "basic" and user != "" and password == self._token

    def _may_read(self, repository: Repository, authorization: str | None) -> bool:
        is_granted = self._state.settings.is_granted("contents=read")
        return authorization is not None and is_granted and self._state.may_write(repository.owner)

    def _may_push(self, repository: Repository) -> bool:
        is_granted = self._state.settings.is_granted("contents=write")
        return is_granted and self._state.may_write(repository.owner)

    def _run(self, request: Request, repository: Repository, action: str, *, is_push: bool) -> Answer:
        answer = self._backend(request, repository, action)
        if is_push and request.method == "POST" and not request.is_probe:
            marked = re.search(rf"{_WORKFLOWS_CHANGED}:([^\s\0]+)".encode(), answer.body)
            if marked:
                return rejection(request, workflow_scope_missing(marked[1].decode(errors="replace")))
            self._state.pushed(repository)
        return answer

    def _backend(self, request: Request, repository: Repository, action: str) -> Answer:
        environment = {
            **git_environment(),
            "GIT_PROJECT_ROOT": str(repository.git.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/{action}",
            "REQUEST_METHOD": request.method,
            "QUERY_STRING": request.raw_query,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(len(request.body)),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
            "REMOTE_USER": self._state.user.login,
            "REMOTE_ADDR": "127.0.0.1",
        }
        if not self._state.settings.is_granted("workflows=write"):
            setting = {"GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": str(self._hooks)}
            environment |= {"GIT_CONFIG_COUNT": "1", **setting}
        printed = run_git("http-backend", environment=environment, stdin=request.body).stdout
        head, _, body = printed.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return Answer(int(headers.pop("Status", "200").split()[0]), headers=headers, content=body)


def rejection(request: Request, rejected: PushRejected) -> Answer:
    """The answer to a push that GitHub's rules refuse: gitprotocol-pack, report-status over side-band-64k."""
    commands = [line.partition(b"\0")[0].decode().split() for line in _packet_lines(request.body)]
    report = _packet("unpack ok\n")
    shown = []
    for _, new, ref in commands:
        shown += [line.format(ref=ref, commit=new) for line in rejected.lines]
        report += _packet(f"ng {ref} {rejected.reason}\n")
    remarks = b"".join(_packet(f"\x02{line}\n") for line in shown)
    body = remarks + _packet(b"\x01" + report + b"0000") + b"0000"
    headers = {"Content-Type": "application/x-git-receive-pack-result", "Cache-Control": "no-cache"}
    return Answer(200, headers=headers, content=body)


def _packet_lines(body: bytes) -> list[bytes]:
    """The packets before the first flush."""
    lines, position = [], 0
    while length := int(body[position : position + 4] or b"0", 16):
        lines.append(body[position + 4 : position + length].rstrip(b"\n"))
        position += length
    return lines


def _packet(content: str | bytes) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return b"%04x%s" % (len(content) + 4, content)
