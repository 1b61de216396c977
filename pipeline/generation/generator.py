"""Makes an app with a language model: ask, read, and where the answer cannot be used, say so and ask again."""

import asyncio
from dataclasses import dataclass, replace

from pipeline.domain.conversation import CallLimits, Finish, Image, Message, Reply, Role
from pipeline.domain.errors import BudgetExhausted, GenerationFailed, InvalidInput, NoModelLeft
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, ModelCall, Order
from pipeline.domain.verdict import Verification
from pipeline.generation.attachments import AttachmentView, describe_attachments, wrap_untrusted
from pipeline.generation.opening import opening, target_prompts
from pipeline.generation.problems import (
    LAST_LINES,
    Problem,
    entry_files,
    findings_of,
    picture_of,
    problem_of,
    read_answer,
    reasons_in,
    still_open,
)
from pipeline.generation.prompts import Prompts
from pipeline.generation.published import Published, show_published
from pipeline.generation.reply.edits import apply_reply
from pipeline.generation.reply.grammar import ReplyParser
from pipeline.generation.reply.joining import is_begun_again, joined
from pipeline.generation.reply.ladder import Reading, Rung
from pipeline.generation.reply.operations import EditBlock, ReplyRejected
from pipeline.ports import Clock, Model, Progress

TOKENS_PER_SECOND = 60
"""What a model is trusted to write: bounds how much is asked for when time is short."""

FEWEST_TOKENS = 1_000
SPARE_SECONDS = 2.0
MENDS = 2
MAX_SHOWN = 40
MAX_PIECES = 8
"""Of one answer that its model's output limit cuts off again and again; the job's caps end it sooner."""
MAX_BREAKS = 4  # of the connection, in answers that begin again each time: another model waits


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
        published = await asyncio.to_thread(show_published, order)
        shown = view, published
        return await _Making(order, shown, progress, model=self._model, prompts=self._prompts, clock=self._clock).run()


