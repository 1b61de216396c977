"""Publishing to the fake GitHub when all goes well: what is there afterwards, and what it took."""

import asyncio
import random
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.domain.errors import NotLive, PlanRequired, PublishFailed
from pipeline.domain.publication import Target, owner_mark
from tests.builders import EMAIL, TASK, make_brief, make_files, make_site
from tests.fakes.github import Answer, FakeGitHub, Fault
from tests.integration.github_pages.rig import FILES, REVISED, SITE, WITH_WORKFLOW, Rig, after

MARK = f"[code-to-deployment {owner_mark(EMAIL, TASK)}]"


class TestRoundOne:
    async def test_makes_a_repository_with_one_commit_and_a_site_that_serves_it(self, rig: Rig) -> None:
        rig.github.settings.build_seconds = 0.05
        publication = await rig.publish()
        await rig.confirm(publication)
        repository = rig.repository
        assert publication.commit_sha == repository.head()
        assert publication.repo_url == f"{rig.github.url}/octocat/{SITE.repository}"
        assert publication.pages_url == f"{rig.github.url}/pages/octocat/{SITE.repository}/"
        assert publication.target is Target.GITHUB_PAGES
        assert [message.strip() for _, message in repository.commits()] == ["one"]
        assert repository.files() == dict(FILES)
        assert not any([repository.private, repository.has_wiki, repository.has_issues, repository.has_projects])
        assert repository.description == f"Show the sales. {MARK}"

    @pytest.mark.parametrize("count", [1, 10, 50])
    async def test_takes_four_requests_whatever_the_number_of_files(self, rig: Rig, count: int) -> None:
        await rig.publish(files=make_files({f"f{number}.txt": "x" * 1024 for number in range(count)}))
        assert rig.requests("api") == [("POST", "/user/repos"), ("POST", f"/repos/octocat/{SITE.repository}/pages")]
        assert [method for method, _ in rig.requests("git")] == ["GET", "POST"]

    async def test_takes_no_more_of_them_for_a_large_app(self, rig: Rig) -> None:
        files = FILES.with_files({"photo.bin": random.Random(1).randbytes(3 * 1024 * 1024)})
        await rig.publish(files=files)
        assert [method for method, _ in rig.requests("git")] == ["GET", "POST"]
        assert rig.repository.files() == dict(files)

    async def test_goes_to_an_organisation_when_one_is_configured(self, github: FakeGitHub, tmp_path: Path) -> None:
        rig = Rig(github, tmp_path / "repos", owner="acme")
        publication = await rig.publish()
        await rig.confirm(publication)
        assert publication.repo_url == f"{github.url}/acme/{SITE.repository}"
        await rig.publish(make_site(target=Target.GITHUB_PAGES, nonce="second", counter=2))
        assert rig.requests("api").count(("GET", "/user")) == 1

    async def test_goes_to_the_user_when_that_is_the_configured_owner(self, github: FakeGitHub, tmp_path: Path) -> None:
        publication = await Rig(github, tmp_path / "repos", owner="Octocat").publish()
        assert publication.repo_url == f"{github.url}/octocat/{SITE.repository}"

    async def test_of_an_unknown_organisation_says_what_to_set(self, github: FakeGitHub, tmp_path: Path) -> None:
        with pytest.raises(PublishFailed, match="GITHUB_OWNER"):
            await Rig(github, tmp_path / "repos", owner="nobody").publish()

    async def test_again_changes_nothing_and_gives_the_same_publication(self, rig: Rig) -> None:
        first = await rig.publish()
        assert await rig.publish() == first
        assert len(rig.repository.commits()) == 1

    async def test_of_a_workflow_that_deploys_pages_leaves_the_build_to_it(self, rig: Rig) -> None:
        publication = await rig.publish(files=WITH_WORKFLOW)
        await rig.confirm(publication, WITH_WORKFLOW)
        assert rig.pages.build_type == "workflow"

    async def test_describes_the_repository_in_one_clean_line_that_ends_with_the_mark(self, rig: Rig) -> None:
        await rig.publish(brief=make_brief(text="Größe\n\x00\x1b[31m " + "long " * 200))
        description = rig.repository.description
        assert description is not None
        assert len(description) == 350
        assert description.startswith("Größe [31m long ")
        assert description.endswith(f"… {MARK}")


