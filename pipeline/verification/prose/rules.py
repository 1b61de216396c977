"""Checks in prose that code can decide. A rule must cover the whole sentence; what is in doubt is not decided."""

import re
from functools import cache

from pipeline.domain.verdict import Outcome
from pipeline.verification.inspection import Inspection, Judgement, Question, Ruling, failed, passed, undecided
from pipeline.verification.prose.files import located
from pipeline.verification.prose.kinds import all_rules
from pipeline.verification.prose.kinds.licence import licence_problem
from pipeline.verification.prose.page import together
from pipeline.verification.prose.sentences import FILE, plainer

LONGEST_SENTENCE = 500  # characters; what is longer says more than one rule can cover
MOST_PARTS = 4

_rules = cache(all_rules)
_ABOUT_A_FILE = re.compile(rf"{FILE}(?: .*)?", re.IGNORECASE)
_NAMES_MIT = re.compile(r"\bMIT license\b", re.IGNORECASE)
_MAY_MEAN_THE_OPPOSITE = re.compile(
    r"\b(?:not|no|never|without|or|if|unless|instead|removed?|deleted?)\b", re.IGNORECASE
)
_JOINED = re.compile(r'(?:, and|,? but|;| and|,) (?=(?:[^"]*"[^"]*")*[^"]*$)')
_VERB = (
    r"(?:is not|does not|has|is|shows?|displays?|renders?|equals|exists|lists|loads|uses|reads|mentions|links|"
    r"matches|fetches|runs|parses)"
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
    if judged := _judged(sentence, inspection):
        return judged
    if not _MAY_MEAN_THE_OPPOSITE.search(sentence):
        about = _ABOUT_A_FILE.fullmatch(sentence)
        place = located(about["file"], inspection) if about else ""
        if isinstance(place, Ruling) and place.outcome is Outcome.FAIL:
            return place
        if _NAMES_MIT.search(sentence) and (problem := licence_problem(inspection.files)):
            return failed(problem)
    return undecided("no rule in code decides what this sentence asks")


def _judged(sentence: str, inspection: Inspection) -> Judgement | None:
    for pattern, judge in _rules():
        if (said := pattern.read(sentence)) and (judged := judge(said, inspection)):
            return judged
    return _both(sentence, inspection)


def _both(sentence: str, inspection: Inspection) -> Judgement | None:
    """Of two sentences joined by "and", each must hold; the second may leave out what it is about."""
    places = list(_JOINED.finditer(sentence))
    for place in places[:MOST_PARTS]:
        first, second = sentence[: place.start()], sentence[place.end() :]
        left = next(
            (j for pattern, judge in _rules() if (said := pattern.read(first)) and (j := judge(said, inspection))), None
        )
        if left is None:
            continue
        subject = _SUBJECT.fullmatch(first)
        for whole in [
            second,
            *([f"{subject['subject']} {second}", f"{first[: subject.end('subject')]} has {second}"] if subject else []),
        ]:
            if right := _judged(whole, inspection):
                return _joined(left, right)
    return None


def _joined(left: Judgement, right: Judgement) -> Judgement | None:
    rulings = [judged for judged in (left, right) if isinstance(judged, Ruling)]
    for outcome in (Outcome.FAIL, Outcome.NOT_VERIFIABLE):
        if told := next((ruling for ruling in rulings if ruling.outcome is outcome), None):
            return told
    questions = [judged for judged in (left, right) if isinstance(judged, Question)]
    return together(questions) if questions else passed("; ".join(ruling.evidence for ruling in rulings))
