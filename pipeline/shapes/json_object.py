"""JSON objects as they come in, by request or from a file."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from pipeline.domain.errors import FieldProblem, InvalidInput

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Request(BaseModel):
    """What requests have in common: types as they are in JSON; errors hold no values. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True, frozen=True)


def read_object(raw: bytes, name: str = "body") -> dict[str, Any]:
    """Read ``raw`` as one JSON object by RFC 8259: UTF-8 without byte order mark, no NaN, no lone surrogates.

    ``name`` is its sender's for it. Numbers have at most about 4,300 digits and values nest at most about 200 deep.

    Raises:
        InvalidInput: it is not; says where, and never what stands there.
    """
    if raw.startswith(_BYTE_ORDER_MARK):
        raise InvalidInput(FieldProblem(name, "is not valid JSON: it begins with a byte order mark"))
    if not raw.strip():
        raise InvalidInput(FieldProblem(name, "is empty: a JSON object is needed"))
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError as error:  # the parser's texts name the rule and the place, and hold nothing of the document
        raise InvalidInput(FieldProblem(name, f"is not valid JSON: {error}")) from None
    if not isinstance(document, dict):
        raise InvalidInput(FieldProblem(name, "must be a JSON object"))
    return document
