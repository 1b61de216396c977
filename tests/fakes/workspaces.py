"""The ``Workspaces`` port in memory."""

import re
from collections.abc import Mapping
from datetime import datetime

from pipeline.domain.files import AppFiles, path_problem
from pipeline.domain.publication import Remote, Site
from pipeline.ports import Workspaces
from tests.builders import SHA

_FOLDER = re.compile(r"[a-z0-9-]+")


class MemoryWorkspaces(Workspaces):
    """Folders whose files are given; nothing can be committed."""

    def __init__(self, folders: Mapping[str, Mapping[str, bytes]]) -> None:
        self._folders = folders

    async def published(self, site: Site) -> AppFiles:
        return AppFiles(self._folders[site.folder])

    async def commit(self, site: Site, files: AppFiles, message: str, at: datetime) -> str:
        raise NotImplementedError

    async def head(self, folder: str) -> str | None:
        return SHA if folder in self._folders else None

    async def read(self, folder: str, path: str, commit_sha: str | None = None) -> bytes | None:
        if path_problem(path) or not _FOLDER.fullmatch(folder) or commit_sha != SHA:
            raise ValueError("this must be judged before a file system is asked")
        return self._folders.get(folder, {}).get(path)

    async def push(self, folder: str, commit_sha: str, remote: Remote, seconds: float) -> None:
        raise NotImplementedError

    async def clone(self, folder: str, remote: Remote, seconds: float) -> None:
        raise NotImplementedError
