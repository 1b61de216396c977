"""What publishing costs, to GitHub and as a Space: requests, and seconds. Prints; asserts no time.

GitHub's fake runs in a process of its own, so that its work is not taken for ours.
"""

import multiprocessing
import resource
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.domain.publication import Publication, Target
from pipeline.publishing.github_pages.publisher import GitHubPagesPublisher
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.builders import NOW, make_brief, make_files, make_site
from tests.fakes.clock import FakeClock
from tests.fakes.github import FakeGitHub
from tests.fakes.hub import FakeHub

pytestmark = pytest.mark.bench

RUNS = 20


def serve(folder: Path, connection: Connection) -> None:
    """Be GitHub until told to end: to every message the answer is the number of requests since the last one."""
    with FakeGitHub(folder) as github:
        connection.send((github.api_url, github.token))
        while connection.recv() == "count":
            connection.send(len(github.log))
            github.log.clear()


@contextmanager
def github_elsewhere(folder: Path) -> Iterator[tuple[str, str, Connection]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, theirs))
    process.start()
    api_url, token = ours.recv()
    yield api_url, token, ours
    ours.send("end")
    process.join(10)


def processor_seconds() -> float:
    """Of this process, and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@pytest.mark.parametrize("count", [1, 5, 50])
async def test_requests_and_own_time_of_a_publication(tmp_path: Path, count: int) -> None:
    files = make_files({".nojekyll": "", **{f"f{number}.txt": "x" * 1024 for number in range(count)}})
    rounds = {"round 1": files, "round 2": files.with_files({"f0.txt": b"y"})}
    published: dict[int, Publication] = {}
    with github_elsewhere(tmp_path / "github") as (api_url, token, connection):
        workspaces = GitWorkspaces(tmp_path / "repos")
        publisher = GitHubPagesPublisher(workspaces, api_url=api_url, token=token, owner=None, clock=FakeClock())
        for name, app in rounds.items():
            own, passed, requests = [], [], 0
            for number in range(RUNS):
                site = make_site(task=f"task {number}", nonce=f"n{number}")
                if number in published:
                    site = replace(site, publication=published[number], head=published[number].commit_sha)
                sha = await workspaces.commit(site, app, name, NOW)
                began, used = time.perf_counter(), processor_seconds()
                published[number] = await publisher.publish(site, sha, app, make_brief(), lambda _: None)
                own.append((processor_seconds() - used) * 1000)
                passed.append((time.perf_counter() - began) * 1000)
                connection.send("count")
                requests = connection.recv()
            print(
                f"{count} files, {name}: {requests} requests, own processor time {statistics.median(own):.0f} ms "
                f"(least {min(own):.0f}), with the server {statistics.median(passed):.0f} ms (least {min(passed):.0f})"
            )


SITE = make_site(target=Target.HF_SPACE)
CARD = "---\ntitle: Sales\nsdk: static\n---\n"


@pytest.mark.parametrize(("texts", "binaries"), [(5, 0), (20, 5), (200, 0)])
async def test_a_round_of_a_static_space(tmp_path: Path, texts: int, binaries: int) -> None:
    files = make_files(
        {"README.md": CARD, "index.html": "<html><head></head></html>"}
        | {f"page-{number}.txt": f"{number}\n" * 1000 for number in range(texts)}
        | {f"picture-{number}.png": b"\0" * 100_000 + bytes([number]) for number in range(binaries)}
    )
    with FakeHub() as hub:
        host = HubSpaceHost(hub.endpoint, SecretStr(hub.token), FakeClock())
        publisher = HfSpacePublisher(host, GitWorkspaces(tmp_path), FakeClock())
        site = SITE
        print(f"\n{texts} texts, {binaries} binaries:")
        for name in ("round 1", "the same again", "round 2"):
            begun, asked = time.perf_counter(), len(hub.log)
            if name == "round 2":
                files = files.with_files({"index.html": b"<html><head></head>2</html>"})
            publication = await publisher.publish(site, "", files, make_brief(), lambda _: None)
            published, published_asked = time.perf_counter(), len(hub.log)
            await publisher.confirm(publication, site, files, lambda _: None)
            site = replace(site, publication=publication)
            print(
                f"  {name}: publish {published - begun:.3f} s, {published_asked - asked} requests; "
                f"confirm {time.perf_counter() - published:.3f} s, {len(hub.log) - published_asked} requests"
            )
        begun, asked = time.perf_counter(), len(hub.log)
        await publisher.restore(site)
        print(f"  restore: {time.perf_counter() - begun:.3f} s, {len(hub.log) - asked} requests")
