"""Verification that needs no browser: files are parsed, addresses resolved, checks judged as far as that goes."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from pipeline.domain.brief import Brief, Check
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Verdict, Verification
from pipeline.verification.addresses import ServedApp
from pipeline.verification.files.build_files import build_file_findings
from pipeline.verification.files.findings import file_findings, missing_file_findings, picture_findings
from pipeline.verification.files.named_in_brief import unmet_names
from pipeline.verification.files.page_findings import page_findings, script_file_findings
from pipeline.verification.files.sources import Sources, read_sources
from pipeline.verification.files.workflows import made_in_ci
from pipeline.verification.inspection import Inspection, Judgement, Question, undecided
from pipeline.verification.prose.rules import judge_prose

METHOD = "static"
NEEDS_BROWSER = "needs a browser: static verification does not run page scripts"
ASKED_IN_BROWSER = "needs a browser: it is asked on the open page"
MOST_FINDINGS = 200


class StaticVerifier:
    """Judges a candidate by reading it. Nothing of it is run, nothing is fetched."""

    async def verify(self, files: AppFiles, brief: Brief, address: str, earlier: Sequence[Check] = ()) -> Verification:
        """Find what is wrong with ``files``, served at ``address`` (which ends with a slash), and judge every check.

        A check that reading cannot decide is not verifiable; no page script is.
        """
        return await asyncio.to_thread(_verify, files, brief, address, earlier)


def _verify(files: AppFiles, brief: Brief, address: str, earlier: Sequence[Check]) -> Verification:
    sources = read_sources(files, brief)
    findings = tuple(
        islice(_findings(files, sources, ServedApp(files, address, made_in_ci(files)), brief), MOST_FINDINGS)
    )
    inspection = Inspection(files, brief, sources.pages, findings)
    judged = {check: _judge(check, inspection) for check in dict.fromkeys((*brief.checks, *earlier))}
    questions = {check: judgement for check, judgement in judged.items() if isinstance(judgement, Question)}
    verdicts, before = (tuple(_verdict(check, judged[check]) for check in checks) for checks in (brief.checks, earlier))
    return Verification(verdicts, findings, earlier=before, questions=questions)


def _findings(files: AppFiles, sources: Sources, app: ServedApp, brief: Brief) -> Iterator[Finding]:
    yield from missing_file_findings(app)
    yield from sources.findings
    yield from page_findings(sources, app, brief)
    yield from script_file_findings(sources, app)
    yield from file_findings(sources, app)
    yield from picture_findings(files, brief)
    yield from build_file_findings(files, sources)
    yield from unmet_names(files, brief)


def _judge(check: Check, inspection: Inspection) -> Judgement:
    if check.script is not None:
        return undecided(NEEDS_BROWSER)
    judgement = judge_prose(check.text, inspection)
    return replace(judgement, text=check.text) if isinstance(judgement, Question) else judgement


def _verdict(check: Check, judgement: Judgement) -> Verdict:
    ruling = undecided(ASKED_IN_BROWSER) if isinstance(judgement, Question) else judgement
    return Verdict(check, ruling.outcome, ruling.evidence, METHOD)
