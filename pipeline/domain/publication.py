"""Where an app is published, and under which names."""

import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

MAX_SLUG = 60
_NOT_IN_SLUG = re.compile(r"[^a-z0-9]+")


class Target(StrEnum):
    """Where an app goes live."""

    GITHUB_PAGES = "github-pages"
    HF_SPACE = "hf-space"
    LOCAL = "local"


class SpaceSdk(StrEnum):
    """The kinds of Hugging Face Space a caller can ask for."""

    GRADIO = "gradio"
    STATIC = "static"
    DOCKER = "docker"
    STREAMLIT = "streamlit"


def slug(text: str) -> str:
    """Turn free text into what is valid in a repository, folder, Space and host name.

    Lower-case ASCII letters, digits and single hyphens, not at the ends, at most 60 characters; ``app`` when
    nothing is left. Single hyphens because the Hub refuses ``--``.
    """
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_IN_SLUG.sub("-", ascii_text).strip("-")[:MAX_SLUG].rstrip("-") or "app"


def owner_mark(email: str, task: str) -> str:
    """8 hex digits that belong to (email, task) alone; the address cannot be read from them."""
    return sha256(f"{email}\0{task}".encode()).hexdigest()[:8]


def repository_name(email: str, task: str, counter: int = 1) -> str:
    """The published name of (email, task): the task's slug and the owner's mark.

    Args:
        email: the owner.
        task: the evaluator's name for the work.
        counter: 1 for the first site of (email, task); 2 and more when round 1 is asked for anew.
    """
    suffix = f"-{counter}" if counter > 1 else ""
    return f"{slug(task)}-{owner_mark(email, task)}{suffix}"


def folder_name(task: str, nonce: str) -> str:
    """The folder of a site under GENERATED_REPOS_DIR: ``<task>-<nonce of round 1>``, as slugs."""
    return f"{slug(task)}-{slug(nonce)}"


@dataclass(frozen=True, slots=True)
class Site:
    """What (email, task) owns.

    Attributes:
        id: of its row.
        email: the owner.
        task: the evaluator's name for the work.
        counter: how many sites (email, task) had, with this one.
        nonce: of the round 1 that opened it.
        target: where it is published. A revision follows it, whatever the default is by then.
        folder: below GENERATED_REPOS_DIR.
        repository: published name, without the owner's.
        publication: what is live, or None before the first publication.
        head: the workspace's commit of what is live. On GitHub the same as the remote's; the Hub makes its own.
    """

    id: int
    email: str
    task: str
    counter: int
    nonce: str
    target: Target
    folder: str
    repository: str
    publication: "Publication | None" = None
    head: str | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """What is live.

    Attributes:
        target: where.
        repo_url: page of the repository or Space; a ``file://`` folder for ``local``.
        commit_sha: the head that the remote holds.
        pages_url: address of the running app.
    """

    target: Target
    repo_url: str
    commit_sha: str
    pages_url: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A git repository to push to.

    Attributes:
        url: http or https, without user and password.
        token: sent as the password of ``x-access-token``, and nowhere else to be seen; None for a public one.
    """

    url: str
    token: str | None = field(default=None, repr=False)
