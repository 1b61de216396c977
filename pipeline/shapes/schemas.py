"""Rules of the domain in the words of JSON Schema: what the API's description says of fields that the domain judges."""

import re
from typing import Any

from pipeline.domain.brief import EMAIL, MAX_CHECK
from pipeline.domain.files import MAX_FILES, MAX_PATH_BYTES
from pipeline.domain.space import MAX_SPACE_ID, SETTING_KEY, SPACE_PART
from pipeline.domain.space_rules import HARDWARE, MAX_DESCRIPTION, MAX_SETTINGS, MAX_SLEEP_SECONDS, MAX_VALUE

Schema = dict[str, Any]


def whole(pattern: re.Pattern[str] | str) -> str:
    """``pattern`` for the whole text: JSON Schema is content with a part."""
    return f"^(?:{pattern if isinstance(pattern, str) else pattern.pattern})$"


_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_WORD = r"[A-Za-z0-9!#$&^_.+-]{1,64}"
_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?"
_PERCENT = "(?:[!-$&-~]|%[0-9A-Fa-f]{2})*"
_IN_NAMES = r'[^/\x00-\x1f\x7f\\:%*?"<>|]'
_SEGMENT = rf"(?!\s|\.(?:\.|git|gitmodules|ssh|env)?(?:/|$)){_IN_NAMES}+(?<![\s.])"

WITHOUT_NUL = r"^[^\x00]*$"  # PostgreSQL knows no text with NUL in it
NO_NUL: Schema = {"pattern": WITHOUT_NUL}
FILLED: Schema = {"pattern": r"^[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$"}
ADDRESS: Schema = {"pattern": whole(EMAIL)}
PUBLIC_URL: Schema = {
    "pattern": rf"^(?:https://(?:{_LABEL}\.)+[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?(?::8?443)?(?:[/?#][!-\[\]-~]*)?)?$"
}
ORIGIN: Schema = {"pattern": r"^https?://[A-Za-z0-9._-]+(?::[0-9]{1,4})?/?$"}
DATA_URL: Schema = {"pattern": rf"^data:(?:{_WORD}/{_WORD})?(?:;{_WORD}={_WORD})*(?:;base64,{_BASE64}|,{_PERCENT})$"}
CHECK: Schema = {
    "anyOf": [
        {
            "type": "string",
            "maxLength": MAX_CHECK,
            "pattern": r"^(?!\s*[jJ][sS]\s*:\s*$)[^\x00]*[^\s\x00-\x1f\x7f-\x9f][^\x00]*$",
            "description": "prose, or js: EXPRESSION",
        },
        {
            "type": "object",
            "properties": {"js": {"type": "string", "maxLength": MAX_CHECK - len("js: "), **FILLED}},
            "required": ["js"],
        },
    ]
}
# Unicode has more that is not let in: invisible characters and look-alikes of the slash.
PATH: Schema = {"type": "string", "maxLength": MAX_PATH_BYTES, "pattern": rf"^{_SEGMENT}(?:/{_SEGMENT})*$"}
FILES: Schema = {
    "type": "object",
    "minProperties": 1,
    "maxProperties": MAX_FILES,
    "propertyNames": PATH,
    "additionalProperties": {
        "anyOf": [
            {"type": "string", "description": "text"},
            {
                "type": "object",
                "properties": {"base64": {"type": "string", "contentEncoding": "base64", "pattern": f"^{_BASE64}$"}},
                "required": ["base64"],
                "maxProperties": 1,  # Gradio's client cannot read "additionalProperties": false
            },
        ]
    },
}
SPACE_ID: Schema = {"pattern": whole(f"{SPACE_PART}/{SPACE_PART}"), "maxLength": MAX_SPACE_ID}
SPACE_NAME: Schema = {"pattern": whole(f"(?:{SPACE_PART}/)?{SPACE_PART}")}
PART_OF_ID: Schema = {"pattern": whole(SPACE_PART)}
KEY: Schema = {"pattern": whole(SETTING_KEY)}
WORD: Schema = {"pattern": whole(HARDWARE)}
SECONDS: Schema = {"minimum": -1, "maximum": MAX_SLEEP_SECONDS, "not": {"const": 0}}
VALUE: Schema = {"maxLength": MAX_VALUE, "pattern": WITHOUT_NUL}
DESCRIPTION: Schema = {"maxLength": MAX_DESCRIPTION, "pattern": WITHOUT_NUL}
_VALUE: Schema = {"type": "string", **VALUE}
VALUES: Schema = {"type": "object", "maxProperties": MAX_SETTINGS, "propertyNames": KEY, "additionalProperties": _VALUE}
SETTINGS: Schema = {
    **VALUES,
    "additionalProperties": {
        "anyOf": [
            _VALUE,
            {
                "type": "object",
                "properties": {"value": _VALUE, "description": {"type": ["string", "null"], **DESCRIPTION}},
                "required": ["value"],
                "additionalProperties": False,
            },
        ]
    },
}
