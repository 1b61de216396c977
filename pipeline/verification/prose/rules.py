"""Checks in prose that code can decide. A rule must cover the whole sentence; what is in doubt is not decided."""

import re

from pipeline.verification.inspection import Inspection, Ruling, failed, undecided
from pipeline.verification.prose import on_documents as prose_on_documents
from pipeline.verification.prose import on_files as prose_on_files
from pipeline.verification.prose import on_pages as prose_on_pages
from pipeline.verification.prose.sentences import FILE, plainer, usual_name

LONGEST_SENTENCE = 500  # characters; what is longer says more than one rule can cover

_RULES = tuple(
    (re.compile(pattern, re.IGNORECASE), judge)
    for pattern, judge in (*prose_on_documents.RULES, *prose_on_files.RULES, *prose_on_pages.RULES)
)
_ABOUT_A_FILE = re.compile(rf"{FILE}(?: .*)?", re.IGNORECASE)
_NAMES_MIT = re.compile(r"\bMIT license\b", re.IGNORECASE)
_MAY_MEAN_THE_OPPOSITE = re.compile(
    r"\b(?:not|no|never|without|or|if|unless|instead|removed?|deleted?)\b", re.IGNORECASE
)


def judge_prose(text: str, inspection: Inspection) -> Ruling:
    """Decide a criterion in prose, as far as what it says can be read from the files.

    A sentence that no rule covers can still be seen to fail: when it is about a file that is not there, or names the
    MIT licence and there is none.
    """
    sentence = plainer(text)
    if len(sentence) > LONGEST_SENTENCE:
        return undecided("is too long a sentence for a rule in code")
    for pattern, judge in _RULES:
        match = pattern.fullmatch(sentence)
        if match and (ruling := judge(match, inspection)):
            return ruling
    if not _MAY_MEAN_THE_OPPOSITE.search(sentence):
        about = _ABOUT_A_FILE.fullmatch(sentence)
        if about and usual_name(about["file"]) not in inspection.files:
            return failed(f"there is no {usual_name(about['file'])}")
        if _NAMES_MIT.search(sentence) and (problem := prose_on_documents.licence_problem(inspection.files)):
            return failed(problem)
    return undecided("no rule in code decides what this sentence asks")
