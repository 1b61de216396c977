"""Makes an app with a language model: ask, read, and where the answer cannot be used, say so and ask again."""

import asyncio
from dataclasses import dataclass
from typing import NoReturn

from pipeline.domain.conversation import CallLimits, Finish, Image, Message, Reply, Role
from pipeline.domain.errors import GenerationFailed, InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, ModelCall, Order
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.verdict import Outcome, Verification
from pipeline.generation.attachments import AttachmentView, describe_attachments, wrap_untrusted
from pipeline.generation.attachments.images import MAX_IMAGE_BYTES
from pipeline.generation.opening import opening, space_kind, target_prompts
from pipeline.generation.prompts import Prompts
from pipeline.generation.reply.edits import Applied, Failure, apply_reply
from pipeline.generation.reply.grammar import ReplyParser
from pipeline.generation.reply.ladder import Reading, Rung, read_reply
from pipeline.generation.reply.operations import ParsedReply, ReplyRejected
from pipeline.ports import Clock, Model, Progress

TOKENS_PER_SECOND = 60
"""What a model is trusted to write: bounds how much is asked for when time is short."""

FEWEST_TOKENS = 1_000
SPARE_SECONDS = 2.0
MENDS = 2
LAST_LINES = 20
MAX_SHOWN = 40


class ModelGenerator:
    """The Generator port on a Model."""

    def __init__(self, model: Model, prompts: Prompts, clock: Clock) -> None:
        self._model = model
        self._prompts = prompts
        self._clock = clock

    async def generate(self, order: Order, progress: Progress) -> Generation:
        """Build or revise.

        Raises:
            GenerationFailed: no answer gave a whole app; says what was wrong with the last one.
            BudgetExhausted: the job may not ask any more.
        """
        view = await asyncio.to_thread(describe_attachments, order.brief.attachments)
        return await _Making(order, view, progress, model=self._model, prompts=self._prompts, clock=self._clock).run()


