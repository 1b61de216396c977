"""The one parser for data URIs (RFC 2397; white space and padding as in the WHATWG Fetch and Infra standards)."""

import base64
import binascii
import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_ASCII_WHITE_SPACE = "\t\n\f\r "
_PIECE = 256 * 1024  # that is decoded at once: other threads get their turn in between
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DEFAULT_MEDIA_TYPE = "text/plain"


class InvalidDataUri(ValueError):
    """Not a data URI. The text names the rule and never the value."""


@dataclass(frozen=True, slots=True)
class DataUri:
    """A decoded data URI."""

    media_type: str  # lower case, without parameters; text/plain when the URI names none
    content: bytes


def parse_data_uri(uri: str, *, max_bytes: int) -> DataUri:
    """Decode ``uri``.

    The size is judged from the length of the text before anything is decoded.

    Raises:
        InvalidDataUri: not a data URI, broken base64 or percent-encoding, or more than ``max_bytes`` bytes.
    """
    if uri[:5].lower() != "data:":
        raise InvalidDataUri("must be a data URI: data:<type>;base64,<data>")
    header, comma, data = uri[5:].partition(",")
    if not comma:
        raise InvalidDataUri("has no comma between the type and the data")
    if not uri.isascii():
        raise InvalidDataUri("holds a character that is not ASCII: percent-encode it or use base64")
    media_type, *parameters = (part.strip() for part in header.split(";"))
    is_base64 = bool(parameters) and parameters[-1].lower() == "base64"
    if any(parameter.lower() == "base64" for parameter in parameters[:-1]):
        raise InvalidDataUri("has base64 before another parameter: it must come last")
    media_type = media_type.lower() or _DEFAULT_MEDIA_TYPE
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise InvalidDataUri("has a type that is not of the form type/subtype")
    content = _decode_base64(data, max_bytes) if is_base64 else _decode_percent(data, max_bytes)
    if len(content) > max_bytes:
        raise InvalidDataUri(f"is larger than {max_bytes} bytes")
    return DataUri(media_type, content)


def _decode_percent(data: str, max_bytes: int) -> bytes:
    if len(data) > 3 * max_bytes:
        raise InvalidDataUri(f"is larger than {max_bytes} bytes")
    if _BAD_ESCAPE.search(data):
        raise InvalidDataUri("has a % that is not followed by two hexadecimal digits")
    return unquote_to_bytes(data)


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
