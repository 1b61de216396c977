"""Publishing to the fake GitHub when things go wrong: each fault ends in one repository, one commit and one site."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Literal

import pytest

from pipeline.domain.errors import ContentRefused, PublishFailed
from tests.fakes.github import Answer, Drop, FakeGitHub, Fault, Hang, PushRejected, faults
from tests.integration.github_pages.rig import FILES, REVISED, SITE, Rig, after

CREATE = partial(Fault, kind="api", method="POST", path="/user/repos$")
LOOK_AT_BRANCH = partial(Fault, kind="git", method="GET", path="info/refs")
PUSH = partial(Fault, kind="git", method="POST", path="git-receive-pack$")
SWITCH_ON = partial(Fault, kind="api", method="POST", path="/pages$")
STEPS = {"create": CREATE, "look at the branch": LOOK_AT_BRANCH, "push": PUSH, "switch on": SWITCH_ON}
Step = Callable[..., Fault]
EVERY_STEP = pytest.mark.parametrize("step", STEPS.values(), ids=STEPS)


class TestLostConnections:
    @EVERY_STEP
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("answer", [Drop(), faults.bad_gateway()], ids=["dropped", "502"])
    async def test_are_made_up_for_by_looking_first(
        self, rig: Rig, step: Step, when: Literal["before", "after"], answer: Drop | Answer
    ) -> None:
        rig.github.add_fault(step(when=when, answer=answer))
        publication = await rig.publish()
        await rig.confirm(publication)
        rig.assert_published_once(publication)
        assert all(seconds >= 1 for seconds in rig.clock.slept)

    @EVERY_STEP
    async def test_that_do_not_end_are_given_up(self, rig: Rig, step: Step) -> None:
        rig.github.add_fault(step(answer=faults.bad_gateway(), times=None))
        with pytest.raises(PublishFailed, match=r"answered 502|returned error: 502"):
            await rig.publish()
        assert len(rig.github.log) < 80
        assert sum(rig.clock.slept) < 600
        rig.github.clear_faults()
        rig.assert_published_once(await rig.publish())

    async def test_of_the_first_request_do_not_repeat_it_when_it_was_heard(self, rig: Rig) -> None:
        rig.github.add_fault(CREATE(answer=Drop(), when="after"))
        await rig.publish()
        assert rig.requests("api").count(("POST", "/user/repos")) == 1

    async def test_of_every_second_request_change_nothing(self, rig: Rig) -> None:
        for step in STEPS.values():
            rig.github.add_fault(step(answer=Drop(), times=1))
            rig.github.add_fault(step(answer=Drop(), when="after", times=1))
        publication = await rig.publish()
        await rig.confirm(publication)
        rig.assert_published_once(publication)

    async def test_of_a_revision_leave_one_commit_per_round(self, rig: Rig) -> None:
        first = await rig.publish()
        rig.github.add_fault(PUSH(answer=Drop(), when="after"))
        second = await rig.publish(after(first), REVISED, "two")
        assert [sha for sha, _ in rig.repository.commits()] == [second.commit_sha, first.commit_sha]

    async def test_by_silence_end_after_their_time(self, github: FakeGitHub, tmp_path: Path) -> None:
        rig = Rig(github, tmp_path / "repos", request_seconds=1)
        github.add_fault(CREATE(answer=Hang(20), when="after"))
        rig.assert_published_once(await rig.publish())


class TestTheFirstSeconds:
    async def test_in_which_a_new_repository_is_not_seen_are_waited_for(self, rig: Rig) -> None:
        rig.github.settings.visibility_seconds = 0.1
        publication = await rig.publish()
        rig.github.settings.visibility_seconds = 0
        await rig.confirm(publication)
        rig.assert_published_once(publication)

    async def test_in_which_git_does_not_see_it_are_waited_for(self, rig: Rig) -> None:
        rig.github.add_fault(LOOK_AT_BRANCH(answer=Answer(404), times=3))
        rig.assert_published_once(await rig.publish())
        assert len(rig.clock.slept) == 3

    async def test_after_a_lost_answer_are_waited_for_as_well(self, rig: Rig) -> None:
        rig.github.settings.visibility_seconds = 0.1
        rig.github.add_fault(CREATE(answer=Drop(), when="after"))
        rig.assert_published_once(await rig.publish())

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(404, {"message": "Not Found"}),
            Answer(422, {"message": "The main branch must exist before GitHub Pages can be built."}),
        ],
    )
    async def test_in_which_pages_does_not_see_the_branch_are_waited_for(self, rig: Rig, answer: Answer) -> None:
        rig.github.add_fault(SWITCH_ON(answer=answer, times=2))
        rig.assert_published_once(await rig.publish())

    async def test_do_not_last_for_ever(self, rig: Rig) -> None:
        rig.github.add_fault(SWITCH_ON(answer=Answer(404, {"message": "Not Found"}), times=None))
        with pytest.raises(PublishFailed, match="turn on Pages yet: Not Found"):
            await rig.publish()


class TestLimits:
    @pytest.mark.parametrize("step", [CREATE, SWITCH_ON], ids=["create", "switch on"])
    @pytest.mark.parametrize("answer", [faults.secondary_limit, faults.too_many_requests])
    @pytest.mark.parametrize(("told", "waits"), [(17, [17, 17]), (None, [60, 120, 240])], ids=["told", "not told"])
    async def test_are_kept_for_as_long_as_told_or_longer_and_longer(
        self, rig: Rig, step: Step, answer: Callable[..., Answer], told: int | None, waits: list[int]
    ) -> None:
        rig.github.add_fault(step(answer=answer(told), times=len(waits)))
        rig.assert_published_once(await rig.publish())
        for slept, wait in zip(rig.clock.slept, waits, strict=True):
            assert wait <= slept <= wait + 8

    async def test_that_end_soon_are_waited_out(self, rig: Rig) -> None:
        rig.github.add_fault(CREATE(answer=faults.primary_limit(30)))
        rig.assert_published_once(await rig.publish())
        assert 25 <= rig.clock.slept[0] <= 31

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (faults.primary_limit, r"used up until \d\d:\d\d UTC, in (60|59) minutes"),
            (faults.secondary_limit, "wants none for 3600 s"),
        ],
    )
    async def test_that_last_longer_than_the_job_end_it_at_once(
        self, rig: Rig, answer: Callable[[int], Answer], words: str
    ) -> None:
        rig.github.add_fault(CREATE(answer=answer(3600), times=None))
        with pytest.raises(PublishFailed, match=words):
            await rig.publish()
        assert rig.clock.slept == []
        assert len(rig.github.log) == 1


class TestPushesThatAreRefused:
    @pytest.mark.parametrize(
        ("answer", "words", "kind"),
        [
            (faults.secret_found("index.html", 3), "GH013.*PUSH PROTECTION.*path: index.html:3", ContentRefused),
            (faults.workflow_scope_missing(), "without `workflow` scope", PublishFailed),
            (faults.branch_protected(), "GH006", PublishFailed),
        ],
        ids=["secret", "workflow", "protected"],
    )
    async def test_end_at_once_in_githubs_words(
        self, rig: Rig, answer: PushRejected, words: str, kind: type[PublishFailed]
    ) -> None:
        rig.github.add_fault(PUSH(answer=answer, times=None))
        with pytest.raises(PublishFailed, match=words) as failure:
            await rig.publish()
        assert type(failure.value) is kind
        assert str(failure.value).isprintable()
        assert len(str(failure.value)) < 1000
        assert len(rig.logged("git")) == 2
        assert rig.repository.head() is None

    async def test_are_not_carried_along_by_the_next_round(self, rig: Rig) -> None:
        site = after(await rig.publish())
        rig.github.add_fault(PUSH(answer=faults.secret_found()))
        with pytest.raises(PublishFailed):
            await rig.publish(site, FILES.with_files({"key.txt": b"secret"}), "refused")
        await rig.publish(site, REVISED, "two")
        assert [message.strip() for _, message in rig.repository.commits()] == ["two", "one"]


class TestHungPushes:
    async def test_are_stopped_and_tried_again(self, github: FakeGitHub, tmp_path: Path) -> None:
        rig = Rig(github, tmp_path / "repos", push_seconds=1)
        github.add_fault(PUSH(answer=Hang(20)))
        rig.assert_published_once(await rig.publish())

    @pytest.mark.parametrize("step", [LOOK_AT_BRANCH, PUSH], ids=["look", "push"])
    async def test_end_with_the_publications_own_time(self, github: FakeGitHub, tmp_path: Path, step: Step) -> None:
        rig = Rig(github, tmp_path / "repos", patience_seconds=1.5)
        github.add_fault(step(answer=Hang(20), times=None))
        with pytest.raises(PublishFailed, match=r"longer than|did not answer|too slow"):
            await rig.publish()
        assert not list((rig.root / SITE.folder).rglob("*.lock"))

    async def test_end_when_the_job_is_cancelled(self, github: FakeGitHub, tmp_path: Path) -> None:
        rig = Rig(github, tmp_path / "repos")
        github.add_fault(PUSH(answer=Hang(20), times=None))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await rig.publish()
        github.clear_faults()
        rig.assert_published_once(await rig.publish())


def look_around(arguments: set[bytes], environments: set[bytes]) -> None:
    """Add the arguments of every process there is, and the environments of those that are git."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (process / "cmdline").read_bytes()
            arguments.add(command)
            if command.startswith(b"git\0") and b"push" in command:
                environments.add((process / "environ").read_bytes())


class TestTheToken:
    async def test_is_seen_in_no_argument_file_or_log(
        self, rig: Rig, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DEPLOY_SECRET", "an operators secret")
        caplog.set_level(logging.DEBUG)
        rig.github.settings.latency_seconds = 0.1
        arguments: set[bytes] = set()
        environments: set[bytes] = set()
        publishing = asyncio.create_task(rig.publish())
        while not publishing.done():
            look_around(arguments, environments)
            await asyncio.sleep(0.002)
        await rig.confirm(await publishing)
        token = rig.github.token.encode()
        assert any(f"{rig.github.url}/".encode() in command for command in arguments)
        assert not any(token in command for command in arguments)
        ours = [environment for environment in environments if rig.github.url.encode() in environment]
        assert ours
        assert not any(b"operators secret" in environment for environment in ours)
        assert not [path for path in rig.root.rglob("*") if path.is_file() and token in path.read_bytes()]
        assert token.decode() not in caplog.text
        assert token.decode() not in "".join(rig.told)
        assert not any(logged.has_credentials for logged in rig.logged("site"))
