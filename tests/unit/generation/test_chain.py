"""Which model is asked next, when, and what is said when none answers. Time is fake here."""

import pytest

from pipeline.domain.conversation import CallLimits, Conversation, Finish, Message, Reply, Role
from pipeline.domain.errors import BudgetExhausted, GenerationFailed, Misconfigured, NoModelLeft
from pipeline.domain.generation import Usage
from pipeline.generation.model.chain import ModelChain
from pipeline.generation.model.failure import ENDED_PROVIDER_REST, MISSING_MODEL_REST, ModelFailure, Remedy
from pipeline.generation.model.openai_model import OpenAIModel
from pipeline.ports import Progress
from tests.builders import make_reply
from tests.fakes.clock import FakeClock
from tests.fakes.model_calls import RecordingLedger

JOB = "0123456789abcdef0123456789abcdef"
CONVERSATION = (Message(Role.USER, "Build this."),)
GOOD = make_reply()
BUSY = ModelFailure("busy", Remedy.RETRY, usage=Usage())
EMPTY = ModelFailure("its answer is empty", Remedy.RETRY)
MISSING = ModelFailure("missing", Remedy.NEXT_MODEL, wait_seconds=MISSING_MODEL_REST)
WRONG = ModelFailure("wrong request", Remedy.NEXT_MODEL)
LOCKED_OUT = ModelFailure("locked out", Remedy.NEXT_PROVIDER, wait_seconds=ENDED_PROVIDER_REST)

Step = Reply | ModelFailure | BudgetExhausted


def busy_for(seconds: float) -> ModelFailure:
    return ModelFailure(f"busy for {seconds}", Remedy.RETRY, wait_seconds=seconds, usage=Usage())


class ScriptedLink:
    """A link that takes ``seconds`` for each step of its script, or as long as it may; then repeats the last."""

    def __init__(
        self, clock: FakeClock, name: str, *script: Step, account: str = "http://one/v1", seconds: float = 0.0
    ) -> None:
        self.name = name
        self.account = account
        self.limits: list[CallLimits] = []
        self.asked_at: list[float] = []
        self._clock = clock
        self._script = list(script)
        self._seconds = seconds

    def __str__(self) -> str:
        return self.name

    async def ask(self, _job_id: str, _conversation: Conversation, limits: CallLimits, on_text: Progress) -> Reply:
        self.limits.append(limits)
        self.asked_at.append(self._clock.monotonic())
        self._clock.advance(min(self._seconds, limits.seconds))
        step = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if not isinstance(step, Reply):
            raise step
        on_text(step.text)
        return step

    @property
    def asked(self) -> int:
        return len(self.asked_at)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def chain_of(clock: FakeClock, *links: ScriptedLink) -> ModelChain:
    return ModelChain(links, RecordingLedger(), monotonic=clock.monotonic, sleep=clock.sleep)


async def ask(chain: ModelChain, seconds: float = 100) -> Reply:
    return await chain.ask(JOB, CONVERSATION, CallLimits(1_000, seconds), lambda _text: None)


async def test_the_first_model_that_answers_is_the_only_one_asked(clock: FakeClock) -> None:
    first, second = ScriptedLink(clock, "a", GOOD), ScriptedLink(clock, "b", GOOD)
    assert await ask(chain_of(clock, first, second)) == GOOD
    assert (first.asked, second.asked) == (1, 0)


async def test_a_passing_failure_is_tried_once_more_after_a_second_or_so(clock: FakeClock) -> None:
    link = ScriptedLink(clock, "a", BUSY, GOOD)
    assert await ask(chain_of(clock, link)) == GOOD
    assert 1.0 <= link.asked_at[1] - link.asked_at[0] <= 2.0


async def test_after_two_failures_the_next_model_is_asked(clock: FakeClock) -> None:
    first, second = ScriptedLink(clock, "a", BUSY), ScriptedLink(clock, "b", GOOD)
    assert await ask(chain_of(clock, first, second)) == GOOD
    assert (first.asked, second.asked) == (2, 1)


async def test_a_short_retry_after_is_waited_for_and_is_a_minimum(clock: FakeClock) -> None:
    first, second = ScriptedLink(clock, "a", busy_for(3), GOOD), ScriptedLink(clock, "b", GOOD)
    await ask(chain_of(clock, first, second))
    assert first.asked_at[1] - first.asked_at[0] >= 3
    assert second.asked == 0


async def test_a_long_retry_after_means_the_next_model_at_once(clock: FakeClock) -> None:
    first, second = ScriptedLink(clock, "a", busy_for(20)), ScriptedLink(clock, "b", GOOD)
    await ask(chain_of(clock, first, second))
    assert first.asked == 1
    assert clock.slept == []


