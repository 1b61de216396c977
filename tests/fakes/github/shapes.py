"""GitHub's JSON documents. Fields and their types as in its OpenAPI description."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.fakes.github.bare import Commit, Entry, Signature
from tests.fakes.github.exchange import API_PREFIX, SITE_PREFIX
from tests.fakes.github.links import REPOSITORY_COUNTS, REPOSITORY_LINKS, USER_LINKS
from tests.fakes.github.pages import Build, PagesSite
from tests.fakes.github.state import Account, Repository

Document = dict[str, Any]


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
        """As it stands in other documents."""
        url = f"{self.api}/users/{account.login}"
        return {
            "login": account.login,
            "id": account.id,
            "node_id": _node_id("User", account.id),
            "avatar_url": f"{self.base}/avatars/u/{account.id}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self.base}/{account.login}",
            **{name: url + path for name, path in USER_LINKS.items()},
            "type": "Organization" if account.is_organization else "User",
            "user_view_type": "public",
            "site_admin": False,
        }

    def profile(self, account: Account, repositories: int) -> Document:
        """Of a user, as everybody sees it."""
        nothing_told = ("company", "location", "email", "hireable", "bio", "twitter_username")
        return {
            **self.account(account),
            **dict.fromkeys(nothing_told),
            "name": account.login,
            "blog": "",
            "public_repos": repositories,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "created_at": "2020-01-01T00:00:00Z",
            "updated_at": "2020-01-01T00:00:00Z",
        }

    def own_profile(self, account: Account, repositories: int) -> Document:
        """Of the token's user."""
        counts = dict.fromkeys(
            ("private_gists", "total_private_repos", "owned_private_repos", "disk_usage", "collaborators"), 0
        )
        return {**self.profile(account, repositories), **counts, "two_factor_authentication": True}

    def organization(self, account: Account, repositories: int) -> Document:
        """Of an organisation."""
        url = f"{self.api}/orgs/{account.login}"
        links = {
            "repos_url": "/repos",
            "events_url": "/events",
            "hooks_url": "/hooks",
            "issues_url": "/issues",
            "members_url": "/members{/member}",
            "public_members_url": "/public_members{/member}",
        }
        return {
            "login": account.login,
            "id": account.id,
            "node_id": _node_id("Organization", account.id),
            "url": url,
            **{name: url + path for name, path in links.items()},
            "avatar_url": f"{self.base}/avatars/u/{account.id}",
            "html_url": f"{self.base}/{account.login}",
            "description": None,
            "name": account.login,
            "has_organization_projects": True,
            "has_repository_projects": True,
            "public_repos": repositories,
            "public_gists": 0,
            "followers": 0,
            "following": 0,
            "type": "Organization",
            "created_at": "2020-01-01T00:00:00Z",
            "updated_at": "2020-01-01T00:00:00Z",
            "archived_at": None,
        }

    def repository(self, repository: Repository, *, is_ours: bool) -> Document:
        """The whole document."""
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
            **{name: url + path for name, path in REPOSITORY_LINKS.items()},
            "clone_url": f"{html_url}.git",
            "git_url": f"git://{host}/{repository.full_name}.git",
            "ssh_url": f"ssh://git@{host}/{repository.full_name}.git",
            "svn_url": html_url,
            "mirror_url": None,
            "description": repository.description,
            "homepage": repository.homepage,
            "language": None,
            "license": None,
            "fork": False,
            "disabled": False,
            **{flag: getattr(repository, flag) for flag in flags},
            "has_pages": repository.pages is not None,
            "has_downloads": True,
            "visibility": "private" if repository.private else "public",
            "default_branch": repository.default_branch,
            "topics": repository.topics,
            **dict.fromkeys(REPOSITORY_COUNTS, 0),
            "created_at": timestamp(repository.created_at),
            "updated_at": timestamp(repository.updated_at),
            "pushed_at": timestamp(repository.pushed_at),
            "permissions": level,
            "allow_forking": True,
            "is_template": False,
            "web_commit_signoff_required": False,
        }

    def reference(self, repository: Repository, branch: str, sha: str) -> Document:
        """Of a branch."""
        url, _ = self._urls(repository)
        return {
            "ref": f"refs/heads/{branch}",
            "node_id": _node_id("Ref", repository.id),
            "url": f"{url}/git/refs/heads/{branch}",
            "object": {"sha": sha, "type": "commit", "url": f"{url}/git/commits/{sha}"},
        }

    def commit(self, repository: Repository, commit: Commit) -> Document:
        """Without its diff."""
        url, html_url = self._urls(repository)
        of_commit = f"{url}/commits/{commit.sha}"
        unsigned = dict.fromkeys(("payload", "signature", "verified_at"))
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
                "verification": {"verified": False, "reason": "unsigned", **unsigned},
            },
            "url": of_commit,
            "html_url": f"{html_url}/commit/{commit.sha}",
            "comments_url": f"{of_commit}/comments",
            "author": None,
            "committer": None,
            "parents": [
                {"sha": sha, "url": f"{url}/commits/{sha}", "html_url": f"{html_url}/commit/{sha}"}
                for sha in commit.parents
            ],
        }

    def branch(self, repository: Repository, branch: str, commit: Commit) -> Document:
        """With its newest commit."""
        url, html_url = self._urls(repository)
        of_branch = f"{url}/branches/{branch}"
        no_checks = {"enforcement_level": "off", "contexts": [], "checks": []}
        return {
            "name": branch,
            "commit": self.commit(repository, commit),
            "_links": {"self": of_branch, "html": f"{html_url}/tree/{branch}"},
            "protected": False,
            "protection": {"enabled": False, "required_status_checks": no_checks},
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
        """Where visitors go."""
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
            "cname": None,
            "custom_404": "404.html" in (pages.served or {}),
            "html_url": self.site_url(repository),
            "build_type": pages.build_type,
            "source": {"branch": pages.branch, "path": pages.path},
            "public": True,
            "protected_domain_state": None,
            "pending_domain_unverified_at": None,
            "https_enforced": True,
        }

    def build(self, repository: Repository, build: Build, pusher: Account) -> Document:
        """Of one build."""
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
        """Of the hour and its requests."""
        search = {"limit": 30, "remaining": 30, "reset": core["reset"], "used": 0}
        return {"resources": {"core": dict(core), "search": search}, "rate": dict(core)}

    def _urls(self, repository: Repository) -> tuple[str, str]:
        return f"{self.api}/repos/{repository.full_name}", f"{self.base}/{repository.full_name}"


def _node_id(kind: str, number: int) -> str:
    return base64.b64encode(f"{kind}{number}".encode()).decode()


def _signature(signature: Signature) -> Document:
    moment = datetime.fromisoformat(signature.date)
    return {"name": signature.name, "email": signature.email, "date": moment.isoformat()}
