"""A JSON file has keys, and values of a type, of an amount, or just these; a CSV file has rows and columns."""

import csv
import json
import operator
import re
from typing import Any

from pipeline.verification.inspection import Ruling, failed, passed, undecided
from pipeline.verification.problems import shown
from pipeline.verification.prose.files import PATH, Nothing, counted, json_of, rows_of, text_of, value_at
from pipeline.verification.prose.recognisers import Said, Settled, Unclear, recognises
from pipeline.verification.prose.sentences import RANGE, file_of, items, told

_TYPES: dict[str, tuple[type, ...]] = {
    "number|numeric|float|decimal|numerical": (int, float),
    "integer|int|whole number": (int,),
    "string|text|str": (str,),
    "boolean|bool|true or false|true/false": (bool,),
    "array|list": (list,),
    "object|dictionary|dict|map": (dict,),
}
_THAN = {
    **dict.fromkeys(("greater", "more", "larger", "above", "higher", ">"), operator.gt),
    **dict.fromkeys(("less", "smaller", "below", "lower", "<"), operator.lt),
    **dict.fromkeys(("at least", ">="), operator.ge),
    **dict.fromkeys(("at most", "<="), operator.le),
}
_TYPE = rf"(?P<type>{'|'.join(_TYPES)})s?"
_FILE = file_of("json|geojson|webmanifest")
_KEY = r"((keys?|fields?|propert(y|ies)|values?( (of|for))?|entry|attribute)( called| named)? )?"
_KEYS = rf"(?P<keys>{PATH}((, and |, | and |,){PATH})*)"
_ENDS = r"( (field|key|value|that|which)s?|,)*"
_IS = r"(is|equals|(is )?equal to|(is )?set to|is set to|of|=|:|==|===)"
_NUMBER = r"-?\d[\d,]*(\.\d+)?"
_LITERAL = rf"(?P<value>\"[^\"]*\"|{_NUMBER}|true|false|null)"
_OF_TYPE = rf"(is|has) (valid |{_IS} )?(type )?{_TYPE}( values?)?"
_COMPARED = (
    rf"({_IS} ?(exactly )?{_LITERAL}"
    rf"|(is )?(number )?(between|from|in range( of)?|within) (?P<low>{_NUMBER}) ?(and|to|-|\u2013) ?(?P<high>{_NUMBER})"
    rf"|(is )?(?P<than>{'|'.join(sorted(_THAN, key=len, reverse=True))})( than)? ?(?P<limit>{_NUMBER}))"
)
_FILLED = r"(is )?(?P<filled>not empty|non-?empty)( string| array| list)?"
_WHAT = rf"({_OF_TYPE}|{_COMPARED}|{_FILLED})"
_NO_KEYS = {"valid", "data", "correct", "all", "content", "words", "text"}


@recognises(
    rf"{_FILE} (has|with) (top-level )?{_KEY}:? ?{_KEYS}( (keys?|fields?|propert(y|ies)))?",
    rf"{_KEYS}( keys?| fields?)? exists? in {_FILE}",
    rf"{_FILE} has ({_TYPE}|(?P<filled>non-?empty)) ({_KEY}|called |named |fields? )*{_KEYS}( field| key)?",
    rf"{_FILE} has {_KEY}{_KEYS}( field| key)? ((of type|as) {_TYPE}|{_TYPE}( values?)?|{_LITERAL})",
    rf"{_FILE} has {_TYPE} {_KEY}{_KEYS}{_ENDS} {_COMPARED}",
    rf"{_FILE}(( has|'s|,|:)? |\.){_KEY}{_KEYS}{_ENDS} ?{_WHAT}",
    rf"{_KEY}{_KEYS}{_ENDS} (in|of|from) {_FILE} {_WHAT}",
    rf"in {_FILE},? {_KEY}{_KEYS}{_ENDS} {_WHAT}",
    rf"{_KEY}{_KEYS}{_ENDS} {_WHAT} in {_FILE}",
)
def _has_values(said: Said) -> Ruling:
    """All that is said of all the keys."""
    name, document = json_of(said)
    keys = [key.strip('"') for key in items(said["keys"])]
    if set(keys) & _NO_KEYS:
        raise Unclear
    values = {key: value_at(document, key) for key in keys}
    if missing := [key for key, value in values.items() if value is Nothing]:
        if isinstance(document, list):
            raise Unclear
        if any(f'"{key.split(".")[0].lower()}"' in json.dumps(document).lower() for key in missing):
            return undecided(f"{name} has {', '.join(missing)} elsewhere than at the top")
        return failed(f"{name} has no {', '.join(missing)}; it has {_outline(document)}")
    seen = {key: f"{key} is {shown(json.dumps(value, ensure_ascii=False))}" for key, value in values.items()}
    wrong = [seen[key] for key, value in values.items() if not _fits(value, said)]
    return failed(f"{name}: {'; '.join(wrong)}") if wrong else passed(f"{name}: {'; '.join(seen.values())}")


