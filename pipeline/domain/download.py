"""What an address gave."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Download:
    """An answer to GET, whole.

    Attributes:
        status: any HTTP status, redirects included.
        location: where a redirect leads, as written, or None.
        media_type: the Content-Type as sent; ``application/octet-stream`` without one.
        content: the body.
    """

    status: int
    location: str | None
    media_type: str
    content: bytes = field(repr=False)
