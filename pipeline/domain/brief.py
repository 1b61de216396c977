"""The brief: an authenticated request minus its secret."""

import json
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass, replace
from hashlib import sha256

from pipeline.domain.errors import FieldProblem
from pipeline.domain.files import path_collision, path_problem
from pipeline.domain.publication import SpaceSdk, Target

MAX_TASK = 100
MAX_NONCE = 200
MAX_BRIEF = 50_000
MAX_CHECKS = 200
MAX_CHECK = 10_000
MAX_ROUND = 1_000_000

# An address, not its grammar: RFC 5322 lets in far more than any mailbox uses. Length from RFC 5321, 4.5.3.1.3.
_IN_ADDRESSES = r"[^\s\x00-\x1f\x7f-\x9f@<>\"(),:;\[\]\\]"
EMAIL = re.compile(rf"{_IN_ADDRESSES}{{1,64}}@{_IN_ADDRESSES}{{1,189}}")
_SCRIPT_PREFIX = re.compile(r"\s*js\s*:", re.IGNORECASE)
_LITERAL = re.compile(
    r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`|(?:(?<=[(=,:!&|?{;\[])|\breturn)\s*/(?:\\.|[^/\\\n])+/[a-z]*"
)
_OF_BROWSERS = re.compile(
    r"\b(?:(?:document|window|globalThis|localStorage|sessionStorage|location|navigator|history|screen|performance"
    r"|customElements|Array|Object|Math|JSON|Number|Boolean|String)\s*(?:\?\.|[.\[(])|(?:getComputedStyle|parseInt|parseFloat"
    r"|fetch|matchMedia)\s*\(|typeof\s)"
)
_MOST_SCRIPT_LINES = 200
_WORD = r"[A-Za-z_$][\w$]*"
# Two words never stand side by side in a script, unless one of them is a word of the language.
_SIDE_BY_SIDE = re.compile(
    rf"(?<![\w$])({_WORD}|\d+)\s+({_WORD})|([)\]])\s+({_WORD})|({_WORD})\s+(?=[\"'`\d])|[\"'`]\s+({_WORD})"
)
_OF_THE_LANGUAGE = re.compile(
    r"await|async|return|typeof|new|void|delete|const|let|var"
    r"|function|of|in|instanceof|throw|else|case|if|for|while"
    r"|do|try|catch|finally|switch|class|extends|yield|default|break|continue"
)


@dataclass(frozen=True, slots=True)
class Check:
    """A criterion of the evaluator."""

    text: str  # as the evaluator wrote it
    script: str | None = None  # to be run in the page; None: prose

    @classmethod
    def from_text(cls, text: str) -> "Check":
        """Read ``js: EXPRESSION`` as a page script, the expression alone as well, and anything else as prose."""
        prefix = _SCRIPT_PREFIX.match(text)
        if prefix:
            return cls(text, text[prefix.end() :].strip())
        return cls(text, text.strip() if _is_script(text) else None)

    @classmethod
    def from_script(cls, script: str) -> "Check":
        """A page script, as in ``{"js": "EXPRESSION"}``."""
        return cls(f"js: {script}", script.strip())


def _is_script(text: str) -> bool:
    """Whether ``text`` is a page script without its prefix: it asks the browser, and has no two words side by side."""
    bare = _LITERAL.sub('""', text.strip().rstrip(";"))
    if not _OF_BROWSERS.search(bare) or bare.endswith((".", ":", "?", "!")) or text.count("\n") > _MOST_SCRIPT_LINES:
        return False
    is_block = bool(re.search(r"[{;]", bare))
    for found in _SIDE_BY_SIDE.finditer(bare):
        words = {word for word in found.groups() if word and word not in ")]"}
        if not any(map(_OF_THE_LANGUAGE.fullmatch, words)) and not (is_block and found[3]):
            return False
    return True


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with the brief."""

    name: str  # a safe relative path
    media_type: str  # as the data URI named it, lower case: a claim, not a fact
    content: bytes

    def __repr__(self) -> str:
        return f"Attachment({self.name!r}, {self.media_type!r}, {len(self.content)} bytes)"


@dataclass(frozen=True, slots=True)
class JobKey:
    """What makes two requests the same job."""

    email: str
    task: str
    round: int
    nonce: str

    @property
    def job_id(self) -> str:
        """32 hex digits; the address of the owner cannot be read from it."""
        return sha256("\0".join([self.email, self.task, str(self.round), self.nonce]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a request wants for its job alone, within the operator's limits; None = as the operator has it."""

    model: str | None = None  # the only one that is asked
    max_usd: float | None = None
    deadline_seconds: int | None = None  # from receipt


@dataclass(frozen=True, slots=True)
class Restoration:
    """Files that an earlier job has published, to be published again."""

    job_id: str
    files: str  # their digest


