"""Pictures: their format and size, read from their headers. Pixels are never decoded."""

from io import BytesIO

import imagesize

from pipeline.domain.conversation import Image
from pipeline.generation.attachments.description import Description, Unreadable

MAX_IMAGE_BYTES = 1_500_000


def describe_image(content: bytes, media_type: str) -> Description:
    """Size in pixels, and the image itself if it is not too large. Raises what imagesize does on a broken header."""
    width, height = imagesize.get(BytesIO(content))
    if width < 1 or height < 1:
        raise Unreadable("its header gives no size")
    facts = f"{media_type.removeprefix('image/').upper()} image, {width} x {height} pixels"
    if len(content) > MAX_IMAGE_BYTES:
        return Description(media_type, f"{facts}; too large to be shown", is_partial=True)
    return Description(media_type, facts, image=Image(media_type, content))
