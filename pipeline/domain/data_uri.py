"""The one parser for data URIs, which reads them as browsers do: the WHATWG Fetch and Infra standards, "data: URLs".

But for two things that would lose what the sender meant: a ``#`` and line ends belong to the data.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_ASCII_WHITE_SPACE = "\t\n\f\r "
_PIECE = 256 * 1024  # that is decoded at once: other threads get their turn in between
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")
_BASE64 = re.compile(r";\s*base64\s*\Z", re.IGNORECASE | re.ASCII)
_DEFAULT_MEDIA_TYPE = "text/plain"


class InvalidDataUri(ValueError):
    """Not a data URI. The text names the rule and never the value."""


@dataclass(frozen=True, slots=True)
class DataUri:
    """A decoded data URI."""

    media_type: str  # lower case, without parameters; text/plain when the URI names none that can be read
    content: bytes


def parse_data_uri(uri: str, *, max_bytes: int) -> DataUri:
    """Decode ``uri``.

    The size is judged from the length of the text before anything is decoded.

    Raises:
        InvalidDataUri: not a data URI, broken base64, or more than ``max_bytes`` bytes.
    """
    uri = uri.lstrip()
    if uri[:5].lower() != "data:":
        raise InvalidDataUri("must be a data URI: data:<type>;base64,<data>")
    header, comma, data = uri[5:].partition(",")
    if not comma:
        raise InvalidDataUri("has no comma between the type and the data")
    media_type = header.partition(";")[0].strip().lower()
    content = _decode_base64(data, max_bytes) if _BASE64.search(header) else _decode_percent(data, max_bytes)
    if len(content) > max_bytes:
        raise InvalidDataUri(f"is larger than {max_bytes} bytes")
    return DataUri(media_type if _MEDIA_TYPE.fullmatch(media_type) else _DEFAULT_MEDIA_TYPE, content)


def _decode_percent(data: str, max_bytes: int) -> bytes:
    if len(data) > 3 * max_bytes:
        raise InvalidDataUri(f"is larger than {max_bytes} bytes")
    return unquote_to_bytes(data.encode("utf-8", "replace"))


def _decode_base64(data: str, max_bytes: int) -> bytes:
    if "%" in data:  # white space, + / and = may be percent-encoded inside a URI
        data = _decode_percent(data, 4 * max_bytes).decode("latin-1")
    if any(map(data.__contains__, _ASCII_WHITE_SPACE)):
        data = data.translate(dict.fromkeys(map(ord, _ASCII_WHITE_SPACE)))
    if len(data) > 4 * (max_bytes // 3 + 1):
        raise InvalidDataUri(f"is larger than {max_bytes} bytes")
    unpadded = data.rstrip("=")
    padding = len(data) - len(unpadded)
    if padding and (len(data) % 4 or padding > 2):  # noqa: PLR2004 - base64 pads with one or two characters
        raise InvalidDataUri("has broken base64 padding")
    if len(unpadded) % 4 == 1:
        raise InvalidDataUri("has base64 of an impossible length: it was probably cut off")
    padded = unpadded + "=" * (-len(unpadded) % 4)
    content = bytearray()
    if "=" in unpadded:
        raise InvalidDataUri("holds a character that is not base64")
    try:
        for begin in range(0, len(padded), _PIECE):
            content += base64.b64decode(padded[begin : begin + _PIECE], validate=True)
        return bytes(content)
    except (binascii.Error, ValueError) as error:
        raise InvalidDataUri("holds a character that is not base64") from error
