"""A table has rows, columns and cells."""

import re

from pipeline.verification.inspection import Inspection, Judgement, Rules
from pipeline.verification.prose.page import OPENING, ask, element, element_in
from pipeline.verification.prose.sentences import RANGE, items, limits
from pipeline.verification.said import Said

_TABLE = """const found = %s; if (!found.every(e => e.matches("table,tbody") || one("table", e))) throw null;
  const tables = found.map(e => e.localName === "table" ? e : one("table", e) ?? e);
  const rows = tables.flatMap(t => all("tr", t)), data = rows.filter(r => one("td", r));
  const first = tables.flatMap(t => [...(one("thead tr", t) ?? one("tr", t))?.cells ?? []]);
"""


def _has_size(said: Said, _inspection: Inspection) -> Judgement | None:
    allowed = limits(said)
    if allowed is None:
        return None
    counts = (
        "[first.length]"
        if said["unit"].lower().startswith("col")
        else "[data.length]"
        if said["unit"].lower().startswith(("data", "body"))
        else "[data.length, rows.length]"
    )
    return ask(
        f"{_TABLE % element_in(said).found} const counts = {counts}, fits = counts.map(n => n >= low && n <= high);"
        "return say(fits.every(Boolean) || (fits.some(Boolean) ? null : false), `the table has "
        "${counts.join(' or ')} ${unit}`)",
        {"low": allowed[0], "high": min(allowed[1], 10**6), "unit": said["unit"]},
    )


def _has_columns(said: Said, _inspection: Inspection) -> Judgement | None:
    return _holds(said, "first", "column")


def _has_rows(said: Said, _inspection: Inspection) -> Judgement | None:
    return _holds(said, "rows.flatMap(r => [...r.cells])", "cell")


def _holds(said: Said, cells: str, what: str) -> Judgement | None:
    wanted = items(re.sub(r" (?:columns?|headers?|headings?|rows?)$", "", said["names"]))
    if wanted is None:
        return None
    return ask(
        f"{_TABLE % element_in(said).found} const texts = {cells}.map(value);"
        "const is = w => texts.some(t => t === w) || (some(texts.map(t => has(t, w))) === false ? false : null);"
        f"return say(every(wanted.map(is)), `no {what} ${{list(wanted.filter(w => !is(w)))}}; there are "
        f"${{list(texts)}}`.replace(/^no \\w+ nothing; /, ''))",
        {"wanted": wanted},
    )


def _has_head(said: Said, _inspection: Inspection) -> Judgement:
    return ask(
        f"{_TABLE % element_in(said).found} const heads = tables.flatMap(t => all('th', t));"
        "return say(heads.length > 0 || (rows.length ? null : false), `the table has header cells "
        "${list(heads.map(value))}`)"
    )


_WHO = rf"(?:{OPENING})?{element()} (?:(?:that |which )?(?:has|shows?|displays?|lists?)|with)"
RULES: Rules = (
    (rf"{_WHO} (?:header row|headers?|head|thead|column headers?|column headings?)", _has_head),
    (
        (
            rf"{_WHO} {RANGE} (?P<unit>(?:(?:data|body|table) )?(?:rows?|entries)|columns?)(?: of data)?(?: "
            rf"in (?:body|tbody|table body))?"
        ),
        _has_size,
    ),
    (
        (
            rf"{_WHO} (?:columns?|headers?|headings?|column headers?|column headings?|table headers?"
            rf"|headers? row)(?: (?:for|called|named|with|of))*:? (?P<names>.+)"
        ),
        _has_columns,
    ),
    (
        (
            rf"{_WHO} (?P<names>\"[^\"]+\".*|[A-Z][\w-]*(?:(?:, and |, | and )[A-Z][\w -]*)*) (?:columns?"
            rf"|headers?|headings?)"
        ),
        _has_columns,
    ),
    (
        rf"{_WHO} (?:rows?|cells?|entr(?:y|ies))(?: (?:for|with|called|named|of|containing|has))* (?P<names>.+)",
        _has_rows,
    ),
    (
        (
            rf"(?:{OPENING})?(?P<eword>table) ?(?:#(?P<ehash>[\w-]+)|with id \"?(?P<eid>[\w-]+)\"?) (?:lists?"
            rf"|shows?|has) (?P<names>\"[^\"]+\"(?:(?:, and |, | and )\"[^\"]+\")*)"
        ),
        _has_rows,
    ),
)
