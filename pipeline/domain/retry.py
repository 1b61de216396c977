"""When it makes sense to ask a server again."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_PASSING = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
_NUMBER = re.compile(r"\d+(?:\.\d+)?", re.ASCII)


def is_passing(status: int) -> bool:
    """Whether the same request may be answered otherwise a little later: 408, 425, 429 and 5xx."""
    return status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def seconds_asked_for(retry_after: str | None, now: datetime) -> float | None:
    """Seconds by a ``Retry-After`` header (RFC 9110, 10.2.3), never negative; None when it is neither of its forms.

    Fractions are taken too, though the standard has none. How long is too long is up to the caller.

    Args:
        retry_after: seconds or an HTTP date, as sent; None = there was none.
        now: that a date is counted from.
    """
    text = (retry_after or "").strip()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
        return seconds if math.isfinite(seconds) else None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())


def seconds_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """The same of an answer's headers, names in lower case; ``retry-after-ms``, as OpenAI sends it, goes first."""
    milliseconds = seconds_asked_for(headers.get("retry-after-ms"), now)
    return milliseconds / 1000 if milliseconds else seconds_asked_for(headers.get("retry-after"), now)
