"""Checks in prose that code can decide. A rule must cover the whole sentence; what is in doubt is not decided."""

import re
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from pipeline.domain.verdict import Outcome
from pipeline.verification.inspection import Inspection, Judgement, Question, Ruling, failed, undecided
from pipeline.verification.prose import kinds
from pipeline.verification.prose.files import all_of, licence_problem, located
from pipeline.verification.prose.page import together
from pipeline.verification.prose.recognisers import KNOWN, Judge, Said, Settled, Unclear
from pipeline.verification.prose.sentences import FILE, plainer

LONGEST_SENTENCE = 500  # characters; what is longer says more than one rule can cover
MOST_PARTS = 4

_ABOUT_A_FILE = re.compile(rf"{FILE}( .*)?", re.IGNORECASE)
_NAMES_MIT = re.compile(r"\bMIT license\b", re.IGNORECASE)
_MAY_MEAN_THE_OPPOSITE = re.compile(r"\b(not|no|never|without|or|if|unless|instead|removed?|deleted?)\b", re.IGNORECASE)
_JOINED = re.compile(r'(?:, and|,? but|;| and|,) (?=(?:[^"]*"[^"]*")*[^"]*$)')
_VERB = (
    r"(is not|does not|has|is|shows?|displays?|renders?|equals|exists|lists|loads|uses|reads|mentions|links|matches"
    r"|fetches|runs|parses)"
)
_SUBJECT = re.compile(rf"(?P<subject>.+?) {_VERB}\b.*", re.IGNORECASE)


def judge_prose(text: str, inspection: Inspection) -> Judgement:
    """Decide a criterion in prose as far as what it says can be read from the files, or ask about it in the page.

    A sentence that no rule covers can still be seen to fail: when it is about a file that is not there, or names the
    MIT licence and there is none.
    """
    sentence = plainer(text)
    if len(sentence) > LONGEST_SENTENCE:
        return undecided("is too long a sentence for a rule in code")
    if known := _judged(sentence, inspection):
        return known
    if not _MAY_MEAN_THE_OPPOSITE.search(sentence):
        try:
            if about := _ABOUT_A_FILE.fullmatch(sentence):
                located(about["file"], inspection)
        except Settled as settled:
            if settled.ruling.outcome is Outcome.FAIL:
                return settled.ruling
        if _NAMES_MIT.search(sentence) and (problem := licence_problem(inspection.files)):
            return failed(problem)
    return undecided("no rule in code decides what this sentence asks")


@cache
def recognisers() -> tuple[tuple[re.Pattern[str], Judge], ...]:
    """Those of every module in ``kinds``, in the order of its modules' names; a new one is found by being there."""
    for found in iter_modules(kinds.__path__):
        import_module(f"{kinds.__name__}.{found.name}")
    return tuple((_compiled(expression), judge) for expression, judge in KNOWN)


def _compiled(expression: str) -> re.Pattern[str]:
    names: dict[str, int] = {}

    def once(found: re.Match[str]) -> str:
        names[found[1]] = times = names.get(found[1], 0) + 1
        return found[0] if times == 1 else f"(?P<{found[1]}__{times}>"

    return re.compile(re.sub(r"\(\?P<(\w+)>", once, expression), re.IGNORECASE)


def _of_one_kind(sentence: str, inspection: Inspection) -> Judgement | None:
    """What the first recogniser says whose business ``sentence`` is."""
    for pattern, judge in recognisers():
        if match := pattern.fullmatch(sentence):
            try:
                return judge(Said(match, inspection))
            except Settled as settled:
                return settled.ruling
            except Unclear:
                continue
    return None


def _judged(sentence: str, inspection: Inspection) -> Judgement | None:
    return _of_one_kind(sentence, inspection) or _both(sentence, inspection)


def _both(sentence: str, inspection: Inspection) -> Judgement | None:
    """Of two sentences joined by "and", each must hold; the second may leave out what it is about."""
    for place in list(_JOINED.finditer(sentence))[:MOST_PARTS]:
        first, second = sentence[: place.start()], sentence[place.end() :]
        left, about = _of_one_kind(first, inspection), _SUBJECT.fullmatch(first)
        subjects = ["", f"{about['subject']} ", f"{first[: about.end('subject')]} has "] if about else [""]
        for subject in subjects if left else ():
            if left and (right := _judged(f"{subject}{second}", inspection)):
                return _joined(left, right)
    return None


def _joined(left: Judgement, right: Judgement) -> Judgement | None:
    rulings = [each for each in (left, right) if isinstance(each, Ruling)]
    questions = [each for each in (left, right) if isinstance(each, Question)]
    ruling = all_of(rulings)
    return ruling if not questions or ruling.outcome is not Outcome.PASS else together(questions)
