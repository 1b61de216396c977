"""What an address gave."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Download:
    """An answer to GET, whole."""

    status: int  # redirects included
    location: str | None  # where a redirect leads, as written
    media_type: str  # the Content-Type as sent
    content: bytes = field(repr=False)
