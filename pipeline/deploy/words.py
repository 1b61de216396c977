"""What a job says of what it did and saw: to git, and to the model that is to mend it."""

from pipeline.domain.generation import RESTORED, Made
from pipeline.domain.job import Job
from pipeline.domain.verdict import REGRESSION, Finding, Outcome, Severity, Verification

MESSAGE_LENGTH = 72


def regressions(seen: Verification) -> tuple[Finding, ...]:
    """What fails now of the checks of earlier rounds."""
    return tuple(
        Finding(Severity.ERROR, REGRESSION, f"held in an earlier round: {old.check.text}. Now: {old.evidence}")
        for old in seen.earlier
        if old.outcome is Outcome.FAIL
    )


def commit_message(job: Job, made: Made) -> str:
    """One line on what the round did, and the job it was done for: the same for every run of the job."""
    verb = "Restore" if made.generator == RESTORED else "Build" if job.key.round == 1 else "Revise"
    task = " ".join(job.key.task.split())[:MESSAGE_LENGTH]
    what = "\n".join(made.notes) if made.generator == RESTORED else f"Made by {made.model or made.generator}."
    return f"{verb} {task}: round {job.key.round}\n\n{what}\nJob: {job.id}\n"
