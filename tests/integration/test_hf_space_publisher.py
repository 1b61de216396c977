"""The hf-space target: from files to a Space that serves them, against the fake Hub."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.domain.errors import BuildFailed, NotLive, PlanRequired, PublishFailed
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import Publication, Site, Target
from pipeline.domain.space import BROKEN
from pipeline.publishing import space_watch
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.builders import make_brief, make_files, make_site
from tests.contract.repositories import git
from tests.fakes.clock import FakeClock
from tests.fakes.hub import Answer, Drop, FakeHub, Fault, Hang, Space, too_many_requests

SITE = make_site(target=Target.HF_SPACE)
ID = f"deployer/{SITE.repository}"
PAGE = "<!doctype html>\n<html><head><title>Sales</title></head><body>42</body></html>\n"
STATIC = make_files(
    {
        "README.md": "---\ntitle: Sales\nsdk: static\n---\n\n# Sales\n",
        "index.html": PAGE,
        "css/style.css": "p {}",
        "data.bin": bytes(range(256)),
        "LICENSE": "MIT",
        ".gitignore": ".env\n",
    }
)
GRADIO = make_files(
    {
        "README.md": "---\ntitle: Sales\nsdk: gradio\nsdk_version: 6.31.0\napp_file: app.py\n---\n\n# Sales\n",
        "app.py": "import gradio\n",
    }
)
DOCKER = make_files(
    {"README.md": "---\ntitle: Sales\nsdk: docker\napp_port: 7860\n---\n", "Dockerfile": "FROM python:3.12\n"}
)
FAULTS = (Drop(), Answer(500), Hang(0.5), too_many_requests(20))


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with FakeHub(organizations=["acme-inc"]) as hub:
        yield hub


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def host(hub: FakeHub, clock: FakeClock) -> HubSpaceHost:
    return HubSpaceHost(hub.endpoint, SecretStr(hub.token), clock, patience_seconds=60, silence_seconds=0.3)


@pytest.fixture
def workspaces(tmp_path: Path) -> GitWorkspaces:
    return GitWorkspaces(tmp_path)


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def publisher(host: HubSpaceHost, workspaces: GitWorkspaces, clock: FakeClock) -> HfSpacePublisher:
    return HfSpacePublisher(host, workspaces, clock)


async def publish(publisher: HfSpacePublisher, files: AppFiles, site: Site = SITE) -> Publication:
    return await publisher.publish(site, "0" * 40, files, make_brief(), lambda _: None)


async def confirm(publisher: HfSpacePublisher, publication: Publication, files: AppFiles, told: list[str]) -> None:
    await publisher.confirm(publication, SITE, files, told.append)


def app_files(space: Space) -> AppFiles:
    return AppFiles({path: content for path, content in space.files().items() if path != ".gitattributes"})


@pytest.mark.parametrize(("files", "sdk"), [(STATIC, "static"), (GRADIO, "gradio"), (DOCKER, "docker")])
async def test_an_app_becomes_a_space_of_its_kind_in_one_creation_and_one_commit(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], files: AppFiles, sdk: str
) -> None:
    publication = await publish(publisher, files)
    space = hub.spaces[ID]
    assert publication == Publication(Target.HF_SPACE, space.url, space.head, f"{space.host}/")
    assert (space.sdk, space.visibility, app_files(space)) == (sdk, "public", files)
    assert [len(hub.calls("POST", path)) for path in ("create", "/commit/")] == [1, 1]
    await confirm(publisher, publication, files, told)
    assert f"runs commit {space.head}" in told[-1]


async def test_without_a_card_it_is_static(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    with pytest.warns(UserWarning, match="empty or missing yaml"):
        await publish(publisher, make_files({"README.md": "# x\n", "index.html": PAGE}))
    assert hub.spaces[ID].sdk == "static"


async def test_the_operators_owner_wins_over_the_tokens(
    hub: FakeHub, host: HubSpaceHost, workspaces: GitWorkspaces, clock: FakeClock
) -> None:
    publisher = HfSpacePublisher(host, workspaces, clock, owner="acme-inc")
    publication = await publish(publisher, STATIC)
    assert publication.repo_url.endswith(f"/spaces/acme-inc/{SITE.repository}")
    assert not hub.calls("GET", "whoami")


async def test_publishing_again_finds_its_own_commit(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    first = await publish(publisher, STATIC)
    assert await publish(publisher, STATIC) == first
    assert await publish(publisher, STATIC, replace(SITE, publication=first)) == first
    assert [len(hub.calls("POST", path)) for path in ("create", "/commit/")] == [1, 1]


async def test_a_revision_is_one_commit_on_the_published_one(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    first = await publish(publisher, STATIC)
    revised = STATIC.without("css/style.css").with_files({"index.html": PAGE.replace("42", "43").encode()})
    second = await publish(publisher, revised, replace(SITE, publication=first))
    assert hub.spaces[ID].commits[-1].parent == first.commit_sha
    assert len(hub.calls("POST", "create")) == 1
    assert app_files(hub.spaces[ID]) == revised
    await confirm(publisher, second, revised, told)
    with pytest.raises(NotLive, match=second.commit_sha):
        await confirm(publisher, first, STATIC, told)


async def test_a_revision_of_a_space_that_was_changed_by_hand_is_a_conflict(
    hub: FakeHub, host: HubSpaceHost, publisher: HfSpacePublisher
) -> None:
    first = await publish(publisher, STATIC)
    by_hand = await host.commit(ID, STATIC.with_files({"index.html": b"mine"}), "By hand", None)
    with pytest.raises(PublishFailed, match="nothing was overwritten"):
        await publish(publisher, STATIC.with_files({"index.html": b"2"}), replace(SITE, publication=first))
    assert hub.spaces[ID].head == by_hand


@pytest.mark.parametrize("sdk", ["static", "gradio", "docker"])
async def test_a_space_that_a_crash_left_just_created_is_taken_over(
    hub: FakeHub, publisher: HfSpacePublisher, sdk: str
) -> None:
    hub.create(ID, sdk)
    publication = await publish(publisher, STATIC)
    assert publication.commit_sha == hub.spaces[ID].head
    assert app_files(hub.spaces[ID]) == STATIC


@pytest.mark.parametrize(
    "held",
    [
        {"app.py": "mine"},
        {"README.md": "---\nsdk: static\n---\n\n# My page\n\nWith words of mine.\n"},
        dict(STATIC.with_files({"index.html": b"mine"})),
    ],
)
async def test_a_space_that_holds_anything_else_is_never_taken_over(
    hub: FakeHub, publisher: HfSpacePublisher, held: dict[str, bytes | str]
) -> None:
    head = hub.create(ID, "static", held).head
    with pytest.raises(PublishFailed, match="holds something else"):
        await publish(publisher, STATIC)
    assert hub.spaces[ID].head == head


@pytest.mark.parametrize("files", [GRADIO, DOCKER])
async def test_a_plan_without_such_spaces_is_told_with_the_free_ways(
    hub: FakeHub, publisher: HfSpacePublisher, files: AppFiles
) -> None:
    hub.plan = "free"
    with pytest.raises(PlanRequired, match=r'PRO.*"static"'):
        await publish(publisher, files)
    assert hub.spaces == {}


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault("POST", "create", when="before", answer=answer) for answer in FAULTS),
        *(Fault("POST", "create", when="after", answer=answer) for answer in FAULTS),
        *(Fault("POST", "/commit/", when="before", answer=answer) for answer in FAULTS),
        *(Fault("POST", "/commit/", when="after", answer=answer) for answer in FAULTS),
    ],
    ids=str,
)
async def test_a_fault_of_the_hub_ends_in_one_space_with_one_commit(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], fault: Fault
) -> None:
    hub.add_fault(fault)
    publication = await publish(publisher, STATIC)
    assert list(hub.spaces) == [ID]
    assert [commit.oid for commit in hub.spaces[ID].commits[1:]] == [publication.commit_sha]
    await confirm(publisher, publication, STATIC, told)


async def test_more_patience_than_there_is_fails_with_the_time(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    hub.add_fault(Fault("POST", "create", times=None, answer=too_many_requests(290)))
    with pytest.raises(PublishFailed, match="290 s"):
        await publish(publisher, STATIC)


@pytest.mark.parametrize("stage", ["BUILD_ERROR", "RUNTIME_ERROR"])
async def test_a_broken_build_or_start_ends_with_the_end_of_its_log(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stage: str
) -> None:
    log = [f"\x1b[31mline {number}\x1b[0m " + "x" * 1000 for number in range(200)]
    kind = {"BUILD_ERROR": "build_log", "RUNTIME_ERROR": "run_log"}[stage]
    hub.script("*", ["BUILDING", "APP_STARTING", stage], error_message="exit code: 1", **{kind: log})  # type: ignore[arg-type]
    publication = await publish(publisher, GRADIO)
    with pytest.raises(BuildFailed, match=f"{stage}: exit code: 1") as raised:
        await confirm(publisher, publication, GRADIO, told)
    text = str(raised.value)
    assert "line 199" in text
    assert "line 139 " not in text
    assert "\x1b" not in text
    assert len(text) < 20_000


@pytest.mark.parametrize(
    ("files", "stage"), [(GRADIO.without("app.py"), "NO_APP_FILE"), (GRADIO.without("README.md"), "CONFIG_ERROR")]
)
async def test_an_app_that_cannot_be_built_at_all_is_told_after_the_grace_period(
    publisher: HfSpacePublisher, clock: FakeClock, told: list[str], files: AppFiles, stage: str
) -> None:
    publication = await publish(publisher, files)
    with pytest.raises(BuildFailed, match=stage):
        await confirm(publisher, publication, GRADIO, told)
    assert sum(clock.slept) >= space_watch.GRACE_SECONDS


@pytest.mark.parametrize("stale", ["RUNNING", *sorted(BROKEN)])
async def test_the_stage_of_the_version_before_is_not_taken_for_this_one(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stale: str
) -> None:
    hub.script("*", [stale, stale, "BUILDING", "APP_STARTING", "RUNNING"])
    publication = await publish(publisher, GRADIO)
    await confirm(publisher, publication, GRADIO, told)
    assert [line.rpartition(" ")[2] for line in told[:-1]] == [stale, "BUILDING", "APP_STARTING", "RUNNING"]


async def test_a_build_that_nobody_saw_counts_after_the_grace_period(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str]
) -> None:
    hub.script("*", ["RUNNING"])
    await confirm(publisher, await publish(publisher, GRADIO), GRADIO, told)
    assert sum(clock.slept) >= space_watch.GRACE_SECONDS


@pytest.mark.parametrize("stage", ["PAUSED", "DELETING", "A_STAGE_OF_TOMORROW"])
async def test_a_stage_that_does_not_pass_is_waited_for_and_then_told(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str], stage: str
) -> None:
    hub.script("*", ["BUILDING", stage])
    publication = await publish(publisher, GRADIO)
    with pytest.raises(NotLive, match=f"is {stage} since .* s: (it was paused by its owner|look at its page)"):
        await confirm(publisher, publication, GRADIO, told)
    assert space_watch.REST_SECONDS <= sum(clock.slept) <= space_watch.REST_SECONDS + 20
    assert all(3 <= seconds <= 5 for seconds in clock.slept)


async def test_a_build_without_end_is_not_live(
    hub: FakeHub, host: HubSpaceHost, workspaces: GitWorkspaces, clock: FakeClock, told: list[str]
) -> None:
    hub.script("*", ["BUILDING"])
    publisher = HfSpacePublisher(host, workspaces, clock, build_seconds=300)
    publication = await publish(publisher, GRADIO)
    with pytest.raises(NotLive, match="is BUILDING since 30"):
        await confirm(publisher, publication, GRADIO, told)


@pytest.mark.parametrize("stage", ["SLEEPING", "STOPPED"])
async def test_a_space_that_sleeps_is_woken_by_a_visit(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str], stage: str
) -> None:
    hub.script("*", [stage])
    publication = await publish(publisher, GRADIO)
    await confirm(publisher, publication, GRADIO, told)
    assert hub.spaces[ID].starts == 2


async def test_a_space_that_nothing_wakes_is_not_live(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    hub.script("*", ["SLEEPING"])
    hub.add_fault(Fault("GET", "^/app/", times=None))
    publication = await publish(publisher, GRADIO)
    with pytest.raises(NotLive, match="neither a visit nor a restart woke it"):
        await confirm(publisher, publication, GRADIO, told)
    assert len(hub.calls("POST", "/restart")) == 1


async def test_a_hub_that_falls_silent_while_an_app_is_built_is_waited_for(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    publication = await publish(publisher, GRADIO)
    hub.add_fault(Fault("GET", "/runtime", times=6, answer=Answer(503)))
    hub.add_fault(Fault("GET", "/runtime", answer=Hang(0.5)))
    await confirm(publisher, publication, GRADIO, told)
    hub.add_fault(Fault("GET", "/runtime", times=None, answer=Answer(503)))
    with pytest.raises(NotLive, match="cannot be told"):
        await confirm(publisher, publication, GRADIO, told)


async def test_too_many_requests_while_an_app_is_built_are_waited_for_beyond_the_hosts_patience(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str]
) -> None:
    publication = await publish(publisher, GRADIO)
    hub.add_fault(Fault("GET", "/runtime", answer=too_many_requests(250)))
    await confirm(publisher, publication, GRADIO, told)
    assert max(clock.slept) >= 250


async def test_a_space_that_is_gone_is_not_live(hub: FakeHub, publisher: HfSpacePublisher, told: list[str]) -> None:
    publication = await publish(publisher, GRADIO)
    hub.spaces.clear()
    with pytest.raises(NotLive, match="no such Space"):
        await confirm(publisher, publication, GRADIO, told)


@pytest.mark.parametrize("path", ["", "css/style.css"])
async def test_a_static_space_counts_once_every_text_is_served_as_committed(
    hub: FakeHub, publisher: HfSpacePublisher, clock: FakeClock, told: list[str], path: str
) -> None:
    publication = await publish(publisher, STATIC)
    old = Answer(200, content=b"<html><head></head>old</html>", media_type="text/html")
    hub.add_fault(Fault("GET", rf"^/static/[^/]+/{path}\?", times=3, answer=old))
    await confirm(publisher, publication, STATIC, told)
    assert len(clock.slept) == 3
    hub.add_fault(Fault("GET", rf"^/static/[^/]+/{path}\?", times=None, answer=old))
    with pytest.raises(NotLive, match=f"{path or 'the page'} is not this commit's"):
        await confirm(publisher, publication, STATIC, told)


async def test_what_the_hub_puts_into_pages_does_not_matter_but_anything_else_does(
    hub: FakeHub, publisher: HfSpacePublisher, told: list[str]
) -> None:
    publication = await publish(publisher, STATIC)
    inserted = PAGE.replace("<head>", '<head><script>window.huggingface={"variables":{"A":"</b>"}};</script>')
    hub.add_fault(Fault("GET", r"^/static/[^/]+/\?", answer=Answer(200, content=inserted.encode())))
    await confirm(publisher, publication, STATIC, told)
    tampered = PAGE.replace("<head>", "<head><script>alert(1)</script>")
    hub.add_fault(Fault("GET", r"^/static/[^/]+/\?", times=None, answer=Answer(200, content=tampered.encode())))
    with pytest.raises(NotLive, match="is not this commit's"):
        await confirm(publisher, publication, STATIC, told)


async def test_a_host_that_comes_late_is_waited_for_and_one_that_never_comes_is_the_hubs_page(
    hub: FakeHub, publisher: HfSpacePublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await publish(publisher, GRADIO)
    info, space = Space.info, hub.spaces[ID]
    without: list[int] = [3]

    def info_without_host(self: Space, revision: str = "main", *, with_blobs: bool = False) -> dict[str, object]:
        without[0] -= 1
        hidden = {"host": None, "subdomain": None, "runtime": None} if without[0] >= 0 else {}
        return info(self, revision, with_blobs=with_blobs) | hidden

    monkeypatch.setattr(Space, "info", info_without_host)
    monkeypatch.setattr(Space, "runtime", lambda _: {"stage": "RUNNING"})
    assert await publish(publisher, GRADIO, replace(SITE, publication=first)) == first
    without[0] = 99
    late = await publish(publisher, GRADIO, replace(SITE, publication=first))
    assert late.pages_url == late.repo_url == space.url


async def test_a_lost_workspace_is_brought_back_the_same_on_every_machine(
    publisher: HfSpacePublisher, workspaces: GitWorkspaces, host: HubSpaceHost, clock: FakeClock, tmp_path: Path
) -> None:
    publication = await publish(publisher, STATIC)
    site = replace(SITE, publication=publication, head="1" * 40)
    restored = await publisher.restore(site)
    assert await workspaces.published(restored) == STATIC
    assert replace(restored, head=site.head) == site
    elsewhere = HfSpacePublisher(host, GitWorkspaces(tmp_path / "elsewhere"), clock)
    assert await elsewhere.restore(site) == restored
    assert await publisher.restore(site) == restored
    written_at = git(tmp_path / SITE.folder, "log", "-1", "--format=%at").decode().strip()
    assert datetime.fromtimestamp(int(written_at), UTC) == datetime(2020, 1, 1, tzinfo=UTC)


async def test_an_apps_own_gitattributes_are_brought_back_and_the_hubs_are_not(
    publisher: HfSpacePublisher, workspaces: GitWorkspaces
) -> None:
    files = STATIC.with_files({".gitattributes": b"*.csv text eol=lf\n*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    publication = await publish(publisher, files)
    restored = await publisher.restore(replace(SITE, publication=publication))
    assert await workspaces.published(restored) == files


async def test_what_was_never_published_or_is_gone_cannot_be_brought_back(
    hub: FakeHub, publisher: HfSpacePublisher
) -> None:
    with pytest.raises(PublishFailed, match="nothing was published"):
        await publisher.restore(SITE)
    publication = await publish(publisher, STATIC)
    hub.spaces.clear()
    with pytest.raises(PublishFailed, match="no such Space"):
        await publisher.restore(replace(SITE, publication=publication))


async def test_the_address_is_a_guess_only_until_the_hub_has_given_one(publisher: HfSpacePublisher) -> None:
    assert publisher.address(SITE) == f"https://owner-{SITE.repository}.static.hf.space/"
    publication = await publish(publisher, STATIC)
    assert publisher.address(replace(SITE, publication=publication)) == publication.pages_url


async def test_a_cancelled_confirmation_asks_no_more(hub: FakeHub, publisher: HfSpacePublisher) -> None:
    hub.script("*", ["BUILDING"])
    publication = await publish(publisher, GRADIO)
    watching = asyncio.create_task(confirm(publisher, publication, GRADIO, []))
    while not hub.calls("GET", "/runtime"):
        await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    await asyncio.get_running_loop().shutdown_default_executor()
    asked = len(hub.log)
    await asyncio.sleep(0.1)
    assert len(hub.log) == asked