async def test_the_last_model_is_waited_for_longer_because_nobody_else_is_left(clock: FakeClock) -> None:
    link = ScriptedLink(clock, "a", busy_for(20), GOOD)
    assert await ask(chain_of(clock, link)) == GOOD
    assert link.asked_at[1] >= 20


async def test_nobody_waits_for_a_retry_after_beyond_the_time_there_is(clock: FakeClock) -> None:
    link = ScriptedLink(clock, "a", busy_for(80), GOOD)
    with pytest.raises(GenerationFailed):
        await ask(chain_of(clock, link), seconds=100)
    assert clock.slept == []


async def test_a_retry_after_holds_for_later_questions_too(clock: FakeClock) -> None:
    first, second = ScriptedLink(clock, "a", busy_for(60), GOOD), ScriptedLink(clock, "b", GOOD)
    chain = chain_of(clock, first, second)
    await ask(chain)
    await ask(chain)
    assert (first.asked, second.asked) == (1, 2)
    clock.advance(80)
    await ask(chain)
    assert first.asked == 2


async def test_what_may_have_cost_something_is_tried_twice_and_no_more(clock: FakeClock) -> None:
    link = ScriptedLink(clock, "a", EMPTY)
    with pytest.raises(GenerationFailed, match="its answer is empty"):
        await ask(chain_of(clock, link))
    assert link.asked == 2


async def test_a_request_may_name_the_only_model_that_is_asked(clock: FakeClock) -> None:
    links = [ScriptedLink(clock, "a", GOOD), ScriptedLink(clock, "b", GOOD)]
    chain = chain_of(clock, *links)
    await chain.ask(JOB, CONVERSATION, CallLimits(1_000, 100, model="b"), lambda _text: None)
    assert [link.asked for link in links] == [0, 1]
    with pytest.raises(GenerationFailed, match="not one of this service's any more"):
        await chain.ask(JOB, CONVERSATION, CallLimits(1_000, 100, model="c"), lambda _text: None)


@pytest.mark.parametrize("failure", [MISSING, WRONG])
async def test_a_model_that_is_missing_or_wants_another_request_is_not_tried_twice(
    clock: FakeClock, failure: ModelFailure
) -> None:
    first, second = ScriptedLink(clock, "a", failure), ScriptedLink(clock, "b", GOOD)
    assert await ask(chain_of(clock, first, second)) == GOOD
    assert first.asked == 1


async def test_a_missing_model_is_not_looked_for_by_every_question_and_a_wrong_request_is_its_own_affair(
    clock: FakeClock,
) -> None:
    missing, wrong, good = (
        ScriptedLink(clock, "a", MISSING),
        ScriptedLink(clock, "b", WRONG),
        ScriptedLink(clock, "c", GOOD),
    )
    chain = chain_of(clock, missing, wrong, good)
    for _ in range(3):
        await ask(chain)
    assert (missing.asked, wrong.asked) == (1, 3)
    clock.advance(MISSING_MODEL_REST)
    await ask(chain)
    assert missing.asked == 2


async def test_a_door_that_is_locked_to_two_models_ends_all_behind_it(clock: FakeClock) -> None:
    links = [
        ScriptedLink(clock, "a", LOCKED_OUT),
        ScriptedLink(clock, "b", LOCKED_OUT),
        ScriptedLink(clock, "c", GOOD),
        ScriptedLink(clock, "d", GOOD, account="http://two/v1"),
    ]
    assert await ask(chain_of(clock, *links)) == GOOD
    assert [link.asked for link in links] == [1, 1, 0, 1]


async def test_behind_a_gateway_one_model_may_be_locked_out_and_the_next_not(clock: FakeClock) -> None:
    links = [ScriptedLink(clock, "a", LOCKED_OUT), ScriptedLink(clock, "b", GOOD)]
    chain = chain_of(clock, *links)
    for _ in range(2):
        assert await ask(chain) == GOOD
    assert [link.asked for link in links] == [1, 2]


async def test_a_model_that_only_reasoned_is_asked_again_with_more_room_and_less_effort(clock: FakeClock) -> None:
    thought = ModelFailure("only thoughts", Remedy.RETRY, wants_room=True)
    link = ScriptedLink(clock, "a", thought, GOOD)
    assert await ask(chain_of(clock, link)) == GOOD
    assert [(limits.max_output_tokens, limits.less_effort) for limits in link.limits] == [(1_000, False), (2_000, True)]


