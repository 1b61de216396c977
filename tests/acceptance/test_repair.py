"""A wrong page goes back to the model before anybody sees it.

The service is a process of its own, the browser is real, and the model answers by a script. Each story is one job from
its brief to the evaluator; stories run beside one another, because wrong pages take their time.
"""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.verification.browser.sealed_browser import find_browser
from pipeline.verification.combined import NO_BROWSER
from tests.acceptance.service import Service, commits, make_request
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.model import Answer, Call, ModelServer

needs_browser = pytest.mark.skipif(find_browser(None) is None, reason="there is no browser on this machine")

AT_ONCE = 4
STUCK_SECONDS = 300
PNG = b"\x89PNG\r\n\x1a\n"

TITLE = "js: document.title === 'Sales'"
TOTAL = "js: document.querySelector('#total-sales').textContent === '20.00'"
ROWS = "js: document.querySelectorAll('tbody tr').length === 2"
LICENCE = "Repo has MIT license"
CHECKS = (TITLE, TOTAL, ROWS, LICENCE)


def page(title: str = "Sales", total: str = "20.00", rows: int = 2) -> str:
    """The app of the brief, right unless told otherwise."""
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
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


@dataclass(frozen=True)
class Plot:
    """What happens to a job.

    Attributes:
        answers: of the model, in order; the last one again when they are used up.
        settings: of the service, besides the usual ones.
        crashes: where the process is killed, one FAILPOINT for each process before the last.
    """

    answers: Iterable[Answer | str]
    settings: Mapping[str, str] = field(default_factory=dict)
    crashes: tuple[str, ...] = ()


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
    "the model fails in the repair": Plot([building(WRONG), Answer(status=500)]),
    "one call allowed": Plot([building(WRONG), MENDED], {"JOB_MAX_CALLS": "1"}),
    # Models get 65 % of a job's time, and a repair is not begun with less than 30 s of that left.
    "too little time": Plot([building(WRONG), MENDED], {"JOB_DEADLINE_SECONDS": "45"}),
    "no browser": Plot([building(WRONG), MENDED], {"CHROMIUM": "none"}),
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
    """

    reply: dict[str, Any]
    job: dict[str, Any]
    calls: list[Call]
    told: list[Any]
    published: str
    committed: str
    commits: list[str]
    screenshot: httpx.Response

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
        request = make_request(checks=list(CHECKS), evaluation_url=evaluator.url)
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
            )


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def playing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[Story]]]:
    """The stories that the chosen tests ask for."""
    chosen = [item.callspec.params.get("story") for item in request.session.items if hasattr(item, "callspec")]
    longest_first = sorted(PLOTS.keys() & set(chosen), key=lambda name: len(PLOTS[name].crashes), reverse=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield {name: threads.submit(play, PLOTS[name], tmp_path_factory.mktemp("repos")) for name in longest_first}


@pytest.fixture
def story(request: pytest.FixtureRequest, playing: Mapping[str, Future[Story]]) -> Story:
    return playing[request.param].result(STUCK_SECONDS)


def told_by(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("story", names, indirect=True)


@needs_browser
@told_by("wrong, then right")
def test_a_wrong_page_is_mended_by_one_call_that_goes_on_with_the_first_conversation(story: Story) -> None:
    first, repair = [call.body["messages"] for call in story.calls]

    assert repair[: len(first)] == first
    answer, question = repair[len(first) :]
    assert answer == {"role": "assistant", "content": building(WRONG)}
    assert question["role"] == "user"


@needs_browser
@told_by("wrong, then right")
def test_the_repair_tells_the_failed_check_its_evidence_and_the_console_and_nothing_that_passed(story: Story) -> None:
    question = story.calls[1].body["messages"][-1]
    said = question["content"] if isinstance(question["content"], str) else question["content"][0]["text"]

    assert TOTAL in said
    assert "Seen: its value is false" in said
    assert "the total is 19.00" in said
    assert not [check for check in (TITLE, ROWS, LICENCE) if check in said]


@needs_browser
@told_by("wrong, then right", KILLED)
def test_the_mended_page_is_the_one_that_is_published(story: Story) -> None:
    assert story.published == story.committed == RIGHT
    assert story.commits == [story.reply["commit_sha"]]
    assert story.verdicts() == dict.fromkeys(CHECKS, "pass")
    assert story.reply["checks"] == story.job["checks"]
    assert [told["commit_sha"] for told in story.told] == [story.reply["commit_sha"]]


@needs_browser
@told_by("wrong, then right")
def test_a_job_shows_what_was_seen_of_the_published_page(story: Story) -> None:
    assert all(check["evidence"] and check["method"] in {"static", "browser"} for check in story.job["checks"])
    assert story.job["console"] == ["log: the total is 20.00"]
    assert story.job["screenshot_url"].endswith("/screenshot.png")
    assert story.screenshot.headers["content-type"] == "image/png"
    assert story.screenshot.content.startswith(PNG)
    assert [run["stage"] for run in story.job["stages"]] == [
        *["accept", *["generate", "assemble", "verify"] * 2],
        *["commit", "publish", "confirm", "notify"],
    ]


@needs_browser
@told_by(KILLED)
def test_a_kill_between_the_stages_of_a_repair_costs_no_second_call(story: Story) -> None:
    assert story.job["status"] == "succeeded"
    assert len(story.calls) == 2
    assert story.job["usage"]["calls"] == 2


@needs_browser
@told_by("always wrong")
def test_of_wrong_pages_the_one_with_fewest_failures_is_published_not_the_last(story: Story) -> None:
    assert story.published == story.committed == page(total="18.00")
    assert story.verdicts() == {TITLE: "pass", TOTAL: "fail", ROWS: "pass", LICENCE: "pass"}
    assert story.reply["checks"] == story.job["checks"]
    assert story.evidence(TOTAL) == "its value is false"
    assert story.job["console"] == ["log: the total is 18.00"]


@needs_browser
@told_by("always wrong")
def test_there_are_two_repairs_at_most_and_each_conversation_goes_on_with_the_one_before(story: Story) -> None:
    first, second, third = [call.body["messages"] for call in story.calls]

    assert second[: len(first)] == first
    assert third[: len(second)] == second
    assert len(third) == len(first) + 4
    assert len(story.commits) == 1


@needs_browser
@told_by(
    "always wrong",
    "a repair without files",
    "a repair that is cut off",
    "the model fails in the repair",
    "one call allowed",
    "too little time",
)
def test_the_evaluator_is_told_of_an_app_that_is_not_right_as_well(story: Story) -> None:
    assert story.job["status"] == "succeeded"
    assert [told["commit_sha"] for told in story.told] == [story.reply["commit_sha"]]


@needs_browser
@told_by(
    "a repair without files",
    "a repair that is cut off",
    "the model fails in the repair",
    "one call allowed",
    "too little time",
)
def test_without_a_repair_that_can_be_used_the_first_page_is_published_with_its_failure(story: Story) -> None:
    assert story.published == story.committed == WRONG
    assert story.verdicts() == {TITLE: "pass", TOTAL: "fail", ROWS: "pass", LICENCE: "pass"}
    assert story.evidence(TOTAL) == "its value is false"
    assert story.reply["checks"] == story.job["checks"]


@needs_browser
@told_by("a repair without files", "a repair that is cut off", "the model fails in the repair", "one call allowed")
def test_a_repair_that_was_given_up_is_said_in_reply_and_job(story: Story) -> None:
    (note,) = story.reply["notes"]
    assert note.startswith("a repair was given up: ")
    assert story.job["notes"] == [note]


@needs_browser
@told_by("one call allowed", "too little time")
def test_calls_and_time_that_are_used_up_leave_no_repair(story: Story) -> None:
    assert len(story.calls) == 1


@told_by("no browser")
def test_without_a_browser_page_scripts_are_not_verifiable_and_not_repaired(story: Story) -> None:
    assert story.verdicts() == {**dict.fromkeys((TITLE, TOTAL, ROWS), "not_verifiable"), LICENCE: "pass"}
    assert story.evidence(TOTAL) == NO_BROWSER
    assert len(story.calls) == 1
    assert story.published == story.committed == WRONG
    assert story.job["screenshot_url"] is None
    assert story.screenshot.status_code == httpx.codes.NOT_FOUND
