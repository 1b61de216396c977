"""GitHub's JSON documents. Fields and their types as in its OpenAPI description."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any

from tests.fakes.github.bare import Commit, Entry, Signature
from tests.fakes.github.exchange import API_PREFIX, SITE_PREFIX
from tests.fakes.github.pages import Build, PagesSite
from tests.fakes.github.state import Account, Repository

Document = dict[str, Any]

_DOCUMENTS: Document = json.loads((Path(__file__).parents[2] / "data/github/documents.json").read_text("utf-8"))
"""Each document with ``$names`` for what differs."""


def _filled(part: Any, values: Mapping[str, Any]) -> Any:
    """A document with its names filled in; a text that is one name and no more becomes the value itself."""
    if isinstance(part, dict):
        return {name: _filled(inner, values) for name, inner in part.items()}
    if not isinstance(part, str):
        return part
    is_value = part.startswith("$") and part[1:] in values
    return values[part[1:]] if is_value else Template(part).substitute(values)


def _document(kind: str, /, **values: Any) -> Document:
    filled: Document = _filled(_DOCUMENTS[kind], values)
    return filled


@dataclass(frozen=True)
class Shapes:
    """Documents whose addresses all begin with ``base``: scheme, host and port."""

    base: str

    @property
    def api(self) -> str:
        """Of the REST API, without a slash at the end."""
        return self.base + API_PREFIX

    def account(self, account: Account) -> Document:
        kind = "Organization" if account.is_organization else "User"
        url = f"{self.api}/users/{account.login}"
        return _document("account", base=self.base, url=url, login=account.login, id=account.id, type=kind)

    def own_profile(self, account: Account) -> Document:
        return {**self.account(account), **_document("profile", login=account.login)}

    def organization(self, account: Account) -> Document:
        url = f"{self.api}/orgs/{account.login}"
        return _document("organization", base=self.base, url=url, login=account.login, id=account.id)

    def repository(self, repository: Repository, *, is_ours: bool) -> Document:
        times = ("created_at", "updated_at", "pushed_at")
        own = {
            **vars(repository),
            **self._urls(repository),
            **{time: timestamp(getattr(repository, time)) for time in times},
            "host": self.base.partition("://")[2],
            "full_name": repository.full_name,
            "owner": self.account(repository.owner),
            "has_pages": repository.pages is not None,
            "visibility": "private" if repository.private else "public",
            "permissions": dict.fromkeys(("admin", "maintain", "push", "triage"), is_ours) | {"pull": True},
        }
        return _document("repository", **own)

    def reference(self, repository: Repository, branch: str, sha: str) -> Document:
        return _document("reference", branch=branch, sha=sha, **self._urls(repository))

    def commit(self, repository: Repository, commit: Commit) -> Document:
        urls = self._urls(repository)
        own = {
            **vars(commit),
            "author": _signature(commit.author),
            "committer": _signature(commit.committer),
            "parents": [_document("parent", sha=sha, **urls) for sha in commit.parents],
        }
        return _document("commit", **own, **urls)

    def branch(self, repository: Repository, branch: str, commit: Commit) -> Document:
        return _document("branch", branch=branch, commit=self.commit(repository, commit), **self._urls(repository))

    def content(self, repository: Repository, entry: Entry, ref: str, content: bytes | None = None) -> Document:
        """Of a file with its ``content``, or of an entry in the listing of a folder."""
        urls = self._urls(repository)
        is_file = entry.type == "blob"
        own = {
            **vars(entry),
            "ref": ref,
            "name": entry.path.rpartition("/")[2],
            "kind": entry.type,
            "type": "file" if is_file else "dir",
            "download_url": f"{urls['html_url']}/raw/{ref}/{entry.path}" if is_file else None,
        }
        document = _document("content", **own, **urls)
        if content is not None:
            document |= {"content": base64.encodebytes(content).decode(), "encoding": "base64"}
        return document

    def pages(self, repository: Repository, pages: PagesSite) -> Document:
        """Of a site. Only branch builds have a status."""
        status = None
        if pages.build_type == "legacy" and pages.latest:
            status = {"queued": "building"}.get(pages.latest.status, pages.latest.status)
        own = {
            "status": status,
            "custom_404": "404.html" in (pages.served or {}),
            "site_url": f"{self.base}{SITE_PREFIX}{repository.full_name}/",
        }
        return _document("pages", **vars(pages), **own, **self._urls(repository))

    def build(self, repository: Repository, build: Build, pusher: Account) -> Document:
        times = {"created_at": timestamp(build.created_at), "updated_at": timestamp(build.updated_at)}
        told = {name: getattr(build, name) for name in ("id", "status", "message", "commit", "duration")}
        return _document("build", pusher=self.account(pusher), **told, **times, **self._urls(repository))

    def rate_limit(self, core: Mapping[str, int]) -> Document:
        return _document("rate_limit", core=dict(core), reset=core["reset"])

    def _urls(self, repository: Repository) -> dict[str, str]:
        return {"url": f"{self.api}/repos/{repository.full_name}", "html_url": f"{self.base}/{repository.full_name}"}


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _signature(signature: Signature) -> Document:
    moment = datetime.fromisoformat(signature.date)
    return {"name": signature.name, "email": signature.email, "date": moment.isoformat()}
