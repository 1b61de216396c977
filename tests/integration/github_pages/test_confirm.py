"""Seeing a commit go live on the fake GitHub: builds that fail or are late, and what visitors are served."""

import asyncio
from pathlib import Path

import pytest

from pipeline.domain.errors import BuildFailed, NotLive
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication
from tests.fakes.github import Answer, Drop, FakeGitHub, Fault, faults
from tests.integration.github_pages.rig import FILES, NEVER_BUILT, REVISED, SITE, WITH_WORKFLOW, Rig, after

PAGES = f"/repos/octocat/{SITE.repository}/pages"


def questions_about_builds(rig: Rig) -> int:
    return rig.requests("api").count(("GET", f"{PAGES}/builds/latest"))


async def confirmed_after(rig: Rig, seconds: float) -> int:
    """Let a build last for so long; how often it was asked about by then."""
    rig.github.settings.build_seconds = 3600
    confirming = asyncio.create_task(rig.confirm(await rig.publish()))
    while sum(rig.clock.slept) < seconds:
        await asyncio.sleep(0.001)
    questions = questions_about_builds(rig)
    rig.pages.history[-1].seconds = 0
    await confirming
    return questions


class TestBuilds:
    async def test_are_waited_for_with_growing_pauses(self, rig: Rig) -> None:
        questions = await confirmed_after(rig, 60)
        assert rig.clock.slept[:2] == [0.25, 0.3]
        assert max(rig.clock.slept) == 2
        assert 5 <= questions <= 8, "visits of the page cost nothing, questions to the API are counted"
        assert "Pages build: queued" in rig.told
        assert rig.told[-1].startswith("read back 2 files of commit")

    async def test_are_not_asked_about_once_visitors_were_seen_to_get_the_commit(self, rig: Rig) -> None:
        assert await confirmed_after(rig, 0.5) == questions_about_builds(rig) == 1

    async def test_that_fail_are_asked_for_once_more(self, rig: Rig) -> None:
        rig.github.fail_next_build("a passing fault")
        await rig.confirm(await rig.publish())
        assert rig.requests("api").count(("POST", f"{PAGES}/builds")) == 1

    async def test_whose_failure_github_holds_on_to_are_left_behind_by_an_empty_commit(self, rig: Rig) -> None:
        rig.github.fail_next_build("an old fault", cached=True)
        publication = await rig.publish()
        live = await rig.confirm(publication)
        assert rig.requests("api").count(("POST", f"{PAGES}/builds")) == 1
        assert [sha for sha, _ in rig.repository.commits()] == [live.commit_sha, publication.commit_sha]
        assert rig.repository.files() == dict(FILES)
        assert await rig.workspaces.head(SITE.folder) == live.commit_sha

    async def test_of_an_empty_commit_from_before_a_crash_are_waited_for(self, rig: Rig) -> None:
        rig.github.fail_next_build("an old fault", cached=True)
        publication = await rig.publish()
        live = await rig.confirm(publication)
        assert await rig.confirm(publication) == live
        assert len(rig.repository.commits()) == 2

    async def test_that_fail_for_the_empty_commit_too_end_it_in_githubs_words(self, rig: Rig) -> None:
        publication = await rig.publish(files=NEVER_BUILT)
        with pytest.raises(BuildFailed, match="Liquid"):
            await rig.confirm(publication, NEVER_BUILT)
        assert rig.requests("api").count(("POST", f"{PAGES}/builds")) == 2
        assert len(rig.repository.commits()) == 2

    async def test_whose_failure_stays_the_latest_word_are_left_behind_as_well(self, rig: Rig) -> None:
        rig.github.fail_next_build("old fault")
        publication = await rig.publish()
        rig.github.add_fault(
            Fault(kind="api", method="POST", path="/pages/builds$", answer=Answer(201, {}), times=None)
        )
        assert (await rig.confirm(publication)).commit_sha != publication.commit_sha

    async def test_of_the_round_before_are_not_taken_for_this_one(self, rig: Rig) -> None:
        first = await rig.publish()
        await rig.confirm(first)
        rig.github.settings.build_seconds = 0.2
        second = await rig.publish(after(first), REVISED, "two")
        await rig.confirm(second, REVISED)
        assert rig.pages.served == dict(REVISED)

    async def test_that_never_begin_are_asked_for(self, rig: Rig) -> None:
        publication = await rig.publish()
        rig.pages.history.clear()
        await rig.confirm(publication)
        assert sum(rig.clock.slept) > 60

    async def test_that_do_not_end_are_given_up_in_time(self, rig: Rig) -> None:
        rig.github.settings.build_seconds = 3600
        publication = await rig.publish()
        with pytest.raises(NotLive, match="Pages build: queued"):
            await rig.confirm(publication)
        assert 580 < sum(rig.clock.slept) <= 600

    async def test_are_found_through_passing_faults_of_the_api(self, rig: Rig) -> None:
        publication = await rig.publish()
        for answer in (faults.bad_gateway(), Drop(), faults.too_many_requests(3)):
            rig.github.add_fault(Fault(kind="api", method="GET", path="builds/latest", answer=answer))
        await rig.confirm(publication)

    async def test_of_a_workflow_that_publishes_something_else_are_believed_when_github_says_so(self, rig: Rig) -> None:
        publication = await rig.publish(files=WITH_WORKFLOW)
        deployed = Answer(200, {"status": "succeed"})
        rig.github.add_fault(Fault(kind="api", path="/pages/deployments/", answer=deployed, times=None))
        await rig.confirm(publication, WITH_WORKFLOW.with_files({"index.html": b"source of it"}))

    async def test_of_a_workflow_that_fail_are_told(self, rig: Rig) -> None:
        publication = await rig.publish(files=WITH_WORKFLOW)
        failed = Answer(200, {"status": "deployment_failed"})
        rig.github.add_fault(Fault(kind="api", path=f"/pages/deployments/{publication.commit_sha}", answer=failed))
        with pytest.raises(BuildFailed, match="deployment_failed"):
            await rig.confirm(publication, WITH_WORKFLOW)