class _Making:
    """One order's way to an app.

    The conversation only ever grows, and depends on nothing but the order and the answers: when a job is resumed
    after a crash, the same questions find their recorded answers.
    """

    def __init__(
        self, order: Order, view: AttachmentView, progress: Progress, *, model: Model, prompts: Prompts, clock: Clock
    ) -> None:
        self._order = order
        self._view = view
        self._progress = progress
        self._model = model
        self._prompts = prompts
        self._clock = clock
        self._until = clock.monotonic() + order.seconds - SPARE_SECONDS
        self._conversation, self._first_prompt = opening(order, view, prompts)
        self._files = order.base or AppFiles({})
        self._calls: list[ModelCall] = []
        self._notes: list[str] = []

    async def run(self) -> Generation:
        """Ask until there is a whole app, within the limits."""
        reply, reading = await self._first_answer()
        summary = reading.parsed.summary
        if reply.finish is Finish.LENGTH or (reply.finish is Finish.CUT and reading.parsed.incomplete):
            reading = await self._rest_of(reply, reading)
        problems = self._take(reading)
        for mend in range(1, MENDS + 1):
            if problems:
                problems = await self._mend(problems, whole_files=mend == MENDS)
        if problems:
            _give_up("parts of the model's answers could not be used", problems)
        for verification in self._order.rejected:
            await self._repair(verification)
        labels = (self._prompts[name].label for name in ("system", *target_prompts(self._order)))
        made = Made(
            generator="model",
            summary=summary,
            model=self._calls[-1].answered,
            prompts=tuple(dict.fromkeys([*labels, *(call.prompt for call in self._calls)])),
            calls=tuple(self._calls),
            notes=tuple(self._notes),
        )
        return Generation(self._files, made)

    async def _first_answer(self) -> tuple[Reply, Reading]:
        """An answer in which there are files; the format is explained once more if there are none."""
        reply, reading, reason = await self._ask(self._first_prompt)
        if reading.rung is Rung.NONE and reply.finish is not Finish.LENGTH:
            self._say(self._prompts.render("format", reason=reason))
            reply, reading, reason = await self._ask("format")
        if reading.rung is Rung.NONE:
            _give_up("no app could be read from the model's answers", [_Problem(None, reason)])
        if reading.rung is not Rung.TAGS:
            self._notes.append(f"the answer was not in the format asked for; it was read as {reading.rung}")
        return reply, reading

    async def _rest_of(self, reply: Reply, reading: Reading) -> Reading:
        """Keep what is complete of an answer that was cut off, and ask for the rest, once."""
        incomplete, complete = reading.parsed.incomplete, reading.parsed.operations
        self._files = self._apply(ParsedReply(complete)).files
        path = incomplete[-1].path if incomplete else ""
        self._progress(f"the answer was cut off; asking for the rest{f', from {path}' if path else ''}")
        last_lines = "\n".join(reply.text.splitlines()[-LAST_LINES:])
        self._say(
            self._prompts.render(
                "continue",
                path=path,
                last_lines=wrap_untrusted("existing", {}, last_lines),
                complete=", ".join(operation.path for operation in complete),
            )
        )
        rest, rest_reading, reason = await self._ask("continue")
        if rest.finish is Finish.LENGTH or (rest.finish is Finish.CUT and rest_reading.parsed.incomplete):
            _give_up("the model's answer was cut off twice", [_Problem(path, "the app is too long for its answers")])
        if rest_reading.rung is Rung.NONE:
            _give_up("the model did not complete the answer that was cut off", [_Problem(path, reason)])
        self._notes.append("the model's answer was cut off once and completed by a second one")
        return rest_reading

    async def _mend(self, problems: "list[_Problem]", *, whole_files: bool) -> "list[_Problem]":
        """Show the model what could not be used; return what still cannot."""
        self._progress(f"{len(problems)} part(s) of the answer could not be used; asking again")
        paths = ", ".join(dict.fromkeys(problem.path for problem in problems if problem.path)) if whole_files else ""
        self._say(
            self._prompts.render("mend", problems=[problem.text for problem in problems[:MAX_SHOWN]], whole_files=paths)
        )
        _, reading, reason = await self._ask("mend")
        if reading.rung is Rung.NONE:
            return [*problems, _Problem(None, reason)]
        still = self._take(reading)
        mended = {operation.path for operation in reading.parsed.operations}
        return still + [problem for problem in problems if problem.path and problem.path not in mended]

    async def _repair(self, verification: Verification) -> None:
        """Tell the model what was found; what it changes is taken as far as it can be used."""
        findings = _findings(verification)
        self._progress(f"asking the model to mend {len(findings)} finding(s)")
        self._say(self._prompts.render("repair", findings=findings[:MAX_SHOWN]), _picture(verification))
        _, reading, _ = await self._ask("repair")
        if problems := self._take(reading):
            problems = await self._mend(problems, whole_files=True)
        if problems:
            self._notes.append(f"parts of a repair could not be used: {problems[0].text.splitlines()[0]}")

    def _take(self, reading: Reading) -> "list[_Problem]":
        """Carry out what the answer says; return what could not be, and what an app must have and lacks."""
        applied = self._apply(reading.parsed)
        self._files = applied.files
        self._notes.extend(applied.notes)
        problems = [_problem(failure) for failure in applied.failures]
        entries = _entry_files(self._order)
        there = {*self._files, *(attachment.name for attachment in self._order.brief.attachments)}
        if there.isdisjoint(entries) and not any(problem.path in entries for problem in problems):
            path = entries[0] if len(entries) == 1 else None
            problems.append(_Problem(path, f"{' or '.join(entries)} is missing: without it there is no app"))
        return problems

    def _apply(self, parsed: ParsedReply) -> Applied:
        try:
            return apply_reply(self._files, self._order.brief.attachments, parsed, self._view.derived)
        except InvalidInput as error:
            raise GenerationFailed(f"the model's answer makes no app: {error}") from error

    async def _ask(self, prompt_id: str) -> tuple[Reply, Reading, str]:
        """Put the conversation to the model; return its answer, what could be read from it, and why not more."""
        prompt = self._prompts[prompt_id]
        seconds = self._until - self._clock.monotonic()
        if seconds <= 0:
            _give_up("no time was left to ask a model", [])
        tokens = max(FEWEST_TOKENS, min(prompt.max_output_tokens, int(seconds * TOKENS_PER_SECOND)))
        limits = CallLimits(tokens, seconds, prompt.temperature)
        reply = await self._model.ask(self._order.job_id, self._conversation, limits, _FileProgress(self._progress))
        reading, reason = _read(reply)
        self._conversation = (*self._conversation, Message(Role.ASSISTANT, reply.text or "(empty)"))
        self._calls.append(
            ModelCall(prompt.label, reply.asked, reply.answered, reply.finish, reading.rung, reply.usage, reply.seconds)
        )
        return reply, reading, reason

    def _say(self, text: str, images: tuple[Image, ...] = ()) -> None:
        self._conversation = (*self._conversation, Message(Role.USER, text, images))


