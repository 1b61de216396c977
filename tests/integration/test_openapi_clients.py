"""Clients that two public generators make of GET /openapi.json: they call the service without a line of our own.

The generators are looked for at OPENAPI_PYTHON_CLIENT, the program, and OPENAPI_TS, the folder of the npm package
``@hey-api/openapi-ts`` with TypeScript beside it.
"""

import importlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.jobs import SECRET
from tests.integration.openapi_rig import Described, described_service

# Content of these types is bytes, which the generator has to be told.
PYTHON_CLIENT = json.dumps(
    {
        "post_hooks": [],
        "content_type_overrides": dict.fromkeys(["application/zip", "image/png", "*/*"], "application/octet-stream"),
    }
)
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def service() -> Iterator[Described]:
    with described_service() as service:
        yield service


@pytest.fixture
def description(service: Described, tmp_path: Path) -> Path:
    file = tmp_path / "openapi.json"
    file.write_bytes(httpx.get(f"{service.address}/openapi.json").content)
    return file


def run(*command: str | Path) -> str:
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return ended.stdout


def test_a_generated_python_client_calls_the_service(
    service: Described, description: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = os.environ.get("OPENAPI_PYTHON_CLIENT", "")
    if not Path(generator).is_file():
        pytest.skip("OPENAPI_PYTHON_CLIENT names no program")
    config = tmp_path / "config.json"
    config.write_text(PYTHON_CLIENT)
    client_package = tmp_path / "generated_client"
    told = run(
        *(generator, "generate", "--path", description, "--output-path", client_package),
        *("--meta", "none", "--config", config),
    )
    assert "will not be generated" not in told

    monkeypatch.syspath_prepend(tmp_path)
    imported = importlib.import_module
    body = {"email": "ada@example.com", "secret": SECRET, "task": "from-python", "round": 1, "nonce": "n1"}
    request = imported("generated_client.models").DeployRequest.from_dict({**body, "brief": "Show the sales."})
    health, deploy, listing = [
        imported(f"generated_client.api.{name}")
        for name in ("health.health_health_get", "deploy.deploy_api_deploy_post", "jobs.list_jobs_jobs_get")
    ]
    with imported("generated_client").AuthenticatedClient(base_url=service.address, token=SECRET) as client:
        assert health.sync(client=client).status == "ok"
        accepted = deploy.sync(client=client, body=request, prefer="respond-async")
        assert (accepted.ok, accepted.status) == (True, "running")
        jobs = listing.sync(client=client, task="from-python").jobs
    assert [job.job_id for job in jobs] == [accepted.job_id]


def test_a_generated_typescript_client_is_well_typed_and_calls_the_service(
    service: Described, description: Path, tmp_path: Path
) -> None:
    generator, node = Path(os.environ.get("OPENAPI_TS", "none")), shutil.which("node")
    if not generator.is_dir() or node is None:
        pytest.skip("OPENAPI_TS names no folder of the npm package @hey-api/openapi-ts, or there is no node")
    run(node, generator / "bin" / "run.js", "-i", description, "-o", tmp_path / "client", "--silent")
    shutil.copy(DATA / "openapi-client.ts", tmp_path / "main.ts")
    compiler = generator.parents[1] / "typescript" / "bin" / "tsc"
    options = ["--strict", "--skipLibCheck", "--target", "es2022", "--module", "commonjs"]
    libraries = ["--moduleResolution", "node10", "--lib", "es2022,dom,dom.iterable", "--ignoreDeprecations", "5.0"]
    run(node, compiler, *options, *libraries, "--outDir", tmp_path / "built", tmp_path / "main.ts")
    health, accepted, jobs = json.loads(run(node, tmp_path / "built" / "main.js", service.address, SECRET))
    assert (health, accepted, len(jobs)) == ("ok", "running", 1)
