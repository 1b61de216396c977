"""``pipeline run``: briefs through the whole pipeline, in this process, with no server."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.output import print_findings, print_json, print_summary, print_verdicts, say
from pipeline.cli.progress import follow
from pipeline.domain.brief import Brief
from pipeline.domain.errors import KeyReused
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.publication import Target
from pipeline.ports import Jobs

if TYPE_CHECKING:
    from pipeline.bootstrap.services import Services


def run(
    brief_file: Annotated[
        str, typer.Argument(metavar="BRIEF.json", help="A request, or a collection of rounds; - reads standard input.")
    ],
    *,
    target: Annotated[
        Target | None, typer.Option(help="Where to publish; default: local, a dry run to this machine's disk.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch/--json", help="Tables for people, or one JSON document.")] = True,
    notify: Annotated[
        bool | None,
        typer.Option("--notify/--no-notify", help="Call evaluation_url; default: only when published elsewhere."),
    ] = None,
    only_round: Annotated[int | None, typer.Option("--round", min=1, help="Only this round of a collection.")] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do it anew: add a random suffix to every nonce, so nothing is replayed.")
    ] = False,
) -> None:
    """The command."""
    from pipeline.bootstrap.environment import read_settings
    from pipeline.bootstrap.services import build
    from pipeline.cli.briefs import read_briefs, with_new_nonces
    from pipeline.logs import configure_logging
    from pipeline.shapes.deploy_reply import deploy_reply

    with exit_codes(as_json=not watch):
        chosen = target or Target.LOCAL
        settings = read_settings(deploy_target=chosen)
        configure_logging(settings.secrets(), level=logging.WARNING)
        briefs = read_briefs(brief_file, settings, only_round)
        _announce(briefs, chosen, asked=target is not None)
        briefs = [replace(brief, target=chosen) for brief in briefs]
        is_told = chosen is not Target.LOCAL if notify is None else notify
        if fresh:
            briefs = with_new_nonces(briefs)
        jobs = run_async(_run_all(build(settings), briefs, notify=is_told, show=watch))
        if not watch:
            documents = [deploy_reply(job, settings.own_address).model_dump(mode="json") for job in jobs]
            print_json(documents[0] if len(briefs) == 1 else {"jobs": documents})
    if len(jobs) < len(briefs) or any(job.status is not JobStatus.SUCCEEDED for job in jobs):
        raise typer.Exit(ExitCode.FAILED)


def _announce(briefs: Sequence[Brief], target: Target, *, asked: bool) -> None:
    if target is Target.LOCAL:
        say("Target: local, a dry run to this machine's disk; --target publishes.")
    else:
        say(f"Target: {target}.")
    elsewhere = {brief.target for brief in briefs} - {None, target}
    if elsewhere and not asked:
        names = ", ".join(sorted(str(name) for name in elsewhere))
        say(f"The brief itself asks for {names}; --target {names} publishes there.", "yellow")


async def _run_all(services: "Services", briefs: Sequence[Brief], *, notify: bool, show: bool) -> list[Job]:
    """Run ``briefs`` in order, as far as each succeeds; the jobs as they ended."""
    ended: list[Job] = []
    try:
        await services.start()
        for brief in briefs:
            job = await _run_one(services.jobs, brief, notify=notify)
            ended.append(job)
            if show:
                print_summary(job)
                print_verdicts(job.seen.verdicts)
                print_findings(job.seen.findings)
            if job.status is not JobStatus.SUCCEEDED:
                break
    finally:
        await services.stop(0)  # a job that was interrupted goes on from its last finished stage
    if left := len(briefs) - len(ended):
        say(f"Not run, because they build on what failed: {left} more of the file.", "yellow")
    return ended


async def _run_one(jobs: Jobs, brief: Brief, *, notify: bool) -> Job:
    try:
        job, is_new = await jobs.accept(brief, notify=notify)
    except KeyReused as error:
        raise KeyReused(f"{error}. Give the brief a new nonce, or add --fresh") from error
    if brief.evaluation_url:
        say(f"Evaluator: {'is told' if notify else 'is not told; --notify tells it'}.")
    if not is_new and job.status.is_final:
        say("This brief ran before (same email, task, round and nonce); this is what came of it then.", "yellow")
        say("Give it a new nonce, or add --fresh, to build anew.", "yellow")
        return job
    try:
        return await follow(jobs, job)
    except asyncio.CancelledError:
        say(f"Job {job.id} is on record: it goes on when `pipeline run` or `pipeline serve` starts here.")
        raise
