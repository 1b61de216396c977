"""Stories of jobs whose page may be wrong, each from its brief to the evaluator."""

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import httpx

from tests.acceptance.service import Service, commits, make_request
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.model import Answer, Call, ModelServer

TITLE = "js: document.title === 'Sales'"
TOTAL = "js: document.querySelector('#total-sales').textContent === '20.00'"
ROWS = "js: document.querySelectorAll('tbody tr').length === 2"
LICENCE = "Repo has MIT license"
CHECKS = (TITLE, TOTAL, ROWS, LICENCE)


def page(title: str = "Sales", total: str = "20.00", rows: int = 2) -> str:
    """The app of the brief, right unless told otherwise."""
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body>
<table><tbody>{"<tr><td>North</td></tr>" * rows}</tbody></table>
<p id="total-sales">{total}</p>
<script>console.log("the total is", document.querySelector("#total-sales").textContent);</script>
</body>
</html>
"""


def building(html: str) -> str:
    """A reply that gives the page as a whole."""
    return f'One page with a table and its total.\n\n<file path="index.html">\n{html}</file>\n'


def mending(old: str, new: str) -> str:
    """A reply that changes one place of the page."""
    return (
        f'The total was wrong.\n\n<edit path="index.html">\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n'
        ">>>>>>> REPLACE\n</edit>\n"
    )


RIGHT = page()
WRONG = page(total="19.00")
MENDED = mending('<p id="total-sales">19.00</p>', '<p id="total-sales">20.00</p>')

UNASKED = {
    "no viewport": RIGHT.replace('<meta name="viewport" content="width=device-width">', ""),
    "scrolls sideways": RIGHT.replace("<table>", '<table style="width: 800px">'),
    "white": RIGHT.replace("<body>", '<body style="visibility: hidden">'),
    "a barrier": RIGHT.replace("</table>", "</table>\n<button></button>"),
}
"""Pages on which every check holds."""


@dataclass(frozen=True)
class Plot:
    """What happens to a job.

    Attributes:
        answers: of the model, in order; the last one again when they are used up.
        settings: of the service, besides the usual ones.
        crashes: where the process is killed, one FAILPOINT for each process before the last.
        checks: of the brief.
    """

    answers: Iterable[Answer | str]
    settings: Mapping[str, str] = field(default_factory=dict)
    crashes: tuple[str, ...] = ()
    checks: tuple[str, ...] = CHECKS


# The first process dies between the first look and the repair. By then every stage has run once and is on record, so
# that the next ones die in the repair: with the model's answer in hand, and after the second look.
KILLS = ("verify:after_record", "generate:after_effect", "verify:after_effect")
KILLED = "killed in the repair"
PLOTS = {
    "wrong, then right": Plot([building(WRONG), MENDED]),
    "always wrong": Plot(
        [
            building(page(title="Draft", total="19.00")),
            building(page(total="18.00")),
            building(page(title="Final", total="20.00", rows=0)),
        ]
    ),
    # The caps leave no second repair of the same kind: there would be nothing new to see.
    "a repair without files": Plot([building(WRONG), "I am sure that the total is right."], {"JOB_MAX_CALLS": "2"}),
    "a repair that is cut off": Plot(
        [building(WRONG), Answer(building(RIGHT)[:-60], finish="length")], {"JOB_MAX_CALLS": "3"}
    ),
    "the model fails in the repair": Plot([building(WRONG), Answer(status=400)]),
    "one call allowed": Plot([building(WRONG), MENDED], {"JOB_MAX_CALLS": "1"}),
    # Models get 65 % of a job's time, and a repair is not begun with less than 30 s of that left.
    "too little time": Plot([building(WRONG), MENDED], {"JOB_DEADLINE_SECONDS": "45"}),
    "no browser": Plot([building(WRONG), MENDED], {"CHROMIUM": "none"}),
    **{name: Plot([building(html), building(RIGHT)]) for name, html in UNASKED.items()},
    KILLED: Plot([building(WRONG), MENDED], crashes=KILLS),
}


@dataclass(frozen=True)
class Story:
    """What was to be seen of a job in the end.

    Attributes:
        reply: to the evaluator's request.
        job: as GET /jobs/{id} shows it.
        calls: that the model got.
        told: bodies of the callbacks.
        published: the page at the address that the reply names.
        committed: the page in the workspace's last commit.
        commits: of the workspace, newest first.
        screenshot: what /jobs/{id}/screenshot.png answers.
        archive: what is in /jobs/{id}/evidence.zip.
    """

    reply: dict[str, Any]
    job: dict[str, Any]
    calls: list[Call]
    told: list[Any]
    published: str
    committed: str
    commits: list[str]
    screenshot: httpx.Response
    archive: dict[str, bytes]

    def verdicts(self) -> dict[str, str]:
        """Check -> how it came out."""
        return {check["check"]: check["verdict"] for check in self.job["checks"]}

    def evidence(self, check: str) -> str:
        return next(str(shown["evidence"]) for shown in self.job["checks"] if shown["check"] == check)


def play(plot: Plot, folder: Path) -> Story:
    """One job in ``folder``, from its brief to the evaluator."""
    with ModelServer(plot.answers) as models, EvaluatorServer() as evaluator:
        settings = {
            "LLM_BASE_URL": models.base_url,
            "LLM_MODELS": "test/model",
            "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
            **plot.settings,
        }
        request = make_request(checks=list(plot.checks), evaluation_url=evaluator.url)
        for failpoint in plot.crashes:
            with Service(folder, FAILPOINT=failpoint, **settings) as service:
                if failpoint == plot.crashes[0]:
                    service.post(request, prefer="respond-async")
                assert service.wait() == 137, service.output
        with Service(folder, **settings) as service:
            job_id = service.post(request, prefer="respond-async").json()["job_id"]
            job = service.finished(job_id)
            assert job["status"] == "succeeded", job
            reply = service.post(request).json()
            workspace = folder / "sum-of-sales-n-1"
            return Story(
                reply=reply,
                job=job,
                calls=models.calls,
                told=[received.json for received in evaluator.requests],
                published=httpx.get(reply["pages_url"], trust_env=False).text,
                committed=git(workspace, "show", "HEAD:index.html"),
                commits=commits(workspace),
                screenshot=service.get(f"/jobs/{job_id}/screenshot.png"),
                archive=entries_of(service.get(f"/jobs/{job_id}/evidence.zip").content),
            )


def entries_of(archive: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout
