"""``pipeline evaluate``: the evaluator's side, against any service of the contract."""

import os
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from pipeline.cli.environment import read_quietly
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.output import plain, print_json, say, stdout
from pipeline.cli.progress import ProgressBar
from pipeline.domain.address import NeighbourRule, Origin
from pipeline.domain.errors import FieldProblem, InvalidInput, Misconfigured
from pipeline.domain.verdict import Outcome
from pipeline.evaluation.results import OUTCOME_NAMES, Evaluation, RoundResult, score_of
from pipeline.evaluation.rounds import Options, SentBy, Work

if TYPE_CHECKING:
    from pipeline.settings import Settings

SECRET_VARIABLE = "DEPLOY_SECRET"  # noqa: S105 - its name
STEPS = 3  # of a round: answered, called back for, judged
MOST_FILES = 1_000
MARKS = {Outcome.PASS: ("✔", "green"), Outcome.FAIL: ("✘", "red"), Outcome.NOT_VERIFIABLE: ("?", "yellow")}


def evaluate(
    briefs: Annotated[
        list[Path], typer.Argument(metavar="BRIEFS...", help="Files as `pipeline run` reads them, or folders of them.")
    ],
    *,
    endpoint: Annotated[str, typer.Option(metavar="URL", help="Where the service takes briefs.")],
    sent_by: Annotated[
        SentBy,
        typer.Option(case_sensitive=False, help="task as TEMPLATE-HASH, another one in each round; or as it stands."),
    ] = SentBy.HASH,
    email: Annotated[str | None, typer.Option(help="Instead of those of the files.")] = None,
    secret_env: Annotated[str, typer.Option(metavar="NAME", help="The variable with the secret.")] = SECRET_VARIABLE,
    concurrency: Annotated[int, typer.Option(min=1, max=200, help="How many briefs at once.")] = 4,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds from a request to its callback.")] = 600,
    answer_timeout: Annotated[float, typer.Option(min=0.1, help="Seconds until a request is answered.")] = 10,
    page_timeout: Annotated[float, typer.Option(min=0, help="Seconds from a callback to its page.")] = 60,
    callback_host: Annotated[str, typer.Option(help="Where callbacks are received.")] = "127.0.0.1",
    callback_port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 0,
    callback_url: Annotated[
        str | None, typer.Option(metavar="URL", help="When the service reaches that by another address.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="One page, with pictures.")] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE.xml", help="For CI.")] = None,
) -> None:
    """The command."""
    with exit_codes(as_json=as_json):
        settings = read_quietly()
        works = _works(briefs, settings, email)
        options = Options(
            endpoint=_endpoint(endpoint),
            callback_url=callback_url or "",
            secret=_secret(secret_env, settings),
            sent_by=sent_by,
            concurrency=concurrency,
            answer_seconds=answer_timeout,
            callback_seconds=timeout,
            page_seconds=page_timeout,
        )
        files = [file for file in (report, junit) if file]
        for file in files:
            _write(file, b"")  # what cannot be written is told before the work
        evaluation = run_async(_evaluate(settings, options, works, (callback_host, callback_port)))
        _write_reports(evaluation, report, junit)
        if as_json:
            print_json(evaluation.document())
        else:
            _print(evaluation)
    if not evaluation.is_flawless:
        raise typer.Exit(ExitCode.FAILED)


async def _evaluate(
    settings: "Settings", options: Options, works: Sequence[Work], listen: tuple[str, int]
) -> Evaluation:
    from dataclasses import replace

    from pipeline.bootstrap.evaluation import open_evaluator
    from pipeline.evaluation.receiver import Receiver

    is_here = NeighbourRule(options.endpoint, setting="--endpoint").is_here
    steps = STEPS * sum(len(work.rounds) for work in works)
    with Receiver(*listen) as receiver, ProgressBar("evaluating", steps) as progress:
        options = replace(options, callback_url=options.callback_url or receiver.url)
        say(f"Callbacks are received at {options.callback_url}.")
        if not is_here and options.callback_url == receiver.url and listen[0] == "127.0.0.1":
            say("A service elsewhere cannot reach that: give --callback-host and --callback-url.", "yellow")
        async with open_evaluator(settings, options, receiver, progress.show) as evaluator:
            return await evaluator.evaluate(works)


def _endpoint(url: str) -> str:
    if Origin.of(url) is None:
        raise InvalidInput(FieldProblem("--endpoint", "must be an http or https address, like https://HOST/api-deploy"))
    return url if urlsplit(url).path.strip("/") else f"{url.rstrip('/')}/api-deploy"


def _secret(name: str, settings: "Settings") -> str:
    configured = settings.deploy_secret.get_secret_value() if settings.deploy_secret else ""
    secret = os.environ.get(name, configured if name == SECRET_VARIABLE else "")
    if not secret:
        raise Misconfigured(f"{name} is not set: put the secret that the service knows there, or name another variable")
    return secret


def _works(places: Sequence[Path], settings: "Settings", email: str | None) -> list[Work]:
    from pipeline.cli.briefs import read_requests

    files = [file for place in places for file in (sorted(place.glob("*.json")) if place.is_dir() else [place])]
    if not 0 < len(files) <= MOST_FILES:
        raise InvalidInput(FieldProblem("BRIEFS", f"hold {len(files)} files *.json: 1 to {MOST_FILES} are played"))
    ours = {"nonce": "-", "evaluation_url": "", **({"email": email} if email else {})}
    works = []
    for file in files:
        rounds = sorted(read_requests(str(file), settings, **ours), key=lambda pair: pair[1].round)
        works.append(Work(plain(file.stem), tuple(rounds)))
    return works


def _write_reports(evaluation: Evaluation, report: Path | None, junit: Path | None) -> None:
    from pipeline.evaluation.report import html_report, junit_report

    for file, make in ((report, html_report), (junit, junit_report)):
        if file:
            _write(file, make(evaluation))
            say(f"Written: {file}")


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidInput(FieldProblem(str(file), f"cannot be written: {error.strerror}")) from error


def _print(evaluation: Evaluation) -> None:
    """A table of every point, what failed in full, and the sum."""
    console = stdout()
    for name, rounds in groupby(evaluation.rounds, lambda played: played.brief):
        for played in rounds:
            console.print(_table(f"{name}, round {played.number}: {played.score}", played))
    for played in evaluation.rounds:
        for point in played.failures:
            console.print(Text(f"✘ {played.brief}, round {played.number}: {point.name}", "red"), soft_wrap=True)
            console.print(Text(f"  {point.evidence}"), soft_wrap=True)
    for stray in evaluation.strays:
        console.print(Text(f"A callback was {stray}", "yellow"), soft_wrap=True)
    verdict = Text(score_of(evaluation.points), "bold green" if evaluation.is_flawless else "bold red")
    console.print(verdict, Text(f"in {evaluation.seconds:.1f} s, by {plain(evaluation.endpoint)}"), soft_wrap=True)


def _table(title: str, played: RoundResult) -> Table:
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("verdict", no_wrap=True)
    for heading in ("point", "evidence"):
        table.add_column(heading)
    for point in played.points:
        mark, style = MARKS[point.outcome]
        cells = [Text(text, no_wrap=True, overflow="ellipsis") for text in (point.name, point.evidence)]
        table.add_row(Text(f"{mark} {OUTCOME_NAMES[point.outcome]}", style), *cells)
    return table
