"""What the brief names literally and the app has nowhere: a repair is asked for it, though no check is about it."""

import html
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity
from pipeline.verification.files.findings import MOST_OF_A_KIND
from pipeline.verification.files.workflows import made_in_ci
from pipeline.verification.problems import shown

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z#`\"'(])|\n\s*\n|\n(?=\s*[-*•\d])")
_NOT_ASKED = re.compile(
    r"\b(?:no|not|never|without|don't|remove|delete|drop|rename|replace|instead|e\.g|for example|such as|like|optional"
    r"|optionally|may|might|could|formerly|if)\b", re.IGNORECASE
)  # fmt: skip
_ID = re.compile(r"(?<![\w/&?=.#:-])[a-z]{0,10}#([A-Za-z][\w-]*[A-Za-z0-9_])(?![\w=/-])|\bid ?= ?[\"'`]([\w-]+)[\"'`]")
_HEX = re.compile(r"(?:[0-9a-f]{3,4}){1,2}", re.IGNORECASE)
_FILE = re.compile(
    r"(?<![\w/.?=&-])[`\"']?((?:[\w-]+/)*[\w-]+\.(?:html|css|json|csv|txt|md|svg|xml|ya?ml|py))[`\"']?(?![\w/?=-]|\.\w)"
)
_QUOTED = r"[\"“`']([^\"”`'\n{}<>]{2,80})[\"”`'](?!\w)"
_LABEL = re.compile(
    rf"\b(?:title|heading|headline|h1|button|label|caption)s?(?: to| of| is| that (?:says|reads))"
    rf"?(?: (?:called|named|text|labell?ed|saying|reading|titled))?:? {_QUOTED}"
    rf"|\b(?:labell?ed|titled|saying|reading) {_QUOTED}",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"\.\.\.|…|\bx\b|\bn\b|[/%$_\[\]]", re.IGNORECASE)


def unmet_names(files: AppFiles, brief: Brief) -> Iterator[Finding]:
    """Ids, files, titles and labels of the brief that stand nowhere in the app, but those that a check is about."""
    checks = " ".join(check.text for check in brief.checks)
    text = _text_of(files)
    there = {PurePosixPath(path).name for path in [*files, *made_in_ci(files), *(a.name for a in brief.attachments)]}
    unmet: dict[str, str] = {}
    for sentence in filter(lambda s: not _NOT_ASKED.search(s), _SENTENCE.split(brief.text)):
        for name in filter(None, (name for found in _ID.findall(sentence) for name in found)):
            if not _HEX.fullmatch(name) and name not in text:
                unmet[name] = f"the brief names the id {shown(name)}, and nothing in the app has it"
        for path in _FILE.findall(sentence):
            if PurePosixPath(path).name not in there:
                unmet[path] = f"the brief names the file {shown(path)}, and it is not in the app"
        for label in filter(None, (label for found in _LABEL.findall(sentence) for label in found)):
            if not _PLACEHOLDER.search(label) and " ".join(label.lower().split()) not in text.lower():
                unmet[label] = f'the brief asks for "{shown(label)}", and these words stand nowhere in the app'
    for name, message in list(unmet.items())[:MOST_OF_A_KIND]:
        if name not in checks:
            yield Finding(Severity.ERROR, "named-in-brief", message)


def _text_of(files: AppFiles) -> str:
    """All that pages, programs and data say, white space collapsed; what tells of the app does not count."""
    told = (files.text(path) for path in files if path not in {"README.md", "LICENSE"})
    return " ".join(html.unescape(" ".join(filter(None, told))).split())
