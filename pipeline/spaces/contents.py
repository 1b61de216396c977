"""What a Space holds: read it, and make it hold something else in one commit. Blocks: for threads.

Files are compared by the ids that git and git-lfs give them, so that what did not change is neither sent nor read.
"""

from collections.abc import Mapping
from hashlib import sha1, sha256
from http import HTTPStatus
from typing import TypeAlias

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    RepoFile,
    get_session,
    hf_hub_url,
)
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented there, but not exported in a typed way
    build_hf_headers,
    hf_raise_for_status,
)

from pipeline.domain.errors import HubRejected, HubUnreachable, InvalidInput, SpaceConflict
from pipeline.domain.files import MAX_FILES, AppFiles

GITATTRIBUTES = ".gitattributes"
"""Written by the Hub into every new Space: which files it keeps as large ones."""

LARGEST_SPACE = 64 * 1024 * 1024

Tree: TypeAlias = Mapping[str, RepoFile]


def commit(api: HfApi, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
    """Make ``files`` all that the Space holds, in one commit, and return the head.

    Reads first: when the Space holds just that, as after a commit whose answer was lost, there is nothing to do.

    Args:
        api: of the token's owner.
        space_id: ``owner/name``.
        files: with the card in README.md.
        message: summary, empty line, description.
        parent: the head as the caller knows it; None = whatever it is.

    Raises:
        SpaceConflict: the head is another than ``parent``, or it moved meanwhile.
    """
    head = head_of(api, space_id)
    operations = _operations(_tree(api, space_id, head), files)
    if not operations:
        return head
    if parent not in {None, head}:
        raise _moved(space_id, head, parent)
    summary, _, description = message.partition("\n\n")
    additions = [operation for operation in operations if isinstance(operation, CommitOperationAdd)]
    try:
        # Asked with the app's own .gitignore, the Hub would leave out what matches it, and say nothing.
        api.preupload_lfs_files(space_id, additions, repo_type="space", gitignore_content="", free_memory=False)
        made = api.create_commit(
            space_id,
            operations,
            commit_message=" ".join(summary.split()) or "Update",
            commit_description=description.strip(),
            repo_type="space",
            parent_commit=head,
        )
    except HfHubHTTPError as error:
        if error.response.status_code not in {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}:
            raise
        now = head_of(api, space_id)
        if now != head and not _operations(_tree(api, space_id, now), files):
            return now
        raise _moved(space_id, now, head) from error
    return str(made.oid)


def read(api: HfApi, space_id: str, revision: str) -> AppFiles:
    """All files of the Space at a commit.

    Raises:
        HubRejected: it holds more than an app may, in number or bytes, or paths that no app may have.
    """
    tree = _tree(api, space_id, revision)
    if len(tree) > MAX_FILES or sum(file.size for file in tree.values()) > LARGEST_SPACE:
        raise HubRejected(
            f"the Space {space_id} is larger than an app may be: {MAX_FILES} files, {LARGEST_SPACE // 2**20} MiB"
        )
    try:
        return AppFiles({path: _content(api, space_id, path, revision) for path in tree})
    except InvalidInput as error:
        raise HubRejected(f"the Space {space_id} holds what no app may: {error}") from error


def head_of(api: HfApi, space_id: str) -> str:
    """The sha at the head of its main branch."""
    head = api.space_info(space_id).sha
    if head is None:
        raise HubUnreachable(f"the Hub does not say which commit the Space {space_id} is at")
    return head


def _tree(api: HfApi, space_id: str, revision: str) -> Tree:
    entries = api.list_repo_tree(space_id, recursive=True, revision=revision, repo_type="space")
    return {entry.path: entry for entry in entries if isinstance(entry, RepoFile)}


def _operations(tree: Tree, files: AppFiles) -> list[CommitOperationAdd | CommitOperationDelete]:
    """What has to be done to ``tree``. Folders go with their last file."""
    superfluous = sorted(path for path in tree if path not in files and path != GITATTRIBUTES)
    return [
        *(CommitOperationDelete(path, is_folder=False) for path in superfluous),
        *(
            CommitOperationAdd(path, content)
            for path, content in files.items()
            if not _is_same(tree.get(path), content)
        ),
    ]


def _is_same(entry: RepoFile | None, content: bytes) -> bool:
    if entry is None:
        return False
    if entry.lfs:
        return entry.lfs.sha256 == sha256(content).hexdigest()
    return entry.blob_id == sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def _content(api: HfApi, space_id: str, path: str, revision: str) -> bytes:
    """One file, past the library's downloader, which would keep a copy under the user's home."""
    url = hf_hub_url(space_id, path, repo_type="space", revision=revision, endpoint=api.endpoint)
    response = get_session().get(url, headers=build_hf_headers(token=api.token))
    hf_raise_for_status(response)
    return response.content


def _moved(space_id: str, head: str, expected: str | None) -> SpaceConflict:
    return SpaceConflict(
        f"the Space {space_id} is at commit {head}, not at {expected}: it was changed by somebody else, and nothing "
        "was overwritten"
    )
