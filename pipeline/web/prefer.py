"""How long the caller wants to wait: the Prefer header (RFC 7240)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from urllib.request import parse_http_list

_WAIT = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the caller said about waiting."""

    respond_async: bool = False  # no wait at all, unless wait_seconds allows one
    wait_seconds: int | None = None

    def within(self, longest_seconds: float) -> "Preferences":
        """The same, with no longer wait than the service grants."""
        if self.wait_seconds is None:
            return self
        return replace(self, wait_seconds=min(self.wait_seconds, int(longest_seconds)))

    def patience(self, default_seconds: float) -> float:
        """How long to wait for a result; ``default_seconds`` when the caller said nothing."""
        if self.wait_seconds is not None:
            return self.wait_seconds
        return 0 if self.respond_async else default_seconds

    def applied(self) -> str:
        """The value of Preference-Applied; empty when no preference was understood."""
        wait = [] if self.wait_seconds is None else [f"wait={self.wait_seconds}"]
        return ", ".join(["respond-async"] * self.respond_async + wait)


def read_preferences(headers: Iterable[str]) -> Preferences:
    """Read all Prefer headers of a request as one list.

    Names are in any case, the first of two equal names counts, parameters are skipped, and whatever is unknown or
    malformed is ignored (RFC 7240, section 2).
    """
    stated: dict[str, str] = {}
    for preference in parse_http_list(",".join(headers)):
        name, _, value = preference.partition(";")[0].partition("=")
        stated.setdefault(name.strip().lower(), value.strip().strip('"'))
    wait = stated.get("wait", "")
    return Preferences(
        respond_async=stated.get("respond-async") == "", wait_seconds=int(wait) if _WAIT.fullmatch(wait) else None
    )
