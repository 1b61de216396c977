"""Health, the description of the API, what holds for every route, and previews of apps."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline import __version__
from pipeline.domain.errors import Misconfigured, Unavailable
from pipeline.web.app import create_app
from tests.cases import cases
from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import FOLDER, JOB_ROUTES, PAGE, SITE, Client, accept, post

CASES = cases("http-addresses")
PREVIEWS = "http://localhost:8001"


async def test_health_tells_what_is_under_way(services: MemoryServices) -> None:
    await accept(services, nonce="n1")
    services.jobs.start(await accept(services, nonce="n2"))
    services.jobs.finish(await accept(services, nonce="n3"))
    async with Client(services) as client:
        response = await client.get("/health")
        assert response.status_code == 200
        assert response.json() == {
            "status": "ok",
            "version": __version__,
            "database": "ok",
            "queue": {"running": 1, "waiting": 1},
            "browser": {"version": None, "sandbox": None},
        }
        assert (await client.head("/health")).status_code == 200
        services.browser = SimpleNamespace(version="156.0", has_sandbox=False)
        assert (await client.get("/health")).json()["browser"] == {"version": "156.0", "sandbox": False}
        services.jobs.broken = Unavailable("the database does not answer")
        response = await client.get("/health")
        assert (response.status_code, response.headers["retry-after"]) == (503, "10")
        assert (response.json()["status"], response.json()["queue"]) == ("unavailable", None)
        assert (await client.head("/health")).status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get("/livez")).json() == {"status": "ok", "version": __version__}


async def test_figures_are_there_for_prometheus(services: MemoryServices) -> None:
    await accept(services, nonce="n1")
    async with Client(services) as client:
        response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'pipeline_jobs{status="waiting"} 1.0' in response.text


@pytest.mark.parametrize(("given", "is_kept"), [("trace-7.a_B", True), ("a b", False), ("x" * 65, False), ("", False)])
async def test_a_request_has_an_id_of_the_callers_or_a_new_one(client: Client, given: str, is_kept: bool) -> None:
    answered = (await client.get("/livez", headers={"X-Request-Id": given})).headers["x-request-id"]
    assert (answered == given) is is_kept
    assert 0 < len(answered) <= 64


@pytest.mark.parametrize(("method", "path", "status"), CASES["no_routes"])
async def test_what_there_is_no_route_for_is_refused_in_the_same_shape(
    client: Client, method: str, path: str, status: int
) -> None:
    response = await client.request(method, path)
    assert (response.status_code, set(response.json()), response.json()["ok"]) == (status, {"ok", "error"}, False)
    assert ("allow" in response.headers) == (status == 405)
    assert (response.headers["cache-control"], response.headers["x-content-type-options"]) == ("no-store", "nosniff")


async def test_a_refused_method_is_told_all_that_the_address_takes(client: Client) -> None:
    response = await client.post("/spaces/ada/tides")
    assert (response.status_code, response.headers["allow"]) == (405, "DELETE, GET, PATCH")


async def test_no_other_origin_is_let_in(client: Client) -> None:
    response = await client.get("/health", headers={"Origin": "https://example.com"})
    assert not [name for name in response.headers if name.startswith("access-control")]


async def test_the_api_describes_itself(client: Client) -> None:
    response = await client.get("/openapi.json")
    document = response.json()
    assert response.status_code == 200
    deploy = document["paths"]["/api-deploy"]["post"]
    assert set(deploy["responses"]) == {"200", "400", "403", "408", "409", "413", "415", "429", "502", "503"}
    request = document["components"]["schemas"]["DeployRequest"]
    assert request["required"] == ["secret", "email", "task", "round", "nonce", "brief"]
    assert set(document["paths"]) >= {
        "/api-deploy",
        "/health",
        "/jobs",
        *(f"/jobs/{{job_id}}{route}" for _, route in JOB_ROUTES if route != "/files/index.html"),
        "/jobs/{job_id}/files/{path}",
        "/create-space",
        "/docs",
        "/config",
        "/agents.md",
        "/mcp",
    }
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert not [operation for operation in operations if "422" in operation["responses"]]
    assert (await client.get("/openapi.json")).json() == document


async def test_every_reference_in_the_description_leads_somewhere(client: Client) -> None:
    text = (await client.get("/openapi.json")).text
    known = json.loads(text)["components"]["schemas"]
    named = {part.partition('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= set(known)
    assert "#/$defs/" not in text


async def test_the_services_live_as_long_as_the_application(services: MemoryServices) -> None:
    app = create_app(services)
    async with app.router.lifespan_context(app):
        assert services.log == ["started"]
    assert services.log == ["started", "stopped"]


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"deploy_secret": None}, "DEPLOY_SECRET"),
        ({"deploy_secret": "abc123xyz"}, "DEPLOY_SECRET"),
        ({"evaluation_allowed_origins": "nonsense"}, "EVALUATION_ALLOWED_ORIGINS"),
    ],
)
def test_a_service_that_could_not_be_safe_is_not_built(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(Misconfigured, match=name):
        create_app(MemoryServices(**settings))


async def test_a_preview_is_public_and_looks_like_a_published_site(services: MemoryServices) -> None:
    async with Client(services, base_url=PREVIEWS) as client:
        page = await client.get(f"/preview/{FOLDER}/")
        assert (page.status_code, page.content) == (200, PAGE)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert page.headers["cache-control"] == "no-cache"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert not {"content-security-policy", "cross-origin-opener-policy"} & page.headers.keys()
        assert (await client.get(f"/preview/{FOLDER}/index.html?url=x")).content == PAGE
        assert (await client.get(f"/preview/{FOLDER}/docs/")).content == b"<h1>Docs</h1>"
        assert (await client.get(f"/preview/{FOLDER}/caf%C3%A9%201.txt")).content == b"coffee"
        script = await client.get(f"/preview/{FOLDER}/app.js")
        assert script.headers["content-type"] == "text/javascript; charset=utf-8"


async def test_a_preview_that_has_not_changed_is_not_sent_again(services: MemoryServices) -> None:
    async with Client(services, base_url=PREVIEWS) as client:
        etag = (await client.get(f"/preview/{FOLDER}/")).headers["etag"]
        for wanted in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            response = await client.get(f"/preview/{FOLDER}/", headers={"If-None-Match": wanted})
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", etag)
        for wanted in ('"other"', "", etag.strip('"')):
            response = await client.get(f"/preview/{FOLDER}/", headers={"If-None-Match": wanted})
            assert response.status_code == 200


async def test_the_head_of_a_preview_is_its_headers(services: MemoryServices) -> None:
    async with Client(services, base_url=PREVIEWS) as client:
        head, page = await client.head(f"/preview/{FOLDER}/"), await client.get(f"/preview/{FOLDER}/")
        assert (head.status_code, head.content, head.headers) == (200, b"", page.headers)


@pytest.mark.parametrize(
    ("path", "location"),
    [
        (FOLDER, f"{FOLDER}/"),
        (f"{FOLDER}?url=a%26b", f"{FOLDER}/?url=a%26b"),
        (f"{FOLDER}/docs", "docs/"),
        (f"{FOLDER}/docs?x=1", "docs/?x=1"),
    ],
)
async def test_a_folder_gets_its_slash_so_that_relative_links_hold(
    services: MemoryServices, path: str, location: str
) -> None:
    async with Client(services, base_url=PREVIEWS) as client:
        response = await client.get(f"/preview/{path}")
        assert (response.status_code, response.headers["location"]) == (307, location)


@pytest.mark.parametrize("path", [*CASES["no_previews"], f"{FOLDER}/{'x' * 235}"])
async def test_what_is_not_there_is_said_in_plain_words(services: MemoryServices, path: str) -> None:
    async with Client(services, base_url=PREVIEWS) as client:
        response = await client.get(f"/preview/{path}")
        assert (response.status_code, response.headers["content-type"]) == (404, "text/plain; charset=utf-8")
        assert response.text.startswith("There is no such page here.")


@pytest.mark.parametrize(
    ("settings", "address", "sandboxed"),
    [
        ({}, PREVIEWS, False),
        ({"host": "0.0.0.0"}, PREVIEWS, False),
        ({"host": "::1"}, PREVIEWS, False),
        ({"host": "localhost"}, "http://127.0.0.1:8001", False),
        ({"host": "192.0.2.1"}, "http://192.0.2.1:8001", True),
        ({"public_url": "https://service.example"}, "https://service.example", True),
        ({"space_host": "ada-service.hf.space"}, "https://ada-service.hf.space", True),
        ({"preview_origin": "http://127.0.0.1:9000/"}, "http://127.0.0.1:9000", True),
        (
            {"preview_origin": "https://Apps.example", "public_url": "https://service.example"},
            "https://apps.example",
            False,
        ),
    ],
)
async def test_previews_have_an_origin_of_their_own_or_a_sandbox(
    settings: dict[str, Any], address: str, sandboxed: bool
) -> None:
    services = MemoryServices({FOLDER: SITE}, **settings)
    async with Client(services, base_url=address) as previews:
        page = await previews.get(f"/preview/{FOLDER}/")
        assert (page.status_code, page.content) == (200, PAGE)
        policy = page.headers.get("content-security-policy", "")
        assert policy.startswith("sandbox ") is sandboxed
        assert "allow-same-origin" not in policy
        is_apart = address != services.settings.own_address
        assert (await previews.get("/docs")).status_code == (404 if is_apart else 200)
    async with Client(services, base_url=services.settings.own_address) as service:
        moved = await service.get(f"/preview/{FOLDER}/caf%C3%A9%201.txt?a=b%26c")
        if is_apart:
            target = f"{services.settings.preview_address}/preview/{FOLDER}/caf%C3%A9%201.txt?a=b%26c"
            assert (moved.status_code, moved.headers["location"]) == (307, target)
        else:
            assert moved.content == b"coffee"


@pytest.mark.parametrize("path", ["/docs", "/health", "/docs/none", "/none"])
async def test_no_other_page_may_frame_or_reach_ours(client: Client, path: str) -> None:
    response = await client.get(path, headers={"Accept": "text/html"})
    assert "frame-ancestors 'none'" in response.headers["content-security-policy"]
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["origin-agent-cluster"] == "?1"


async def test_a_bug_is_answered_without_its_words(client: Client) -> None:
    client.jobs.accept = None  # type: ignore[method-assign,assignment]  # a bug: not even callable
    response = await post(client)
    assert (response.status_code, response.json()) == (500, {"ok": False, "error": "internal error"})
    assert response.headers["cache-control"] == "no-store"
