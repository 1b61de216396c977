"""GitHub's JSON documents. Fields and their types as in its OpenAPI description."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.fakes.github.bare import Commit, Entry, Signature
from tests.fakes.github.exchange import API_PREFIX, SITE_PREFIX
from tests.fakes.github.pages import Build, PagesSite
from tests.fakes.github.state import Account, Repository

Document = dict[str, Any]

_UNCHANGING: Document = json.loads(
    (Path(__file__).parents[2] / "data/github/documents.json").read_text(encoding="utf-8")
)
"""Document -> its fields that are the same in every answer, and the links below each document's own."""


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Shapes:
    """Documents whose addresses all begin with ``base``: scheme, host and port."""

    base: str

    @property
    def api(self) -> str:
        """Of the REST API, without a slash at the end."""
        return self.base + API_PREFIX

    def account(self, account: Account) -> Document:
        url = f"{self.api}/users/{account.login}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": _node_id("User", account.id),
            "avatar_url": f"{self.base}/avatars/u/{account.id}",
            "url": url,
            "html_url": f"{self.base}/{account.login}",
            "type": "Organization" if account.is_organization else "User",
            **_links("account", url),
            **_UNCHANGING["account"],
        }

    def profile(self, account: Account, repositories: int) -> Document:
        own = {"name": account.login, "public_repos": repositories}
        return {**self.account(account), **_UNCHANGING["profile"], **own}

    def own_profile(self, account: Account, repositories: int) -> Document:
        return {**self.profile(account, repositories), **_UNCHANGING["own_profile"]}

    def organization(self, account: Account, repositories: int) -> Document:
        url = f"{self.api}/orgs/{account.login}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": _node_id("Organization", account.id),
            "url": url,
            "avatar_url": f"{self.base}/avatars/u/{account.id}",
            "html_url": f"{self.base}/{account.login}",
            "name": account.login,
            "public_repos": repositories,
            **_links("organization", url),
            **_UNCHANGING["organization"],
        }

    def repository(self, repository: Repository, *, is_ours: bool) -> Document:
        url, html_url = self._urls(repository)
        host = self.base.partition("://")[2]
        flags = ("has_issues", "has_projects", "has_wiki", "has_discussions", "archived", "private")
        level = dict.fromkeys(("admin", "maintain", "push", "triage"), is_ours) | {"pull": True}
        return {
            "id": repository.id,
            "node_id": _node_id("Repository", repository.id),
            "name": repository.name,
            "full_name": repository.full_name,
            "owner": self.account(repository.owner),
            "html_url": html_url,
            "url": url,
            **_links("repository", url),
            "clone_url": f"{html_url}.git",
            "git_url": f"git://{host}/{repository.full_name}.git",
            "ssh_url": f"ssh://git@{host}/{repository.full_name}.git",
            "svn_url": html_url,
            "description": repository.description,
            "homepage": repository.homepage,
            **{flag: getattr(repository, flag) for flag in flags},
            "has_pages": repository.pages is not None,
            "visibility": "private" if repository.private else "public",
            "default_branch": repository.default_branch,
            "topics": repository.topics,
            "created_at": timestamp(repository.created_at),
            "updated_at": timestamp(repository.updated_at),
            "pushed_at": timestamp(repository.pushed_at),
            "permissions": level,
            **_UNCHANGING["repository"],
        }

    def reference(self, repository: Repository, branch: str, sha: str) -> Document:
        url, _ = self._urls(repository)
        return {
            "ref": f"refs/heads/{branch}",
            "node_id": _node_id("Ref", repository.id),
            "url": f"{url}/git/refs/heads/{branch}",
            "object": {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"},
        }

    def commit(self, repository: Repository, commit: Commit) -> Document:
        url, html_url = self._urls(repository)
        of_commit = f"{url}/commits/{commit.sha}"
        return {
            "sha": commit.sha,
            "node_id": _node_id("Commit", repository.id),
            "commit": {
                "author": _signature(commit.author),
                "committer": _signature(commit.committer),
                "message": commit.message,
                "tree": {"sha": commit.tree, "url": f"{url}/git/trees/{commit.tree}"},
                "url": f"{url}/git/commits/{commit.sha}",
                "comment_count": 0,
                "verification": _UNCHANGING["unsigned"],
            },
            "url": of_commit,
            "html_url": f"{html_url}/commit/{commit.sha}",
            "comments_url": f"{of_commit}/comments",
            **_UNCHANGING["commit"],
            "parents": [
                {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{html_url}/commit/{sha}"}
                for sha in commit.parents
            ],
        }

    def branch(self, repository: Repository, branch: str, commit: Commit) -> Document:
        url, html_url = self._urls(repository)
        of_branch = f"{url}/branches/{branch}"
        return {
            "name": branch,
            "commit": self.commit(repository, commit),
            "_links": {"self": of_branch, "html": f"{html_url}/tree/{branch}"},
            **_UNCHANGING["branch"],
            "protection_url": f"{of_branch}/protection",
        }

    def content(self, repository: Repository, entry: Entry, ref: str, content: bytes | None = None) -> Document:
        """Of a file with its ``content``, or of an entry in the listing of a folder."""
        url, html_url = self._urls(repository)
        is_file = entry.type == "blob"
        own = f"{url}/contents/{entry.path}?ref={ref}"
        git_url = f"{url}/git/{'blobs' if is_file else 'trees'}/{entry.sha}"
        page = f"{html_url}/{'blob' if is_file else 'tree'}/{ref}/{entry.path}"
        document: Document = {
            "name": entry.path.rpartition("/")[2],
            "path": entry.path,
            "sha": entry.sha,
            "size": entry.size,
            "url": own,
            "html_url": page,
            "git_url": git_url,
            "download_url": f"{html_url}/raw/{ref}/{entry.path}" if is_file else None,
            "type": "file" if is_file else "dir",
            "_links": {"self": own, "git": git_url, "html": page},
        }
        if content is not None:
            document |= {"content": base64.encodebytes(content).decode(), "encoding": "base64"}
        return document

    def site_url(self, repository: Repository) -> str:
        return f"{self.base}{SITE_PREFIX}{repository.full_name}/"

    def pages(self, repository: Repository, pages: PagesSite) -> Document:
        """Of a site. Only branch builds have a status."""
        url, _ = self._urls(repository)
        status = None
        if pages.build_type == "legacy" and pages.latest:
            status = {"queued": "building"}.get(pages.latest.status, pages.latest.status)
        return {
            "url": f"{url}/pages",
            "status": status,
            "custom_404": "404.html" in (pages.served or {}),
            "html_url": self.site_url(repository),
            "build_type": pages.build_type,
            "source": {"branch": pages.branch, "path": pages.path},
            **_UNCHANGING["pages"],
        }

    def build(self, repository: Repository, build: Build, pusher: Account) -> Document:
        url, _ = self._urls(repository)
        return {
            "url": f"{url}/pages/builds/{build.id}",
            "status": build.status,
            "error": {"message": build.message},
            "pusher": self.account(pusher),
            "commit": build.commit,
            "duration": build.duration,
            "created_at": timestamp(build.created_at),
            "updated_at": timestamp(build.updated_at),
        }

    def rate_limit(self, core: Mapping[str, int]) -> Document:
        search = {"limit": 30, "remaining": 30, "reset": core["reset"], "used": 0}
        return {"resources": {"core": dict(core), "search": search}, "rate": dict(core)}

    def _urls(self, repository: Repository) -> tuple[str, str]:
        return f"{self.api}/repos/{repository.full_name}", f"{self.base}/{repository.full_name}"


def _links(document: str, url: str) -> Document:
    return {name: url + path for name, path in _UNCHANGING["links"][document].items()}


def _node_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def _signature(signature: Signature) -> Document:
    moment = datetime.fromisoformat(signature.date)
    return {"name": signature.name, "email": signature.email, "date": moment.isoformat()}
