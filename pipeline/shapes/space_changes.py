"""Bodies of requests that change a Space: their fields, and what they ask for."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import MAX_SPACE_ID, Volume
from pipeline.domain.space_rules import hardware_problem, sleep_problem
from pipeline.manage_space.copies import CopyWish
from pipeline.manage_space.wishes import NewSetting, SpaceChanges
from pipeline.shapes.problems import OWN_RULE

MAX_VOLUMES = 20
MAX_TEXT = 300


def _check_hardware(value: str) -> str:
    if problem := hardware_problem(value):
        raise PydanticCustomError(OWN_RULE, "{problem}", {"problem": problem})
    return value


def _check_sleep_time(value: int) -> int:
    if problem := sleep_problem(value):
        raise PydanticCustomError(OWN_RULE, "{problem}", {"problem": problem})
    return value


def _check_mount_path(value: str) -> str:
    if not re.fullmatch(r"(/[\w.-]+)+", value, re.ASCII) or ".." in value:
        raise PydanticCustomError(OWN_RULE, "must be a folder such as /data, beginning with a slash")
    return value


Hardware = Annotated[
    str, AfterValidator(_check_hardware), Field(description="in the Hub's words: cpu-basic, t4-small …")
]
SleepTime = Annotated[int, AfterValidator(_check_sleep_time), Field(description="seconds without visitors; -1: never")]
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]


class Body(BaseModel):
    """What all bodies have in common: types as they are in JSON, and no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True, frozen=True)


class SettingBody(Body):
    """A secret or a variable."""

    value: str
    description: str | None = None

    def to_setting(self) -> NewSetting:
        """Its limits are checked with the change."""
        return NewSetting(self.value, self.description)


Settings = Annotated[
    dict[str, str | SettingBody],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
]


class HardwareBody(Body):
    """PUT …/hardware."""

    hardware: Hardware
    sleep_time: SleepTime | None = None

    def to_changes(self) -> SpaceChanges:
        """Both in one request to the Hub."""
        return SpaceChanges(hardware=self.hardware, sleep_seconds=self.sleep_time)


class SleepTimeBody(Body):
    """PUT …/sleep-time."""

    seconds: SleepTime

    def to_changes(self) -> SpaceChanges:
        """The sleep time alone."""
        return SpaceChanges(sleep_seconds=self.seconds)


class VisibilityBody(Body):
    """PUT …/visibility."""

    visibility: Literal["public", "private", "protected"] = Field(description="protected: public app, private code")

    def to_changes(self) -> SpaceChanges:
        """The visibility alone."""
        return SpaceChanges(visibility=self.visibility)


class DevModeBody(Body):
    """PUT …/dev-mode."""

    enabled: bool

    def to_changes(self) -> SpaceChanges:
        """The dev mode alone."""
        return SpaceChanges(is_dev_mode=self.enabled)


class VolumeBody(Body):
    """Storage of the Hub that the app is to see as a folder."""

    type: Literal["bucket", "model", "dataset", "space"]
    source: Text
    mount_path: Annotated[Text, AfterValidator(_check_mount_path)]
    revision: Text | None = None
    read_only: bool | None = None
    path: Text | None = None

    def to_volume(self) -> Volume:
        """As the domain has it."""
        return Volume(
            type=self.type,
            source=self.source,
            mount_path=self.mount_path,
            revision=self.revision,
            read_only=self.read_only,
            path=self.path,
        )


_VOLUME_SCHEMA = {
    "type": "object",
    "required": ["type", "source", "mount_path"],
    "properties": {
        "type": {"type": "string", "enum": ["bucket", "model", "dataset", "space"]},
        "source": {"type": "string", "description": "owner/name"},
        "mount_path": {"type": "string"},
        "revision": {"type": "string"},
        "read_only": {"type": "boolean"},
        "path": {"type": "string", "description": "folder within the source"},
    },
}
Volumes = Annotated[
    list[VolumeBody],
    Field(min_length=1, max_length=MAX_VOLUMES, description="all that is to be mounted"),
    WithJsonSchema({"type": "array", "items": _VOLUME_SCHEMA}),
]


class VolumesBody(Body):
    """PUT …/volumes."""

    volumes: Volumes

    def to_changes(self) -> SpaceChanges:
        """The volumes alone."""
        return SpaceChanges(volumes=tuple(volume.to_volume() for volume in self.volumes))


class ChangesBody(Body):
    """PATCH: several changes at once."""

    secrets: Settings = Field(default_factory=dict, description="to be set; never read back")
    variables: Settings = Field(default_factory=dict, description="to be set")
    volumes: Volumes | None = None
    hardware: Hardware | None = None
    sleep_time: SleepTime | None = None
    visibility: Literal["public", "private", "protected"] | None = None

    def to_changes(self) -> SpaceChanges:
        """All of them. Raises InvalidInput when there is none."""
        changes = SpaceChanges(
            secrets=new_settings(self.secrets),
            variables=new_settings(self.variables),
            volumes=None if self.volumes is None else tuple(volume.to_volume() for volume in self.volumes),
            hardware=self.hardware,
            sleep_seconds=self.sleep_time,
            visibility=self.visibility,
        )
        if changes == SpaceChanges():
            raise InvalidInput(FieldProblem("body", f"names nothing to change: {', '.join(type(self).model_fields)}"))
        return changes


class DuplicateBody(Body):
    """POST …/duplicate."""

    to_id: str | None = Field(
        default=None, max_length=MAX_SPACE_ID, description="owner/name, or a name; default: the same name"
    )
    private: bool | None = Field(default=None, description="default: as the Space that is copied")
    hardware: Hardware | None = None
    sleep_time: SleepTime | None = None
    secrets: dict[str, str] = Field(default_factory=dict, description="they are not copied: give them anew")
    variables: dict[str, str] = Field(default_factory=dict, description="beside those that are copied")

    def to_wish(self) -> CopyWish:
        """As the copying takes it."""
        return CopyWish(
            target=self.to_id,
            private=self.private,
            hardware=self.hardware,
            sleep_seconds=self.sleep_time,
            secrets=self.secrets,
            variables=self.variables,
        )


def new_settings(settings: Mapping[str, str | SettingBody]) -> dict[str, NewSetting]:
    """As they are set."""
    return {key: NewSetting(given) if isinstance(given, str) else given.to_setting() for key, given in settings.items()}
