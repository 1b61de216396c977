"""Looking at what GitHub holds and serves when a commit has not been seen to go live."""

from dataclasses import replace

from tests.integration.github_pages.rig import FILES, REVISED, SITE, WITH_WORKFLOW, Rig


async def test_a_site_that_is_not_built_yet_is_held_and_not_served(rig: Rig) -> None:
    rig.github.settings.build_seconds = 3600
    publication = await rig.publish()
    assert await rig.publisher.held(publication, SITE) == publication
    assert not await rig.publisher.is_served(publication, FILES)
    rig.pages.history[-1].seconds = 0
    assert await rig.publisher.is_served(publication, FILES)
    assert not await rig.publisher.is_served(publication, REVISED)


async def test_of_a_workflow_any_page_will_do(rig: Rig) -> None:
    publication = await rig.publish(files=WITH_WORKFLOW)
    assert not await rig.publisher.is_served(
        replace(publication, pages_url=f"{publication.pages_url}x/"), WITH_WORKFLOW
    )


async def test_the_commit_that_was_pushed_to_build_again_is_ours(rig: Rig) -> None:
    rig.github.fail_next_build("an old fault", cached=True)
    publication = await rig.publish()
    live = await rig.confirm(publication)
    assert live != publication
    assert await rig.publisher.held(publication, SITE) == live


async def test_what_github_does_not_tell_is_not_held(rig: Rig) -> None:
    publication = await rig.publish()
    stranger = replace(publication, commit_sha="0" * 40)
    (rig.root / SITE.folder).rename(rig.root / "elsewhere")
    assert await rig.publisher.held(stranger, SITE) is None
