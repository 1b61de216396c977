"""Tables and bars, on terminals and elsewhere."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.cli import output, progress
from pipeline.cli.output import plain, print_findings, print_json, print_summary, print_verdicts
from pipeline.cli.progress import StageProgress
from pipeline.domain.brief import Check
from pipeline.domain.job import EventKind, JobEvent, Stage
from pipeline.domain.verdict import NO_BROWSER, Outcome
from tests.builders import NOW, make_call, make_finding, make_job, make_made, make_publication, make_verdict

LONG = "the page says " * 30


def event(kind: EventKind, stage: Stage | None, detail: str = "", seconds: float | None = None) -> JobEvent:
    return JobEvent(1, "0" * 32, NOW, kind, stage, detail, seconds)


@given(st.text())
def test_plain_text_is_one_printable_line_of_the_same_length(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) == len(text)


def test_failed_and_unverifiable_checks_are_shown_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdicts([make_verdict(outcome=outcome) for outcome in Outcome])
    shown = capsys.readouterr().out
    assert "3 checks: 1 pass, 1 fail, 1 not verifiable" in shown
    for mark in ("✔ pass", "✘ fail", "? not verifiable"):
        assert mark in shown


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_long_checks_and_evidence_are_shortened_and_the_verdict_stays_whole(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "stdout", lambda: Console(width=columns))
    print_verdicts([make_verdict(check=Check.from_text(LONG), evidence=LONG, outcome=Outcome.NOT_VERIFIABLE)])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert sum("…" in line for line in lines) == 1
    assert any("? not verifiable" in line for line in lines)


def test_addresses_are_never_broken(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "stdout", lambda: Console(width=30))
    publication = make_publication()
    print_summary(make_job(made=make_made(), calls=(make_call(),), publication=publication))
    assert publication.pages_url in capsys.readouterr().out


def test_costs_that_are_not_known_are_not_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    print_summary(make_job(made=make_made(), calls=(make_call(calls=2, cost_usd=None),)))
    assert "2 calls, cost not known" in capsys.readouterr().out


def test_words_in_brackets_are_text_and_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdicts([make_verdict(evidence="[red]a[/red] [1]")])
    print_findings([make_finding(message="[b]x[/b]")])
    shown = capsys.readouterr().out
    assert "[red]a[/red] [1]" in shown
    assert "[b]x[/b]" in shown


def test_many_findings_are_counted_and_not_all_shown(capsys: pytest.CaptureFixture[str]) -> None:
    print_findings([make_finding()] * 12)
    shown = capsys.readouterr().out
    assert shown.count("broken-link") == 10
    assert "2 more" in shown


def test_json_holds_no_raw_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"evidence": "\x1b[2J\u202e"})
    assert capsys.readouterr().out.isascii()


def test_elsewhere_than_on_a_terminal_each_stage_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with StageProgress("sales, round 1") as shown:
        shown.show_event(event(EventKind.STATUS, None, "running"))
        shown.show_event(event(EventKind.STARTED, Stage.GENERATE))
        shown.show_event(event(EventKind.PROGRESS, Stage.GENERATE, "asking"))
        shown.show_event(event(EventKind.FINISHED, Stage.GENERATE, seconds=2.25))
        shown.show_event(event(EventKind.FAILED, Stage.PUBLISH, "refused"))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert [line.split() for line in captured.err.splitlines()] == [
        ["sales,", "round", "1"],
        ["generate", "…", "asking"],
        ["generate", "2.25", "s"],
        ["publish", "failed", "refused"],
    ]


def test_on_a_terminal_a_bar_names_the_stage_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "stderr", lambda: Console(file=screen, force_terminal=True, width=120))
    with StageProgress("sales, round 1") as shown:
        for stage in (Stage.ACCEPT, Stage.GENERATE):
            shown.show_event(event(EventKind.STARTED, stage))
            shown.show_event(event(EventKind.PROGRESS, stage, "a\x1b[2Jb"))
            shown.show_event(event(EventKind.FINISHED, stage, seconds=0.5))
    assert "sales, round 1, generate: a [2Jb" in screen.getvalue()
    assert f"2/{len(Stage)}" in screen.getvalue()


def test_checks_without_a_browser_end_in_one_line_that_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    print_verdicts([make_verdict(evidence=NO_BROWSER, outcome=Outcome.NOT_VERIFIABLE)] * 3)
    told = capsys.readouterr().out
    assert told.rstrip().endswith("3 checks need a browser: run `make browser`")
