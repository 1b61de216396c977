"""What is told about Spaces, over HTTP and as the command line's JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field, computed_field

from pipeline.domain.provision import SpaceOutcome, SpaceStatus, WokenSpace
from pipeline.domain.space import Space, Volume
from pipeline.shapes.view import View

MEANINGS: Mapping[str, str] = {
    "RUNNING": "the app is live",
    "BUILDING": "it is being built",
    "RUNNING_BUILDING": "the version before is live while the new one is being built",
    "APP_STARTING": "it is built, and the app is starting",
    "RUNNING_APP_STARTING": "the version before is live while the new one is starting",
    "SLEEPING": "it had no visitors for its sleep time; the next one wakes it",
    "STOPPED": "it does not run; a visit or a restart starts it",
    "PAUSED": "it was paused by its owner; a restart starts it",
    "NO_APP_FILE": "the file that the app starts from is not there: app_file, Dockerfile or index.html",
    "CONFIG_ERROR": "the card at the head of README.md or the settings are wrong",
    "BUILD_ERROR": "it could not be built: the build log says why",
    "RUNTIME_ERROR": "the app ended, or never answered at its port: the run log says why",
    "DELETING": "it is being deleted",
}
"""The Hub's stages in words; it has more than these."""


class Reply(View):
    """What is told of something that was done."""

    ok: Literal[True] = True


class RuntimeView(View):
    """How a Space is doing."""

    stage: str = Field(description="in the Hub's own word")
    hardware: str | None = Field(description="it runs on; null while it does not, and for static Spaces")
    requested_hardware: str | None
    sleep_time: int | None = Field(
        validation_alias="sleep_seconds", description="seconds without visitors until it sleeps; -1: never"
    )
    error_message: str | None
    domains: list[str]
    dev_mode: bool = Field(validation_alias="is_dev_mode")
    volumes: tuple[Volume, ...]

    @computed_field(description="the stage in words; null for one that is new")  # type: ignore[prop-decorator]
    @property
    def meaning(self) -> str | None:
        """The stage in words."""
        return MEANINGS.get(self.stage)


class SpaceView(Reply):
    """A Space."""

    space_id: str = Field(validation_alias="id", description="owner/name")
    url: str = Field(description="of its page on the Hub")
    host: str | None = Field(description="of the running app; null while the Hub does not say")
    sdk: str | None
    visibility: str
    commit_sha: str | None
    modified_at: datetime | None
    runtime: RuntimeView | None


class ChangeReply(Reply):
    """What was changed, and what that means for the app."""

    space_id: str
    restarts: bool = Field(description="whether the app starts anew because of this")
    warning: str | None = Field(description="what it means for visitors, or what will not be as asked for; else null")
    changed: list[str]
    unchanged: list[str] = Field(description="was so before, and was left alone")
    runtime: RuntimeView | None = Field(description="null when the Hub did not say")


class CopyReply(SpaceView):
    """The copy; the Space that was copied goes on as before."""

    restarts: Literal[False] = False
    warning: str | None = Field(default=None, description="secrets that the copy lacks")

    @classmethod
    def of_copy(cls, copied: tuple[Space, str | None]) -> Self:
        """The copy with its warning."""
        return cls.model_validate(copied[0]).model_copy(update={"warning": copied[1]})


class UploadReply(ChangeReply):
    """What became of files."""

    commit_sha: str = Field(description="head of the Space")


class DeletedReply(Reply):
    """It is gone for good."""

    space_id: str
    deleted: Literal[True] = True


class SecretView(View):
    """A secret; its value can never be read back."""

    key: str
    description: str | None
    updated_at: datetime | None


class VariableView(SecretView):
    """A variable."""

    value: str | None


class SecretList(Reply):
    """All secrets of a Space, without their values."""

    space_id: str
    secrets: list[SecretView]


class VariableList(Reply):
    """All variables of a Space."""

    space_id: str
    variables: list[VariableView]


class CreateSpaceReply(View):
    """Done; the Hub is building."""

    message: str = "New Space created"
    url: str = Field(description="of the Space's page")
    note: str = "It may take a few minutes to build and deploy."
    space_id: str = Field(validation_alias="id", description="owner/name")
    commit_sha: str
    host: str | None = Field(description="of the running app; null while the Hub does not say")
    notes: list[str] = Field(description="what was decided or left out on the way")


class ProvisionReply(BaseModel):
    """What a provision did, or would do."""

    ok: bool = Field(description="false when it has failed for at least one Space")
    status: SpaceStatus = Field(description="succeeded or failed; planned for a dry run")
    spaces: tuple[SpaceOutcome, ...] = Field(description="in the order of the request")
    error: str | None = Field(description="how many Spaces failed")

    @classmethod
    def of(cls, outcomes: Sequence[SpaceOutcome], *, is_dry_run: bool) -> Self:
        """From what became of each Space."""
        failed = sum(outcome.status is SpaceStatus.FAILED for outcome in outcomes)
        status = SpaceStatus.FAILED if failed else SpaceStatus.SUCCEEDED
        return cls(
            ok=not failed,
            status=SpaceStatus.PLANNED if is_dry_run else status,
            spaces=tuple(outcomes),
            error=f"{failed} of {len(outcomes)} Spaces failed: each says why" if failed else None,
        )


class WakeReply(BaseModel):
    """What was done about each Space."""

    ok: bool = Field(description="false when at least one cannot be woken")
    spaces: tuple[WokenSpace, ...] = Field(description="in the order of the request")

    @classmethod
    def of(cls, woken: Sequence[WokenSpace]) -> Self:
        """From what was done about each."""
        return cls(ok=not any(space.error for space in woken), spaces=tuple(woken))
