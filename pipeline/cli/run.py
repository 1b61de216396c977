"""``pipeline run``: briefs through the whole pipeline, in this process, with no server."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.environment import log_as_told
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.job_access import OpenIt, Strict, fails_a_check
from pipeline.cli.output import print_findings, print_json, print_summary, print_verdicts, say
from pipeline.cli.progress import follow
from pipeline.domain.brief import Brief
from pipeline.domain.errors import KeyReused
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.publication import Target
from pipeline.ports import Jobs

if TYPE_CHECKING:
    from pipeline.settings import Settings

TOLD_OTHERWISE = ("pipeline.jobs.journal", "pipeline.notification.notifier")
"""Their lines stand in the progress and in the summary."""


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
    strict: Strict = False,
    open_it: OpenIt = False,
) -> None:
    """The command."""
    with exit_codes(as_json=not watch):
        chosen = target or Target.LOCAL
        settings = read_settings(chosen)
        briefs = _read(brief_file, settings, only_round, target, fresh=fresh)
        is_told = chosen is not Target.LOCAL if notify is None else notify
        jobs = run_async(_run_all(settings, briefs, notify=is_told, show=watch))
        if not watch:
            _print_documents(jobs, settings, as_list=len(briefs) > 1)
    if open_it and jobs and jobs[-1].publication:
        from pipeline.cli.page import show_job

        with exit_codes():
            show_job(jobs[-1], lambda address, hint: (typer.echo if watch else say)(address + hint))
    is_done = len(jobs) == len(briefs) and all(job.status is JobStatus.SUCCEEDED for job in jobs)
    if not is_done or (strict and any(map(fails_a_check, jobs))):
        raise typer.Exit(ExitCode.FAILED)


def read_settings(target: Target, **chosen: object) -> "Settings":
    """Of the environment, but for what is ``chosen``. Raises Misconfigured, also for what ``target`` lacks."""
    from pipeline.bootstrap.environment import read_settings, require_git

    settings = read_settings(deploy_target=target, **chosen)
    log_as_told(settings, silent=TOLD_OTHERWISE)
    settings.require(target)
    require_git()
    return settings


def _read(
    file: str, settings: "Settings", only_round: int | None, target: Target | None, *, fresh: bool
) -> list[Brief]:
    from pipeline.cli.briefs import read_briefs, with_new_nonces

    briefs, chosen = read_briefs(file, settings, only_round), target or Target.LOCAL
    announce(briefs, chosen, asked=target is not None)
    briefs = [replace(brief, target=chosen) for brief in briefs]
    return with_new_nonces(briefs) if fresh else briefs


def _print_documents(jobs: Sequence[Job], settings: "Settings", *, as_list: bool) -> None:
    from pipeline.shapes.deploy_reply import deploy_reply

    documents = [deploy_reply(job, settings.own_address).model_dump(mode="json") for job in jobs]
    print_json({"jobs": documents} if as_list else documents[0])


def announce(briefs: Sequence[Brief], target: Target, *, asked: bool) -> None:
    """Say where ``briefs`` go, and what of them asks for another place."""
    if target is Target.LOCAL:
        say("Target: local, a dry run to this machine's disk; --target publishes.")
    else:
        say(f"Target: {target}.")
    elsewhere = {brief.target for brief in briefs} - {None, target}
    if elsewhere and not asked:
        names = ", ".join(sorted(str(name) for name in elsewhere))
        say(f"The brief itself asks for {names}; --target {names} publishes there.", "yellow")


async def _run_all(settings: "Settings", briefs: Sequence[Brief], *, notify: bool, show: bool) -> list[Job]:
    """Run ``briefs`` in order, as far as each succeeds; the jobs as they ended."""
    from pipeline.bootstrap.services import build

    services, ended = build(settings), list[Job]()
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
    if not is_new and job.is_over:
        say("This brief ran before (same email, task, round and nonce); this is what came of it then.", "yellow")
        say("Give it a new nonce, or add --fresh, to build anew.", "yellow")
        return job
    try:
        return await follow(jobs, job)
    except asyncio.CancelledError:
        say(f"Job {job.id} is on record: it goes on when `pipeline run` or `pipeline serve` starts here.")
        raise
