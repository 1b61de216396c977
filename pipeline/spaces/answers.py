"""What huggingface_hub raises -> the HubError tree, in words that say what to do next."""

import json
import math
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from http import HTTPStatus

import httpx2
from huggingface_hub.errors import HfHubHTTPError, HfUriError

from pipeline.domain.errors import (
    HubError,
    HubRejected,
    HubTokenRefused,
    HubUnreachable,
    NotPermitted,
    PaymentRequired,
    RateLimited,
    SpaceConflict,
    SpaceMissing,
)
from pipeline.spaces.client import Unanswered

FAILURES = (Unanswered, httpx2.HTTPError, OSError, ValueError, LookupError, TypeError, AttributeError, RuntimeError)
"""All that a call of huggingface_hub may raise; the last four when an answer has not the shape it expects."""

FREE_WAYS = (
    'Free for everybody: a Space of the kind "static"; free for verified accounts: up to two Gradio Spaces on the '
    'hardware "zero-a10g"'
)
"""Source: the Hub's documentation on who may create which Spaces, in 2026."""

FREE_HARDWARE = 'Add one in the Hub\'s billing settings, or stay on "cpu-basic" without a sleep time of its own'

STORAGE_ADVICE = "Delete what is not needed any more in the account's repositories; its settings show what they take"

_MEANINGS: Mapping[int, tuple[type[HubError], str, str]] = {
    401: (HubTokenRefused, "the Hub does not accept the token", "Make a new one with write permission in its settings"),
    402: (PaymentRequired, "the Hub wants a paid plan", FREE_WAYS),
    403: (NotPermitted, "the token may not do this", "It needs write permission for that owner's Spaces"),
    404: (SpaceMissing, "there is no such Space, or the token may not see it", ""),
    409: (SpaceConflict, "the Space is not as it was thought to be", ""),
    410: (SpaceMissing, "the Space is gone", ""),
    412: (SpaceConflict, "the Space is not as it was thought to be", ""),
}
"""HTTP status -> kind of error, what happened, what to do."""

LONGEST_MESSAGE = 400
DEFAULT_REST_SECONDS = 60
_MASK = "***"
_TOKEN = re.compile(r"\bhf_\w{4,}")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|.)")
_STORAGE = re.compile(r"\bstorage (?:limit|quota|pattern|space is)|\b(?:limit|quota)s? on storage\b", re.IGNORECASE)
_PAYMENT = re.compile(r"payment|billing|subscri|credit|\bPRO\b|upgrade", re.IGNORECASE)


def translate(error: BaseException, doing: str, hidden: Collection[str] = ()) -> HubError:
    """What to raise instead of ``error``, which came of ``doing``; it shows none of ``hidden``: tokens and secrets."""
    known = (translated for cause in _causes(error) if (translated := _known(cause, doing, hidden)))
    if found := next(known, None):
        return found
    if isinstance(error, ValueError) and not is_unreadable(error):
        # The library's own checks, and the Hub's on the card, on sizes and on large files.
        return HubRejected(f"the Hub would refuse this ({doing}): {presentable(str(error), hidden)}")
    return HubUnreachable(f"the Hub's answer makes no sense ({type(error).__name__} while {doing}): check HF_ENDPOINT")


def status_of(error: BaseException) -> int | None:
    """The HTTP status that the Hub refused with, or None; also when the library could not read the refusal."""
    refusals = (cause for cause in _causes(error) if isinstance(cause, HfHubHTTPError | httpx2.HTTPStatusError))
    refusal = next(refusals, None)
    return refusal.response.status_code if refusal else None


def is_unreadable(error: BaseException) -> bool:
    """Whether the Hub answered, and did not refuse, but not in the way that the library expects."""
    is_of_its_shape = isinstance(error, LookupError | TypeError | AttributeError | json.JSONDecodeError | HfUriError)
    return is_of_its_shape and status_of(error) is None


def holds(error: BaseException, hidden: Collection[str]) -> bool:
    """Whether the text of ``error``, or of what caused it, shows one of ``hidden``."""
    texts = [str(cause) for cause in _causes(error)]
    return any(value in text for value in hidden if value for text in texts)


def presentable(text: str, hidden: Collection[str] = ()) -> str:
    """``text`` as one short line without tokens and without any of ``hidden``."""
    for value in sorted(hidden, key=len, reverse=True):
        text = text.replace(value, _MASK) if value else text
    line = " ".join(plain(_TOKEN.sub(_MASK, text)).split())
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + " …"


def plain(text: str) -> str:
    """``text`` without what a terminal would obey: escape sequences, and control characters but for tab and newline."""
    return "".join(
        character
        for character in _ESCAPE.sub("", text)
        if character in "\t\n" or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )


def _known(error: BaseException, doing: str, hidden: Collection[str]) -> HubError | None:
    match error:
        case Unanswered():
            return _unanswered(error, doing)
        case HfHubHTTPError():
            return _refused(error.response.status_code, error.server_message or "", doing, hidden)
        case httpx2.HTTPStatusError():
            return _refused(error.response.status_code, "", doing, hidden)
        case httpx2.HTTPError():
            return HubUnreachable(f"the Hub was lost while {doing}: try again in a while")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what led to it: the library wraps what breaks in its threads, and trips over odd refusals."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _unanswered(failure: Unanswered, doing: str) -> HubError:
    if failure.status == HTTPStatus.TOO_MANY_REQUESTS:
        rest = DEFAULT_REST_SECONDS if failure.retry_after is None else math.ceil(failure.retry_after)
        return RateLimited(
            f"the Hub had too many requests from this account ({doing}): come back in {rest} s",
            retry_after_seconds=rest,
        )
    if failure.status == HTTPStatus.CONFLICT:
        return SpaceConflict(f"the Hub is busy with another creation of the same owner ({doing}): try again in a while")
    return HubUnreachable(f"no answer from the Hub while {doing}: {failure}; try again in a while")


def _refused(status: int, message: str, doing: str, hidden: Collection[str]) -> HubError:
    said = presentable(message, hidden)
    kind, what, advice = _MEANINGS.get(status, (HubRejected, f"the Hub refused with HTTP {status}", ""))
    if _STORAGE.search(said):
        kind, what, advice = NotPermitted, "the Hub stores no more for this account", STORAGE_ADVICE
    elif kind is NotPermitted and _PAYMENT.search(said):
        kind, what, advice = PaymentRequired, "the Hub wants a payment method", FREE_HARDWARE
    return kind(f"{what} ({doing}){f': {said}' if said else ''}{f'. {advice}' if advice else ''}")
