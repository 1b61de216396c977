"""What the command line prints: tables for people, JSON for programs."""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rich import box
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.domain.errors import InvalidFile, InvalidInput, PipelineError
from pipeline.domain.generation import Usage
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.notification import Delivery, DeliveryState
from pipeline.domain.publication import Publication, Target
from pipeline.domain.verdict import NO_BROWSER, Finding, Outcome, Verdict

if TYPE_CHECKING:
    from pipeline.shapes.jobs import StageView

WIDTH_WITHOUT_TERMINAL = 120
FINDINGS_SHOWN = 10
SHORT_ID = 8
MARGIN = 12
PROSE = {"note", "failed"}
CONSOLE_LINES_SHOWN = 20
FLEXIBLE_COLUMNS = {"check", "evidence", "detail", "answer", "task"}

OUTCOME_WORDS = {Outcome.PASS: "pass", Outcome.FAIL: "fail", Outcome.NOT_VERIFIABLE: "not verifiable"}
OUTCOME_MARKS = {
    Outcome.PASS: ("✔ pass", "green"),
    Outcome.FAIL: ("✘ fail", "red"),
    Outcome.NOT_VERIFIABLE: ("? not verifiable", "yellow"),
}
STATUS_STYLES = {JobStatus.SUCCEEDED: "green", JobStatus.FAILED: "red", JobStatus.CANCELLED: "yellow"}
DELIVERY_WORDS = {
    DeliveryState.NOT_REQUESTED: "not asked for",
    DeliveryState.PENDING: "not told yet",
    DeliveryState.DELIVERED: "told",
    DeliveryState.DEAD_LETTER: "not told; `pipeline jobs redeliver` tries again",
}


def stdout() -> Console:
    """Results go here."""
    return _console(Console())


def stderr() -> Console:
    """Progress, hints and errors go here."""
    return _console(Console(stderr=True))


def _console(console: Console) -> Console:
    if not console.is_terminal:
        console.width = max(console.width, WIDTH_WITHOUT_TERMINAL)
    return console


def plain(text: str) -> str:
    """``text`` on one line, without the control characters by which foreign text could steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def say(message: str, style: str = "") -> None:
    """A message on standard error."""
    console = stderr()
    for line in message.splitlines():
        for part in _broken(console, plain(line)):
            console.print(Text(part, style=style), soft_wrap=True)


def _broken(console: Console, line: str, margin: int = 0) -> list[str]:
    """On a terminal, ``line`` as lines of whole words; addresses may be longer than those."""
    if not console.is_terminal:
        return [line]
    return wrap(line, max(console.width - margin, MARGIN), break_long_words=False, break_on_hyphens=False)


def print_json(document: object) -> None:
    """The one document on standard output, at once: a command may go on for hours."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    sys.stdout.flush()


def explain(error: PipelineError) -> None:
    """An error on standard error; one line per field for bad input."""
    if not isinstance(error, InvalidInput):
        say(f"Error: {error}", "red")
        return
    say(f"{error.file if isinstance(error, InvalidFile) else 'The input'} breaks these rules:", "red")
    for problem in error.problems:
        say(f"  {problem.field}: {problem.problem}")


def print_summary(job: Job) -> None:
    """What came out of ``job``, and where it is. Lines are never broken, so that addresses can be copied."""
    for name, value in _facts(job):
        print_fact(name, plain(value))


def print_fact(name: str, value: str | Text) -> None:
    """One line, which is never broken; but for sentences, between words of theirs."""
    console = stdout()
    parts = _broken(console, value, MARGIN) if name in PROSE and isinstance(value, str) else [value]
    for part in parts:
        console.print(Text.assemble((f"{name:<{MARGIN}}", "bold"), part), soft_wrap=True)
        name = ""


def _facts(job: Job) -> Iterable[tuple[str, str]]:
    made, publication = job.made, job.publication
    yield "job", job.id
    yield "task", f"{job.key.task}, round {job.key.round}"
    yield "owner", job.key.email
    yield "status", job.status
    yield "target", f"{job.target} (on this machine only)" if job.target is Target.LOCAL else job.target
    if publication:
        yield from _places(job, publication)
    if made.generator:
        yield "generator", made.generator + (f", {made.model}" if made.model else ", no model was asked")
    if job.calls:
        yield "tokens", _tokens(job.usage)
    if job.seen.screenshot:
        yield "picture", f"`{_program()} jobs show {job.id[:SHORT_ID]} --screenshot page.png` saves it"
    if job.finished_at:
        yield "took", f"{round((job.finished_at - job.begun_at).total_seconds(), 1):g} s"
    yield "evaluator", DELIVERY_WORDS[job.notification]
    for note in made.notes:
        yield "note", note
    if job.failure:
        yield "failed", f"in {job.failure.stage}: {job.failure.message}"


def _places(job: Job, publication: Publication) -> Iterable[tuple[str, str]]:
    """Where the app is; nothing that would not be found."""
    if publication.target is not Target.LOCAL:
        yield "repository", publication.repo_url
        yield "commit", publication.commit_sha
        yield "page", publication.pages_url
        return
    folder = Path(unquote(urlsplit(publication.repo_url).path))
    if not folder.is_dir():
        yield "folder", f"is not there any more: {folder}"
        return
    yield "folder", str(folder)
    yield "commit", publication.commit_sha
    if (page := folder / "index.html").is_file():
        yield "page", str(page)
        yield "open", f"`{_program()} open {job.id[:SHORT_ID]}` shows it in a browser"


