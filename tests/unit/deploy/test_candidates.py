"""What is judged, what goes back to the model, and which candidate is published."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipeline.deploy.candidates import MAX_REPAIRS
from pipeline.domain.acceptance import AcceptanceTest, Action, Step
from pipeline.domain.brief import Check
from pipeline.domain.errors import GenerationFailed
from pipeline.domain.generation import Generation
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.verdict import Outcome, Trial, Verdict, Verification
from tests.builders import NOW, make_brief, make_files, make_generation, make_publication, make_site, make_verdict
from tests.fakes.deploy import FROM_MODEL, RIGHT, WITHOUT_MODEL, WORSE, WRONG, World

TEST = AcceptanceTest("it works", (Step(Action.EXPECT, "h1"),))


async def test_a_check_of_an_earlier_round_that_fails_now_is_a_finding_and_no_verdict() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    now = tuple(make_verdict(check=check, outcome=Outcome.PASS) for check in world.brief.checks)
    earlier = make_verdict(check=Check("an earlier check"), outcome=Outcome.FAIL, evidence="it is gone")
    world.verifications = [Verification(verdicts=now, earlier=(earlier,))]
    await world.run()

    assert (world.earlier, world.log.count("verify")) == ((earlier.check,), world.log.count("generate"))
    seen = world.reported[-1].seen
    assert seen.verdicts == now
    (finding,) = seen.findings
    assert finding.rule == "regression"
    assert "it is gone" in finding.message


async def test_a_repair_that_loses_more_than_it_mends_is_not_published_over_what_was_there() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    lost = tuple(make_verdict(check=Check(f"earlier {number}"), outcome=Outcome.FAIL) for number in range(2))
    mended = replace(FROM_MODEL, files=make_files({"index.html": "mended, but little is left"}))
    world.generations = [FROM_MODEL, mended, mended]
    world.verifications = [WRONG, Verification(earlier=lost), Verification(earlier=lost)]
    await world.run()
    assert world.committed is not None
    assert world.committed["index.html"] == FROM_MODEL.files["index.html"]


@pytest.mark.parametrize("has_camera", [True, False])
async def test_pictures_are_taken_before_the_look_and_a_missing_one_is_an_error(*, has_camera: bool) -> None:
    world = World(make_brief())
    world.has_camera = has_camera
    files = make_files({"index.html": "x", "old.png": "of an earlier page"})
    made = replace(FROM_MODEL, files=files, renders={"new.png": "#there", "old.png": "#gone", "INDEX.html": "#there"})
    world.generations, world.verifications = [made, made], [RIGHT, RIGHT]
    await world.run()
    assert world.committed is not None
    assert world.committed.get("new.png") == (b"taken" if has_camera else None)
    assert "old.png" not in world.committed
    missing = [finding.path for finding in world.reported[-1].seen.findings if finding.rule == "no-picture"]
    assert missing == (["old.png", "INDEX.html"] if has_camera else ["new.png", "old.png", "INDEX.html"])


async def test_what_is_wrong_goes_back_to_the_model_and_the_mended_app_is_published() -> None:
    world = World(make_brief())
    mended = replace(FROM_MODEL, files=make_files({"index.html": "<title>mended</title>"}))
    world.generations, world.verifications = [FROM_MODEL, mended], [WRONG, RIGHT]
    await world.run()

    assert [order.rejected for order in world.orders] == [(), (WRONG,)]
    assert world.committed is not None
    assert world.committed["index.html"] == b"<title>mended</title>"
    assert world.reported[-1].seen.verdicts == ()


async def test_the_model_is_shown_the_page_that_it_is_to_mend() -> None:
    world = World(make_brief())
    world.generations = [FROM_MODEL, FROM_MODEL]
    world.verifications = [replace(WRONG, picture=b"a picture"), RIGHT]
    await world.run()
    assert world.orders[1].rejected == (replace(WRONG, picture=b"a picture"),)


async def test_the_best_candidate_is_published_when_repairs_make_it_worse_and_failures_stay_failures() -> None:
    world = World(make_brief())
    worse = replace(FROM_MODEL, files=make_files({"index.html": "worse"}))
    world.generations, world.verifications = [FROM_MODEL, worse, worse], [WRONG, WORSE, WORSE]
    await world.run()

    assert len(world.orders) == 1 + MAX_REPAIRS
    assert world.committed is not None
    assert world.committed["index.html"] == FROM_MODEL.files["index.html"]
    assert world.reported[-1].seen.verdicts == WRONG.verdicts


async def test_a_repair_that_fails_leaves_the_candidate_and_says_so() -> None:
    world = World(make_brief())
    world.generations, world.verifications = [FROM_MODEL, GenerationFailed("no credit")], [WRONG]
    await world.run()
    assert "confirm" in world.log
    assert any("no credit" in note for note in world.reported[-1].made.notes)


async def test_a_repair_that_changes_nothing_is_the_last() -> None:
    world = World(make_brief())
    unused = make_generation(model="big", notes=("its edits had no place",))
    world.generations, world.verifications = [FROM_MODEL, unused], [WRONG, WRONG]
    await world.run()
    assert len(world.orders) == 2
    assert world.reported[-1].made.notes[-1] == "a repair was given up: its edits had no place"


async def test_what_no_model_made_is_not_sent_back_to_one() -> None:
    world = World(make_brief())
    world.generations, world.verifications = [WITHOUT_MODEL], [WRONG]
    await world.run()
    assert len(world.orders) == 1


async def test_without_time_there_is_no_repair() -> None:
    world = World(make_brief())
    world.job = replace(world.job, received_at=world.job.received_at, deadline=NOW.replace(microsecond=1))
    world.generations, world.verifications = [FROM_MODEL], [WRONG]
    await world.run()
    assert len(world.orders) == 1


class Opinion:
    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = verdicts
        self.asked: list[str] = []
        self.preferred: bool | None = None

    async def prefers_second(self, *_: object, **__: object) -> bool | None:
        return self.preferred

    async def judge(
        self, _job_id: str, _brief: object, checks: Sequence[Check], *_: object, **__: object
    ) -> tuple[tuple[Verdict, ...], str]:
        self.asked += [check.text for check in checks]
        return self.verdicts, "" if self.verdicts else "it was not asked nicely"


async def test_when_the_judge_gives_no_verdict_a_note_says_why() -> None:
    prose = Check("It looks friendly")
    world = World(make_brief(checks=(prose,)))
    world.verifications = [Verification(verdicts=(make_verdict(check=prose, outcome=Outcome.NOT_VERIFIABLE),))]
    world.judge = Opinion()
    await world.run()
    assert world.reported[-1].made.notes[-1] == "it was not asked nicely"


async def test_the_judge_is_asked_about_undecided_prose_only_and_never_overrules_what_was_seen() -> None:
    prose, script, decided = Check("It looks friendly"), Check.from_script("1"), Check("Has MIT license")
    world = World(make_brief(checks=(prose, script, decided)))
    undecided = [make_verdict(check=check, outcome=Outcome.NOT_VERIFIABLE) for check in (prose, script)]
    seen = make_verdict(check=decided, outcome=Outcome.PASS)
    world.verifications = [Verification(verdicts=(*undecided, seen))]
    world.judge = Opinion(
        make_verdict(check=prose, outcome=Outcome.PASS, method="judge"),
        make_verdict(check=decided, outcome=Outcome.FAIL, method="judge"),
    )
    await world.run()

    assert world.judge.asked == ["It looks friendly"]
    outcomes = {verdict.check: verdict.outcome for verdict in world.reported[-1].seen.verdicts}
    assert outcomes[prose] is Outcome.PASS
    assert outcomes[script] is Outcome.NOT_VERIFIABLE


class Visits:
    """Writes one test, and tells of each app in turn how it came out."""

    def __init__(self, *outcomes: Outcome, is_open: bool = True) -> None:
        self.outcomes = list(outcomes)
        self.is_open = is_open
        self.written = 0

    async def left_open(self, _brief: object) -> bool:
        return self.is_open

    async def write(self, *_: object, **__: object) -> tuple[tuple[AcceptanceTest, ...], str]:
        self.written += 1
        return (TEST,), ""

    async def try_out(self, _files: object, _address: str, tests: Sequence[AcceptanceTest]) -> tuple[Trial, ...]:
        return tuple(Trial(test, self.outcomes.pop(0), "so it was") for test in tests)


def other(text: str) -> Generation:
    return replace(FROM_MODEL, files=make_files({"index.html": text}))


async def test_a_failed_acceptance_test_is_repaired_once_and_then_doubtful_unless_a_check_fails_as_well() -> None:
    for verification, repairs in ((RIGHT, 1), (WRONG, 2)):
        world = World(make_brief())
        world.tester = Visits(*[Outcome.FAIL] * 3)
        world.generations = [FROM_MODEL, other("mended"), other("mended again")]
        world.verifications = [verification] * 3
        await world.run()
        assert [len(order.rejected) for order in world.orders] == list(range(repairs + 1))
        assert world.orders[1].rejected[0].failed_trials
        assert [trial.is_doubtful for trial in world.reported[-1].seen.trials] == [repairs == 1]
        assert world.tester.written == 1


async def test_acceptance_tests_decide_between_candidates_whose_checks_are_equal() -> None:
    world = World(make_brief())
    world.tester = Visits(Outcome.FAIL, Outcome.PASS)
    world.generations = [FROM_MODEL, other("mended")]
    await world.run()
    assert world.committed is not None
    assert world.committed["index.html"] == b"mended"


async def test_no_tests_are_written_where_all_prose_is_decided_or_a_program_is_asked_for() -> None:
    for brief, is_open in ((make_brief(), False), (make_brief(space_type=SpaceSdk.GRADIO), True)):
        world = World(brief)
        world.tester = Visits(is_open=is_open)
        await world.run()
        assert world.tester.written == 0


@pytest.mark.parametrize(
    ("seen", "preferred", "published"),
    [
        (WRONG, True, "second"),
        (WRONG, False, "page"),
        (WRONG, None, "page"),
        (RIGHT, None, "second"),
        (WORSE, True, "page"),
    ],
)
async def test_the_second_candidate_goes_out_when_it_is_better_or_equal_and_chosen(
    seen: Verification, preferred: bool | None, published: str
) -> None:
    world = World(make_brief())
    world.generations, world.second = [other("page"), other("repair")], other("second")
    world.verifications = [WRONG, WORSE, seen, WORSE]
    world.judge = Opinion()
    world.judge.preferred = preferred
    await world.run()
    assert world.committed is not None
    assert world.committed["index.html"] == published.encode()
    assert [order.after for order in world.orders[:3]].count(FROM_MODEL.made.calls[-1].asked) == 1
    roles = [(one.role, one.is_chosen) for one in world.reported[-1].made.candidates]
    assert roles[:3] == [("first", published == "page"), ("repair", False), ("second", published == "second")]
    assert sum(is_chosen for _, is_chosen in roles) == 1


async def test_a_repair_that_fails_leaves_the_second_candidate() -> None:
    world = World(make_brief())
    world.generations, world.second = [other("page"), GenerationFailed("no credit")], other("second")
    world.verifications = [WRONG, WRONG, RIGHT]
    await world.run()
    assert world.committed is not None
    assert world.committed["index.html"] == b"second"
    assert "a repair was given up: no credit" in world.reported[-1].made.notes
