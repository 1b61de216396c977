"""Health, the description of the API, and what holds for every route."""

import json
from typing import Any

import pytest

from pipeline import __version__
from pipeline.domain.errors import Misconfigured, Unavailable
from pipeline.web.app import create_app
from tests.cases import cases
from tests.fakes.jobs import MemoryServices
from tests.integration.http_rig import JOB_ROUTES, Client, accept

CASES = cases("http-addresses")


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
        }
        assert (await client.head("/health")).status_code == 200
        services.jobs.broken = Unavailable("the database does not answer")
        response = await client.get("/health")
        assert (response.status_code, response.headers["retry-after"]) == (503, "10")
        assert (response.json()["status"], response.json()["queue"]) == ("unavailable", None)
        assert (await client.head("/health")).status_code == 503


@pytest.mark.parametrize(
    ("method", "path", "status"),
    CASES["no_routes"],
)
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
