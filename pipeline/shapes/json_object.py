"""JSON objects as they come in, by request or from a file."""

import re
from itertools import islice
from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json

from pipeline.domain.errors import FieldProblem, InvalidInput

MOST_VALUES = 200_000
"""In one document: a value of three bytes takes seventy in memory."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# A string that is not closed ends with the document, so that nothing is looked at twice.
_STRING_OR_SEPARATOR = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[,\[{]', re.DOTALL)


class Request(BaseModel):
    """What requests have in common: types as they are in JSON; errors hold no values. Unknown fields are ignored."""

    model_config = ConfigDict(strict=True, hide_input_in_errors=True, frozen=True)


def read_object(raw: bytes | bytearray, name: str = "body") -> dict[str, Any]:
    """Read ``raw`` as one JSON object by RFC 8259: UTF-8 without byte order mark, no NaN, no lone surrogates.

    ``name`` is its sender's for it. Numbers have at most about 4,300 digits and values nest at most about 200 deep;
    there are at most ``MOST_VALUES``, which is known before any of them takes up memory.

    Raises:
        InvalidInput: it is not; says where, and never what stands there.
    """
    if raw.startswith(_BYTE_ORDER_MARK):
        raise InvalidInput(FieldProblem(name, "is not valid JSON: it begins with a byte order mark"))
    if not raw or raw.isspace():
        raise InvalidInput(FieldProblem(name, "is empty: a JSON object is needed"))
    if _has_too_many_values(raw):
        raise InvalidInput(FieldProblem(name, f"holds more than {MOST_VALUES} values"))
    try:
        document = from_json(raw, allow_inf_nan=False)
    except ValueError as error:  # the parser's texts name the rule and the place, and hold nothing of the document
        raise InvalidInput(FieldProblem(name, f"is not valid JSON: {error}")) from None
    if not isinstance(document, dict):
        raise InvalidInput(FieldProblem(name, "must be a JSON object"))
    return document


def _has_too_many_values(raw: bytes | bytearray) -> bool:
    if sum(map(raw.count, (b",", b"[", b"{"))) < MOST_VALUES:
        return False
    separators = (found for found in _STRING_OR_SEPARATOR.finditer(raw) if raw[found.start()] != ord('"'))
    return next(islice(separators, MOST_VALUES - 1, None), None) is not None
