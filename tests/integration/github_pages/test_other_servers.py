"""Publishing to servers that answer as GitHub's description of its API allows, though GitHub itself mostly does not."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from pipeline.domain.errors import BuildFailed, NotLive, PlanRequired, PublishFailed
from tests.builders import make_site
from tests.fakes.github import Answer, FakeGitHub, Fault, faults
from tests.integration.github_pages.rig import NEVER_BUILT, REVISED, SITE, Rig, after

CREATE = partial(Fault, kind="api", method="POST", path="/repos$")
LOOK_AT_BRANCH = partial(Fault, kind="git", method="GET", path="info/refs")
SWITCH_ON = partial(Fault, kind="api", method="POST", path="/pages$")
LOOK_AT_PAGES = partial(Fault, kind="api", method="GET", path="/pages$")
LATEST_BUILD = partial(Fault, kind="api", method="GET", path="builds/latest$", times=None)
ASK_FOR_BUILD = partial(Fault, kind="api", method="POST", path="/pages/builds$", times=None)
HEAD = partial(Fault, kind="api", method="GET", path="/git/ref/heads/main$", times=None)

NOT_FOUND = Answer(404, {"message": "Not Found"})
FORBIDDEN = Answer(403, {"message": "Resource not accessible by integration"})
REQUIRED_OF_PAGES = {"url": "x", "status": None, "cname": None, "custom_404": False, "public": True}
OLDER_BUILD = Answer(200, {"url": "x", "status": "built", "commit": "0" * 40, "created_at": "x"})


def creation_answer(rig: Rig, page: str) -> Answer:
    """With the fields that a publication cannot do without, and no others."""
    name = f"octocat/{SITE.repository}"
    clone_url = f"{rig.github.url}/{name}.git"
    return Answer(201, {"full_name": name, "html_url": f"{page}/{name}", "clone_url": clone_url})


class TestRepositories:
    async def test_that_were_just_made_are_ours_whatever_the_answer_says_of_them(self, rig: Rig) -> None:
        rig.github.add_fault(CREATE(answer=creation_answer(rig, rig.github.url), when="after"))
        rig.assert_published_once(await rig.publish())

    @pytest.mark.parametrize("status", [409, 422])
    async def test_whose_name_is_taken_in_other_words_are_found(self, rig: Rig, status: int) -> None:
        await rig.publish()
        taken = Answer(status, {"message": "Name has already been taken"})
        rig.github.add_fault(CREATE(answer=taken))
        rig.github.add_fault(Fault(kind="api", method="GET", path=f"{SITE.repository}$", answer=NOT_FOUND))
        rig.assert_published_once(await rig.publish())

    async def test_of_an_organisation_need_no_user_behind_the_token(self, github: FakeGitHub, tmp_path: Path) -> None:
        github.add_fault(Fault(kind="api", path="/user$", answer=FORBIDDEN, times=None))
        rig = Rig(github, tmp_path / "repos", owner="acme")
        publication = await rig.publish()
        assert publication.repo_url == f"{github.url}/acme/{SITE.repository}"

    async def test_with_their_page_on_another_host_are_pushed_to_where_github_says(self, rig: Rig) -> None:
        rig.github.add_fault(CREATE(answer=creation_answer(rig, "http://pages.invalid"), when="after"))
        first = await rig.publish()
        assert first.repo_url == f"http://pages.invalid/octocat/{SITE.repository}"
        rig.github.log.clear()
        second = await rig.publish(after(first), REVISED, "two")
        assert rig.repository.head() == second.commit_sha
        assert rig.requests("api") == [("GET", f"/repos/octocat/{SITE.repository}")]

    @pytest.mark.parametrize(
        "answer",
        [Answer(400), Answer(405), Answer(501), Answer(200, text="<!doctype html>\n<html>\n<h1>Sales</h1>\n</html>")],
        ids=["400", "405", "501", "page"],
    )
    async def test_whose_page_is_no_git_repository_are_looked_for_at_once(self, rig: Rig, answer: Answer) -> None:
        first = await rig.publish()
        rig.github.add_fault(LOOK_AT_BRANCH(answer=answer))
        second = await rig.publish(after(first), REVISED, "two")
        assert rig.repository.head() == second.commit_sha
        assert rig.clock.slept == []

    async def test_that_were_renamed_have_their_site_elsewhere(self, rig: Rig) -> None:
        first = await rig.publish()
        rig.call("PATCH", f"/repos/octocat/{SITE.repository}", {"name": "renamed"})
        moved = Answer(301, {}, {"Location": f"{rig.github.api_url}/repos/octocat/renamed"})
        rig.github.add_fault(Fault(kind="api", method="GET", path=f"{SITE.repository}$", answer=moved))
        second = await rig.publish(after(first), REVISED, "two")
        assert second.pages_url == f"{rig.github.url}/pages/octocat/renamed/"
        await rig.confirm(second, REVISED)


class TestAddresses:
    @pytest.mark.parametrize(
        "answer",
        [Answer(201, REQUIRED_OF_PAGES), Answer(201, {**REQUIRED_OF_PAGES, "html_url": None}), Answer(201)],
        ids=["absent", "null", "no document"],
    )
    async def test_that_the_answer_leaves_out_are_asked_for(self, rig: Rig, answer: Answer) -> None:
        rig.github.add_fault(SWITCH_ON(answer=answer, when="after"))
        rig.github.add_fault(LOOK_AT_PAGES(answer=NOT_FOUND))
        publication = await rig.publish()
        assert publication.pages_url == f"{rig.github.url}/pages/octocat/{SITE.repository}/"
        assert rig.requests("api")[-2:] == [("GET", f"/repos/octocat/{SITE.repository}/pages")] * 2
        await rig.confirm(publication)

    async def test_that_are_nowhere_told_are_githubs_usual_ones(self, rig: Rig) -> None:
        for step in (SWITCH_ON, LOOK_AT_PAGES):
            rig.github.add_fault(step(answer=Answer(200, REQUIRED_OF_PAGES), when="after"))
        await rig.confirm(await rig.publish())

    async def test_end_with_a_slash(self, rig: Rig) -> None:
        address = f"{rig.github.url}/pages/octocat/{SITE.repository}"
        rig.github.add_fault(SWITCH_ON(answer=Answer(201, {**REQUIRED_OF_PAGES, "html_url": address}), when="after"))
        assert (await rig.publish()).pages_url == f"{address}/"


class TestSwitchingOn:
    @pytest.mark.parametrize(
        ("status", "words"),
        [
            (422, "The source branch could not be found."),
            (422, "Branch main does not exist"),
            (422, "Branch main doesn't exist"),
            (422, "Repository is empty"),
            (409, "Git Repository is empty."),
        ],
    )
    async def test_too_early_is_known_by_other_words_as_well(self, rig: Rig, status: int, words: str) -> None:
        rig.github.add_fault(SWITCH_ON(answer=Answer(status, {"message": words}), times=2))
        rig.assert_published_once(await rig.publish())

    @pytest.mark.parametrize("source", [None, {}, {"branch": "main"}, {"branch": "main", "path": "/", "more": 1}])
    async def test_changes_nothing_that_is_not_said_to_be_otherwise(
        self, rig: Rig, source: dict[str, object] | None
    ) -> None:
        answer = Answer(201, {**REQUIRED_OF_PAGES, "html_url": f"{rig.github.url}/pages/x/", "source": source})
        rig.github.add_fault(SWITCH_ON(answer=answer, when="after"))
        rig.assert_published_once(await rig.publish())
        assert [method for method, _ in rig.requests("api")] == ["POST", "POST"]

    @pytest.mark.parametrize("status", [409, 422])
    async def test_what_is_on_already_is_known_by_a_look(self, rig: Rig, status: int) -> None:
        rig.github.add_fault(SWITCH_ON(answer=Answer(status, {"message": "Already there."}), when="after"))
        rig.assert_published_once(await rig.publish())

    async def test_what_is_on_already_may_not_be_seen_yet(self, rig: Rig) -> None:
        rig.github.add_fault(SWITCH_ON(answer=Answer(409, {"message": "Already there."}), when="after"))
        rig.github.add_fault(LOOK_AT_PAGES(answer=NOT_FOUND, times=2))
        rig.assert_published_once(await rig.publish())

    @pytest.mark.parametrize("status", [403, 422])
    async def test_a_plan_without_pages_is_known_by_other_words_as_well(self, rig: Rig, status: int) -> None:
        words = "Upgrade to GitHub Pro or make this repository public to enable this feature."
        rig.github.add_fault(SWITCH_ON(answer=Answer(status, {"message": words})))
        with pytest.raises(PlanRequired, match="Upgrade to GitHub Pro"):
            await rig.publish()

    async def test_a_refusal_in_words_of_its_own_is_final(self, rig: Rig) -> None:
        rig.github.add_fault(SWITCH_ON(answer=Answer(422, {"message": "Validation Failed", "errors": ["bad path"]})))
        with pytest.raises(PublishFailed, match="Validation Failed: bad path"):
            await rig.publish()
        assert rig.clock.slept == []


class TestBuildsThatAreNotTold:
    @pytest.mark.parametrize(
        "answer",
        [NOT_FOUND, FORBIDDEN, Answer(200, {"url": "x", "status": None, "commit": None})],
        ids=["404", "403", "null"],
    )
    async def test_leave_what_visitors_get_as_proof(self, rig: Rig, answer: Answer) -> None:
        rig.github.add_fault(LATEST_BUILD(answer=answer))
        await rig.confirm(await rig.publish())
        assert rig.clock.slept == []

    async def test_do_not_make_an_old_page_a_new_one(self, rig: Rig) -> None:
        first = await rig.publish()
        await rig.confirm(first)
        rig.github.settings.stale_seconds = 3600
        second = await rig.publish(after(first), REVISED, "two")
        rig.github.add_fault(LATEST_BUILD(answer=NOT_FOUND))
        with pytest.raises(NotLive):
            await rig.confirm(second, REVISED)

    async def test_for_a_while_may_have_failed(self, rig: Rig) -> None:
        rig.github.add_fault(replace(LATEST_BUILD(answer=NOT_FOUND), times=3))
        publication = await rig.publish(files=NEVER_BUILT)
        with pytest.raises(BuildFailed, match="Liquid"):
            await rig.confirm(publication, NEVER_BUILT)

    @pytest.mark.parametrize("answer", [NOT_FOUND, FORBIDDEN, Answer(409, {"message": "x"}), Answer(422, {})])
    async def test_because_of_an_older_one_are_asked_for_once_even_if_in_vain(self, rig: Rig, answer: Answer) -> None:
        rig.github.add_fault(LATEST_BUILD(answer=OLDER_BUILD))
        rig.github.add_fault(ASK_FOR_BUILD(answer=answer))
        await rig.confirm(await rig.publish())
        assert 60 < sum(rig.clock.slept) < 90
        assert [method for method, path in rig.requests("api") if path.endswith("/builds")] == ["POST"]

    async def test_because_of_a_limit_are_asked_for_when_it_is_over(self, rig: Rig) -> None:
        rig.github.add_fault(replace(LATEST_BUILD(answer=faults.secondary_limit(17)), times=1))
        await rig.confirm(await rig.publish())
        [slept] = rig.clock.slept
        assert 17 <= slept <= 18


@pytest.mark.parametrize("status", [404, 409])
async def test_a_branch_that_is_not_told_is_taken_to_be_what_was_pushed(rig: Rig, status: int) -> None:
    rig.github.add_fault(HEAD(answer=Answer(status, {"message": "Git Repository is empty."})))
    await rig.confirm(await rig.publish())


async def test_an_address_that_is_no_rest_api_is_told_as_such(rig: Rig) -> None:
    rig.github.add_fault(CREATE(answer=Answer(200, text="<h1>Welcome</h1>")))
    with pytest.raises(PublishFailed, match="GITHUB_API_URL"):
        await rig.publish()


async def test_a_new_site_that_must_wait_too_long_for_its_turns_makes_no_repository(
    github: FakeGitHub, tmp_path: Path
) -> None:
    rig = Rig(github, tmp_path / "repos", patience_seconds=30)
    github.add_fault(CREATE(answer=Answer(422, {"message": "No."}), times=None))
    for _ in range(20):
        with pytest.raises(PublishFailed, match="No"):
            await rig.publish()
    github.clear_faults()
    with pytest.raises(PublishFailed, match="next turn is in 40 seconds"):
        await rig.publish(make_site(target=SITE.target, task="another", nonce="another"))
    assert github.repositories() == []
