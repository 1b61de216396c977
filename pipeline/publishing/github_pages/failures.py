"""What GitHub's errors mean: whether to try again, and words for whoever has to act."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from github import GithubException

from pipeline.domain.errors import PublishFailed
from pipeline.domain.retry import is_passing, seconds_asked_for
from pipeline.publishing.github_pages.patience import LIMITED_SECONDS, TryAgain

MAX_WORDS = 300
UNAUTHORIZED, FORBIDDEN, TOO_MANY = 401, 403, 429
_SIGN_ON = re.compile(r"\burl=(https?://[!-:<-~]{1,500})")
_LIMIT_WORDS = re.compile(r"rate limit|abuse detection", re.IGNORECASE)  # the second from Enterprise of some age


def judged(error: GithubException, doing: str) -> PublishFailed | TryAgain:
    """What to raise for an error answer while ``doing`` something ("create the repository").

    Limits are told apart from missing permissions as GitHub's "Rate limits for the REST API" has it: by Retry-After,
    by ``x-ratelimit-remaining: 0``, or by the words of the message.
    """
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    said = message_of(error.data)
    if error.status in {FORBIDDEN, TOO_MANY} and (limit := _limit(error.status, headers, said)):
        return limit
    if is_passing(error.status):
        return TryAgain(PublishFailed(f"GitHub could not {doing}: it answered {error.status}"), is_lost=True)
    if error.status == UNAUTHORIZED:
        return PublishFailed("GitHub does not accept the token: put a valid one into GITHUB_TOKEN")
    if error.status == FORBIDDEN:
        return PublishFailed(f"GitHub does not let this token {doing}{_needed(headers)}: {said}{_sign_on(headers)}")
    return PublishFailed(f"GitHub refused to {doing}: {said or f'it answered {error.status}'}")


def message_of(document: Any) -> str:
    """GitHub's message with those of its ``errors``: one printable line of at most 300 characters."""
    if not isinstance(document, Mapping):
        return ""
    errors = document.get("errors")
    entries = errors if isinstance(errors, list) else []
    details = [entry.get("message") if isinstance(entry, Mapping) else entry for entry in entries]
    parts = [part for part in (document.get("message"), *details) if isinstance(part, str)]
    text = " ".join(": ".join(dict.fromkeys(parts)).split())
    return "".join(character for character in text if character.isprintable())[:MAX_WORDS]


def _needed(headers: Mapping[str, str]) -> str:
    """Alternatives are divided by semicolons, what is needed together by commas."""
    needed = headers.get("x-accepted-github-permissions", "")
    words = " or ".join(" and ".join(part.strip() for part in way.split(",")) for way in needed.split(";"))
    return f", which needs the permission {words}" if words.strip() else ""


def _sign_on(headers: Mapping[str, str]) -> str:
    """Where an organisation's single sign-on wants the token authorised: ``X-GitHub-SSO: required; url=ADDRESS``."""
    found = _SIGN_ON.search(headers.get("x-github-sso", ""))
    return f" Authorise the token for single sign-on at {found[1]}" if found else ""


def _limit(status: int, headers: Mapping[str, str], said: str) -> TryAgain | None:
    now = _sent_at(headers)
    if after := headers.get("retry-after"):
        asked = seconds_asked_for(after, now)
        seconds = LIMITED_SECONDS if asked is None else asked
        failure = PublishFailed(f"GitHub limits requests and wants none for {seconds:.0f} s")
        return TryAgain(failure, minimum_seconds=seconds)
    is_used_up = headers.get("x-ratelimit-remaining") == "0"
    if is_used_up and (reset := _moment(headers.get("x-ratelimit-reset", ""))):
        seconds = max((reset - now).total_seconds(), 0.0)
        failure = PublishFailed(
            f"GitHub's hourly limit of requests is used up until {reset:%H:%M} UTC, in {seconds / 60:.0f} minutes"
        )
        return TryAgain(failure, minimum_seconds=seconds)
    if status == TOO_MANY or is_used_up or _LIMIT_WORDS.search(said):
        return TryAgain(PublishFailed("GitHub limits requests and does not say for how long"), is_limit=True)
    return None


def _sent_at(headers: Mapping[str, str]) -> datetime:
    """GitHub's own time of its answer, so that a clock that is wrong here does no harm."""
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC)
    except (KeyError, ValueError, OverflowError):
        return datetime.now(UTC)


def _moment(seconds: str) -> datetime | None:
    """Of so many seconds since 1970; None when that is no moment."""
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):
        return None
