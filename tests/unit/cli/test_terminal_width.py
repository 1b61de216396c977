"""What is shown on a terminal of 80 columns: whole words, lines that stay, and everything about what fails."""

import io

import pytest
from rich.console import Console

from pipeline.cli import output, progress
from pipeline.cli.output import print_fact, print_verdicts, say
from pipeline.cli.progress import StageProgress
from pipeline.domain.brief import Check
from pipeline.domain.job import EventKind, JobEvent, Stage
from pipeline.domain.verdict import Outcome
from tests.builders import NOW, make_verdict

CHECK = "The page has a button with the words Add to the basket beside every article of the catalogue, and a total"
EVIDENCE = "3 of 17 articles have no such button: the oak table, the lamp of brass, and the chair that swings"
ADDRESS = "https://example.com/" + "a" * 100


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    screen = io.StringIO()
    for name in ("stdout", "stderr"):
        terminal = Console(file=screen, force_terminal=True, no_color=True, width=80, highlight=False)
        monkeypatch.setattr(output, name, lambda terminal=terminal: terminal)
    monkeypatch.setattr(progress, "stderr", output.stderr)
    return screen


def test_failing_checks_stand_below_the_table_in_full_and_by_whole_words(screen: io.StringIO) -> None:
    verdicts = [make_verdict(check=Check.from_text(CHECK), evidence=EVIDENCE, outcome=Outcome.FAIL), make_verdict()]
    print_verdicts(verdicts)
    lines = plain_lines(screen)
    assert max(map(len, lines)) <= 80
    table, _, below = "\n".join(lines).partition("\n✘ fail")
    shortened = [cell for cell in table.split() if cell.endswith("…")]
    assert len(shortened) == 2
    assert all(word.rstrip("…") in f"{CHECK} {EVIDENCE}".split() for word in shortened)
    assert CHECK in " ".join(below.split())
    assert EVIDENCE in " ".join(below.split())


def test_checks_that_lack_the_same_thing_are_told_together(screen: io.StringIO) -> None:
    print_verdicts([make_verdict(outcome=Outcome.NOT_VERIFIABLE, evidence="there is no browser") for _ in range(3)])
    assert screen.getvalue().count("there is no browser") == 4  # in each row, and once below


def test_sentences_are_broken_between_words_and_addresses_never(screen: io.StringIO) -> None:
    say(f"{CHECK} {ADDRESS} {EVIDENCE}")
    print_fact("note", f"{CHECK} {EVIDENCE}")
    print_fact("page", ADDRESS)
    lines = plain_lines(screen)
    assert all(len(line) <= 80 or ADDRESS in line for line in lines)
    assert sum(ADDRESS in line for line in lines) == 2
    assert f"{CHECK} {EVIDENCE}" in " ".join(" ".join(lines).replace("note ", "").split())


def test_finished_stages_stay_as_lines_above_the_bar(screen: io.StringIO) -> None:
    with StageProgress("sales, round 1") as shown:
        for stage in (Stage.ACCEPT, Stage.GENERATE):
            shown.show_event(JobEvent(1, "0" * 32, NOW, EventKind.STARTED, stage))
            shown.show_event(JobEvent(2, "0" * 32, NOW, EventKind.FINISHED, stage, "done", 0.5))
        shown.show_event(JobEvent(3, "0" * 32, NOW, EventKind.FAILED, Stage.VERIFY, "a\x1b[2Jb " * 40))
    kept = [line.split() for line in plain_lines(screen)]
    assert ["accept", "0.50", "s", "done"] in kept
    assert ["generate", "0.50", "s", "done"] in kept
    assert any(line[:2] == ["verify", "failed"] for line in kept)
    assert "\x1b[2J" not in screen.getvalue()


def plain_lines(screen: io.StringIO) -> list[str]:
    """Without what steers the terminal."""
    from rich.text import Text

    return [line.rstrip().rpartition("\r")[2] for line in Text.from_ansi(screen.getvalue()).plain.splitlines()]