def _tokens(usage: Usage) -> str:
    cost = "cost not known" if usage.cost_usd is None else f"${usage.cost_usd:.4f}"
    calls = f"{usage.calls} call{'s' if usage.calls > 1 else ''}"
    return f"{usage.prompt_tokens} in, {usage.completion_tokens} out, {calls}, {cost}"


def print_verdicts(verdicts: Sequence[Verdict]) -> None:
    """One line per check of the brief."""
    if not verdicts:
        return
    count = Counter(verdict.outcome for verdict in verdicts)
    counts = ", ".join(f"{count[outcome]} {OUTCOME_WORDS[outcome]}" for outcome in Outcome if count[outcome])
    table = _table("check", "verdict", "evidence", title=f"{len(verdicts)} check{'s' * (len(verdicts) != 1)}: {counts}")
    for verdict in verdicts:
        table.add_row(_Cut(verdict.check.text), Text(*OUTCOME_MARKS[verdict.outcome]), _Cut(verdict.evidence))
    stdout().print(table)
    for outcome in (Outcome.FAIL, Outcome.NOT_VERIFIABLE):
        told = [verdict for verdict in verdicts if verdict.outcome is outcome and verdict.evidence != NO_BROWSER]
        _print_in_full(told, *OUTCOME_MARKS[outcome])
    if waiting := sum(verdict.evidence == NO_BROWSER for verdict in verdicts):
        way = "make browser" if Path(".ci/browser").is_file() else "playwright install --only-shell chromium"
        stdout().print(f"{waiting} check{'s need' if waiting > 1 else ' needs'} a browser: run `{way}`")


def _print_in_full(verdicts: Sequence[Verdict], mark: str, style: str) -> None:
    """Each check with its evidence, whole; checks with the same evidence together."""
    console = stdout()
    for evidence, alike in groupby(sorted(verdicts, key=lambda verdict: verdict.evidence), lambda v: v.evidence):
        for verdict in alike:
            console.print(Text.assemble((mark, style), f"  {plain(verdict.check.text)}"), overflow="fold")
        console.print(Padding(Text(plain(evidence), "dim"), (0, 0, 0, 4), expand=False), overflow="fold")


def print_findings(findings: Sequence[Finding]) -> None:
    """What is wrong beside the checks."""
    for finding in findings[:FINDINGS_SHOWN]:
        place = f"{finding.path or 'app'}{f':{finding.line}' if finding.line else ''}"
        line = f"{finding.severity}: {place}: {finding.message} ({finding.rule})"
        stdout().print(Text(plain(line)), soft_wrap=True)
    if len(findings) > FINDINGS_SHOWN:
        stdout().print(f"and {len(findings) - FINDINGS_SHOWN} more findings", highlight=False)


def print_console(lines: Sequence[str]) -> None:
    """The end of what the page wrote to its console."""
    if lines:
        stdout().print(Text("the page's console", style="bold"))
    for line in lines[-CONSOLE_LINES_SHOWN:]:
        stdout().print(Text(f"  {plain(line)}"), soft_wrap=True)


def print_timeline(stages: "Sequence[StageView]") -> None:
    """Every run of every stage."""
    table = _table("stage", "began", "state", "seconds", "detail", title="timeline")
    for run in stages:
        seconds = "" if run.seconds is None else f"{run.seconds:.2f}"
        table.add_row(run.stage, time_text(run.started_at), run.state, seconds, _Cut(run.detail))
    stdout().print(table)


def print_deliveries(deliveries: Sequence[Delivery]) -> None:
    """Every attempt at telling the evaluator."""
    if not deliveries:
        return
    table = _table("attempt", "at", "status", "seconds", "answer", title="deliveries")
    for delivery in deliveries:
        status, answer = str(delivery.status or "none"), _Cut(delivery.error or delivery.response)
        table.add_row(str(delivery.attempt), time_text(delivery.at), status, f"{delivery.seconds:.2f}", answer)
    stdout().print(table)


def print_jobs(jobs: Sequence[Job]) -> None:
    """One line per job, narrow enough to leave the ids whole on a terminal of 80 columns."""
    table = _table("job", "received", "status", "round", "task")
    table.box, table.padding, table.pad_edge = None, (0, 1), False
    for job in jobs:
        received, status = f"{job.received_at.astimezone():%m-%d %H:%M:%S}", STATUS_STYLES.get(job.status, "")
        table.add_row(job.id, received, Text(job.status, status), str(job.key.round), _Cut(job.key.task))
    stdout().print(table)


def _table(*headings: str, title: str | None = None) -> Table:
    """An empty table; of its columns only those with foreign text become narrower than what stands in them."""
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for heading in headings:
        justify: JustifyMethod = "right" if heading in {"seconds", "round", "attempt"} else "left"
        table.add_column(heading, justify=justify, no_wrap=heading not in FLEXIBLE_COLUMNS)
    return table


def _program() -> str:
    """As it can be typed here: with its folder where that is not on PATH, as in a clone."""
    typed = sys.argv[0]
    return typed if typed.endswith("/pipeline") and not shutil.which("pipeline") else "pipeline"


class _Cut:
    """A cell with foreign text, shortened at a word to what its column has room for."""

    def __init__(self, text: str) -> None:
        self._text = Text(plain(text), no_wrap=True, overflow="ellipsis")

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._text)

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        text, room = self._text.plain, options.max_width
        at_a_word = text[:room].rpartition(" ")[0]
        is_worth_it = self._text.cell_len > room and len(at_a_word) > room // 2
        yield Text(f"{at_a_word}…") if is_worth_it else self._text


def time_text(at: datetime) -> str:
    """On this machine's clock."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
