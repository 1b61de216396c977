"""What is judged, what goes back to the model, and which candidate is published."""

from dataclasses import replace

from pipeline.deploy.candidates import MAX_REPAIRS
from pipeline.domain.brief import Brief, Check
from pipeline.domain.errors import GenerationFailed
from pipeline.domain.verdict import Opinions, Outcome, Verdict, Verification
from tests.builders import NOW, make_brief, make_files, make_generation, make_publication, make_site, make_verdict
from tests.fakes.deploy import FROM_MODEL, RIGHT, WITHOUT_MODEL, WORSE, WRONG, World


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

    async def judge(self, _job_id: str, brief: Brief, *_: object) -> Opinions:
        self.asked += [check.text for check in brief.checks]
        return Opinions(self.verdicts, "" if self.verdicts else "it fell asleep")


async def test_a_judge_without_a_verdict_is_told_of_with_its_reason() -> None:
    prose = Check("It looks friendly")
    world = World(make_brief(checks=(prose,)))
    world.verifications = [Verification(verdicts=(make_verdict(check=prose, outcome=Outcome.NOT_VERIFIABLE),))]
    world.judge = Opinion()
    await world.run()
    assert world.reported[-1].made.notes == ("the judge gave no verdict: it fell asleep",)


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
