"""What a model has answered is on record, and the same question is not asked, and not paid for, again."""

from contextlib import suppress

import pytest

from pipeline.domain.conversation import CallLimits, Finish, Message, Reply, Role
from pipeline.domain.errors import BudgetExhausted, GenerationFailed
from pipeline.domain.generation import Usage
from pipeline.generation.model.budget import Caps, MeteredModel
from pipeline.generation.model.chain import ModelChain
from pipeline.generation.model.failure import ModelFailure, Remedy
from tests.builders import make_reply
from tests.fakes.clock import FakeClock
from tests.fakes.model_calls import RecordingLedger, ScriptedModel

JOB = "0123456789abcdef0123456789abcdef"
CONVERSATION = (Message(Role.SYSTEM, "You build apps."), Message(Role.USER, "Build this."))
LIMITS = CallLimits(max_output_tokens=1_000, seconds=60)
BROKEN = ModelFailure("broken", Remedy.NEXT_MODEL, usage=Usage(calls=1))


def chain_of(ledger: RecordingLedger, *models: ScriptedModel, calls: int = 10) -> ModelChain:
    caps, clock = Caps(calls=calls, tokens=1_000_000), FakeClock()
    links = [MeteredModel(model, ledger, caps) for model in models]
    return ModelChain(links, ledger, monotonic=clock.monotonic, sleep=clock.sleep)


async def ask(chain: ModelChain, limits: CallLimits = LIMITS, job_id: str = JOB) -> tuple[Reply, list[str]]:
    heard: list[str] = []
    return await chain.ask(job_id, CONVERSATION, limits, heard.append), heard


async def test_the_same_question_again_is_answered_from_the_record_even_when_nothing_may_be_spent() -> None:
    model, ledger = ScriptedModel(), RecordingLedger()
    first, _ = await ask(chain_of(ledger, model))
    again, heard = await ask(chain_of(ledger, model, calls=0), CallLimits(max_output_tokens=5, seconds=3))
    assert again == first
    assert heard == [first.text]
    assert model.asked == len(ledger.calls) == 1


async def test_what_another_job_was_answered_is_no_answer() -> None:
    model, ledger = ScriptedModel(), RecordingLedger()
    await ask(chain_of(ledger, model))
    await ask(chain_of(ledger, model), job_id="other")
    assert model.asked == 2


@pytest.mark.parametrize("finish", [Finish.COMPLETE, Finish.LENGTH, Finish.CUT])
async def test_an_answer_on_record_is_not_paid_for_again_even_if_it_was_cut_off(finish: Finish) -> None:
    model, ledger = ScriptedModel(make_reply(finish=finish), make_reply(text="another")), RecordingLedger()
    assert await ask(chain_of(ledger, model)) == await ask(chain_of(ledger, model))
    assert model.asked == 1


@pytest.mark.parametrize("reply", [make_reply(finish=Finish.REFUSED), make_reply(text=" ", finish=Finish.CUT), BROKEN])
async def test_a_refusal_an_empty_answer_or_a_failure_is_asked_for_again(reply: Reply | ModelFailure) -> None:
    model, ledger = ScriptedModel(reply, make_reply(text="whole")), RecordingLedger()
    with suppress(GenerationFailed):
        await ask(chain_of(ledger, model))
    assert (await ask(chain_of(ledger, model)))[0].text == "whole"
    assert model.asked == 2


async def test_what_any_link_answered_before_a_crash_is_found_before_anybody_is_asked() -> None:
    ledger = RecordingLedger()
    links = ScriptedModel(BROKEN, name="a"), ScriptedModel(make_reply(text="from the record"), name="b")
    await ask(chain_of(ledger, *links))
    resumed = ScriptedModel(name="a"), ScriptedModel(name="b")
    reply, heard = await ask(chain_of(ledger, *resumed))
    assert (reply.text, heard) == ("from the record", ["from the record"])
    assert resumed[0].asked == resumed[1].asked == 0


async def test_every_attempt_counts_and_not_every_question() -> None:
    ledger = RecordingLedger()
    busy = [ScriptedModel(ModelFailure("busy", Remedy.RETRY), name=name) for name in "abc"]
    with pytest.raises(BudgetExhausted, match="3 of 3"):
        await ask(chain_of(ledger, *busy, calls=3))
    assert [model.asked for model in busy] == [2, 1, 0]
    assert [call.model for call in ledger.calls] == ["a", "a", "b"]