async def test_models_to_be_avoided_are_not_asked_and_the_reply_says_what_came_of_those_before(
    clock: FakeClock,
) -> None:
    links = [ScriptedLink(clock, "a", GOOD), ScriptedLink(clock, "b", WRONG), ScriptedLink(clock, "c", GOOD)]
    chain = chain_of(clock, *links)
    reply = await chain.ask(JOB, CONVERSATION, CallLimits(1_000, 100, avoid=frozenset("a")), lambda _text: None)
    assert [link.asked for link in links] == [0, 1, 1]
    assert reply.passed_over == ("wrong request",)
    await chain.ask(JOB, CONVERSATION, CallLimits(1_000, 100, after="b"), lambda _text: None)
    assert [link.asked for link in links] == [0, 1, 2]
    for none_left in (CallLimits(1_000, 100, avoid=frozenset("abc")), CallLimits(1_000, 100, after="c")):
        with pytest.raises(NoModelLeft, match="no other language model"):
            await chain.ask(JOB, CONVERSATION, none_left, lambda _text: None)


async def test_a_locked_door_is_not_waited_for_and_not_tried_again_by_the_next_question(clock: FakeClock) -> None:
    link = ScriptedLink(clock, "a", LOCKED_OUT, GOOD)
    chain = chain_of(clock, link)
    for _ in range(2):
        with pytest.raises(GenerationFailed, match="locked out"):
            await ask(chain, seconds=1_000)
    assert link.asked == 1
    assert clock.slept == []
    clock.advance(ENDED_PROVIDER_REST)
    assert await ask(chain) == GOOD


async def test_a_refusal_goes_to_the_next_model(clock: FakeClock) -> None:
    first, second = ScriptedLink(clock, "a", make_reply(finish=Finish.REFUSED)), ScriptedLink(clock, "b", GOOD)
    assert await ask(chain_of(clock, first, second)) == GOOD
    assert first.asked == 1


@pytest.mark.parametrize("finish", [Finish.CUT, Finish.LENGTH])
async def test_half_an_answer_is_an_answer(clock: FakeClock, finish: Finish) -> None:
    half = make_reply(finish=finish)
    second = ScriptedLink(clock, "b", GOOD)
    assert await ask(chain_of(clock, ScriptedLink(clock, "a", half), second)) == half
    assert second.asked == 0


async def test_all_models_share_the_time_of_one_question(clock: FakeClock) -> None:
    links = [ScriptedLink(clock, name, WRONG, seconds=40) for name in "abcd"]
    with pytest.raises(GenerationFailed, match="d: not asked: no time is left"):
        await ask(chain_of(clock, *links), seconds=100)
    assert [[limits.seconds for limits in link.limits] for link in links] == [[100], [60], [20], []]
    assert clock.monotonic() == 100


@pytest.mark.parametrize("seconds", [0.5, 3, 10, 60])
async def test_no_question_takes_longer_than_it_may(clock: FakeClock, seconds: float) -> None:
    links = [ScriptedLink(clock, name, busy_for(4), seconds=7) for name in "abc"]
    with pytest.raises(GenerationFailed):
        await ask(chain_of(clock, *links), seconds=seconds)
    assert clock.monotonic() <= seconds


async def test_when_nobody_answers_each_model_has_a_line_that_says_why(clock: FakeClock) -> None:
    links = [
        ScriptedLink(clock, "a", ModelFailure("a: HTTP 400", Remedy.NEXT_MODEL)),
        ScriptedLink(clock, "b", make_reply(finish=Finish.REFUSED)),
        ScriptedLink(clock, "c", ModelFailure("c: HTTP 401", Remedy.NEXT_PROVIDER, wait_seconds=60)),
        ScriptedLink(clock, "d", ModelFailure("d: HTTP 403", Remedy.NEXT_PROVIDER, wait_seconds=60)),
        ScriptedLink(clock, "e", GOOD),
    ]
    with pytest.raises(GenerationFailed) as raised:
        await ask(chain_of(clock, *links))
    assert str(raised.value).splitlines() == [
        "no language model gave an answer:",
        "a: HTTP 400",
        "b: refused to answer",
        "c: HTTP 401",
        "d: HTTP 403",
        "e: not asked: d: HTTP 403",
    ]


async def test_an_exhausted_budget_ends_the_question_and_tells_what_came_before(clock: FakeClock) -> None:
    links = [ScriptedLink(clock, "a", WRONG), ScriptedLink(clock, "b", BudgetExhausted("6 of 6 calls"))]
    last = ScriptedLink(clock, "c", GOOD)
    with pytest.raises(BudgetExhausted, match="6 of 6 calls\nwrong request"):
        await ask(chain_of(clock, *links, last))
    assert last.asked == 0


@pytest.mark.parametrize("base_url", ["", "llm.example.com/v1", "ftp://x/v1", "https:///v1", "http://host:port/v1"])
def test_an_address_that_is_none_names_the_setting_and_not_the_value(base_url: str) -> None:
    with pytest.raises(Misconfigured, match="LLM_BASE_URL must be a web address") as raised:
        OpenAIModel(base_url, "a", None)
    assert not base_url or base_url not in str(raised.value)