@dataclass(frozen=True, slots=True)
class _Problem:
    """What could not be used, of a file or of the answer as a whole, in words for the model and for people."""

    path: str | None
    text: str


class _FileProgress:
    """Tells the names and sizes of files while they stream in."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._parser: ReplyParser | None = ReplyParser()

    def __call__(self, text: str) -> None:
        if self._parser is None:
            return
        try:
            for event in self._parser.feed(text):
                self._progress(f"{event.path}, {event.size / 1024:.1f} KB")
        except ReplyRejected:  # told when the whole answer is read
            self._parser = None


def _read(reply: Reply) -> tuple[Reading, str]:
    if reply.finish is Finish.REFUSED:
        return Reading(Rung.NONE, ParsedReply()), "the model refused"
    try:
        reading = read_reply(reply.text, truncated=reply.finish is not Finish.COMPLETE)
    except ReplyRejected as rejection:
        return Reading(Rung.NONE, ParsedReply()), str(rejection)
    return reading, "it holds no file" if reply.text.strip() else "it is empty"


def _problem(failure: Failure) -> _Problem:
    """A failure in words, with the real lines of the file where a SEARCH missed them."""
    lines = [f"{failure.path}: {failure.reason}"]
    for block in failure.blocks:
        search = wrap_untrusted("existing", {}, block.search)
        lines.append(f"Block {block.number}: {block.reason}. Its SEARCH was:\n{search}")
        if block.nearest:
            shown = wrap_untrusted("existing", {}, "\n".join(block.nearest.lines))
            lines.append(f"The file really has, from line {block.nearest.first_line}:\n{shown}")
    return _Problem(failure.path, "\n".join(lines))


def _findings(verification: Verification) -> list[str]:
    """What is wrong, one finding each, wrapped: pages and consoles may say anything."""
    failed = [verdict for verdict in verification.verdicts if verdict.outcome is Outcome.FAIL]
    found = [
        wrap_untrusted("finding", {"check": "failed"}, f"{verdict.check.text}\nSeen: {verdict.evidence}")
        for verdict in failed
    ]
    for error in verification.errors:
        place = f"{error.path}{f', line {error.line}' if error.line else ''}: " if error.path else ""
        found.append(wrap_untrusted("finding", {"rule": error.rule}, f"{place}{error.message}"))
    if verification.console:
        last_lines = "\n".join(verification.console[-LAST_LINES:])
        found.append(wrap_untrusted("finding", {"console": "of the page"}, last_lines))
    return found


def _picture(verification: Verification) -> tuple[Image, ...]:
    """How the page looks, for models that can see."""
    picture = verification.picture
    return (Image("image/png", picture),) if picture and len(picture) <= MAX_IMAGE_BYTES else ()


def _entry_files(order: Order) -> tuple[str, ...]:
    """Files without any of which nothing starts."""
    kind = space_kind(order)
    if kind is None:
        return "index.html", "app.py", "Dockerfile"
    if kind is SpaceSdk.DOCKER:
        return "app.py", "Dockerfile"
    return ("index.html",) if kind is SpaceSdk.STATIC else ("app.py",)


def _give_up(what: str, problems: list[_Problem]) -> NoReturn:
    reasons = "; ".join(problem.text.splitlines()[0] for problem in problems if problem.text)
    raise GenerationFailed(f"{what}: {reasons}" if reasons else what)
