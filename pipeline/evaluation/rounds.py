"""The use case: rounds of briefs are sent to a service, in order, and judged by what comes of them."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any
from uuid import uuid4

from pipeline.domain.brief import MAX_TASK, Brief, JobKey
from pipeline.domain.errors import NoAnswer
from pipeline.evaluation.callbacks import in_time, seven_fields, told_by, told_once
from pipeline.evaluation.published import Visitor, repository_key, unjudged
from pipeline.evaluation.receiver import Inbox, Receiver
from pipeline.evaluation.results import Evaluation, Point, RoundResult, Told, lost, said, won
from pipeline.ports.evaluation import Poster

GRACE_SECONDS = 2.0  # in which a second callback would come
HASH_LENGTH = 5
LONGEST_ANSWER = 200

_OK, _REFUSED = 200, range(300, 600)
_TOLD_ONCE_PLACE = 3


class SentBy(StrEnum):
    """How the field ``task`` is made of a brief's task."""

    HASH = "hash"  # TEMPLATE-HASH, of brief and attachments: another one in each round
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Options:
    """How a service is played against."""

    endpoint: str
    callback_url: str
    secret: str = field(repr=False)
    sent_by: SentBy = SentBy.HASH
    concurrency: int = 4
    answer_seconds: float = 10.0  # until the request is answered
    callback_seconds: float = 600.0  # from sending to the callback
    page_seconds: float = 60.0  # until the page is this commit's


@dataclass(frozen=True, slots=True)
class Work:
    """The rounds of one brief, in order: each as a JSON object to be sent, and as what that says."""

    name: str  # of the file
    rounds: tuple[tuple[Mapping[str, Any], Brief], ...]


OnStep = Callable[[str], None]


class Evaluator:
    """Plays the evaluator. ``on_step`` is told when a round was answered, was called back for, and was judged."""

    def __init__(self, options: Options, receiver: Receiver, poster: Poster, visitor: Visitor, on_step: OnStep) -> None:
        self._options = options
        self._receiver = receiver
        self._poster = poster
        self._visitor = visitor
        self._on_step = on_step
        self._taken: set[str] = set()

    async def evaluate(self, works: Sequence[Work]) -> Evaluation:
        """Play all of ``works``, some at once. Every wait in it has an end."""
        clock = self._visitor.clock
        began, started = clock.now(), clock.monotonic()
        turns = asyncio.Semaphore(self._options.concurrency)

        async def played(work: Work) -> list[RoundResult]:
            async with turns:
                return await self._play(work)

        rounds = [result for results in await asyncio.gather(*map(played, works)) for result in results]
        strays = tuple(
            f"answered with 400, as it fits no request: {said(json.dumps(callback.document), LONGEST_ANSWER)}"
            for callback in self._receiver.strays
        )
        evaluation = Evaluation(self._options.endpoint, began, clock.monotonic() - started, tuple(rounds), strays)
        return evaluation.without(self._options.secret)

    async def _play(self, work: Work) -> list[RoundResult]:
        played: list[tuple[Inbox, RoundResult]] = []
        for document, brief in work.rounds:
            first = played[0][1].told if played else None
            if played and first is None:
                points = unjudged(brief, "not sent: round 1 has told no repository that it could revise")
                nothing = RoundResult(work.name, brief.round, brief.email, brief.task, "", tuple(points))
                return [*self._with_told_once(played), nothing]
            played.append(await self._round(work.name, document, brief, first))
        await self._visitor.clock.sleep(GRACE_SECONDS)
        return self._with_told_once(played)

    def _with_told_once(self, played: Sequence[tuple[Inbox, RoundResult]]) -> list[RoundResult]:
        """Judged at the end: until then another callback may come."""
        place = _TOLD_ONCE_PLACE
        return [
            replace(result, points=(*result.points[:place], told_once(inbox), *result.points[place:]))
            if result.told
            else result
            for inbox, result in played
        ]

    async def _round(
        self, name: str, document: Mapping[str, Any], brief: Brief, first: Told | None
    ) -> tuple[Inbox, RoundResult]:
        clock, options = self._visitor.clock, self._options
        key = JobKey(brief.email, self._task(document, brief), brief.round, str(uuid4()))
        inbox, step = self._receiver.expect(key), f"{name}, round {brief.round}"
        asked_at, sent = clock.now(), clock.monotonic()
        answer, is_refused = await self._post(document, key)
        inbox.is_in_table = True
        self._show(f"{step}: {answer.evidence}")
        result = RoundResult(name, brief.round, key.email, key.task, key.nonce)
        if is_refused:
            return inbox, replace(result, points=(answer, *unjudged(brief, "the service refused the request")))
        callback = await inbox.first(sent + options.callback_seconds)
        after = callback.at - sent if callback else 0.0
        came = in_time(inbox, callback, options.callback_seconds, after, len(self._receiver.strays))
        self._show(f"{step}: {came.evidence}")
        if callback is None:
            left = unjudged(brief, "no callback has told where the page is")
            return inbox, replace(result, points=(answer, came, *left))
        told = told_by(callback)
        points, files = await self._visitor.repository(told, first, self._taken, asked_at)
        self._taken.add(repository_key(told.repo_url))
        page_point, page = await self._visitor.page(told, files, options.page_seconds)
        checks, picture = await self._visitor.checks(brief, told, files, page)
        points = [answer, came, seven_fields(callback, key), *points, page_point, *checks]
        result = replace(result, points=tuple(points), told=told, told_after=after, picture=picture)
        self._show(f"{step}: {result.score}")
        return inbox, result

    def _show(self, step: str) -> None:
        self._on_step(step.replace(self._options.secret, "***"))

    def _task(self, document: Mapping[str, Any], brief: Brief) -> str:
        if self._options.sent_by is SentBy.PLAIN:
            return brief.task
        hashed = json.dumps({"brief": document.get("brief"), "attachments": document.get("attachments", [])})
        mark = sha256(hashed.encode()).hexdigest()[:HASH_LENGTH]
        return f"{brief.task[: MAX_TASK - HASH_LENGTH - 1]}-{mark}"

    async def _post(self, document: Mapping[str, Any], key: JobKey) -> tuple[Point, bool]:
        """The point of the answer, and whether the service will do nothing."""
        options = self._options
        name = f"answered 200 within {options.answer_seconds:g} s"
        told = {"secret": options.secret, "evaluation_url": options.callback_url}
        request = {**document, **asdict(key), **told}
        clock = self._visitor.clock
        began = clock.monotonic()
        try:
            answer = await self._poster.post(
                options.endpoint,
                json.dumps(request).encode(),
                {"Content-Type": "application/json"},
                seconds=options.answer_seconds,
            )
        except NoAnswer as error:
            return lost(name, f"expected HTTP 200 with a JSON object, came: {error}"), False
        beginning = said(answer.text, LONGEST_ANSWER) or "an empty body"
        if answer.status == _OK and answer.text.lstrip().startswith("{"):
            return won(name, f"answered after {clock.monotonic() - began:.1f} s"), False
        evidence = f"expected HTTP 200 with a JSON object, came HTTP {answer.status}: {beginning}"
        return lost(name, evidence), answer.status in _REFUSED
