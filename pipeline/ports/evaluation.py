"""What an evaluator needs of the world."""

from collections.abc import Mapping
from typing import Protocol

from pipeline.domain.history import History


class PostAnswer(Protocol):
    """What came back."""

    @property
    def status(self) -> int:
        """Of HTTP, redirects included."""

    @property
    def text(self) -> str:
        """The beginning of the body, made printable."""


class Poster(Protocol):
    """Sends requests to a service."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str], *, seconds: float) -> PostAnswer:
        """Send once; redirects are not followed. Raises NoAnswer."""


class Repositories(Protocol):
    """Repositories as others have published them."""

    async def read(self, url: str, commit_sha: str, seconds: float) -> History:
        """All branches of the one at ``url``, fetched within ``seconds``. Raises WorkspaceFailed, PushFailed."""
