"""What is wrong with an answer or an app, in words for the model and for people."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.domain.conversation import Finish, Image, Reply
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Order
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.verdict import ATTACHMENT_KEPT, Outcome, Verification
from pipeline.generation.attachments import wrap_untrusted
from pipeline.generation.attachments.images import MAX_IMAGE_BYTES
from pipeline.generation.opening import space_kind
from pipeline.generation.reply.edits import Failure
from pipeline.generation.reply.ladder import Reading, Rung, read_reply
from pipeline.generation.reply.operations import ParsedReply, ReplyRejected

LAST_LINES = 20
MAX_REASON = 300

_NOT_MENDED = re.compile(r"^[\s*_>-]*not mended[\s*_]*:[\s*_]*(.+)$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Problem:
    """What could not be used, of a file or of the answer as a whole, in words for the model and for people."""

    path: str | None
    text: str

    @property
    def first_line(self) -> str:
        """Enough for people."""
        return self.text.split("\n", 1)[0]


def problem_of(failure: Failure) -> Problem:
    """A failure in words, with the real lines of the file where a SEARCH missed them."""
    lines = [f"{failure.path}: {failure.reason}"]
    for block in failure.blocks:
        search = wrap_untrusted("existing", {}, block.search)
        lines.append(f"Block {block.number}: {block.reason}. Its SEARCH was:\n{search}")
        if block.nearest:
            shown = wrap_untrusted("existing", {}, "\n".join(block.nearest.lines))
            lines.append(f"The file really has, from line {block.nearest.first_line}:\n{shown}")
    return Problem(failure.path, "\n".join(lines))


def still_open(problems: Iterable[Problem], newest: ParsedReply, files: AppFiles, there: set[str]) -> list[Problem]:
    """Those of ``problems`` that the newest answer says nothing of, though the app has or names the file.

    What the model gave up or found another path for is no problem any more.
    """
    answered = {operation.path for operation in newest.operations} | {item.path for item in newest.incomplete}
    texts = [text for path in files if (text := files.text(path))]
    return [
        problem
        for problem in problems
        if problem.path
        and problem.path not in answered
        and (problem.path in there or any(problem.path.rpartition("/")[2] in text for text in texts))
    ]


def findings_of(verification: Verification) -> list[str]:
    """What is wrong, one finding each, wrapped: pages and consoles may say anything."""
    failed = [verdict for verdict in verification.verdicts if verdict.outcome is Outcome.FAIL]
    found = [
        wrap_untrusted("finding", {"check": "failed"}, f"{verdict.check.text}\nSeen: {verdict.evidence}")
        for verdict in failed
    ]
    found += [
        wrap_untrusted(
            "finding",
            {"acceptance-test": "failed"},
            "\n".join([trial.test.title, *map(str, trial.test.steps), f"Seen: {trial.evidence}"]),
        )
        for trial in verification.failed_trials
    ]
    kept = [finding for finding in verification.findings if finding.rule == ATTACHMENT_KEPT]
    for error in (*verification.errors, *kept):
        place = f"{error.path}{f', line {error.line}' if error.line else ''}: " if error.path else ""
        found.append(wrap_untrusted("finding", {"rule": error.rule}, f"{place}{error.message}"))
    if verification.console:
        last_lines = "\n".join(verification.console[-LAST_LINES:])
        found.append(wrap_untrusted("finding", {"console": "of the page"}, last_lines))
    return found


def reasons_in(words: str) -> list[str]:
    """Why the model left a finding as it is, in its own words, as the prompt of a repair asks for them."""
    return [f"not mended: {' '.join(found.split())[:MAX_REASON]}" for found in _NOT_MENDED.findall(words)]


def picture_of(verification: Verification) -> tuple[Image, ...]:
    """How the page looks, for models that can see."""
    picture = verification.picture
    return (Image("image/png", picture),) if picture and len(picture) <= MAX_IMAGE_BYTES else ()


def entry_files(order: Order) -> tuple[str, ...]:
    """Files without any of which nothing starts."""
    kind = space_kind(order)
    if kind is None:
        return "index.html", "app.py", "Dockerfile"
    if kind is SpaceSdk.DOCKER:
        return "app.py", "Dockerfile"
    return ("index.html",) if kind is SpaceSdk.STATIC else ("app.py",)


def read_answer(reply: Reply) -> tuple[Reading, str]:
    """What an answer says, and if that is nothing, why."""
    if reply.finish is Finish.REFUSED:
        return Reading(Rung.NONE, ParsedReply()), "the model refused"
    try:
        reading = read_reply(reply.text, truncated=reply.finish is not Finish.COMPLETE)
    except ReplyRejected as rejection:
        return Reading(Rung.NONE, ParsedReply()), str(rejection)
    if reply.place:
        return reading, f"it came as {reply.place}, and holds no file"
    return reading, "it holds no file" if reply.text.strip() else "it is empty"
