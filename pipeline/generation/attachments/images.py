"""Pictures: their format and size, read from their headers. Pixels are never decoded."""

from io import BytesIO

import imagesize

from pipeline.domain.conversation import Image
from pipeline.generation.attachments.description import Description, Unreadable

MAX_IMAGE_BYTES = 1_500_000


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
    """Size in pixels, and the image itself if it is not too large. Raises what imagesize does on a broken header."""
    width, height = imagesize.get(BytesIO(content))
    if width < 1 or height < 1:
        raise Unreadable("its header gives no size")
    facts = f"{media_type.removeprefix('image/').upper()} image, {width} x {height} pixels"
    if len(content) > MAX_IMAGE_BYTES:
        return Description(media_type, f"{facts}; too large to be shown", is_partial=True)
    return Description(media_type, facts, image=Image(media_type, content))
