"""What is to be seen of a candidate before anybody else sees it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from pipeline.assembly import attachment_findings
from pipeline.deploy.pictures import missing_pictures
from pipeline.deploy.records import Candidate, Draft, Inspection, Ports, better
from pipeline.deploy.words import commit_message, regressions
from pipeline.domain.brief import Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.job import Job
from pipeline.domain.publishable import publication_findings
from pipeline.domain.verdict import Outcome, Seen, Verification, merge_verdicts, with_doubts

MODEL_SHARE = 0.65
"""Of a job's time, what generation may use: 390 of 600 s. The rest is for verification, publication and telling."""

REPAIR_SECONDS = 30.0
"""With less time than this left for models, a repair is not begun."""


async def inspect(
    ports: Ports, job: Job, brief: Brief, draft: Draft, digest: str, *, before: Sequence[Candidate]
) -> Inspection:
    """What is to be seen of ``draft``, whose files have that ``digest``; ``before``: the candidates so far.

    Raises:
        SecretFound: one is in there.
    """
    files = await ports.blobs.get_files(digest)
    await asyncio.to_thread(ports.secrets.scan, files, commit_message(job, draft.made))
    address = ports.publishers[draft.site.target].address(draft.site)
    earlier = tuple(check for check in map(Check.from_text, draft.earlier_checks) if check not in brief.checks)
    looked = await ports.verifier.verify(files, brief, address, earlier)
    verification, notes = await _judged(ports, job, brief, files, looked)
    base = await ports.blobs.get_files(draft.base) if draft.base else None
    attachments = attachment_findings(await ports.blobs.get_files(draft.files), brief, base)
    ours = (*attachments, *missing_pictures(files, draft.renders), *publication_findings(files, brief, base))
    findings = (*verification.findings, *regressions(looked), *ours)
    verification = replace(verification, findings=findings)
    tester = ports.tester if model_seconds(ports, job) >= REPAIR_SECONDS else None
    trials = await tester.try_out(files, address, draft.tests) if tester else ()
    verification = with_doubts(replace(verification, trials=trials), [candidate.seen for candidate in before])
    is_right = verification.is_flawless and not verification.failed_trials
    has_time = model_seconds(ports, job) >= REPAIR_SECONDS
    is_repairable = draft.made.model is not None and has_time and not is_right
    screenshot, trace = [
        await ports.blobs.put(kept) if kept else None for kept in (verification.picture, verification.recording)
    ]
    seen = Seen(
        verification.verdicts,
        verification.findings,
        verification.console,
        screenshot,
        trace,
        verification.no_trace,
        verification.trials,
    )
    is_preferred = await _preferred(ports, job, brief, files, seen, before=before) if draft.after else None
    return Inspection(seen, is_repairable, notes, is_preferred)


async def _preferred(
    ports: Ports, job: Job, brief: Brief, files: AppFiles, seen: Seen, *, before: Sequence[Candidate]
) -> bool | None:
    """Whether the judge, if there is one, finds ``files`` better than the best so far, when all else is equal."""
    best, judge, seconds = reduce(better, before), ports.judge, model_seconds(ports, job)
    if judge is None or best.seen.rank != seen.rank or seconds < REPAIR_SECONDS:
        return None
    shown = [
        (files_of, (await with_picture(ports, seen_of)).picture)
        for files_of, seen_of in ((await ports.blobs.get_files(best.files), best.seen), (files, seen))
    ]
    return await judge.prefers_second(job.id, brief, *shown, seconds=seconds)


async def _judged(
    ports: Ports, job: Job, brief: Brief, files: AppFiles, seen: Verification
) -> tuple[Verification, tuple[str, ...]]:
    """Ask the judge about prose that nobody could decide, if there is one, and time for it."""
    open_checks = [
        verdict.check
        for verdict in seen.verdicts
        if verdict.outcome is Outcome.NOT_VERIFIABLE and verdict.check.script is None
    ]
    judge, seconds = ports.judge, model_seconds(ports, job)
    if judge is None or not open_checks or seconds < REPAIR_SECONDS:
        return seen, ()
    opinions, why_none = await judge.judge(job.id, brief, open_checks, files, seen, seconds=seconds)
    checks = [verdict.check for verdict in seen.verdicts]
    judged = replace(seen, verdicts=merge_verdicts(checks, seen.verdicts, opinions))
    return judged, (why_none,) if why_none else ()


async def with_picture(ports: Ports, seen: Seen) -> Verification:
    """``seen`` with the picture that its digest names."""
    picture = await ports.blobs.get(seen.screenshot) if seen.screenshot else None
    return Verification(seen.verdicts, seen.findings, seen.console, picture=picture, trials=seen.trials)


def model_seconds(ports: Ports, job: Job) -> float:
    """What is left of the job's time for models."""
    return max(job.seconds_left(ports.clock.now()) - (1 - MODEL_SHARE) * job.seconds_given, 0.0)
