"""Sentences of every kind, judged on an app on which they hold and on a wrong one made for them."""

from pathlib import Path

import pytest

from pipeline.domain.verdict import Outcome
from pipeline.verification.browser import look as page_look
from pipeline.verification.browser.sealed_browser import SealedBrowser
from pipeline.verification.combined import BrowserVerifier
from pipeline.verification.inspection import Judgement
from pipeline.verification.prose import rules
from pipeline.verification.prose.recognisers import Judge, Said
from pipeline.verification.static import StaticVerifier
from tests.integration.browser_rig import needs_browser
from tests.prose_tables import FOLDER, Table, read_table

TABLES = sorted(FOLDER.glob("*.toml"))
WRONG_SECONDS = 2.0


def outcomes(table: Table, verdicts: dict[str, Outcome], expected: Outcome) -> dict[str, Outcome]:
    """What did not come out as it should."""
    wanted = dict.fromkeys(table.holds, expected) | dict.fromkeys(table.other, Outcome.NOT_VERIFIABLE)
    return {text: outcome for text, outcome in verdicts.items() if outcome is not wanted[text]}


@needs_browser
@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
async def test_sentences_pass_where_they_hold_fail_where_not_and_others_stay_open(
    browser: SealedBrowser, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, verifier = read_table(path), BrowserVerifier(StaticVerifier(), browser)
    seen = await verifier.verify(table.right, table.brief, table.address)
    assert outcomes(table, {v.check.text: v.outcome for v in seen.verdicts}, Outcome.PASS) == {}
    monkeypatch.setattr(page_look, "seconds_for", lambda _: WRONG_SECONDS)
    seen = await verifier.verify(table.wrong, table.brief, table.address)
    assert outcomes(table, {v.check.text: v.outcome for v in seen.verdicts}, Outcome.FAIL) == {}
    assert all(verdict.evidence for verdict in seen.verdicts)


async def test_every_recogniser_has_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    known, used = rules.recognisers(), set()

    def noted(judge: Judge) -> Judge:
        def judged(said: Said) -> Judgement:
            judgement = judge(said)
            used.add(judge)
            return judgement

        return judged

    watched = tuple((pattern, noted(judge)) for pattern, judge in known)
    monkeypatch.setattr(rules, "recognisers", lambda: watched)
    for table in map(read_table, TABLES):
        await StaticVerifier().verify(table.right, table.brief, table.address)
    unused = {f"{judge.__module__}.{judge.__qualname__}" for _, judge in known if judge not in used}
    assert sorted(unused) == []


def test_the_tables_hold_hundreds_of_sentences() -> None:
    assert sum(len(read_table(path).holds) for path in TABLES) >= 200
