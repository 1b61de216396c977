"""Which keys a Space card may have, and how their values are read.

Source: the Hub's Spaces configuration reference, https://huggingface.co/docs/hub/spaces-config-reference, and its list
of licences, https://huggingface.co/docs/hub/repositories-licenses.
"""

import re
import unicodedata
from collections.abc import Callable

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
LONGEST_SHORT_DESCRIPTION = 60
MOST_OAUTH_MINUTES = 43_200
LONGEST_TITLE = 100
MOST_ITEMS = 50
_LONGEST_TEXT = 500
_HIGHEST_PORT = 65_535

_LICENCES = """
    apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
    bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc
    cc0-1.0 cc-by-2.0 cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0
    cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0 cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0
    cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1
    eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl
    openrail++ osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr llama2 llama3 llama3.1 llama3.2
    llama3.3 gemma h-research intel-research apple-ascl apple-amlr openmdw-1.0 deepfloyd-if-license
    fair-noncommercial-research-license llama4 grok2-community unknown other
"""

_HEADER_VALUES = {
    "cross-origin-embedder-policy": {"unsafe-none", "require-corp", "credentialless"},
    "cross-origin-opener-policy": {"same-origin", "same-origin-allow-popups", "unsafe-none"},
    "cross-origin-resource-policy": {"same-site", "same-origin", "cross-origin"},
}
_PICTURE = "[\u00a9\u00ae\u203c-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]*"
_EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff]{2}"  # a flag of two regional letters
    "|[0-9#*]\ufe0f?\u20e3"  # a key
    f"|{_PICTURE}(?:[\U000e0020-\U000e007f]+|(?:\u200d{_PICTURE})*)"  # with tags, or joined to others
)
_LONGEST_EMOJI = 16

Reader = Callable[[object], object]
"""Takes what stands in the card, texts unresolved, and gives the value; None when the Hub would refuse it."""


def text(value: object) -> str | None:
    """One line of printable text."""
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST_TEXT:
        return None
    line = " ".join(value.split())
    return line if not any(unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn", "Zl", "Zp"} for c in line) else None


def title(value: object) -> str | None:
    """One line, cut at its longest."""
    line = text(value)
    return line and line[:LONGEST_TITLE].rstrip()


def _one_of(allowed: frozenset[str]) -> Reader:
    return lambda value: value if isinstance(value, str) and value in allowed else None


def _matching(pattern: str) -> Reader:
    rule = re.compile(pattern, re.ASCII)
    return lambda value: value if isinstance(value, str) and rule.fullmatch(value) else None


def _short(value: object) -> str | None:
    line = text(value)
    return line if line and len(line) <= LONGEST_SHORT_DESCRIPTION else None


def _emoji(value: object) -> str | None:
    if not isinstance(value, str) or len(value) > _LONGEST_EMOJI:
        return None
    return value if _EMOJI.fullmatch(value) else None


def _yes_or_no(value: object) -> bool | None:
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def _number(most: int) -> Reader:
    def read(value: object) -> int | None:
        if not isinstance(value, str) or not re.fullmatch("[1-9][0-9]{0,5}", value):
            return None
        return int(value) if int(value) <= most else None

    return read


def _texts(value: object) -> list[str] | None:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_ITEMS:
        return None
    lines = [line for item in value if (line := text(item))]
    return lines if len(lines) == len(value) else None


def _headers(value: object) -> dict[str, str] | None:
    if not isinstance(value, dict) or not value:
        return None
    fits = all(isinstance(setting, str) and setting in _HEADER_VALUES.get(key, ()) for key, setting in value.items())
    return value if fits else None


_COLOUR = _one_of(frozenset(COLOURS))

READERS: dict[str, Reader] = {
    "title": title,
    "emoji": _emoji,
    "colorFrom": _COLOUR,
    "colorTo": _COLOUR,
    "sdk": _one_of(frozenset({"gradio", "docker", "static"})),
    "sdk_version": _matching(r"\d{1,4}(\.\d{1,4}){1,2}([a-z0-9.]{0,12})"),
    "python_version": _matching(r"3\.\d{1,2}(\.\d{1,2})?"),
    "app_file": text,
    "app_port": _number(_HIGHEST_PORT),
    "app_build_command": text,
    "base_path": _matching(r"/[\w./?=&%~+-]{0,200}"),
    "suggested_hardware": _matching(r"[a-z0-9][a-z0-9-]{1,40}"),
    "fullWidth": _yes_or_no,
    "header": _one_of(frozenset({"mini", "default"})),
    "short_description": _short,
    "models": _texts,
    "datasets": _texts,
    "tags": _texts,
    "thumbnail": text,
    "pinned": _yes_or_no,
    "license": _one_of(frozenset(_LICENCES.split())),
    "hf_oauth": _yes_or_no,
    "hf_oauth_scopes": _texts,
    "hf_oauth_expiration_minutes": _number(MOST_OAUTH_MINUTES),
    "hf_oauth_authorized_org": text,
    "disable_embedding": _yes_or_no,
    "startup_duration_timeout": _matching(r"\d{1,4}(\.\d{1,2})? ?(s|m|h|min|minutes?|hours?)"),
    "custom_headers": _headers,
    "preload_from_hub": _texts,
}
"""By key, in the order in which a card is written."""

ONLY_FOR = {
    "sdk_version": {"gradio"},
    "python_version": {"gradio"},
    "app_file": {"gradio", "static"},
    "app_port": {"docker"},
    "app_build_command": {"static"},
    "base_path": {"gradio", "docker"},
    "suggested_hardware": {"gradio", "docker"},
    "startup_duration_timeout": {"gradio", "docker"},
    "preload_from_hub": {"gradio", "docker"},
}
"""Keys that mean something to some SDKs alone."""
