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


def task_family(task: str) -> str | None:
    """``task`` up to its last hyphen: evaluators name tasks TEMPLATE-HASH, and the hash may change between rounds."""
    return task.rpartition("-")[0] or None


def folder_name(task: str, nonce: str) -> str:
    """The folder of a site under GENERATED_REPOS_DIR: ``<task>-<nonce of round 1>``, as slugs."""
    return f"{slug(task)}-{slug(nonce)}"


@dataclass(frozen=True, slots=True)
class Site:
    """What (email, task) owns."""

    id: int
    email: str
    task: str
    counter: int  # how many sites (email, task) had, with this one
    nonce: str  # of the round 1 that opened it
    target: Target  # a revision follows it, whatever the default is by then
    folder: str  # below GENERATED_REPOS_DIR
    repository: str  # without the owner's name
    publication: "Publication | None" = None  # None before the first one
    head: str | None = None  # the workspace's commit of what is live; on GitHub that of the remote too


@dataclass(frozen=True, slots=True)
class Publication:
    """What is live."""

    target: Target
    repo_url: str  # page of the repository or Space; a file:// folder for local
    commit_sha: str  # the head that the remote holds
    pages_url: str  # of the running app
    is_unconfirmed: bool = False  # the remote holds the commit, but visitors have not been seen to be served it yet


@dataclass(frozen=True, slots=True)
class Remote:
    """A git repository to push to."""

    url: str  # http or https, without user and password
    token: str | None = field(default=None, repr=False)  # the password of x-access-token; None for a public one
