"""POST /deliveries/redeliver: which dead letters, and how many."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.domain.address import MAX_URL, Origin
from pipeline.shapes.json_object import Request
from pipeline.shapes.problems import OWN_RULE
from pipeline.shapes.schemas import ORIGIN

MAX_MOMENT = 40


def moment(value: object) -> datetime:
    """A time by ISO 8601, in UTC where it names no zone. Raises ValueError."""
    if not isinstance(value, str) or len(value) > MAX_MOMENT:
        raise PydanticCustomError(OWN_RULE, "must be a time by ISO 8601, such as 2026-01-31T12:00:00Z")
    try:
        at = datetime.fromisoformat(value)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError(OWN_RULE, "must be a time by ISO 8601, such as 2026-01-31T12:00:00Z") from None


def _check_origin(value: str) -> str:
    origin = Origin.of(value)
    if origin is None or value.rstrip("/").count("/") > len(("http:", "")):
        raise PydanticCustomError(OWN_RULE, "must be scheme, host and port only, like https://evaluator.example.com")
    return value


class RedeliverRequest(Request):
    """Dead letters to send again: all that the caller may see, or fewer. Unknown fields are ignored."""

    since: Annotated[
        datetime | None,
        BeforeValidator(moment),
        WithJsonSchema({"type": "string", "format": "date-time", "description": "of jobs received from then on"}),
    ] = None
    origin: Annotated[
        str | None,
        AfterValidator(_check_origin),
        Field(
            max_length=MAX_URL,
            description="of their evaluation_url, like https://evaluator.example.com",
            json_schema_extra=ORIGIN,
        ),
    ] = None


class RedeliverReply(BaseModel):
    """How many are sent again from now on, at most 16 at once."""

    ok: Literal[True] = True
    redelivered: int
