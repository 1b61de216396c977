"""A JSON file has keys, and values of a type, of an amount, or just these."""

import json
import operator
from typing import Any

from pipeline.verification.inspection import Inspection, Rules, Ruling, failed, passed, undecided
from pipeline.verification.problems import shown
from pipeline.verification.prose.files import PATH, Nothing, json_of, value_at
from pipeline.verification.prose.sentences import FILE, items, told
from pipeline.verification.said import Said

_TYPES = {
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
    "at least": operator.ge,
    ">=": operator.ge,
    "at most": operator.le,
    "<=": operator.le,
}
_TYPE = rf"(?P<type>{'|'.join(_TYPES)})s?"
_FILE = FILE.replace("\\.[a-z][a-z0-9]{0,9}", r"\.(?:json|geojson|webmanifest)")
_KEY = r"(?:(?:keys?|fields?|propert(?:y|ies)|values?(?: (?:of|for))?|entry|attribute)(?: called| named)? )?"
_AT = rf"(?P<key>{PATH})"
_KEYS = rf"(?P<keys>{PATH}(?:(?:, and |, | and |,){PATH})*)"
_IS = r"(?:is|equals|(?:is )?equal to|(?:is )?set to|is set to|of|=|:|==|===)"
_LITERAL = r"(?P<value>\"[^\"]*\"|-?\d[\d,]*(?:\.\d+)?|true|false|null)"
_NUMBER = r"-?\d[\d,]*(?:\.\d+)?"


