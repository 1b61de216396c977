"""Repositories on GitHub: whose they are, made, found again, and told apart from other people's."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.domain.brief import Brief
from pipeline.domain.errors import PublishFailed
from pipeline.domain.publication import Publication, Site, owner_mark
from pipeline.publishing.github_pages.api import CONFLICT, FORBIDDEN, NOT_FOUND, OK, UNPROCESSABLE, Answer, GitHubApi

MAX_DESCRIPTION = 350
_FIRST_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|$)", re.DOTALL)
_NAME_IS_TAKEN = re.compile(r"exist|taken|in use", re.IGNORECASE)


class Owner:
    """A user or an organisation, asked about at most once in the life of a process.

    GITHUB_OWNER if ``configured``, else the token's user. ``login`` is its name, as far as it is known.
    """

    def __init__(self, configured: str | None) -> None:
        self.login = configured
        self._configured = configured
        self._user: str | None = None

    async def name(self, api: GitHubApi) -> str:
        """Its name. Raises PublishFailed when GitHub cannot tell."""
        self.login = self.login or await self._token_user(api)
        return self.login

    async def creation_path(self, api: GitHubApi) -> str:
        """Where a POST makes a repository of this owner's. Raises PublishFailed when GitHub cannot tell."""
        if self._configured is None or self._configured.lower() == (await self._token_user(api)).lower():
            return "/user/repos"
        return f"/orgs/{self._configured}/repos"

    def unknown(self) -> PublishFailed:
        """The error for an owner for whom GitHub answers 404: what a token may not do is not there."""
        if self._configured is None:
            return PublishFailed(
                "GitHub does not let this token create repositories: a classic one needs the scope repo, a "
                "fine-grained one the permission administration=write"
            )
        return PublishFailed(
            f"GitHub knows no organisation {self._configured} in which this token may create repositories: "
            "set GITHUB_OWNER to one, or leave it out to use the token's own user"
        )

    async def _token_user(self, api: GitHubApi) -> str:
        """Empty for the token of an installed app, which is no user's, where an organisation is configured."""
        if self._user is None:
            is_needed = self._configured is None
            may_lack = frozenset() if is_needed else frozenset({FORBIDDEN, NOT_FOUND})
            answer = await api.request("GET", "/user", "tell whose token this is", answers=may_lack)
            self._user = answer.text("login") if answer.status == OK else ""
        return self._user


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as GitHub names it: ``owner/name``, the address of its page, and that for git."""

    full_name: str
    html_url: str
    clone_url: str

    @property
    def owner(self) -> str:
        """A user or an organisation."""
        return self.full_name.partition("/")[0]


def repository_of(publication: Publication) -> Repository:
    """The repository of what is published, without asking. GitHub's clone address is that of the page and ``.git``."""
    url = publication.repo_url
    full_name = "/".join(urlsplit(url).path.strip("/").split("/")[-2:])
    return Repository(full_name, url, f"{url}.git")


def mark_of(site: Site) -> str:
    """What the description of a repository ends with that was made for this site.

    In the description because that comes with the request that creates the repository: there is no moment at which
    the repository exists without it, and a lost answer loses nothing. At its end because that is ours to write,
    whatever the brief says; and it cannot be met by chance, because it holds the owner's mark.
    """
    return f"[code-to-deployment {owner_mark(site.email, site.task)}]"


def description_of(brief: Brief, site: Site) -> str:
    """The brief's first sentence and the mark: one line of at most 350 characters, without control characters.

    Both are rules of GitHub for descriptions.
    """
    mark = mark_of(site)
    words = " ".join(brief.text.split())
    text = "".join(character for character in words if character.isprintable())
    found = _FIRST_SENTENCE.match(text)
    sentence = found[0] if found else ""
    longest = MAX_DESCRIPTION - len(mark) - 1
    if len(sentence) > longest:
        sentence = f"{sentence[: longest - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    return f"{sentence} {mark}".strip()


async def find(api: GitHubApi, full_name: str) -> Repository | None:
    """The repository of that name, also when it has another by now; None when there is none."""
    answer = await _look_up(api, full_name)
    return _repository(answer) if answer else None


async def create(api: GitHubApi, owner: Owner, site: Site, brief: Brief) -> Repository:
    """Make the site's repository, empty and public, or adopt the one that an interrupted attempt made.

    Raises PublishFailed when somebody else's repository has the name, or GitHub refused.
    """
    body = {
        "name": site.repository,
        "description": description_of(brief, site),
        "private": False,
        "auto_init": False,
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki"), False),
    }

    async def look() -> Answer | None:
        found = await _look_up(api, f"{await owner.name(api)}/{site.repository}")
        if found:
            _require_mark(found, site)
        return found

    answer = await api.request(
        "POST",
        await owner.creation_path(api),
        "create the repository",
        body,
        answers=frozenset({NOT_FOUND, CONFLICT, UNPROCESSABLE}),
        look=look,
    )
    if answer.status == NOT_FOUND:
        raise owner.unknown()
    if answer.status != OK:
        is_taken = _NAME_IS_TAKEN.search(answer.message) is not None
        found = await _look_up(api, f"{await owner.name(api)}/{site.repository}", is_there=is_taken)
        if found is None:
            raise PublishFailed(f"GitHub refused to create the repository: {answer.message}")
        _require_mark(found, site)
        answer = found
    repository = _repository(answer)
    owner.login = repository.owner
    return repository


async def head_of(api: GitHubApi, full_name: str) -> str | None:
    """Sha of the newest commit of the main branch; None when GitHub does not see the branch, yet or at all."""
    path, unseen = f"/repos/{full_name}/git/ref/heads/main", frozenset({NOT_FOUND, CONFLICT})
    answer = await api.request("GET", path, "read the branch back", answers=unseen)
    return answer.text("object", "sha") if answer.status == OK else None


async def _look_up(api: GitHubApi, full_name: str, *, is_there: bool = False) -> Answer | None:
    """The repository, which just created, though it ``is_there``, may not be seen for some seconds."""
    answer = await api.request(
        "GET",
        f"/repos/{full_name}",
        "look for the repository",
        answers=frozenset({NOT_FOUND}),
        passes=lambda answer: is_there and answer.status == NOT_FOUND,
    )
    return answer if answer.status == OK else None


def _require_mark(found: Answer, site: Site) -> None:
    if not str(found.document.get("description")).endswith(mark_of(site)):
        raise PublishFailed(
            f"the repository {found.text('full_name')} exists and was not made for this task: rename or delete it, "
            "then send the round again"
        )


def _repository(answer: Answer) -> Repository:
    return Repository(answer.text("full_name"), answer.text("html_url"), answer.text("clone_url"))
