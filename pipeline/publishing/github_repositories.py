"""Repositories on GitHub: made, found again, and told apart from other people's."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.domain.brief import Brief
from pipeline.domain.errors import PublishFailed
from pipeline.domain.publication import Publication, Site, owner_mark
from pipeline.publishing.github_api import OK, Answer, GitHubApi
from pipeline.publishing.github_owner import Owner

MAX_DESCRIPTION = 350
NOT_FOUND, UNPROCESSABLE = 404, 422
_FIRST_SENTENCE = re.compile(r".+?(?:[.!?](?=\s)|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as GitHub names it.

    Attributes:
        full_name: ``owner/name``.
        html_url: its page.
        clone_url: for git.
        description: None when there is none.
    """

    full_name: str
    html_url: str
    clone_url: str
    description: str | None = None

    @property
    def owner(self) -> str:
        """A user or an organisation."""
        return self.full_name.partition("/")[0]


def repository_of(publication: Publication) -> Repository:
    """The repository of what is published, without asking. GitHub's clone address is that of the page and ``.git``."""
    url = publication.repo_url
    return Repository(urlsplit(url).path.strip("/"), url, f"{url}.git")


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

    Raises:
        PublishFailed: somebody else's repository has the name, or GitHub refused.
    """
    body = {
        "name": site.repository,
        "description": description_of(brief, site),
        "private": False,
        "auto_init": False,
        **dict.fromkeys(("has_issues", "has_projects", "has_wiki"), False),
    }

    async def look() -> Answer | None:
        return await _look_up(api, f"{await owner.name(api)}/{site.repository}")

    answer = await api.request(
        "POST",
        await owner.creation_path(api),
        "create the repository",
        body,
        answers=frozenset({NOT_FOUND, UNPROCESSABLE}),
        look=look,
    )
    if answer.status == NOT_FOUND:
        raise owner.unknown()
    if answer.status == UNPROCESSABLE:
        answer = await _look_up_taken(api, f"{await owner.name(api)}/{site.repository}", answer.message)
    repository = _repository(answer)
    if not (repository.description or "").endswith(mark_of(site)):
        raise PublishFailed(
            f"the repository {repository.full_name} exists and was not made for this task: rename or delete it, "
            "then send the round again"
        )
    owner.login = repository.owner
    return repository


async def head_of(api: GitHubApi, full_name: str) -> str:
    """Sha of the newest commit of the main branch."""
    answer = await api.request("GET", f"/repos/{full_name}/git/ref/heads/main", "read the branch back")
    return answer.text("object", "sha")


async def _look_up(api: GitHubApi, full_name: str) -> Answer | None:
    path = f"/repos/{full_name}"
    answer = await api.request("GET", path, "look for the repository", answers=frozenset({NOT_FOUND}))
    return answer if answer.status == OK else None


async def _look_up_taken(api: GitHubApi, full_name: str, refusal: str) -> Answer:
    """The repository that has the name already; just created, it may not be seen for some seconds."""
    name_is_taken = "exist" in refusal
    answer = await api.request(
        "GET",
        f"/repos/{full_name}",
        "look for the repository",
        answers=frozenset({NOT_FOUND}),
        passes=lambda answer: name_is_taken and answer.status == NOT_FOUND,
    )
    if answer.status == NOT_FOUND:
        raise PublishFailed(f"GitHub refused to create the repository: {refusal}")
    return answer


def _repository(answer: Answer) -> Repository:
    description = answer.document.get("description")
    return Repository(
        full_name=answer.text("full_name"),
        html_url=answer.text("html_url"),
        clone_url=answer.text("clone_url"),
        description=description if isinstance(description, str) else None,
    )
