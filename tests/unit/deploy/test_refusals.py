"""What the target will not build or host."""

from dataclasses import replace

import pytest

from pipeline.domain.errors import BuildFailed, GenerationFailed, PlanRequired
from pipeline.domain.publication import SpaceSdk
from tests.builders import make_brief, make_publication, make_site
from tests.fakes.deploy import FROM_MODEL, MENDED, WITHOUT_MODEL, World

NOTIFIED = make_brief(evaluation_url="https://evaluator.example/notify")


async def test_what_the_target_could_not_build_goes_back_to_the_model_once_with_the_log() -> None:
    world = World(make_brief())
    world.generations, world.build_failures = [FROM_MODEL, MENDED], [BuildFailed("no module named flask")]
    await world.run()

    (told,) = world.orders[1].rejected
    assert told.findings[0].message == "no module named flask"
    assert world.log.count("publish") == world.log.count("confirm") == 2
    assert world.committed is not None
    assert world.committed["index.html"] == b"mended"


async def test_a_mending_that_changes_nothing_is_not_built_again() -> None:
    world = World(make_brief())
    world.generations, world.build_failures = [FROM_MODEL, FROM_MODEL], [BuildFailed("one")]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()
    assert world.log.count("publish") == 1


async def test_a_second_build_that_fails_is_the_end() -> None:
    world = World(NOTIFIED)
    world.generations = [FROM_MODEL, MENDED]
    world.build_failures = [BuildFailed("one"), BuildFailed("two")]
    with pytest.raises(BuildFailed, match="two"):
        await world.run()
    assert "notify" not in world.log


async def test_a_build_of_what_no_model_made_fails_at_once() -> None:
    world = World(make_brief())
    world.build_failures = [BuildFailed("one")]
    world.generations = [WITHOUT_MODEL]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()


async def test_a_build_that_the_model_cannot_mend_fails_with_the_log_of_the_build() -> None:
    world = World(make_brief())
    world.generations = [FROM_MODEL, GenerationFailed("no credit")]
    world.build_failures = [BuildFailed("one")]
    with pytest.raises(BuildFailed, match="one"):
        await world.run()


async def test_a_mended_revision_still_starts_from_what_was_published_before_the_job() -> None:
    world = World(make_brief(round=2))
    world.site = replace(make_site(), publication=make_publication())
    world.generations, world.build_failures = [FROM_MODEL, MENDED], [BuildFailed("one")]

    original = world.base
    await world.run()
    assert world.base != original
    assert [order.base for order in world.orders] == [original, original]


async def test_an_app_that_needs_a_paid_plan_is_made_static_when_no_kind_was_asked_for() -> None:
    world = World(make_brief())
    world.generations, world.refusals = [FROM_MODEL, MENDED], [PlanRequired("gradio is paid")]
    await world.run()
    assert world.orders[1].brief.space_type is SpaceSdk.STATIC
    assert any("gradio is paid" in note for note in world.reported[-1].made.notes)


async def test_an_app_of_the_kind_that_was_asked_for_is_not_replaced_by_another() -> None:
    world = World(make_brief(space_type=SpaceSdk.GRADIO))
    world.generations, world.refusals = [FROM_MODEL], [PlanRequired("gradio is paid")]
    with pytest.raises(PlanRequired):
        await world.run()
