"""What is told about Spaces, over HTTP and as the command line's JSON."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, Field

from pipeline.domain.space import LogLine, Space, SpaceRuntime, SpaceSetting, Volume
from pipeline.manage_space.changes import Changed
from pipeline.manage_space.copies import Copied
from pipeline.manage_space.files import Uploaded

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


class VolumeView(BaseModel):
    """Storage that the app sees as a folder."""

    type: str
    source: str = Field(description="owner/name")
    mount_path: str
    revision: str | None
    read_only: bool | None
    path: str | None

    @classmethod
    def of(cls, volume: Volume) -> Self:
        """From the domain's value."""
        return cls(
            type=volume.type,
            source=volume.source,
            mount_path=volume.mount_path,
            revision=volume.revision,
            read_only=volume.read_only,
            path=volume.path,
        )


class RuntimeView(BaseModel):
    """How a Space is doing."""

    stage: str = Field(description="in the Hub's own word")
    meaning: str | None = Field(description="the stage in words; null for one that is new")
    hardware: str | None = Field(description="it runs on; null while it does not, and for static Spaces")
    requested_hardware: str | None
    sleep_time: int | None = Field(description="seconds without visitors until it sleeps; -1: never")
    error_message: str | None
    domains: list[str]
    dev_mode: bool
    volumes: list[VolumeView]

    @classmethod
    def of(cls, runtime: SpaceRuntime) -> Self:
        """From the domain's value."""
        return cls(
            stage=runtime.stage,
            meaning=MEANINGS.get(runtime.stage),
            hardware=runtime.hardware,
            requested_hardware=runtime.requested_hardware,
            sleep_time=runtime.sleep_seconds,
            error_message=runtime.error_message,
            domains=list(runtime.domains),
            dev_mode=runtime.is_dev_mode,
            volumes=[VolumeView.of(volume) for volume in runtime.volumes],
        )


class SpaceView(BaseModel):
    """A Space."""

    ok: Literal[True] = True
    space_id: str = Field(description="owner/name")
    url: str = Field(description="of its page on the Hub")
    host: str | None = Field(description="of the running app; null while the Hub does not say")
    sdk: str | None
    visibility: str
    commit_sha: str | None
    modified_at: datetime | None
    runtime: RuntimeView | None

    @classmethod
    def of(cls, space: Space) -> Self:
        """From the domain's value."""
        return cls(
            space_id=space.id,
            url=space.url,
            host=space.host,
            sdk=space.sdk,
            visibility=space.visibility,
            commit_sha=space.commit_sha,
            modified_at=space.modified_at,
            runtime=RuntimeView.of(space.runtime) if space.runtime else None,
        )


class ChangeReply(BaseModel):
    """What was changed, and what that means for the app."""

    ok: Literal[True] = True
    space_id: str
    restarts: bool = Field(description="whether the app starts anew because of this")
    warning: str | None = Field(description="what it means for visitors, or what will not be as asked for; else null")
    changed: list[str]
    unchanged: list[str] = Field(description="was so before, and was left alone")
    runtime: RuntimeView | None = Field(description="null when the Hub did not say")

    @classmethod
    def of(cls, changed: Changed) -> Self:
        """From what the change gave."""
        return cls(
            space_id=changed.space_id,
            restarts=changed.restarts,
            warning=changed.warning,
            changed=list(changed.changed),
            unchanged=list(changed.unchanged),
            runtime=RuntimeView.of(changed.runtime) if changed.runtime else None,
        )


class CopyReply(SpaceView):
    """The copy; the Space that was copied goes on as before."""

    restarts: Literal[False] = False
    warning: str | None = Field(default=None, description="secrets that the copy lacks")

    @classmethod
    def of_copy(cls, copied: Copied) -> Self:
        """From what the copying gave."""
        return cls(**SpaceView.of(copied.space).model_dump(exclude={"ok"}), warning=copied.warning)


class UploadReply(ChangeReply):
    """What became of files."""

    commit_sha: str = Field(description="head of the Space")

    @classmethod
    def of_upload(cls, uploaded: Uploaded) -> Self:
        """From what the upload gave."""
        return cls(**ChangeReply.of(uploaded.changed).model_dump(), commit_sha=uploaded.commit_sha)


class DeletedReply(BaseModel):
    """It is gone for good."""

    ok: Literal[True] = True
    space_id: str
    deleted: Literal[True] = True


class SecretView(BaseModel):
    """A secret; its value can never be read back."""

    key: str
    description: str | None
    updated_at: datetime | None

    @classmethod
    def of(cls, setting: SpaceSetting) -> Self:
        """From the domain's value."""
        return cls(key=setting.key, description=setting.description, updated_at=setting.updated_at)


class VariableView(BaseModel):
    """A variable."""

    key: str
    value: str | None
    description: str | None
    updated_at: datetime | None

    @classmethod
    def of(cls, setting: SpaceSetting) -> Self:
        """From the domain's value."""
        return cls(key=setting.key, value=setting.value, description=setting.description, updated_at=setting.updated_at)


class SecretList(BaseModel):
    """All secrets of a Space, without their values."""

    ok: Literal[True] = True
    space_id: str
    secrets: list[SecretView]

    @classmethod
    def of(cls, space_id: str, settings: Sequence[SpaceSetting]) -> Self:
        """By name."""
        return cls(space_id=space_id, secrets=[SecretView.of(setting) for setting in settings])


class VariableList(BaseModel):
    """All variables of a Space."""

    ok: Literal[True] = True
    space_id: str
    variables: list[VariableView]

    @classmethod
    def of(cls, space_id: str, settings: Sequence[SpaceSetting]) -> Self:
        """By name."""
        return cls(space_id=space_id, variables=[VariableView.of(setting) for setting in settings])


class LogLineView(BaseModel):
    """One line of a log."""

    text: str
    at: datetime | None

    @classmethod
    def of(cls, line: LogLine) -> Self:
        """From the domain's value."""
        return cls(text=line.text, at=line.at)
