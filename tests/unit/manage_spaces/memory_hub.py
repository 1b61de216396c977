"""A Hub in memory, and requests for new Spaces."""

from typing import Any, cast

from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import AppTemplate, NewSpace, Space, SpaceSettings
from pipeline.manage_spaces.creation import CreateSpace
from pipeline.ports import SpaceHost
from pipeline.verification.secrets import ConfiguredSecretScanner
from tests.builders import SHA, make_files
from tests.fakes.clock import FakeClock

OPERATOR_SECRET = "operator-secret-5f2b91"
PAGE = "<!doctype html><title>Sales of 2026</title>"


class MemoryHub:
    """What the use case asks of a Hub.

    Args:
        errors: by the name of the call, what it raises, in order; afterwards it works.

    Attributes:
        log: every call.
        spaces: kind, settings and files of what there is.
        tokens: that hosts were asked for.
    """

    def __init__(self, **errors: list[BaseException]) -> None:
        self.log: list[str] = []
        self.spaces: dict[str, tuple[str, SpaceSettings, AppFiles | None]] = {}
        self.tokens: list[str | None] = []
        self._errors = errors

    def __call__(self, token: str | None) -> SpaceHost:
        self.tokens.append(token)
        return cast("SpaceHost", self)

    async def owner(self) -> str:
        self._enter("owner")
        return "ada"

    async def create(self, space_id: str, sdk: str, settings: SpaceSettings) -> Space:
        self._enter(f"create {space_id}")
        self.spaces[space_id] = sdk, settings, None
        return Space(space_id, f"https://hub.test/spaces/{space_id}", sdk=sdk, commit_sha="0" * 40)

    async def commit(self, space_id: str, files: AppFiles, message: str, parent: str | None) -> str:
        self._enter(f"commit on {parent}")
        assert message
        self.spaces[space_id] = *self.spaces[space_id][:2], files
        return SHA

    async def info(self, space_id: str) -> Space:
        self._enter("info")
        return Space(space_id, f"https://hub.test/spaces/{space_id}", host="https://ada-sales.static.hub.test")

    async def delete(self, space_id: str) -> None:
        self._enter("delete")
        del self.spaces[space_id]

    def _enter(self, call: str) -> None:
        self.log.append(call)
        if errors := self._errors.get(call.partition(" ")[0]):
            raise errors.pop(0)


def new_space(**fields: Any) -> NewSpace:
    """A page, called ada/sales; ``fields`` are those of the app, of the settings, or the name."""
    files, kind = fields.pop("files", {"index.html": PAGE}), fields.pop("kind", SpaceSdk.STATIC)
    app = AppTemplate(make_files(files), kind, fields.pop("parameters", {}))
    return NewSpace(app, fields.pop("name", "ada/sales"), SpaceSettings(**fields))


def gradio_space(**fields: Any) -> NewSpace:
    files = {"app.py": "import gradio\nprint(PARAMS)\n"}
    return new_space(**{"kind": SpaceSdk.GRADIO, "files": files, **fields})


async def create(hub: MemoryHub, new: NewSpace | None = None, token: str | None = None, **options: Any) -> Any:
    scanner = ConfiguredSecretScanner((OPERATOR_SECRET,))
    return await CreateSpace(hub, scanner, FakeClock(), **options)(new or new_space(), token)