def _judged(said: Said, inspection: Inspection) -> Ruling | None:
    """All that is said of all the keys."""
    found = json_of(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    name, document = found
    keys = [key.strip('"') for key in (items(said["keys"] or said["key"]) or [])]
    if not keys or set(keys) & {"valid", "data", "correct", "all", "content", "words", "text"}:
        return None
    values = {key: value_at(document, key) for key in keys}
    missing = [key for key, value in values.items() if value is Nothing]
    if missing:
        text = json.dumps(document)
        if any(f'"{key.split(".")[0].lower()}"' in text.lower() for key in missing) or isinstance(document, list):
            return (
                undecided(f"{name} has {', '.join(missing)} elsewhere than at the top")
                if not isinstance(document, list)
                else None
            )
        return failed(f"{name} has no {', '.join(missing)}; it has {_outline(document)}")
    problems = [f"{key} is {_said(value)}" for key, value in values.items() if not _fits(value, said)]
    seen = "; ".join(f"{key} is {_said(value)}" for key, value in values.items())
    return failed(f"{name}: {'; '.join(problems)}") if problems else passed(f"{name}: {seen}")


def _fits(value: Any, said: Said) -> bool:
    """Whether ``value`` is as it is said to be; by itself a key only has to be there."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = not said["type"] or _fits_type(value, said["type"])
    if literal := said["value"]:
        wanted = told(literal[1:-1]) if literal.startswith('"') else json.loads(literal.replace(",", "").lower())
        fits = fits and value == wanted and isinstance(value, bool) == isinstance(wanted, bool)
    if said["low"]:
        fits = fits and is_number and _number(said["low"]) <= value <= _number(said["high"])
    if than := said["than"]:
        fits = fits and is_number and _THAN[than.lower()](value, _number(said["limit"]))
    return bool(fits and not (said["filled"] and value in ("", None, [], {})))


def _fits_type(value: Any, kind: str) -> bool:
    types = next(types for names, types in _TYPES.items() if kind.lower() in names.split("|"))
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _outline(document: Any) -> str:
    return (
        shown(", ".join(map(str, document)) if isinstance(document, dict) else f"a {type(document).__name__}")
        or "nothing"
    )


def _said(value: Any) -> str:
    return shown(json.dumps(value, ensure_ascii=False))


def _is_kind(said: Said, inspection: Inspection) -> Ruling | None:
    found = json_of(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    name, document = found
    kind = f"{name} holds {_outline(document)}"
    if not _fits_type(document, said["type"]):
        return failed(f"{kind}, no {said['type']}")
    wanted = said["count"]
    if wanted and isinstance(document, list | dict):
        count = f"{name} has {len(document)} items"
        bound = said["bound"].lower()
        holds = len(document) >= int(wanted) if bound == "at least" else len(document) == int(wanted)
        return passed(count) if holds else failed(count)
    return passed(kind)


def _has_items(said: Said, inspection: Inspection) -> Ruling | None:
    found = json_of(said["file"], inspection)
    if isinstance(found, Ruling):
        return found
    name, document = found
    if not isinstance(document, list):
        return None
    holds = len(document) >= int(said["count"]) if said["bound"] == "at least" else len(document) == int(said["count"])
    seen = f"{name} has {len(document)} items"
    return passed(seen) if holds else failed(seen)


_PREDICATES = (
    rf"(?:is|has) (?:valid |{_IS} )?(?:type )?{_TYPE}(?: values?)?",
    rf"{_IS} ?(?:exactly )?{_LITERAL}",
    (
        rf"(?:is )?(?:number )?(?:between|from|in range(?: of)?|within) (?P<low>{_NUMBER}) ?(?:and|to|-"
        rf"|\u2013) ?(?P<high>{_NUMBER})"
    ),
    (
        rf"(?:is )?(?P<than>greater|more|larger|above|higher|less|smaller|below|lower|at least|at most|>="
        rf"|<=|>|<)(?: than)? ?(?P<limit>{_NUMBER})"
    ),
    r"(?:is )?(?P<filled>not empty|non-?empty)(?: string| array| list)?",
)
RULES: Rules = (
    (rf"{_FILE} has {_KEY}{_KEYS}(?: (?:keys?|fields?|propert(?:y|ies)))?", _judged),
    (rf"{_FILE} (?:has|with) (?:top-level )?(?:keys?|fields?|propert(?:y|ies))(?: named| called)?:? {_KEYS}", _judged),
    (rf"{_KEYS}(?: keys?| fields?)? exists? in {_FILE}", _judged),
    (rf"{_FILE} has {_TYPE} (?:{_KEY}|called |named |fields? )*{_KEYS}(?: field| key)?", _judged),
    (rf"{_FILE} has {_KEY}{_KEYS}(?: field| key)? (?:of type|as) {_TYPE}", _judged),
    (rf"{_FILE} has {_KEY}{_AT} {_LITERAL}", _judged),
    (rf"{_FILE} has {_KEYS} {_TYPE}(?: values?)?", _judged),
    (rf"{_FILE} has (?P<filled>non-?empty) {_KEY}{_KEYS}(?: field| key)?", _judged),
    *(
        (rf"{_FILE} has {_TYPE} {_KEY}{_KEYS}(?: field| key| that| value)* {rest}", _judged)
        for rest in _PREDICATES[1:4]
    ),
    *(
        (rf"{_FILE}(?:(?: has|'s|,|:)? |\.){_KEY}{_AT}(?: field| key| value| that| which|,)* ?{rest}", _judged)
        for rest in _PREDICATES
    ),
    *((rf"{_KEY}{_KEYS}(?: field| key| value)? (?:in|of|from) {_FILE} {rest}", _judged) for rest in _PREDICATES),
    *((rf"in {_FILE},? {_KEY}{_KEYS}(?: field| key| value)? {rest}", _judged) for rest in _PREDICATES),
    *((rf"{_KEY}{_KEYS}(?: field| key| value)? {rest} in {_FILE}", _judged) for rest in _PREDICATES),
    (
        (
            rf"{_FILE} (?:is|has) (?:valid )?(?:JSON )?(?P<type>array|list|object)(?: (?:of|with|has) "
            rf"(?P<bound>at least|exactly)? ?(?P<count>\d+) \w+)?"
        ),
        _is_kind,
    ),
    (
        (
            rf"{_FILE} (?:has|lists) (?P<bound>at least|exactly)? ?(?P<count>\d+) (?P<type>)(?:items|entries"
            rf"|objects|elements|records)"
        ),
        _has_items,
    ),
)
