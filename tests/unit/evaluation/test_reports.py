"""What comes from outside stays text, in every form of the result."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from pipeline.domain.verdict import Outcome
from pipeline.evaluation.report import html_report, junit_report
from pipeline.evaluation.results import Evaluation, Point, RoundResult, Told, said

HOSTILE = '<script>alert("x")</script>\u0000\u001b[2J\ud800'
SECRET = "the-secret-itself"


def make_evaluation(**fields: object) -> Evaluation:
    points = (
        Point("answered", Outcome.PASS, "after 1 s"),
        Point(said(HOSTILE), Outcome.FAIL, said(f"{HOSTILE} {SECRET}")),
        Point("prose", Outcome.NOT_VERIFIABLE, "no rule"),
    )
    told = Told("javascript:alert(1)", "c0ffee", f"https://example.com/?{SECRET}")
    played = RoundResult("brief", 1, "a@b.c", "task", "nonce", points, told, 1.5, picture=b"PNG")
    return Evaluation("http://127.0.0.1/api-deploy", datetime(2026, 1, 2, tzinfo=UTC), 3, (played,), **fields)  # type: ignore[arg-type]


def test_the_page_escapes_what_it_shows_and_links_to_web_addresses_alone() -> None:
    page = html_report(make_evaluation(strays=(said(HOSTILE),))).decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert 'href="javascript:' not in page
    assert 'src="data:image/png;base64,UE5H"' in page


def test_the_file_for_ci_is_well_formed_and_skips_what_is_not_decided() -> None:
    (suite,) = ET.fromstring(junit_report(make_evaluation()))  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")


def test_the_score_counts_what_was_decided() -> None:
    document = make_evaluation().document()
    assert (document["ok"], document["won"], document["decided"], document["not_decided"]) == (False, 1, 2, 1)


def test_a_secret_that_a_service_has_told_is_shown_nowhere() -> None:
    hidden = make_evaluation(strays=(SECRET,)).without(SECRET)
    assert SECRET not in f"{hidden.document()}{html_report(hidden).decode()}{junit_report(hidden).decode()}"
