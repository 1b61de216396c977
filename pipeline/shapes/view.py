"""Documents that show values of the domain: their fields are read from the value, not copied one by one."""

from typing import Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field


class View(BaseModel):
    """A document about a value: ``model_validate(value)`` reads its attributes."""

    model_config = ConfigDict(from_attributes=True, json_schema_serialization_defaults_required=True)


def at(*path: str | int, default: Any = ...) -> Any:
    """A field that is read at ``path`` from the value; ``default`` where that leads nowhere."""
    first, *rest = path
    return Field(default, validation_alias=AliasPath(str(first), *rest))
