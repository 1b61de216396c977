"""A model as judge of the prose checks that nothing else decides. It may say that it cannot tell."""

import json
from collections.abc import Sequence
from typing import Any

from pipeline.domain.brief import Brief, Check
from pipeline.domain.conversation import CallLimits, Image, Message, Role
from pipeline.domain.errors import BudgetExhausted, GenerationFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Opinions, Outcome, Verdict, Verification
from pipeline.generation.attachments import wrap_untrusted
from pipeline.generation.prompts import Prompts
from pipeline.ports import Model

JUDGE_SECONDS = 45.0
MAX_CHECKS = 20
PAGE_CHARACTERS = 12_000
FILE_CHARACTERS = 6_000
FILES_CHARACTERS = 40_000
BRIEF_CHARACTERS = 8_000
SHORTEST_QUOTE = 3
NO_LIST = "its answer is no list of verdicts"

_SAME_IN_ALL = frozenset({"LICENSE", ".gitignore", ".nojekyll"})

_OUTCOMES = {"pass": Outcome.PASS, "fail": Outcome.FAIL}


class ModelJudge:
    """The Judge port on a Model: all open checks in one question."""

    def __init__(self, model: Model, prompts: Prompts) -> None:
        self._model = model
        self._prompts = prompts

    async def judge(self, job_id: str, brief: Brief, files: AppFiles, seen: Verification, seconds: float) -> Opinions:
        """Verdicts on those of the brief's checks that can be told; none when no model answers.

        A verdict counts only if its quote really stands in what the judge was shown.
        """
        asked = brief.checks[:MAX_CHECKS]
        shown = _shown(files)
        prompt = self._prompts["judge"]
        question = self._prompts.render(
            "judge",
            checks=[
                wrap_untrusted("check", {"number": str(number)}, check.text)
                for number, check in enumerate(asked, start=1)
            ],
            brief=wrap_untrusted("brief", {}, _cut(brief.text, BRIEF_CHARACTERS)),
            page=wrap_untrusted("page", {}, _cut(seen.text, PAGE_CHARACTERS)),
            files=[wrap_untrusted("file", {"path": path}, text) for path, text in shown.items()],
        )
        images = (Image("image/png", seen.picture),) if seen.picture else ()
        limits = CallLimits(prompt.max_output_tokens, min(seconds, JUDGE_SECONDS), prompt.temperature)
        try:
            reply = await self._model.ask(job_id, (Message(Role.USER, question, images),), limits, lambda _: None)
        except (GenerationFailed, BudgetExhausted) as error:
            return Opinions(silence=str(error))
        material = _plain("\n".join([seen.text, *shown, *shown.values()]))
        entries = _entries(reply.text)
        verdicts = tuple(filter(None, (_verdict(entry, asked, material) for entry in entries)))
        if verdicts:
            return Opinions(verdicts)
        return Opinions(silence="it could not tell, or quoted what it was not shown" if entries else NO_LIST)


def _shown(files: AppFiles) -> dict[str, str]:
    """Texts of the app, small ones first, as many as there is room for. A README speaks for its author: it is last.

    What is code's work in every app says nothing of this one.
    """
    shown: dict[str, str] = {}
    left = FILES_CHARACTERS
    for path in sorted(files, key=lambda path: (path.lower().startswith("readme"), len(files[path]))):
        text = files.text(path)
        if text and left > 0 and path not in _SAME_IN_ALL:
            shown[path] = _cut(text, min(FILE_CHARACTERS, left))
            left -= len(shown[path])
    return shown


def _cut(text: str, most: int) -> str:
    """``text``, or its beginning and its end with a mark of how much is left out between them."""
    left_out = len(text) - most
    if left_out <= 0:
        return text
    return f"{text[: most * 2 // 3]}\n[… {left_out} characters are left out here …]\n{text[-(most // 3) or None :]}"


def _entries(text: str) -> list[dict[str, Any]]:
    """The JSON array in an answer, whatever stands around it; empty when there is none."""
    start, end = text.find("["), text.rfind("]")
    try:
        document = json.loads(text[start : end + 1]) if 0 <= start < end else []
    except ValueError:
        return []
    return [entry for entry in document if isinstance(entry, dict)] if isinstance(document, list) else []


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
