"""Values for tests: valid by default, every field a keyword.

``make_brief(round=2)`` is the second round of ``make_brief()``, and ``make_site()`` is its site.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.domain.brief import Attachment, Brief, Check
from pipeline.domain.conversation import Finish, Reply
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, ModelCall, Order, Usage
from pipeline.domain.job import Job, JobStatus
from pipeline.domain.notification import Delivery, Notification
from pipeline.domain.provision import WantedSpace
from pipeline.domain.publication import Publication, Site, Target, folder_name, repository_name
from pipeline.domain.space import SpaceSettings
from pipeline.domain.verdict import Finding, Outcome, Seen, Severity, Verdict, Verification
from pipeline.generation.reply.operations import EditBlock

EMAIL = "ada@example.com"
TASK = "sales-summary"
NONCE = "ab12"
SHA = "0123456789abcdef0123456789abcdef01234567"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

INDEX_HTML = b"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Sales</title></head>
<body><h1>Sales</h1><p id="total">42</p></body>
</html>
"""


def make_attachment(**fields: Any) -> Attachment:
    """A small CSV file."""
    return replace(Attachment(name="data.csv", media_type="text/csv", content=b"region,sales\nnorth,42\n"), **fields)


def make_brief(**fields: Any) -> Brief:
    """A round 1 with one prose check and one page script, no attachment and nobody to notify."""
    checks = (Check.from_text("The page has a heading"), Check.from_script("!!document.querySelector('#total')"))
    brief = Brief(email=EMAIL, task=TASK, round=1, nonce=NONCE, text="Show the sales.", checks=checks)
    return replace(brief, **fields)


def make_files(files: Mapping[str, bytes | str] | None = None) -> AppFiles:
    """``files``, texts as UTF-8; an app of one page when there are none."""
    chosen = {"index.html": INDEX_HTML, "README.md": b"# Sales\n"} if files is None else files
    return AppFiles(
        {path: content.encode() if isinstance(content, str) else content for path, content in chosen.items()}
    )


def make_publication(**fields: Any) -> Publication:
    """Live on GitHub Pages."""
    name = repository_name(EMAIL, TASK)
    publication = Publication(
        target=Target.GITHUB_PAGES,
        repo_url=f"https://github.com/octo/{name}",
        commit_sha=SHA,
        pages_url=f"https://octo.github.io/{name}/",
    )
    return replace(publication, **fields)


def make_site(**fields: Any) -> Site:
    """The site of ``make_brief()``, not published yet; folder and repository follow from the other fields."""
    site = Site(
        id=1,
        email=EMAIL,
        task=TASK,
        counter=1,
        nonce=NONCE,
        target=Target.LOCAL,
        folder="",
        repository="",
        publication=None,
    )
    site = replace(site, **fields)
    return replace(
        site,
        folder=site.folder or folder_name(site.task, site.nonce),
        repository=site.repository or repository_name(site.email, site.task, site.counter),
    )


def make_usage(**fields: Any) -> Usage:
    """One call."""
    return replace(Usage(calls=1, prompt_tokens=1200, completion_tokens=800, cost_usd=0.01), **fields)


def make_reply(**fields: Any) -> Reply:
    """A model's complete answer."""
    reply = Reply(
        text=f'<file path="index.html">\n{INDEX_HTML.decode()}</file>\n',
        finish=Finish.COMPLETE,
        asked="test/model",
        answered="test/model",
        usage=make_usage(),
        seconds=1.5,
    )
    return replace(reply, **fields)


def make_call(**usage: Any) -> ModelCall:
    """A question that a model answered."""
    return ModelCall("build@1", "test/model", "test/model", Finish.COMPLETE, "tags", make_usage(**usage), 1.5)


def make_block(search: str, replace: str) -> EditBlock:
    """Lines to find and lines to put in their place; each text is empty or ends with a newline."""
    return EditBlock(f"{search}=======\n{replace}")


def make_made(**fields: Any) -> Made:
    """By a model, in one call."""
    made = Made(
        generator="model",
        summary="A page with the sales.",
        model="test/model",
        prompts=("build@1",),
        calls=(make_call(),),
    )
    return replace(made, **fields)


def make_generation(files: AppFiles | None = None, **made: Any) -> Generation:
    """``make_files()`` as a model gave it."""
    return Generation(files or make_files(), make_made(**made))


def make_verdict(**fields: Any) -> Verdict:
    """A check that passed in the browser."""
    verdict = Verdict(
        check=Check.from_text("The page has a heading"),
        outcome=Outcome.PASS,
        evidence="h1 reads Sales",
        method="browser",
    )
    return replace(verdict, **fields)


def make_finding(**fields: Any) -> Finding:
    """A broken link."""
    finding = Finding(
        severity=Severity.ERROR, rule="broken-link", message="style.css is not in the app", path="index.html", line=3
    )
    return replace(finding, **fields)


def make_verification(**fields: Any) -> Verification:
    """Both checks of ``make_brief()`` passed and nothing was found."""
    verdicts = tuple(make_verdict(check=check) for check in make_brief().checks)
    return replace(Verification(verdicts=verdicts), **fields)


def make_order(**fields: Any) -> Order:
    """Round 1 for GitHub Pages; ``job_id`` follows from the brief."""
    order = replace(Order(job_id="", brief=make_brief(), target=Target.GITHUB_PAGES), **fields)
    return replace(order, job_id=order.job_id or order.brief.key.job_id)


def make_job(**fields: Any) -> Job:
    """The job of ``make_brief()``, waiting since ``NOW`` with ten minutes to go; ``id`` follows from the key."""
    brief = make_brief()
    job = Job(
        id="",
        key=brief.key,
        fingerprint=brief.fingerprint,
        status=JobStatus.WAITING,
        target=Target.LOCAL,
        received_at=NOW,
        deadline=NOW + timedelta(seconds=600),
    )
    job = replace(job, **fields)
    return replace(job, id=job.id or job.key.job_id)


def make_outcome(**fields: Any) -> dict[str, Any]:
    """What a job has that succeeded: a page made by a model, checked and published."""
    made = make_made(notes=("one repair was needed",))
    return {
        "made": made,
        "calls": made.calls,
        "seen": Seen(verdicts=(make_verdict(),)),
        "publication": make_publication(),
        **fields,
    }


def make_notification(**fields: Any) -> Notification:
    """What the evaluator of ``make_brief()`` is told about ``make_publication()``."""
    live = make_publication()
    notification = Notification(
        email=EMAIL,
        task=TASK,
        round=1,
        nonce=NONCE,
        repo_url=live.repo_url,
        commit_sha=live.commit_sha,
        pages_url=live.pages_url,
    )
    return replace(notification, **fields)


def make_delivery(**fields: Any) -> Delivery:
    """The first attempt, answered 200."""
    return replace(Delivery(attempt=1, at=NOW, status=200, seconds=0.1, response="ok"), **fields)


def make_wanted(
    name: str = "team-a",
    secrets: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
    *,
    private: bool | None = None,
    **fields: Any,
) -> WantedSpace:
    """A Space of an order."""
    visibility = None if private is None else "private" if private else "public"
    return WantedSpace(name, SpaceSettings(secrets or {}, variables or {}, visibility=visibility, **fields))
