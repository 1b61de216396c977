"""Caps, the record of calls, and how many tokens a text will take."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.conversation import CallLimits, Finish, Image, Message, Reply, Role
from pipeline.domain.errors import BudgetExhausted
from pipeline.domain.generation import Price, Usage
from pipeline.generation.model.budget import Caps, MeteredModel, request_digest
from pipeline.generation.model.failure import ModelFailure, Remedy
from pipeline.generation.tokens import Density, cut_middle, estimate_prompt, estimate_tokens
from tests.builders import make_reply, make_usage
from tests.fakes.model_calls import RecordingLedger, ScriptedModel

JOB = "0123456789abcdef0123456789abcdef"
LIMITS = CallLimits(max_output_tokens=1_000, seconds=60)
CONVERSATION = (Message(Role.SYSTEM, "You build apps."), Message(Role.USER, "Build this."))
AMPLE = Caps(calls=10, tokens=1_000_000, usd=10.0)


async def ask(model: MeteredModel, limits: CallLimits = LIMITS, job_id: str = JOB) -> Reply:
    return await model.ask(job_id, CONVERSATION, limits, lambda _text: None)


async def test_a_call_is_on_record_before_it_is_made_and_its_answer_after() -> None:
    ledger = RecordingLedger()

    class Looking(ScriptedModel):
        async def ask(self, *_arguments: object) -> Reply:
            assert [(call.model, call.reply) for call in ledger.calls] == [("test/model", None)]
            return make_reply()

    reply = await ask(MeteredModel(Looking(), ledger, AMPLE))
    assert [call.reply for call in ledger.calls] == [reply] == [make_reply()]


@pytest.mark.parametrize("calls", [0, 1, 2])
async def test_a_job_makes_no_more_calls_than_it_may_and_the_refusal_says_the_figures(calls: int) -> None:
    inner = ScriptedModel(make_reply(finish=Finish.REFUSED))
    model = MeteredModel(inner, RecordingLedger(), replace(AMPLE, calls=calls))
    for _ in range(calls):
        await ask(model)
    with pytest.raises(BudgetExhausted, match=f"{calls} of {calls} model calls"):
        await ask(model)
    assert inner.asked == calls


async def test_calls_that_are_to_be_left_for_others_are_left() -> None:
    model = MeteredModel(ScriptedModel(), RecordingLedger(), replace(AMPLE, calls=3))
    await ask(model, replace(LIMITS, spare_calls=2))
    with pytest.raises(BudgetExhausted, match="the last 2 of 3 model calls"):
        await ask(model, replace(LIMITS, spare_calls=2))
    await ask(model)


async def test_a_call_that_a_crash_left_without_an_answer_counts() -> None:
    ledger = RecordingLedger()
    await ledger.begin(JOB, "digest", "test/model")
    with pytest.raises(BudgetExhausted):
        await ask(MeteredModel(ScriptedModel(), ledger, replace(AMPLE, calls=1)))


async def test_what_other_jobs_spend_does_not_count() -> None:
    model = MeteredModel(ScriptedModel(), RecordingLedger(), replace(AMPLE, calls=1))
    await ask(model, job_id="other")
    assert await ask(model)


async def test_tokens_are_capped_by_what_the_next_call_may_take() -> None:
    inner = ScriptedModel(make_reply(finish=Finish.REFUSED, usage=make_usage(prompt_tokens=300, completion_tokens=200)))
    next_call = estimate_prompt(CONVERSATION) + LIMITS.max_output_tokens
    model = MeteredModel(inner, RecordingLedger(), replace(AMPLE, tokens=500 + next_call))
    await ask(model)
    await ask(model)
    with pytest.raises(BudgetExhausted, match=rf"take {next_call} tokens, and 1000 of {500 + next_call} are used"):
        await ask(model)
    assert inner.asked == 2


async def test_money_is_capped_by_what_is_spent() -> None:
    inner = ScriptedModel(make_reply(finish=Finish.REFUSED, usage=make_usage(cost_usd=0.1)))
    model = MeteredModel(inner, RecordingLedger(), replace(AMPLE, usd=0.2))
    await ask(model)
    await ask(model)
    with pytest.raises(BudgetExhausted, match=r"\$0\.2000 of \$0\.2000"):
        await ask(model)


@pytest.mark.parametrize(("cap", "wish", "name"), [(0.3, 0.2, "the request's max_usd"), (0.2, 0.3, "JOB_MAX_USD")])
async def test_a_request_may_want_less_and_an_unknown_cost_is_told_by_the_price(
    cap: float, wish: float, name: str
) -> None:
    usage = Usage(calls=1, prompt_tokens=50_000, completion_tokens=25_000)
    inner, ledger = ScriptedModel(make_reply(finish=Finish.REFUSED, usage=usage)), RecordingLedger()
    model = MeteredModel(inner, ledger, replace(AMPLE, usd=cap), Price(2.0, 4.0))
    await ask(model)
    assert (await ledger.spent(JOB)).cost_usd == pytest.approx(0.2)
    with pytest.raises(BudgetExhausted, match=rf"\$0\.2000 of \$0\.2000 \({name}\)"):
        await ask(model, replace(LIMITS, max_usd=wish))


async def test_unknown_cost_does_not_stop_a_job_and_is_told_to_the_operator(caplog: pytest.LogCaptureFixture) -> None:
    inner = ScriptedModel(make_reply(finish=Finish.REFUSED, usage=make_usage(cost_usd=None)))
    model = MeteredModel(inner, RecordingLedger(), replace(AMPLE, usd=0.2))
    await ask(model)
    assert not caplog.records
    await ask(model)
    assert [getattr(record, "action", None) for record in caplog.records] == ["budget.cost_unknown"]


async def test_without_a_cap_on_money_cost_plays_no_part(caplog: pytest.LogCaptureFixture) -> None:
    inner = ScriptedModel(make_reply(finish=Finish.REFUSED, usage=make_usage(cost_usd=None)))
    model = MeteredModel(inner, RecordingLedger(), replace(AMPLE, usd=None))
    await ask(model)
    await ask(model)
    assert not caplog.records


async def test_a_failed_call_is_on_record_with_what_it_cost() -> None:
    failure = ModelFailure("no", Remedy.RETRY, usage=Usage(calls=1, prompt_tokens=7, cost_usd=0.5))
    inner, ledger = ScriptedModel(failure, make_reply()), RecordingLedger()
    model = MeteredModel(inner, ledger, AMPLE)
    with pytest.raises(ModelFailure):
        await ask(model)
    assert await ledger.spent(JOB) == failure.usage
    assert [call.reply and call.reply.text for call in ledger.calls] == [""]


async def test_a_call_that_never_reached_the_provider_does_not_count() -> None:
    model = MeteredModel(
        ScriptedModel(ModelFailure("unreachable", Remedy.RETRY, usage=Usage()), make_reply()),
        RecordingLedger(),
        replace(AMPLE, calls=1),
    )
    with pytest.raises(ModelFailure):
        await ask(model)
    assert await ask(model)


async def test_where_the_provider_reports_no_tokens_estimates_count() -> None:
    inner = ScriptedModel(make_reply(text="x" * 350, usage=Usage(calls=1)))
    ledger = RecordingLedger()
    reply = await ask(MeteredModel(inner, ledger, AMPLE))
    assert reply.usage == Usage(1, estimate_prompt(CONVERSATION), 100, 0, None)
    assert await ledger.spent(JOB) == reply.usage


PICTURES = (Image("image/png", b"one"), Image("image/png", b"two"), Image("image/jpeg", b"one"))


def test_the_digest_tells_apart_what_decides_the_answer() -> None:
    user = Message(Role.USER, "Build this.")
    conversations = [(user,), (Message(Role.ASSISTANT, "Build this."),), (user, user), (Message(Role.USER, "Build"),)]
    conversations += [(replace(user, images=(picture,)),) for picture in PICTURES]
    digests = {request_digest("a", conversation, LIMITS) for conversation in conversations}
    digests |= {request_digest("b", (user,), LIMITS), request_digest("a", (user,), replace(LIMITS, temperature=0.0))}
    assert len(digests) == len(conversations) + 2
    assert request_digest("a", (user,), LIMITS) == request_digest(
        "a", (user,), replace(LIMITS, seconds=1, max_output_tokens=1)
    )


@given(st.text(st.characters(exclude_categories=["Cs"])) | st.text("ab\n", max_size=900), st.integers(0, 150))
def test_a_cut_text_fits_and_keeps_its_ends(text: str, tokens: int) -> None:
    shown = cut_middle(text, Density.CODE, tokens)
    if estimate_tokens(text, Density.CODE) <= tokens:
        assert shown == text
    else:
        assert "cut …" in shown
        cut = re.search(r"\n… (\d+) (lines?|characters) cut …\n", shown)
        assert cut
        head, tail = shown[: cut.start()], shown[cut.end() :]
        assert text.startswith(head)
        assert text.endswith(tail)
        left = text[len(head) : len(text) - len(tail)]
        assert int(cut[1]) == (len(left) if cut[2] == "characters" else left.count("\n") - 1)


def test_tokens_are_counted_by_the_kind_of_text_and_by_bytes() -> None:
    assert estimate_tokens("x" * 700, Density.CODE) == 200
    assert estimate_tokens("x" * 180, Density.TABLE) == 100
    assert estimate_tokens("x" * 200, Density.JSON) == 100
    assert estimate_tokens("é" * 400, Density.PROSE) == 200
    assert estimate_tokens("\ud800", Density.PROSE) == 1


@given(st.text(), st.sampled_from(Density))
def test_an_estimate_grows_with_the_text(text: str, density: Density) -> None:
    assert estimate_tokens(text, density) <= estimate_tokens(text + "x", density)
    assert estimate_tokens(text, density) >= len(text) / 4


def test_letters_outside_ascii_and_images_count_for_more() -> None:
    assert estimate_tokens("日本語" * 100) > 2 * estimate_tokens("abc" * 100)
    with_image = (Message(Role.USER, "Build this.", images=PICTURES),)
    assert estimate_prompt(with_image) > estimate_prompt((Message(Role.USER, "Build this."),)) + 2_000
