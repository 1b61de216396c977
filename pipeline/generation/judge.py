"""A model as judge of the prose checks that nothing else decides. It may say that it cannot tell."""

from collections.abc import Sequence
from typing import Any

from pipeline.domain.brief import Brief, Check
from pipeline.domain.conversation import CallLimits, Image, Message, Role
from pipeline.domain.errors import BudgetExhausted, GenerationFailed, Misconfigured
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Outcome, Verdict, Verification
from pipeline.generation.attachments import wrap_untrusted
from pipeline.generation.entries import entries_in
from pipeline.generation.prompts import Prompts
from pipeline.generation.published import WRITTEN_BY_CODE
from pipeline.generation.tokens import Density, cut_middle, estimate_tokens
from pipeline.ports import Model, Pictured

JUDGE_SECONDS = 45.0
MAX_CHECKS = 20
PAGE_TOKENS = 3_000
FILE_TOKENS = 3_000
FILES_TOKENS = 12_000
SHORTEST_QUOTE = 3

_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL}


class ModelJudge:
    """The Judge port on a Model: all open checks in one question."""

    def __init__(self, model: Model, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    async def judge(
        self, job_id: str, brief: Brief, checks: Sequence[Check], files: AppFiles, seen: Verification, *, seconds: float
    ) -> tuple[tuple[Verdict, ...], str]:
        """Verdicts on those of ``checks`` that can be told, and when there is none, why.

        A verdict counts only if its quote really stands in what the judge was shown.
        """
        asked = list(checks)[:MAX_CHECKS]
        shown, page = _shown(files), cut_middle(seen.text, Density.PROSE, PAGE_TOKENS)
        prompt = self._prompts["judge"]
        question = self._prompts.render(
            "judge",
            brief=wrap_untrusted("brief", {}, cut_middle(brief.text, Density.PROSE, PAGE_TOKENS)),
            checks=[
                wrap_untrusted("check", {"number": str(number)}, check.text)
                for number, check in enumerate(asked, start=1)
            ],
            page=wrap_untrusted("page", {}, page),
            files=[wrap_untrusted("file", {"path": path}, text) for path, text in shown.items()],
        )
        images = (Image("image/png", seen.picture),) if seen.picture else ()
        given = min(seconds, JUDGE_SECONDS)
        limits = CallLimits(prompt.max_output_tokens, given, prompt.temperature, max_usd=brief.wishes.max_usd)
        try:
            reply = await self._model.ask(job_id, (Message(Role.USER, question, images),), limits, lambda _: None)
        except (GenerationFailed, BudgetExhausted) as error:
            return (), f"the judge gave no verdict: {error}"
        material = _plain("\n".join([page, *shown, *shown.values()]))
        entries = entries_in(reply.text)
        verdicts = tuple(verdict for entry in entries if (verdict := _verdict(entry, asked, material)))
        said = "none of its opinions was certain and quoted what it was shown" if entries else "its answer is no list"
        return verdicts, "" if verdicts else f"the judge gave no verdict: {said}"

    async def prefers_second(
        self, job_id: str, brief: Brief, first: Pictured, second: Pictured, *, seconds: float
    ) -> bool | None:
        """Whether the second app is the better one; None when two answers, with the order swapped, do not agree."""
        answers = [
            await self._better(job_id, brief, one, other, seconds / 2)
            for one, other in ((first, second), (second, first))
        ]
        return {"AB": False, "BA": True}.get("".join(answers))

    async def _better(self, job_id: str, brief: Brief, one: Pictured, other: Pictured, seconds: float) -> str:
        """A, B or something else."""
        blocks = [
            [wrap_untrusted("file", {"path": path}, text) for path, text in _shown(files, FILES_TOKENS // 2).items()]
            for files, _ in (one, other)
        ]
        told = wrap_untrusted("brief", {}, cut_middle(brief.text, Density.PROSE, PAGE_TOKENS))
        pictures = [picture for _, picture in (one, other) if picture]
        images = tuple(Image("image/png", picture) for picture in pictures) if len(pictures) == len(blocks) else ()
        try:
            prompt = self._prompts["choose"]
            question = self._prompts.render("choose", brief=told, first=blocks[0], second=blocks[1])
            given = min(seconds, JUDGE_SECONDS)
            limits = CallLimits(prompt.max_output_tokens, given, prompt.temperature, max_usd=brief.wishes.max_usd)
            reply = await self._model.ask(job_id, (Message(Role.USER, question, images),), limits, lambda _: None)
        except (GenerationFailed, BudgetExhausted, Misconfigured):
            return ""
        return next((str(entry.get("better")).strip().upper() for entry in entries_in(reply.text)), "")


def _shown(files: AppFiles, left: int = FILES_TOKENS) -> dict[str, str]:
    """Texts of the app, small ones first, while tokens are ``left``. A README speaks for its author: it is last."""
    shown: dict[str, str] = {}
    for path in sorted(files, key=lambda path: (path.lower().startswith("readme"), len(files[path]))):
        text = files.text(path) if path not in WRITTEN_BY_CODE else None
        if text and left > 0:
            shown[path] = cut_middle(text, Density.CODE, min(FILE_TOKENS, left))
            left -= estimate_tokens(shown[path])
    return shown


def _verdict(entry: dict[str, Any], asked: Sequence[Check], material: str) -> Verdict | None:
    number, quote = entry.get("number"), entry.get("quote")
    outcome = _OUTCOMES.get(str(entry.get("verdict")).strip().lower())
    if outcome is None or not isinstance(number, int) or not 1 <= number <= len(asked) or not isinstance(quote, str):
        return None
    if len(quote.strip()) < SHORTEST_QUOTE or _plain(quote) not in material:
        return None
    reason = entry.get("reason")
    evidence = f"“{quote.strip()[:200]}”" + (f": {reason[:300]}" if isinstance(reason, str) else "")
    return Verdict(asked[number - 1], outcome, evidence, "judge")


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
