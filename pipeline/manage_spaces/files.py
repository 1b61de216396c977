"""Files into a Space that is there already, in one commit."""

import asyncio

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles, compare
from pipeline.domain.space import STATIC, sdk_of
from pipeline.domain.space_rules import files_problems
from pipeline.manage_spaces.changes import Changed, is_running
from pipeline.ports import SecretScanner, SpaceHost

REBUILDS = "the app was running: the version before stays live while the new one is being built"
MESSAGE = "Update files"


async def upload_files(
    host: SpaceHost,
    scanner: SecretScanner,
    space_id: str,
    files: AppFiles,
    *,
    replace: bool = False,
    message: str | None = None,
) -> Changed:
    """Add or replace ``files``; with ``replace`` they become all that the Space holds. No change is no commit.

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
    InvalidInput.check(files_problems(after))
    if sdk_of(before) and not sdk_of(after):
        raise InvalidInput(
            FieldProblem("files", "README.md would lose the card at its head, without which nothing runs")
        )
    differences = compare(before.without(".gitattributes"), after.without(".gitattributes"))
    changed = (
        *(f"added {path}" for path in differences.added),
        *(f"changed {path}" for path in differences.changed),
        *(f"deleted {path}" for path in differences.removed),
    )
    commit_sha = await host.commit(space.id, after, message or MESSAGE, space.commit_sha)
    restarts = bool(changed) and space.sdk != STATIC
    warning = REBUILDS if restarts and is_running(space.runtime) else None
    return Changed(space.id, restarts=restarts, warning=warning, changed=changed, commit_sha=commit_sha)
