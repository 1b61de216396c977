"""Sentences of evaluators in a plainer form, so that rules need not spell out every way of saying the same."""

import re

from pipeline.domain.files import AppFiles

NAME = r"\"?(?:[\w.-]+/)*(?:[\w-][\w.-]*\.[a-z][a-z0-9]{0,9}|\.[\w.]+|license|dockerfile)\"?"
"""A file name, with or without quotes. Matches whole words only when the pattern around it says so."""

NAMES = rf"(?P<files>{NAME}(?:(?:, and |, | and |,){NAME})*)"
FILE = rf"(?:file )?(?P<file>{NAME})(?: file)?"

_USUAL_NAMES = {"license": "LICENSE", "readme.md": "README.md"}
_LIST_ITEM = re.compile(
    rf"^\s*(?:[-*•+]|\d+[.)])\s+[`*\"']*({NAME})[`*\"']*\s*(?::|\u2013|\u2014|-|\(|$)", re.IGNORECASE | re.MULTILINE
)

_PLAINER = (
    (r"the|an?|its|this|published|public|repo(?:sitory)?'s|project's", ""),
    (r"(?:(?:must|should) )?(?:contain|include|hold|have)s?|(?:must|should) have", "has"),
    (r"(?:must|should) not be|isn't|aren't", "is not"),
    (r"(?:must|should) be|are", "is"),
    (r"doesn't|do(?:es)? not", "does not"),
    (r"(?:github )?(?:repository|repo|project)", "repo"),
    (r"licence", "license"),
    (r"readme(?:\.md)?", "README.md"),
)
_PLACE_AT_END = re.compile(
    r"(?: (?:on|in|at|to|inside|of|from) (?:repo(?:'s)? )?"
    r"(?:github|root(?: folder| directory)?|top level|repo|app|site|code|(?:git |commit )?history))+$",
    re.IGNORECASE,
)


def plainer(sentence: str) -> str:
    """One line without articles, closing full stop and the place at its end; a few words stand for their synonyms.

    "The repository must contain an MIT licence in its root." becomes "repo has MIT license". What stands in quotes
    stays as it is; backticks and typographic quotes become plain ones.
    """
    line = " ".join(re.sub(r"[`\u201c\u201d]", '"', sentence.replace("**", "")).split()).rstrip(".! ")
    parts = re.split(r'("[^"]*")', line)
    for index in range(0, len(parts), 2):
        for pattern, replacement in _PLAINER:
            parts[index] = re.sub(
                rf"(?<![\w./'-])(?:{pattern})(?![\w/'-]|\.\w)", replacement, parts[index], flags=re.IGNORECASE
            )
    return _PLACE_AT_END.sub("", " ".join("".join(parts).split()))


def names_in(enumeration: str) -> list[str]:
    """The file names that ``enumeration`` consists of."""
    return [usual_name(name) for name in re.findall(NAME, enumeration, re.IGNORECASE)]


def usual_name(name: str) -> str:
    """Without quotes; licence and README as they are called in a repository."""
    bare = name.strip('"')
    return _USUAL_NAMES.get(bare.lower(), bare)


def listed_files(brief_text: str) -> list[str]:
    """The files that the brief enumerates in a list, each item beginning with its name."""
    return list(dict.fromkeys(usual_name(name) for name in _LIST_ITEM.findall(brief_text)))


def missing_from(files: AppFiles, names: list[str]) -> list[str]:
    """Those of ``names`` that are no files of the app."""
    return [name for name in names if name not in files]
