"""Running page scripts on an open page: each in its turn, then again and again until they hold or time is up."""

import asyncio
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from playwright.async_api import Error

from pipeline.domain.brief import Check

USUAL_SECONDS = 5.0
MOST_SECONDS = 20.0
TURN_SECONDS = 1.0  # how long one script may keep the others waiting; it goes on beside them
SYNCHRONOUS_SECONDS = 2.0  # after which the browser ends a script that does not give way
PAUSE_SECONDS = 0.1
IN_ORDER_SHARE = 0.4  # of the time: for scripts to hold before the next ones are begun
MOST_EVIDENCE = 300

_WITHIN = re.compile(r"\bwithin\s+(\d{1,4})\s*(ms|milliseconds?|s|secs?|seconds?)\b", re.IGNORECASE)

# An expression's value counts. Of statements it is what they return or, as in a console, the value of the last one.
_EXPRESSION = "(async () => (\n{script}\n))()"
_STATEMENTS = """(async () => {{
  try {{ return await (0, eval)({literal}); }} catch (error) {{
    if (!(error instanceof SyntaxError) || !/return|await/.test(error.message)) throw error;
  }}
  return (async () => {{
{script}
  }})();
}})()"""
_JUDGED = """(async () => {{
  let value = await {call};
  if (typeof value === "function") value = await value();
  let shown;
  if (value instanceof Node) shown = `<${{value.nodeName.toLowerCase()}}>`;
  else try {{ shown = JSON.stringify(value); }} catch {{ }}
  return [Boolean(value), String(shown ?? value).slice(0, {most})];
}})()"""


class DevTools(Protocol):
    """A Chrome DevTools Protocol session of one page."""

    async def send(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call ``method`` and return its answer."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a page script said: its value as JSON, if it has that form, and that or the exception in a short text.

    ``holds`` tells whether the value is truthy, and is None when it never had its turn. It ``is_late`` when it came to
    hold only after a later script had its turn, whose doing that may be.
    """

    holds: bool | None
    evidence: str
    value: str = ""
    is_late: bool = False


NO_TURN = Answer(None, "time was up before its turn")
SILENT = Answer(holds=False, evidence="it gave no answer in time")


def seconds_for(checks: Iterable[Check]) -> float:
    """How long checks are polled: longer than usual when one of them says "within N seconds"."""
    asked = (
        float(number) / (1000 if unit.lower().startswith("m") else 1)
        for check in checks
        for number, unit in _WITHIN.findall(check.text)
    )
    return min(max([USUAL_SECONDS, *asked]), MOST_SECONDS)


async def run_scripts(
    devtools: DevTools, scripts: Sequence[str], seconds: float, *, at_once: int = 0, is_still: bool = False
) -> list[Answer]:
    """Run scripts in order, then those that did not hold in turns, until all hold or ``seconds`` are over.

    A script is begun once those before it hold, or have had their share of the time: scripts click and type, and
    those before are about the page without that. Of the first ``at_once``, which only look, none waits. On a page
    that ``is_still`` an answer is final. A script that holds is not run again, nor one that still runs. The page is
    left as they leave it. Returns the last answer of each.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    runs = [_Run(devtools, script) for script in scripts]
    share = seconds * IN_ORDER_SHARE / max(len(runs), 1)
    begun, next_begins = at_once, loop.time() if at_once else 0.0
    await _take_turns(runs[:begun], ends)
    try:
        while True:
            while begun < len(runs) and (
                loop.time() >= next_begins or all(run.is_done(is_still=is_still) for run in runs[:begun])
            ):
                begun += 1
                next_begins = loop.time() + share
                await _take_turns(runs[:begun], ends)
            if (
                begun == len(runs) and all(run.is_done(is_still=is_still) for run in runs)
            ) or loop.time() + PAUSE_SECONDS >= ends:
                return [run.answer for run in runs]
            await asyncio.sleep(PAUSE_SECONDS)
            await _take_turns(runs[:begun], ends)
    finally:
        for run in runs:
            run.abandon()


async def _take_turns(runs: "Sequence[_Run]", ends: float) -> None:
    loop = asyncio.get_running_loop()
    for number, run in enumerate(runs, start=1):
        if not run.answer.holds and loop.time() < ends:
            is_late = any(later.answer is not NO_TURN for later in runs[number:])
            await run.take_turn(min(TURN_SECONDS, ends - loop.time()), is_late=is_late)


class _Run:
    """One script: its last answer, and its evaluation while that goes on."""

    def __init__(self, devtools: DevTools, script: str) -> None:
        self.answer = NO_TURN
        self._devtools = devtools
        self._script = script
        self._evaluation: asyncio.Task[Answer] | None = None
        self._has_waited = False

    def is_done(self, *, is_still: bool) -> bool:
        return bool(self.answer.holds) or (is_still and self.answer not in {NO_TURN, SILENT})

    async def take_turn(self, seconds: float, *, is_late: bool) -> None:
        if self._evaluation is None:
            self._evaluation = asyncio.create_task(evaluate(self._devtools, self._script))
            self._has_waited = False
        done, _ = await asyncio.wait([self._evaluation], timeout=0 if self._has_waited else seconds)
        if done:
            self.answer = replace(self._evaluation.result(), is_late=is_late)
            self._evaluation = None
        else:
            self._has_waited = True
            if self.answer is NO_TURN:
                self.answer = SILENT

    def abandon(self) -> None:
        if self._evaluation is not None:
            self._evaluation.cancel()


async def evaluate(devtools: DevTools, script: str) -> Answer:
    """Run ``script`` in the page, once: an expression, a function or statements; promises are awaited."""
    call = await callable_form(devtools, script)
    said = await _ask(devtools, _JUDGED.format(call=call, most=MOST_EVIDENCE))
    if isinstance(said, str):
        return Answer(holds=False, evidence=said)
    match said.get("value"):
        case [bool(holds), str(shown)]:
            return Answer(holds, f"its value is {shown}", shown)
        case _:
            return Answer(holds=False, evidence="it gave no value")


async def callable_form(devtools: DevTools, script: str) -> str:
    """An expression that gives a promise of what ``script`` says, be it an expression or statements."""
    expression = _EXPRESSION.format(script=script.strip().rstrip("; \n\t"))
    is_expression = isinstance(await _ask(devtools, f"void {expression.removesuffix('()')}"), dict)
    return expression if is_expression else _STATEMENTS.format(script=script, literal=json.dumps(script))


async def _ask(devtools: DevTools, expression: str) -> dict[str, Any] | str:
    """The remote object that ``expression`` gives, or what went wrong in words."""
    try:
        answer = await devtools.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "awaitPromise": True,
                "returnByValue": True,
                "userGesture": True,
                "timeout": SYNCHRONOUS_SECONDS * 1000,
            },
        )
    except Error as error:  # the page went away, or ended the script
        return f"it was interrupted: {_first_line(error.message)}"
    if details := answer.get("exceptionDetails"):
        thrown = details.get("exception", {})
        text = thrown.get("description") or str(thrown.get("value", details.get("text", "an exception")))
        return f"it threw {_first_line(text)}"
    result = answer.get("result")
    return result if isinstance(result, dict) else "it gave no value"


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:MOST_EVIDENCE]
