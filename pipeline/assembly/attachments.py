"""The files that came with the brief belong into the app: data and media as they are, code as the app's beginning."""

import re
from collections.abc import Iterator

from pipeline.domain.brief import Attachment, Brief
from pipeline.domain.files import AppFiles, fold, is_code, safe_path
from pipeline.domain.verdict import ATTACHMENT_KEPT, Finding, Severity

# No third person: "a page that converts input.md" says what the page does, and orders no change of the file.
_CHANGES = (
    "fix(?:ed|ing)?|updat(?:e|ed|ing)|chang(?:e|ed|ing)|convert(?:ed|ing)?|edit(?:ed|ing)?|modif(?:y|ied|ying)"
    "|rewr(?:ite|itten|iting)|correct(?:ed|ing)?|repair(?:ed|ing)?|replac(?:e|ed|ing)|extend(?:ed|ing)?"
    "|translat(?:e|ed|ing)"
)
# "the correct total", "on change": an adjective or a noun.
_VERB = rf"(?<!\bthe )(?<!\ba )(?<!\ban )(?<!\bon )(?<!\bany )(?<!\beach )\b(?:{_CHANGES})\b"
# What follows these words is no longer what the verb changes: "update the total from data.csv".
_NOT_BEFORE_OBJECT = "from|using|with|by|via|to|into|for|that|which|so|when|whenever|after|based|according|and|but"
_FEW_WORDS = rf"(?:\s(?!(?:{_NOT_BEFORE_OBJECT})\b)[\w'-]{{1,40}},?){{0,7}}?"
_OTHER_FILES = r"(?:[`\"']?[\w/-]{1,80}\.\w{1,10}[`\"']?(?:,| and|, and)\s){0,8}?"
_ITS_FLAW = (
    r"(?:it|its|them|(?:the|this|that|any|all|every)(?:\s[\w-]{1,40}){0,2}?\s"
    r"(?:bugs?|errors?|typos?|mistakes?|file|problems?))\b"
)
_SENTENCE_END = re.compile(r"(?<=[.!?;])\s+|\n\s*(?:[-*•]|\d+[.)])\s|\n\s*\n")


def may_replace(attachment_name: str, brief_text: str) -> bool:
    """Whether the brief asks to change this attachment: it names the file as the object of a verb of change.

    "Fix the bug in execute.py", "data.json must be updated", "after fixing execute.py" and "take notes.md and rewrite
    it" do; "update the total from data.csv" and "show the correct sum of data.csv" do not.
    """
    names = {attachment_name, attachment_name.rpartition("/")[2]}
    name = rf"[`\"'(*]{{0,3}}(?<![\w/-])(?:{'|'.join(map(re.escape, sorted(names)))})(?![\w-]|\.\w)"
    asked_to_change = re.compile(
        rf"{_VERB}{_FEW_WORDS}\s{_OTHER_FILES}{name}"
        rf"|{name}.{{0,200}}?\b(?:be|is|gets?|needs?|being)\s(?:to\sbe\s)?{_VERB}"
        rf"|{name}.{{0,200}}?{_VERB}\s{_ITS_FLAW}",
        re.IGNORECASE,
    )
    sentences = (" ".join(sentence.split()) for sentence in _SENTENCE_END.split(brief_text))
    return any(asked_to_change.search(sentence) for sentence in sentences)


def with_attachments(files: AppFiles, brief: Brief, base: AppFiles | None = None) -> AppFiles:
    """Put every attachment in its place, byte for byte, where the generator's change of it does not stand.

    A change of pages and code does: the app starts from them. One of data and media does when the brief asks for it.
    ``base`` are the published files of which ``files`` are a revision; what is as it was there is no change.
    """
    changed = {attachment.name for attachment, stands in _changes(files, brief, base) if stands}
    for attachment in brief.attachments:
        if attachment.name not in changed:
            files = with_file(files, safe_path(attachment.name, "attachments"), attachment.content)
    return files


def attachment_findings(files: AppFiles, brief: Brief, base: AppFiles | None = None) -> tuple[Finding, ...]:
    """What ``with_attachments`` puts back, or leaves in place of an attachment: a warning on each."""
    kept = "the attachment stays as it was sent; what was written in its place is left out"
    return tuple(
        Finding(Severity.WARNING, "attachment-changed", f"{attachment.name}: the attached file was changed")
        if stands
        else Finding(Severity.WARNING, ATTACHMENT_KEPT, f"{attachment.name}: {kept}")
        for attachment, stands in _changes(files, brief, base)
    )


def _changes(files: AppFiles, brief: Brief, base: AppFiles | None) -> Iterator[tuple[Attachment, bool]]:
    """Attachments in whose place the generator wrote something else, and whether that stands."""
    for attachment in brief.attachments:
        path = safe_path(attachment.name, "attachments")
        made = files.get(path)
        if made not in {None, attachment.content, base.get(path) if base else None}:
            yield attachment, is_code(path) or may_replace(attachment.name, brief.text)


def with_file(files: AppFiles, path: str, content: bytes) -> AppFiles:
    """Put ``content`` at ``path``; files that cannot live beside it (other case, folder of that name) give way."""
    wanted = fold(path)
    in_the_way = [
        other for other in files if other != path and (_inside(fold(other), wanted) or _inside(wanted, fold(other)))
    ]
    return files.without(*in_the_way).with_files({path: content})


def with_canonical_name(files: AppFiles, name: str) -> AppFiles:
    """Rename a file whose name differs from ``name`` in case alone."""
    other = next((path for path in files if path != name and fold(path) == fold(name)), None)
    return files if other is None else with_file(files, name, files[other])


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")