class TestLaterRounds:
    async def test_push_and_nothing_else(self, rig: Rig) -> None:
        first = await rig.publish()
        rig.github.log.clear()
        second = await rig.publish(after(first), REVISED, "two")
        assert rig.requests("api") == []
        assert [method for method, _ in rig.requests("git")] == ["GET", "POST"]
        await rig.confirm(second, REVISED)
        assert [message.strip() for _, message in rig.repository.commits()] == ["two", "one"]
        assert (second.repo_url, second.pages_url) == (first.repo_url, first.pages_url)

    async def test_follow_a_repository_that_was_renamed(self, rig: Rig) -> None:
        first = await rig.publish()
        rig.call("PATCH", f"/repos/octocat/{SITE.repository}", {"name": "renamed"})
        moved = Answer(301, {}, {"Location": f"{rig.github.api_url}/repos/octocat/renamed"})
        rig.github.add_fault(Fault(kind="api", method="GET", path=f"{SITE.repository}$", answer=moved))
        second = await rig.publish(after(first), REVISED, "two")
        assert second.repo_url == f"{rig.github.url}/octocat/renamed"
        assert rig.github.repository("octocat", "renamed").head() == second.commit_sha

    async def test_of_a_repository_that_is_gone_make_no_new_one(self, rig: Rig) -> None:
        first = await rig.publish()
        rig.call("DELETE", f"/repos/octocat/{SITE.repository}")
        site = after(first)
        with pytest.raises(PublishFailed, match="no longer on GitHub"):
            await rig.publish(site, REVISED, "two")
        with pytest.raises(PublishFailed, match="no longer on GitHub"):
            await rig.publisher.restore(site)
        assert rig.github.repositories() == []

    async def test_switch_the_site_over_when_a_workflow_comes_or_goes(self, rig: Rig) -> None:
        site = after(await rig.publish())
        second = await rig.publish(site, WITH_WORKFLOW, "two")
        kinds = [rig.pages.build_type]
        third = await rig.publish(after(second), REVISED, "three")
        assert [*kinds, rig.pages.build_type] == ["workflow", "legacy"]
        await rig.confirm(third, REVISED)

    async def test_begin_from_a_clone_where_the_workspace_is_missing_or_older(self, rig: Rig, tmp_path: Path) -> None:
        site = after(await rig.publish())
        other = Rig(rig.github, tmp_path / "other")
        restored = await other.publisher.restore(site)
        assert restored == site
        assert await other.workspaces.published(restored) == FILES
        second = await other.publish(restored, REVISED, "two")
        site = await rig.publisher.restore(after(second))
        assert await rig.workspaces.published(site) == REVISED
        third = await rig.publish(site, FILES, "three")
        assert [message.strip() for _, message in rig.repository.commits()] == ["three", "two", "one"]
        assert third.commit_sha == rig.repository.head()


class TestNeverForced:
    async def test_a_history_that_somebody_else_continued_is_a_conflict(self, rig: Rig, tmp_path: Path) -> None:
        site = after(await rig.publish())
        other = Rig(rig.github, tmp_path / "other")
        theirs = await other.publish(await other.publisher.restore(site), REVISED, "theirs")
        with pytest.raises(PublishFailed, match="not overwritten"):
            await rig.publish(site, FILES, "ours")
        assert rig.repository.head() == theirs.commit_sha

    @pytest.mark.parametrize("description", ["", "Show the sales.", f"{MARK} and more", MARK.replace("deploy", "x")])
    async def test_somebody_elses_repository_of_that_name_is_left_alone(self, rig: Rig, description: str) -> None:
        rig.github.create("octocat", SITE.repository, description=description)
        with pytest.raises(PublishFailed, match="was not made for this task"):
            await rig.publish()
        assert rig.repository.head() is None
        assert rig.repository.pages is None

    async def test_our_own_repository_of_an_interrupted_attempt_is_adopted(self, rig: Rig) -> None:
        rig.github.create("octocat", SITE.repository, description=f"Show the sales. {MARK}")
        publication = await rig.publish()
        assert rig.repository.head() == publication.commit_sha
        await rig.confirm(publication)

    async def test_a_site_with_another_source_is_set_right_and_built(self, rig: Rig) -> None:
        repository = rig.github.create("octocat", SITE.repository, description=MARK)
        rig.github.commit(repository, {"docs/index.html": b"other"}, "other", branch="gh-pages")
        source = {"branch": "gh-pages", "path": "/docs"}
        rig.call("POST", f"/repos/octocat/{SITE.repository}/pages", {"source": source})
        publication = await rig.publish()
        assert (rig.pages.branch, rig.pages.path) == ("main", "/")
        assert rig.requests("api")[-1] == ("POST", f"/repos/octocat/{SITE.repository}/pages/builds")
        await rig.confirm(publication)


