"""The page shows what it was opened with."""

import re
from urllib.parse import quote

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import PAGE, ask, element, element_in
from pipeline.verification.prose.sentences import SHOWS
from pipeline.verification.said import Said

PROBE_URL = "https://images.example/sample-7f3a19c4.png"
"""Passed at ``?url=``. No such host exists (RFC 2606): seeing it proves that the page shows what it was given."""

_VISIBLE = "[document.body.innerText, ...all('input, textarea').map(e => e.value)].join('\\n').replace(/\\s+/g, ' ')"


def _shows_url(said: Said, _inspection: Inspection) -> Judgement:
    name = said["name"]
    query = f"?{name}={quote(PROBE_URL, safe='')}"
    return ask(
        (
            f"const seen = {_VISIBLE}; return say(seen.includes(wanted), `opened with ${{wanted}}, the page "
            f"shows ${{shown(seen)}}`)"
        ),
        {"wanted": PROBE_URL},
        query,
    )


def _shows_value(said: Said, _inspection: Inspection) -> Judgement | None:
    value = said["value"]
    if not re.fullmatch(r"[\w.-]{2,60}", value) or said["shown"].strip('"') not in {value, "same value", "value", "it"}:
        return None
    seen = (
        f"{element_in(said).found}.map(value).join(' ')"
        if any(said[f"e{g}"] for g in ("id", "hash", "css", "class", "bare"))
        else _VISIBLE
    )
    return ask(
        f"const seen = {seen}; return say(has(seen, wanted), `opened with ${{wanted}}, it shows ${{shown(seen)}}`)",
        {"wanted": value},
        f"?{said['name']}={quote(value)}",
    )


_PASSED = r"(?:passed|given|provided|specified|supplied) (?:at|as|in|via|through|with|by|using)"
RULES: Rules = (
    (
        (
            rf"{PAGE} {SHOWS} (?:[\w-]+ ){{0,2}}(?:url|address|link)(?: that is)? {_PASSED} "
            rf"\"?\?(?P<name>url)=[^\s\"]*\"?(?: parameter| query parameter)?"
        ),
        _shows_url,
    ),
    (
        (
            rf"(?:with|when opened with|at|for|opening) \"?\?(?P<name>[\w-]+)=(?P<value>[^\s\",&]+)\"?,? "
            rf"{PAGE} {SHOWS} (?P<shown>same value|value|it|\"?[\w.-]+\"?)(?: in {element()})?"
        ),
        _shows_value,
    ),
    (
        (
            rf"(?:with|when opened with|at|for|opening) \"?\?(?P<name>[\w-]+)=(?P<value>[^\s\",&]+)\"?,? "
            rf"{element()} {SHOWS} (?P<shown>\"?[\w.-]+\"?)"
        ),
        _shows_value,
    ),
)