def _fits(value: Any, said: Said) -> bool:
    """Whether ``value`` is as it is said to be; by itself a key only has to be there."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = not said["type"] or _is_of(value, said["type"])
    if literal := said["value"]:
        wanted = told(literal[1:-1]) if literal.startswith('"') else json.loads(literal.replace(",", "").lower())
        fits = fits and value == wanted and isinstance(value, bool) == isinstance(wanted, bool)
    if said["low"]:
        fits = fits and is_number and _number(said["low"]) <= value <= _number(said["high"])
    if said["than"]:
        fits = fits and is_number and _THAN[said["than"].lower()](value, _number(said["limit"]))
    return fits and not (said["filled"] and value in ("", None, [], {}))


def _is_of(value: Any, kind: str) -> bool:
    types = next(types for names, types in _TYPES.items() if kind.lower() in names.split("|"))
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _outline(document: Any) -> str:
    return shown(", ".join(map(str, document)) if isinstance(document, dict) else f"a {type(document).__name__}")


@recognises(
    rf"{_FILE} (is|has) (valid )?(JSON )?(?P<type>array|list|object)( (of|with|has) {RANGE} \w+)?",
    rf"{_FILE} (has|lists) {RANGE} (items|entries|objects|elements|records)",
)
def _is_kind(said: Said) -> Ruling:
    name, document = json_of(said)
    if not _is_of(document, said["type"] or "list"):
        if not said["type"]:
            raise Unclear
        return failed(f"{name} holds {_outline(document)}, no {said['type']}")
    return counted(said, f"{name} has", {len(document)}) if said["low"] else passed(f"{name} is {said['type']}")


# CSV

_CSV = file_of("[ct]sv")
_NAME = r"(?!\d|(one|two|three|four|five|six|seven|all|at|exactly) )\w+"


def _rows(said: Said) -> tuple[str, list[list[str]]]:
    name, text = text_of(said)
    try:
        return name, rows_of(text, delimiter="\t" if name.endswith(".tsv") else ",")
    except csv.Error as error:
        raise Settled(failed(f"{name} is not CSV: {error}")) from None


@recognises(rf"{_CSV} has header( row| line)?")
def _has_header(said: Said) -> Ruling:
    name, rows = _rows(said)
    seen = f"the first row of {name} is {shown(', '.join(rows[0])) if rows else 'not there'}"
    is_header = len(rows) > 1 and all(re.search(r"[^\W\d_]", cell) for cell in rows[0])
    return passed(seen) if is_header else undecided(seen) if rows else failed(seen)


@recognises(
    rf"{_CSV} has (columns?|headers?|fields?|header row)( (named|called|with|of|for|columns))*:? (?P<names>.+)",
    rf"{_CSV} has (?P<names>\"[^\"]+\"((, and |, | and ).+)?|{_NAME}((, and |, | and )\w+)*) columns?",
    rf"(columns|header( row)?) of {_CSV} (is|equals) (?P<names>.+)",
)
def _has_columns(said: Said) -> Ruling:
    wanted = [name.strip() for listed in items(said["names"]) for name in listed.split(",")]
    name, rows = _rows(said)
    header = [cell.strip() for cell in rows[0]] if rows else []
    missing = set(wanted) - set(header)
    seen = f"the first row of {name} is {shown(', '.join(header)) or 'empty'}"
    if {column.lower() for column in missing} <= {cell.lower() for cell in header}:
        return undecided(f"{seen}: upper and lower case differ") if missing else passed(seen)
    return failed(f"{seen}: there is no {', '.join(sorted(missing))}")


@recognises(rf"{_CSV} has {RANGE} (?P<unit>(data )?rows?|records?|columns?|(data )?rows of data)")
def _has_size(said: Said) -> Ruling:
    (name, rows), unit = _rows(said), said["unit"].lower()
    if unit.startswith("column"):
        return counted(said, f"{name} has", {len(row) for row in rows[:1]} or {0})
    data = max(len(rows) - 1, 0)
    # Of plain rows the header may be one.
    return counted(said, f"{name} has", {data} if "data" in unit or "record" in unit else {data, len(rows)})