class _Useless(GenerationFailed):
    """The answers of one model give no app, though it had its chances; another model may do better."""

    def __init__(self, what: str, problems: list[Problem]) -> None:
        reasons = "; ".join(problem.first_line for problem in problems if problem.text)
        super().__init__(f"{what}: {reasons}" if reasons else what)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer, put together from its pieces, as it could be read, and why not more of it could be."""

    reading: Reading
    reason: str
    cut: Finish | None  # how the last piece ended; None = it is whole
    pieces: int


class _Making:
    """One order's way to an app.

    The conversation with a model only ever grows, and depends on nothing but the order and the answers: when a job is
    resumed after a crash, the same questions find their recorded answers.
    """

    def __init__(
        self,
        order: Order,
        shown: tuple[AttachmentView, Published],
        progress: Progress,
        *,
        model: Model,
        prompts: Prompts,
        clock: Clock,
    ) -> None:
        self._order = order
        self._view, self._published = shown
        self._progress = progress
        self._model = model
        self._prompts = prompts
        self._clock = clock
        self._until = clock.monotonic() + order.seconds - SPARE_SECONDS
        self._calls: list[ModelCall] = []
        self._notes: list[str] = []
        self._avoided: frozenset[str] = frozenset()
        self._begin()

    def _begin(self) -> None:
        self._conversation, self._first_prompt = opening(self._order, self._view, self._published, self._prompts)
        base, attached = self._order.base or AppFiles({}), self._order.brief.attachments
        # The model is shown what is attached, and changes that.
        self._files = base.with_files({item.name: item.content for item in attached if item.name in base})
        self._placed: frozenset[tuple[str, EditBlock]] = frozenset()
        self._renders: dict[str, str] = {}

    async def run(self) -> Generation:
        """Ask until there is a whole app, within the limits: when the answers of one model are of no use, the next."""
        failed: list[str] = []
        while True:
            try:
                summary = await self._whole_app()
                break
            except _Useless as error:
                useless = error
                asked = self._calls[-1].asked
                failed.append(f"{asked}: {error}")
                self._avoided |= {asked}
                self._begin()
            except NoModelLeft:
                if not failed:
                    raise
                raise GenerationFailed("\n".join(failed) if len(failed) > 1 else str(useless)) from None
            except (GenerationFailed, BudgetExhausted) as error:
                raise type(error)("\n".join([str(error), *failed])) from error
        self._notes = [*failed, *self._notes]
        for verification in self._order.rejected:
            await self._repair(verification)
        labels = (self._prompts[name].label for name in ("system", *target_prompts(self._order)))
        made = Made(
            generator="model",
            summary=summary,
            model=self._calls[-1].answered,
            prompts=tuple(dict.fromkeys([*labels, *(call.prompt for call in self._calls)])),
            calls=tuple(self._calls),
            notes=tuple(dict.fromkeys(self._notes)),
        )
        return Generation(self._files, made, self._renders)

    async def _whole_app(self) -> str:
        """Bring all the files together, and return the model's words on them. Raises _Useless."""
        reading = await self._first_answer()
        problems = self._take(reading)
        for mend in range(1, MENDS + 1):
            if problems:
                problems = await self._mend(problems, whole_files=mend == MENDS)
        if problems:
            raise _Useless("parts of the model's answers could not be used", problems)
        return reading.parsed.summary

    async def _first_answer(self) -> Reading:
        """A whole answer in which there are files; the format is explained once more if there are none."""
        answer = await self._ask(self._first_prompt)
        if answer.reading.rung is Rung.NONE:
            self._say(self._prompts.render("format", reason=answer.reason))
            answer = await self._ask("format")
        reading = answer.reading
        if answer.cut:
            why = "is too long for it" if answer.cut is Finish.LENGTH else "is not whole, for the connection broke"
            unfinished = [Problem(item.path, f"{item.path} {why}") for item in reading.parsed.incomplete]
            times = {1: "once", 2: "twice"}.get(answer.pieces, f"{answer.pieces} times")
            raise _Useless(f"the model's answer was cut off {times}", unfinished)
        if reading.rung is Rung.NONE:
            raise _Useless("no app could be read from the model's answers", [Problem(None, answer.reason)])
        if reading.rung is not Rung.TAGS:
            self._notes.append(f"the answer was not in the format asked for; it was read as {reading.rung}")
        return reading

    async def _mend(self, problems: list[Problem], *, whole_files: bool) -> list[Problem]:
        """Show the model what could not be used; return what still cannot."""
        self._progress(f"{len(problems)} part(s) of the answer could not be used; asking again")
        paths = ", ".join(dict.fromkeys(problem.path for problem in problems if problem.path)) if whole_files else ""
        self._say(
            self._prompts.render("mend", problems=[problem.text for problem in problems[:MAX_SHOWN]], whole_files=paths)
        )
        answer = await self._ask("mend")
        if answer.reading.rung is Rung.NONE:
            return [*problems, Problem(None, answer.reason)]
        still = self._take(answer.reading, doubted={problem.path for problem in problems if problem.path})
        told = {problem.path for problem in still}
        left = still_open(problems, answer.reading.parsed, self._files, self._there())
        return still + [problem for problem in left if problem.path not in told]

    async def _repair(self, verification: Verification) -> None:
        """Tell the model what was found; what it changes is taken as far as it can be used."""
        findings = findings_of(verification)
        self._progress(f"asking the model to mend {len(findings)} finding(s)")
        self._say(self._prompts.render("repair", findings=findings[:MAX_SHOWN]), picture_of(verification))
        self._placed = frozenset()
        answer = await self._ask("repair")
        self._notes.extend(reasons_in(answer.reading.parsed.summary))
        if problems := self._take(answer.reading):
            problems = await self._mend(problems, whole_files=True)
        if problems:
            self._notes.append(f"parts of a repair could not be used: {problems[0].first_line}")

    def _there(self) -> set[str]:
        return {*self._files, *(attachment.name for attachment in self._order.brief.attachments)}

    def _take(self, reading: Reading, doubted: set[str] | None = None) -> list[Problem]:
        """Carry out what the answer says; return what could not be, and what an app must have and lacks."""
        attachments, derived = self._order.brief.attachments, {**self._published.derived, **self._view.derived}
        try:
            applied = apply_reply(
                self._files, attachments, reading.parsed, derived, placed=self._placed, doubted=doubted or set()
            )
        except InvalidInput as error:
            raise _Useless(f"the model's answer makes no app: {error}", []) from error
        self._files, self._placed = applied.files, applied.placed
        named = {operation.path for operation in reading.parsed.operations}
        kept = {path: source for path, source in self._renders.items() if path not in named}
        self._renders = {**kept, **applied.renders}
        self._notes.extend(applied.notes)
        problems = [problem_of(failure) for failure in applied.failures]
        entries = entry_files(self._order)
        if self._there().isdisjoint(entries) and not any(problem.path in entries for problem in problems):
            path = entries[0] if len(entries) == 1 else None
            problems.append(Problem(path, f"{' or '.join(entries)} is missing: without it there is no app"))
        return problems

    async def _ask(self, prompt_id: str) -> _Answer:
        """Put the conversation to the model; when its answer is cut off, let it go on as long as it gets on."""
        reply = await self._ask_once(prompt_id)
        text, pieces = reply.text, 1
        while True:
            reading, reason = read_answer(replace(reply, text=text))
            incomplete = reading.parsed.incomplete
            is_cut = reply.finish is Finish.LENGTH or (
                reply.finish is Finish.CUT and (bool(incomplete) or reading.rung is Rung.NONE)
            )
            path = incomplete[-1].path if incomplete else ""
            is_stuck = pieces > 1 and (reading.rung is Rung.NONE or is_begun_again(reply.text, path))
            is_stuck &= reply.finish is Finish.LENGTH or pieces >= MAX_BREAKS
            if not is_cut or is_stuck or pieces == MAX_PIECES:
                break
            self._progress(f"the answer was cut off; asking for the rest{f', from {path}' if path else ''}")
            last_lines = wrap_untrusted("existing", {}, "\n".join(text.splitlines()[-LAST_LINES:]))
            self._say(self._prompts.render("continue", path=path, last_lines=last_lines))
            reply = await self._ask_once("continue")
            text, pieces = joined(text, reply.text, path), pieces + 1
            joint, alone = (read_answer(replace(reply, text=part))[0].rung for part in (text, reply.text))
            if joint is Rung.NONE and alone is not Rung.NONE:
                text = reply.text  # the whole answer once more
        if pieces > 1 and not is_cut:
            self._notes.append(f"the model's answer was cut off, and put together from {pieces} pieces")
        self._calls[-1] = replace(self._calls[-1], form=reading.rung)
        return _Answer(reading, reason, reply.finish if is_cut and reading.rung is not Rung.NONE else None, pieces)

    async def _ask_once(self, prompt_id: str) -> Reply:
        prompt = self._prompts[prompt_id]
        seconds = self._until - self._clock.monotonic()
        if seconds <= 0:
            raise GenerationFailed("no time was left to ask a model")
        tokens = max(FEWEST_TOKENS, min(prompt.max_output_tokens, int(seconds * TOKENS_PER_SECOND)))
        order, wishes = self._order, self._order.brief.wishes
        limits = CallLimits(tokens, seconds, prompt.temperature, avoid=self._avoided, model=wishes.model)
        limits = replace(limits, max_usd=wishes.max_usd, after=order.after, spare_calls=order.spare_calls)
        reply = await self._model.ask(self._order.job_id, self._conversation, limits, _FileProgress(self._progress))
        self._conversation = (*self._conversation, Message(Role.ASSISTANT, reply.text or "(empty)"))
        self._calls.append(
            ModelCall(prompt.label, reply.asked, reply.answered, reply.finish, Rung.NONE, reply.usage, reply.seconds)
        )
        self._notes.extend(reply.passed_over)
        if reply.place:
            self._notes.append(f"{reply.asked}: the answer came as {reply.place}")
        return reply

    def _say(self, text: str, images: tuple[Image, ...] = ()) -> None:
        self._conversation = (*self._conversation, Message(Role.USER, text, images))


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