class TestRefusals:
    async def test_a_plan_without_pages_is_told_as_such(self, rig: Rig) -> None:
        repository = rig.github.create("octocat", SITE.repository, description=MARK)
        repository.private = True
        with pytest.raises(PlanRequired, match="plan does not support"):
            await rig.publish()

    async def test_a_bad_token_is_refused_at_once_and_never_shown(self, github: FakeGitHub, tmp_path: Path) -> None:
        rig = Rig(github, tmp_path / "repos", token="ghp_wrong1234567890")
        with pytest.raises(PublishFailed, match="GITHUB_TOKEN") as failure:
            await rig.publish()
        assert len(github.log) == 1
        assert "ghp_" not in f"{failure.value!r} {failure.value.__cause__!r}"

    @pytest.mark.parametrize(
        ("granted", "words"),
        [
            (set(), "create the repository, which needs the permission administration=write"),
            ({"administration=write", "contents=write"}, "turn on Pages, which needs the permission pages=write and"),
            ({"administration=write", "pages=write"}, "permission to write contents"),
        ],
    )
    async def test_a_missing_permission_is_named(self, rig: Rig, granted: set[str], words: str) -> None:
        rig.github.settings.permissions = granted
        with pytest.raises(PublishFailed, match=words):
            await rig.publish()


async def test_sixteen_publications_at_once_mix_nothing_up(rig: Rig) -> None:
    sites = [make_site(target=Target.GITHUB_PAGES, task=f"task {n}", nonce=f"n{n}") for n in range(16)]
    apps = [FILES.with_files({"index.html": f"page {n}".encode()}) for n in range(16)]
    publications = await asyncio.gather(*map(rig.publish, sites, apps))
    await asyncio.gather(*map(rig.confirm, publications, apps))
    for site, app, publication in zip(sites, apps, publications, strict=True):
        repository = rig.github.repository("octocat", site.repository)
        assert publication.repo_url.endswith(site.repository)
        assert [sha for sha, _ in repository.commits()] == [publication.commit_sha]
        assert repository.files() == dict(app)
    assert len(rig.requests("api")) < 16 * 7


async def test_a_commit_that_was_overtaken_is_not_live(rig: Rig) -> None:
    first = await rig.publish()
    await rig.publish(after(first), REVISED, "two")
    with pytest.raises(NotLive, match="moved on"):
        await rig.confirm(first)


async def test_a_commit_that_was_overtaken_while_it_was_built_is_not_live(rig: Rig) -> None:
    publication = await rig.publish()
    rig.repository.git.add_commit({"a": b"theirs"}, "theirs", "They <they@example.com>", "main")
    with pytest.raises(NotLive, match="moved on"):
        await rig.confirm(publication)


async def test_addresses_are_known_from_the_owner_and_then_from_github(rig: Rig) -> None:
    assert rig.publisher.address(SITE) == f"{rig.github.url}/pages/owner/{SITE.repository}/"
    publication = await rig.publish()
    assert rig.publisher.address(SITE) == publication.pages_url
    assert rig.publisher.address(replace(SITE, publication=publication)) == publication.pages_url
