"""Pictures: their format and size, read from their headers. Pixels are never decoded."""

import struct
from dataclasses import dataclass

from pipeline.domain.conversation import Image
from pipeline.generation.attachments.description import Description, Unreadable

MAX_IMAGE_BYTES = 1_500_000
_MAX_SEGMENTS = 1_000
_NOT_A_FRAME = frozenset({0xC4, 0xC8, 0xCC})  # Huffman tables, reserved, arithmetic coding tables
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})


@dataclass(frozen=True, slots=True)
class Picture:
    """What an image file says of itself.

    Attributes:
        media_type: by its first bytes.
        width: in pixels.
        height: in pixels.
    """

    media_type: str
    width: int
    height: int


def image_type(content: bytes) -> str | None:
    """The media type by the first bytes: PNG, JPEG, GIF or WebP, the formats that models take; else None."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def describe_image(content: bytes, media_type: str) -> Description:
    """Size in pixels, and the image itself unless it is too large. Raises Unreadable."""
    picture = read_picture(content, media_type)
    name = media_type.removeprefix("image/").upper()
    facts = f"{name} image, {picture.width} x {picture.height} pixels"
    if len(content) > MAX_IMAGE_BYTES:
        return Description(media_type, f"{facts}; too large to be shown", is_partial=True)
    return Description(media_type, facts, image=Image(media_type, content))


def read_picture(content: bytes, media_type: str) -> Picture:
    """Width and height, after the PNG, GIF89a, JPEG (ITU-T T.81) and WebP (RFC 9649) specifications.

    Raises:
        Unreadable: the header is broken or cut off.
    """
    readers = {"image/png": _png, "image/jpeg": _jpeg, "image/gif": _gif, "image/webp": _webp}
    try:
        width, height = readers[media_type](content)
    except (struct.error, IndexError) as error:
        raise Unreadable("its header is broken or cut off") from error
    if not width or not height:
        raise Unreadable("its header gives no size")
    return Picture(media_type, width, height)


def _png(content: bytes) -> tuple[int, int]:
    if content[12:16] != b"IHDR":
        raise Unreadable("its header is broken or cut off")
    return struct.unpack_from(">II", content, 16)


def _gif(content: bytes) -> tuple[int, int]:
    return struct.unpack_from("<HH", content, 6)


def _jpeg(content: bytes) -> tuple[int, int]:
    position = 2
    for _ in range(_MAX_SEGMENTS):
        if content[position] != 0xFF:  # noqa: PLR2004 - every marker begins with it
            break
        marker = content[position + 1]
        if marker == 0xFF:  # noqa: PLR2004 - fill byte
            position += 1
        elif marker in _WITHOUT_LENGTH:
            position += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NOT_A_FRAME:  # noqa: PLR2004 - the start-of-frame markers
            height, width = struct.unpack_from(">HH", content, position + 5)
            return width, height
        else:
            position += 2 + struct.unpack_from(">H", content, position + 2)[0]
    raise Unreadable("it has no frame header")


def _webp(content: bytes) -> tuple[int, int]:
    kind = content[12:16]
    if kind == b"VP8X":
        return 1 + int.from_bytes(content[24:27], "little"), 1 + int.from_bytes(content[27:30], "little")
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", content, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise Unreadable("its header is broken or cut off")
