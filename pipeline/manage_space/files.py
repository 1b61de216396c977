"""Files into a Space that is there already, in one commit."""

import asyncio
from dataclasses import dataclass

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles, compare
from pipeline.domain.space import sdk_of
from pipeline.domain.space_rules import MAX_SPACE_BYTES, MAX_SPACE_FILES
from pipeline.manage_space.changes import Changed, is_running
from pipeline.ports import SecretScanner, SpaceHost

REBUILDS = "the app was running: the version before stays live while the new one is being built"
MESSAGE = "Update files"


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What came of it.

    Attributes:
        commit_sha: the Space's head.
        changed: which files, and what it means for the app.
    """

    commit_sha: str
    changed: Changed


async def upload_files(
    host: SpaceHost,
    scanner: SecretScanner,
    space_id: str,
    files: AppFiles,
    *,
    replace: bool = False,
    message: str | None = None,
) -> Uploaded:
    """Add or replace ``files``; with ``replace`` they become all that the Space holds. No change is no commit.

    Args:
        host: the Hub.
        scanner: looks for the operator's secrets in what is to be published.
        space_id: ``owner/name``.
        files: at least one.
        replace: others are deleted.
        message: of the commit.

    Raises:
        InvalidInput: too many or too large, or the Space would lose its card.
        SecretFound: they hold a secret.
        SpaceConflict: the Space changed meanwhile.
        HubError: the Hub refused or did not answer.
    """
    await asyncio.to_thread(scanner.scan, files)
    space = await host.info(space_id)
    before = await host.files(space.id, space.commit_sha or "main")
    after = files if replace else before.with_files(files)
    _check(before, after)
    changes = compare(before.without(".gitattributes"), after.without(".gitattributes"))
    told = [
        *(f"added {path}" for path in changes.added),
        *(f"changed {path}" for path in changes.changed),
        *(f"deleted {path}" for path in changes.removed),
    ]
    commit_sha = await host.commit(space.id, after, message or MESSAGE, space.commit_sha)
    restarts = bool(told) and space.sdk != "static"
    warning = REBUILDS if restarts and is_running(space.runtime) else None
    return Uploaded(commit_sha, Changed(space.id, restarts=restarts, warning=warning, changed=tuple(told)))


def _check(before: AppFiles, after: AppFiles) -> None:
    if not after:
        raise InvalidInput(FieldProblem("files", "is required and must not be empty"))
    if len(after) > MAX_SPACE_FILES or after.size > MAX_SPACE_BYTES:
        raise InvalidInput(
            FieldProblem("files", f"would be more than {MAX_SPACE_FILES} files or {MAX_SPACE_BYTES} bytes in all")
        )
    if sdk_of(before) and not sdk_of(after):
        raise InvalidInput(
            FieldProblem("files", "README.md would lose the card at its head, without which nothing runs")
        )
