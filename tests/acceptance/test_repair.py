"""A wrong page goes back to the model before anybody sees it.

The service is a process of its own, the browser is real, and the model answers by a script. Each story is one job from
its brief to the evaluator; stories run beside one another, because wrong pages take their time.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import httpx
import pytest

from pipeline.domain.verdict import NO_BROWSER
from tests.acceptance import repairs
from tests.acceptance.repairs import CHECKS, KILLED, LICENCE, PLOTS, RIGHT, ROWS, TITLE, TOTAL, UNASKED, WRONG, Story
from tests.integration.browser_rig import needs_browser

AT_ONCE = 4
STUCK_SECONDS = 300
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def playing(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Future[Story]]]:
    """The stories that the chosen tests ask for."""
    chosen = [item.callspec.params.get("story") for item in request.session.items if hasattr(item, "callspec")]
    longest_first = sorted(PLOTS.keys() & set(chosen), key=lambda name: len(PLOTS[name].crashes), reverse=True)
    with ThreadPoolExecutor(AT_ONCE) as threads:
        yield {
            name: threads.submit(repairs.play, PLOTS[name], tmp_path_factory.mktemp("repos")) for name in longest_first
        }


@pytest.fixture
def story(request: pytest.FixtureRequest, playing: Mapping[str, Future[Story]]) -> Story:
    return playing[request.param].result(STUCK_SECONDS)


def told_by(*names: str) -> pytest.MarkDecorator:
    marks = {name: () if name == "no browser" else needs_browser for name in names}
    return pytest.mark.parametrize("story", [pytest.param(name, marks=marks[name]) for name in names], indirect=True)


GIVEN_UP = ("a repair without files", "a repair that is cut off", "the model fails in the repair", "one call allowed")


@told_by("wrong, then right")
def test_a_wrong_page_is_mended_by_one_call_that_goes_on_with_the_first_conversation(story: Story) -> None:
    first, repair = [call.body["messages"] for call in story.calls]

    assert repair[: len(first)] == first
    answer, question = repair[len(first) :]
    assert answer == {"role": "assistant", "content": repairs.building(WRONG)}
    assert question["role"] == "user"


@told_by("wrong, then right")
def test_the_repair_tells_the_failed_check_its_evidence_and_the_console_and_nothing_that_passed(story: Story) -> None:
    question = story.calls[1].body["messages"][-1]
    said = question["content"] if isinstance(question["content"], str) else question["content"][0]["text"]

    assert TOTAL in said
    assert "Seen: its value is false" in said
    assert "the total is 19.00" in said
    assert not [check for check in (TITLE, ROWS, LICENCE) if check in said]


@told_by("wrong, then right", KILLED)
def test_the_mended_page_is_the_one_that_is_published(story: Story) -> None:
    assert story.published == story.committed == RIGHT
    assert story.commits == [story.reply["commit_sha"]]
    assert story.verdicts() == dict.fromkeys(CHECKS, "pass")
    assert story.reply["checks"] == story.job["checks"]
    assert [told["commit_sha"] for told in story.told] == [story.reply["commit_sha"]]


@told_by(*UNASKED)
def test_what_no_check_asks_for_is_mended_in_one_repair(story: Story) -> None:
    assert len(story.calls) == 2
    assert story.published == story.committed == RIGHT


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


@told_by("always wrong")
def test_the_evidence_has_a_recording_of_the_published_page_s_failed_check(story: Story) -> None:
    assert story.archive["screenshot.png"] == story.screenshot.content
    recorded = repairs.entries_of(story.archive["trace.zip"])
    assert TOTAL in recorded["trace.trace"].decode()
    assert story.published.encode() in recorded.values()
    assert json.loads(story.archive["evidence.json"])["read_back"]


@told_by("wrong, then right")
def test_a_page_without_a_failed_check_was_not_recorded(story: Story) -> None:
    assert set(story.archive) == {"evidence.html", "evidence.json", "evidence.xml", "screenshot.png"}


@told_by(KILLED)
def test_a_kill_between_the_stages_of_a_repair_costs_no_second_call(story: Story) -> None:
    assert story.job["status"] == "succeeded"
    assert len(story.calls) == 2
    assert story.job["usage"]["calls"] == 2


@told_by("always wrong")
def test_of_wrong_pages_the_one_with_fewest_failures_is_published_not_the_last(story: Story) -> None:
    assert story.published == story.committed == repairs.page(total="18.00")
    assert story.verdicts() == {TITLE: "pass", TOTAL: "fail", ROWS: "pass", LICENCE: "pass"}
    assert story.reply["checks"] == story.job["checks"]
    assert story.evidence(TOTAL) == "its value is false"
    assert story.job["console"] == ["log: the total is 18.00"]


@told_by("always wrong")
def test_there_are_two_repairs_at_most_and_each_conversation_goes_on_with_the_one_before(story: Story) -> None:
    first, second, third = [call.body["messages"] for call in story.calls]

    assert second[: len(first)] == first
    assert third[: len(second)] == second
    assert len(third) == len(first) + 4
    assert len(story.commits) == 1


@told_by("always wrong", *GIVEN_UP, "too little time")
def test_the_evaluator_is_told_of_an_app_that_is_not_right_as_well(story: Story) -> None:
    assert story.job["status"] == "succeeded"
    assert [told["commit_sha"] for told in story.told] == [story.reply["commit_sha"]]


@told_by(*GIVEN_UP, "too little time")
def test_without_a_repair_that_can_be_used_the_first_page_is_published_with_its_failure(story: Story) -> None:
    assert story.published == story.committed == WRONG
    assert story.verdicts() == {TITLE: "pass", TOTAL: "fail", ROWS: "pass", LICENCE: "pass"}
    assert story.evidence(TOTAL) == "its value is false"
    assert story.reply["checks"] == story.job["checks"]


@told_by(*GIVEN_UP)
def test_a_repair_that_was_given_up_is_said_in_reply_and_job(story: Story) -> None:
    (note,) = story.reply["notes"]
    assert note.startswith("a repair was given up: ")
    assert story.job["notes"] == [note]


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