@dataclass(frozen=True, slots=True)
class Brief:
    """What is to be built or changed, for whom, and how it will be judged."""

    email: str
    task: str  # the evaluator's free-text name for the work
    round: int  # 1 builds, 2 and later revise
    nonce: str  # the evaluator's mark of this request
    text: str
    checks: tuple[Check, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    evaluation_url: str | None = None  # who is called back; None = nobody
    target: Target | None = None  # None = the operator's default
    space_type: SpaceSdk | None = None  # for Spaces; None = the generator chooses
    wishes: Wishes = Wishes()
    restores: Restoration | None = None  # nothing is made then

    @property
    def key(self) -> JobKey:
        """What makes this request the same job as another."""
        return JobKey(self.email, self.task, self.round, self.nonce)

    @property
    def resend_fingerprint(self) -> str:
        """The same for requests that differ in their nonce alone: an evaluator that missed our answer sends such."""
        return replace(self, nonce="").fingerprint

    @property
    def fingerprint(self) -> str:
        """SHA-256 over all that the request says, as 64 hex digits: tells a repetition from a changed body."""
        content = [
            *(self.email, self.task, self.round, self.nonce, self.text),
            [[check.text, check.script] for check in self.checks],
            [[a.name, a.media_type, sha256(a.content).hexdigest()] for a in self.attachments],
            *(self.evaluation_url, self.target, self.space_type),
            *(astuple(self.wishes) if self.wishes != Wishes() else ()),  # fingerprints on record know none
            *(astuple(self.restores) if self.restores else ()),
        ]
        return sha256(json.dumps(content).encode()).hexdigest()


def brief_problems(brief: Brief) -> list[FieldProblem]:
    """Every rule of the contract that ``brief`` breaks; empty when it is fit to be worked on."""
    problems = _text_problems("email", brief.email, 254)
    if not problems and not EMAIL.fullmatch(brief.email):
        problems.append(FieldProblem("email", "is not an e-mail address"))
    problems += [
        *_text_problems("task", brief.task, MAX_TASK),
        *_text_problems("nonce", brief.nonce, MAX_NONCE),
        *_text_problems("brief", brief.text, MAX_BRIEF),
    ]
    if not 1 <= brief.round <= MAX_ROUND:
        problems.append(FieldProblem("round", f"must be a whole number from 1 to {MAX_ROUND}"))
    if len(brief.checks) > MAX_CHECKS:
        problems.append(FieldProblem("checks", f"has more than {MAX_CHECKS} items"))
    for index, check in enumerate(brief.checks):
        if not check.text.strip() or check.script == "":
            problems.append(FieldProblem(f"checks[{index}]", "is empty"))
        else:
            problems += _text_problems(f"checks[{index}]", check.text, MAX_CHECK)
    return problems + attachment_name_problems([attachment.name for attachment in brief.attachments])


def wish_problems(
    wishes: Wishes, models: Sequence[str], max_usd: float | None, deadline_seconds: float
) -> list[FieldProblem]:
    """Which of ``wishes`` go beyond what the operator has set: the models there are, and the most of the others."""
    problems = []
    if wishes.model is not None and wishes.model not in models:
        there = (
            f"is none of this service's models: {', '.join(models)}" if models else "cannot be met: no model is set up"
        )
        problems.append(FieldProblem("model", there))
    if wishes.max_usd is not None and max_usd is not None and wishes.max_usd > max_usd:
        problems.append(FieldProblem("max_usd", f"must be at most {max_usd:g}, which is this service's limit"))
    if wishes.deadline_seconds is not None and wishes.deadline_seconds > deadline_seconds:
        most = f"must be at most {deadline_seconds:g}, which is this service's limit"
        problems.append(FieldProblem("deadline_seconds", most))
    return problems


def attachment_name_problems(names: list[str]) -> list[FieldProblem]:
    """The path rule for attachment names, and two rules of their own: no workflow files, no two of one name."""
    problems = []
    for index, name in enumerate(names):
        problem = path_problem(name)
        if problem is None and name.casefold().startswith(".github/"):
            problem = "is a GitHub settings or workflow file: ask for it in the brief instead"
        if problem:
            problems.append(FieldProblem(f"attachments[{index}].name", problem))
    if not problems and (collision := path_collision(names)):
        index, reason = collision
        problems.append(FieldProblem(f"attachments[{index}].name", reason))
    return problems


def _text_problems(field: str, text: str, longest: int) -> list[FieldProblem]:
    if not text.strip():
        return [FieldProblem(field, "is required and must not be empty")]
    if len(text) > longest:
        return [FieldProblem(field, f"is longer than {longest} characters")]
    if "\0" in text:
        return [FieldProblem(field, "contains a NUL character")]
    return []
