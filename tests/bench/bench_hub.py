"""What publishing as a Space costs us, against the fake Hub: seconds and requests. Prints; asserts no time."""

import time
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from pipeline.domain.publication import Target
from pipeline.publishing.hf_space import HfSpacePublisher
from pipeline.spaces.host import HubSpaceHost
from pipeline.workspace import GitWorkspaces
from tests.builders import make_brief, make_files, make_site
from tests.fakes.clock import FakeClock
from tests.fakes.hub import FakeHub

pytestmark = pytest.mark.bench
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
