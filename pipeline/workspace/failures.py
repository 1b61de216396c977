"""What went wrong with a repository on disk, in words for the operator."""

import errno
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from git import GitError
from git.exc import ODBError

from pipeline.domain.errors import InvalidInput, WorkspaceFailed, WorkspaceMissing
from pipeline.domain.files import path_problem

_ADVICE = {
    errno.ENOSPC: "the disk is full: free some space where GENERATED_REPOS_DIR is, then run the job again",
    errno.EDQUOT: "the disk quota is used up: free some space where GENERATED_REPOS_DIR is, then run the job again",
    errno.EFBIG: "a file is larger than this process may write: raise the limit (ulimit -f), then run the job again",
    errno.EROFS: "the file system is read-only: point GENERATED_REPOS_DIR at one that can be written",
    errno.EACCES: "permission denied: let the service's user own GENERATED_REPOS_DIR and all that is in it",
    errno.EPERM: "permission denied: let the service's user own GENERATED_REPOS_DIR and all that is in it",
}


@contextmanager
def explained(folder_name: str, doing: str) -> Iterator[None]:
    """Turn what the system and GitPython raise into WorkspaceFailed. Absolute paths stay out of the text."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0) or error.strerror or "the system does not say why"
        raise WorkspaceFailed(f"cannot {doing} the repository {folder_name}: {advice}") from error
    except (GitError, ODBError, InvalidInput, ValueError, AssertionError, zlib.error) as error:
        raise WorkspaceFailed(
            f"cannot {doing} the repository {folder_name}, it is damaged or was changed by hand: move the folder "
            "away and put back a copy, or send round 1 again to start anew"
        ) from error


def missing(folder_name: str) -> WorkspaceMissing:
    """The error for a commit that only its publisher has."""
    return WorkspaceMissing(f"the published commit of {folder_name} is not on this machine")


def folder_problem(name: str) -> str | None:
    """What is wrong with ``name`` as that of a site's folder, or None."""
    if "/" in name or name.startswith("."):  # a dot also keeps the service's own .pipeline out of reach
        return "has a slash or begins with a dot"
    return path_problem(name)


def refuse_bad_name(name: str) -> None:
    """Raise WorkspaceFailed for a folder name that leads elsewhere."""
    if problem := folder_problem(name):
        raise WorkspaceFailed(f"a site's folder must have a plain name, but this one {problem}")
