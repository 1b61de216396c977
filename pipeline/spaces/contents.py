"""What a Space holds: read it, and make it hold something else in one commit. Blocks: for threads.

Files are compared by the ids that git and git-lfs give them, so that what did not change is neither sent nor read.
"""

from collections.abc import Mapping
from hashlib import sha1, sha256
from http import HTTPStatus
from typing import TypeAlias

import httpx2
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    RepoFile,
    SpaceInfo,
    get_session,
    hf_hub_url,
)
from huggingface_hub.utils import (  # type: ignore[attr-defined]  # documented there, but not exported in a typed way
    build_hf_headers,
    hf_raise_for_status,
)

from pipeline.domain.errors import HubRejected, HubUnreachable, InvalidInput, SpaceConflict
from pipeline.domain.files import MAX_FILES, AppFiles
from pipeline.spaces.answers import FAILURES, is_unreadable, status_of

GITATTRIBUTES = ".gitattributes"
"""Written by the Hub into every new Space: which files it keeps as large ones."""

STUB_FILES = ("README.md", "index.html", "style.css")
"""Written by the Hub as well, and no part of an app that does not have them."""

LARGEST_SPACE = 64 * 1024 * 1024

MAIN = "main"

Tree: TypeAlias = Mapping[str, str]
"""By path: the id of the content, git's or git-lfs's."""

_NO_SUCH_ROUTE = {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED}
_CONFLICTS = {HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED}


def commit(api: HfApi, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
    """Make ``files`` all that the Space holds, in one commit on ``parent`` (None = any), and return the head.

    Reads first: when the Space holds just that, as after a commit whose answer was lost, there is nothing to do.

    Raises:
        SpaceConflict: the head is another than ``parent``, or it moved meanwhile.
    """
    head = info(api, space_id).sha
    operations = _operations(_held(api, space_id, head or MAIN, files), files)
    if not operations and head:
        return head
    if head and parent not in {None, head}:
        raise _moved(space_id, head, parent)
    try:
        return _send(api, space_id, operations, message, head or parent)
    except FAILURES as error:
        is_conflict = status_of(error) in _CONFLICTS
        if not is_conflict and not is_unreadable(error):
            raise
        now = info(api, space_id).sha
        if now and now != head and not _operations(_held(api, space_id, now, files), files):
            return now
        if is_conflict:
            raise _moved(space_id, now, head) from error
        raise


def read(api: HfApi, space_id: str, revision: str) -> AppFiles:
    """All files of the Space at a commit.

    Raises:
        HubRejected: it holds more than an app may, in number or bytes, or paths that no app may have.
    """
    tree = _tree(api, space_id, revision)
    if tree is None:
        raise HubUnreachable(f"the Hub does not say which files the Space {space_id} holds: check HF_ENDPOINT")
    files, size = {}, 0
    for path in tree:
        files[path] = _content(api, space_id, path, revision)
        size += len(files[path])
        if len(tree) > MAX_FILES or size > LARGEST_SPACE:
            raise HubRejected(
                f"the Space {space_id} is larger than an app may be: {MAX_FILES} files, {LARGEST_SPACE // 2**20} MiB"
            )
    try:
        return AppFiles(files)
    except InvalidInput as error:
        raise HubRejected(f"the Space {space_id} holds what no app may: {error}") from error


def info(api: HfApi, space_id: str) -> SpaceInfo:
    """What the Hub says of a Space; its head as files are served with it, when it is not said there."""
    told = api.space_info(space_id)
    if told.sha is None:
        told.sha = _ask_for(api, space_id, "README.md", MAIN, "HEAD").headers.get("x-repo-commit")
    return told


def _held(api: HfApi, space_id: str, revision: str, files: AppFiles) -> Tree:
    """What it holds at a commit; of a Hub that lists no files, as far as one can ask for them by name."""
    tree = _tree(api, space_id, revision)
    if tree is not None:
        return tree
    answers = {path: _ask_for(api, space_id, path, revision) for path in {*files, *STUB_FILES}}
    return {path: _git_id(answer.content) for path, answer in answers.items() if answer.is_success}


def _tree(api: HfApi, space_id: str, revision: str) -> Tree | None:
    """What it holds at a commit, as the Hub lists it, or as it says of the Space; None when it does neither."""
    try:
        entries = list(api.list_repo_tree(space_id, recursive=True, revision=revision, repo_type="space"))
    except FAILURES as error:
        if status_of(error) not in _NO_SUCH_ROUTE:
            raise
        siblings = api.space_info(space_id, revision=revision, files_metadata=True).siblings
        if siblings is None:
            return None
        return {
            path: file.lfs.sha256 if file.lfs else file.blob_id or _git_id(_content(api, space_id, path, revision))
            for file in siblings
            if (path := file.rfilename)
        }
    files = [entry for entry in entries if isinstance(entry, RepoFile)]
    return {file.path: file.lfs.sha256 if file.lfs else file.blob_id for file in files}


def _operations(held: Tree, files: AppFiles) -> list[CommitOperationAdd | CommitOperationDelete]:
    """What has to be done to the head, which holds ``held``. Folders go with their last file."""
    superfluous = sorted(path for path in held if path not in files and path != GITATTRIBUTES)
    changed = [path for path, content in files.items() if path not in held or not _is_same(held[path], content)]
    return [
        *(CommitOperationDelete(path, is_folder=False) for path in superfluous),
        *(CommitOperationAdd(path, files[path]) for path in changed),
    ]


def _is_same(content_id: str, content: bytes) -> bool:
    return content_id in {_git_id(content), sha256(content).hexdigest()}


def _git_id(content: bytes) -> str:
    return sha1(f"blob {len(content)}\0".encode() + content, usedforsecurity=False).hexdigest()


def _send(
    api: HfApi,
    space_id: str,
    operations: list[CommitOperationAdd | CommitOperationDelete],
    message: str,
    parent: str | None,
) -> str:
    summary, _, description = message.partition("\n\n")
    additions = [operation for operation in operations if isinstance(operation, CommitOperationAdd)]
    # Asked with the app's own .gitignore, the Hub would leave out what matches it, and say nothing.
    api.preupload_lfs_files(space_id, additions, repo_type="space", gitignore_content="", free_memory=False)
    made = api.create_commit(
        space_id,
        operations,
        commit_message=" ".join(summary.split()) or "Update",
        commit_description=description.strip(),
        repo_type="space",
        parent_commit=parent,
    )
    return str(made.oid)


def _content(api: HfApi, space_id: str, path: str, revision: str) -> bytes:
    """One file, past the library's downloader, which would keep a copy under the user's home."""
    response = _ask_for(api, space_id, path, revision)
    hf_raise_for_status(response)
    return response.content


def _ask_for(api: HfApi, space_id: str, path: str, revision: str, method: str = "GET") -> httpx2.Response:
    url = hf_hub_url(space_id, path, repo_type="space", revision=revision, endpoint=api.endpoint)
    return get_session().request(method, url, headers=build_hf_headers(token=api.token))


def _moved(space_id: str, head: str | None, expected: str | None) -> SpaceConflict:
    return SpaceConflict(
        f"the Space {space_id} is at commit {head}, not at {expected}: it was changed by somebody else, and nothing "
        "was overwritten"
    )