async def confirm_late(rig: Rig, publication: Publication, files: AppFiles, told: str) -> None:
    """Visitors get the build only after ``told`` was said."""
    confirming = asyncio.create_task(rig.confirm(publication, files))
    while f"built, but visitors do not get it yet: {told}" not in rig.told:
        await asyncio.sleep(0.001)
    rig.pages.history[-1].stale_seconds = 0
    await confirming


class TestVisitors:
    async def test_get_the_old_page_for_a_while(self, rig: Rig) -> None:
        first = await rig.publish()
        rig.github.settings.stale_seconds = 3600
        second = await rig.publish(after(first), REVISED, "two")
        await confirm_late(rig, second, REVISED, "the page is not this commit's")

    async def test_get_nothing_at_first(self, rig: Rig) -> None:
        rig.github.settings.stale_seconds = 3600
        await confirm_late(rig, await rig.publish(), FILES, "the page is answered with HTTP 404")

    @pytest.mark.parametrize(
        "answer",
        [Answer(403), Answer(429, headers={"Retry-After": "1"}), Answer(404), Answer(503), Answer(200), Drop()],
        ids=["403", "429", "404", "503", "empty", "dropped"],
    )
    async def test_meet_faults_of_the_edge_that_pass(self, rig: Rig, answer: Answer | Drop) -> None:
        publication = await rig.publish()
        rig.github.add_fault(Fault(kind="site", answer=answer, times=2))
        rig.github.add_fault(Fault(kind="site", path="style.css", answer=answer, times=2))
        await rig.confirm(publication)

    @pytest.mark.parametrize("path", ["index.html", "css/style.css"])
    async def test_must_get_every_text_file_byte_for_byte(self, rig: Rig, path: str) -> None:
        publication = await rig.publish()
        with pytest.raises(NotLive, match=f"{path}|the page"):
            await rig.confirm(publication, FILES.with_files({path: FILES[path] + b"\n"}))

    async def test_never_get_the_same_address_twice(self, rig: Rig) -> None:
        publication = await rig.publish()
        rig.github.add_fault(Fault(kind="site", answer=Answer(404), times=3))
        await rig.confirm(publication)
        paths = [path for _, path in rig.requests("site")]
        assert len(paths) == len(set(paths))

    async def test_are_followed_to_no_other_host(self, rig: Rig, tmp_path: Path) -> None:
        publication = await rig.publish()
        with FakeGitHub(tmp_path / "elsewhere") as elsewhere:
            moved = Answer(302, headers={"Location": f"{elsewhere.url}/pages/octocat/{SITE.repository}/"})
            rig.github.add_fault(Fault(kind="site", answer=moved, times=None))
            with pytest.raises(NotLive, match="HTTP 302"):
                await rig.confirm(publication)
            assert elsewhere.log == []

    async def test_are_followed_on_the_same_host(self, rig: Rig) -> None:
        publication = await rig.publish()
        moved = Answer(301, headers={"Location": publication.pages_url})
        rig.github.add_fault(Fault(kind="site", answer=moved, times=1))
        await rig.confirm(publication)
        assert rig.clock.slept == []

    async def test_are_sent_to_no_hidden_or_binary_file(self, rig: Rig) -> None:
        await rig.confirm(await rig.publish())
        paths = {path.partition("?")[0].rpartition(f"{SITE.repository}/")[2] for _, path in rig.requests("site")}
        assert paths == {"", "index.html", "css/style.css"}

    @pytest.mark.parametrize("name", ["a b.txt", "ü/ö.txt", "a#b.txt", "a&b=c.txt", "~x.txt", "_hidden.txt"])
    async def test_find_files_of_any_name(self, rig: Rig, name: str) -> None:
        files = FILES.with_files({name: b"x"})
        await rig.confirm(await rig.publish(files=files), files)

    async def test_of_an_app_without_text_are_served_its_commit_all_the_same(self, rig: Rig) -> None:
        files = AppFiles({"data.bin": bytes(range(256))})
        await rig.confirm(await rig.publish(files=files), files)


async def test_waiting_ends_when_the_job_is_cancelled(rig: Rig) -> None:
    rig.github.settings.build_seconds = 3600
    publication = await rig.publish()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await rig.confirm(publication)
