"""Briefs and files to Hugging Face Spaces: the service as a process, the Hub on loopback."""

import tomllib
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.service import SECRET, Service, make_request
from tests.fakes.evaluator import EvaluatorServer
from tests.fakes.hub import FakeHub, Space
from tests.fakes.model import ModelServer
from tests.integration.browser_rig import needs_browser

APPS: dict[str, dict[str, str]] = tomllib.loads((Path(__file__).parents[1] / "data/hello-apps.toml").read_text("utf-8"))
SDKS = {"static": "static", "gradio": "gradio", "streamlit": "docker", "docker": "docker"}


def reply(files: dict[str, str]) -> str:
    parts = [f'<file path="{path}">\n{text}</file>\n' for path, text in files.items()]
    return "A small app that says hello.\n\n" + "".join(parts)


def on_the_hub(hub: FakeHub, evaluator: EvaluatorServer, model: ModelServer | None = None) -> dict[str, str]:
    environment = {
        "DEPLOY_TARGET": "hf-space",
        "HF_TOKEN": hub.token,
        "HF_ENDPOINT": hub.endpoint,
        "EVALUATION_ALLOWED_ORIGINS": evaluator.origin,
        "CHROMIUM": "none",
    }
    if model:
        environment |= {"LLM_BASE_URL": model.base_url, "LLM_API_KEY": "a-key-of-the-test", "LLM_MODELS": "big"}
    return environment


def brief(**fields: Any) -> dict[str, Any]:
    return make_request(task="hello", brief="Say hello.", checks=[], attachments=[], **fields)


def only_space(hub: FakeHub) -> Space:
    (space,) = hub.spaces.values()
    return space


def writes(hub: FakeHub) -> tuple[int, int]:
    """How many Spaces were created, and how many commits were made."""
    return len(hub.calls("POST", r"/api/repos/create")), len(hub.calls("POST", r"/commit/main"))


@pytest.mark.parametrize("kind", APPS)
def test_a_brief_becomes_a_space_that_runs_with_one_create_and_one_commit(kind: str, tmp_path: Path) -> None:
    with FakeHub() as hub, EvaluatorServer() as evaluator, ModelServer([reply(APPS[kind])]) as model:
        with Service(tmp_path, **on_the_hub(hub, evaluator, model)) as service:
            answer = service.post(brief(space_type=kind, evaluation_url=evaluator.url)).json()
            evaluator.wait_for(1)

        assert answer.get("status") == "succeeded", answer
        assert writes(hub) == (1, 1)
        space = only_space(hub)
        assert (space.sdk, space.head, space.url) == (SDKS[kind], answer["commit_sha"], answer["repo_url"])
        assert answer["pages_url"].rstrip("/") == space.host
        files = space.files()
        assert files["README.md"].startswith(b"---\n")
        assert {"LICENSE", *APPS[kind]} <= files.keys()
        assert ("Dockerfile" in files) == (SDKS[kind] == "docker")
        assert "style.css" not in files
        assert [told.json["commit_sha"] for told in evaluator.requests] == [answer["commit_sha"]]


@needs_browser
def test_a_space_that_runs_is_looked_at_where_it_does(tmp_path: Path) -> None:
    checks = [
        "js: document.querySelector('p').textContent.endsWith('runs.')",
        "GET /health answers 200",
        "js: !!window.none",
    ]
    with FakeHub() as hub, EvaluatorServer() as evaluator, ModelServer([reply(APPS["gradio"])]) as model:
        environment = on_the_hub(hub, evaluator, model)
        del environment["CHROMIUM"]
        with Service(tmp_path, **environment) as service:
            request = brief(space_type="gradio", evaluation_url=evaluator.url) | {"checks": checks}
            job_id = service.post(request, prefer="respond-async").json()["job_id"]
            job = service.finished(job_id)
            evaluator.wait_for(1)
            picture = service.get(f"/jobs/{job_id}/screenshot.png")
    assert [check["verdict"] for check in job["checks"]] == ["pass", "pass", "fail"], job["checks"]
    assert all(check["evidence"].endswith("(where it runs)") for check in job["checks"])
    assert picture.content.startswith(b"\x89PNG")


def test_a_revision_changes_the_same_space_by_one_more_commit(tmp_path: Path) -> None:
    second = reply({"app.py": APPS["gradio"]["app.py"].replace("Hello", "Good day")})
    with FakeHub() as hub, EvaluatorServer() as evaluator, ModelServer([reply(APPS["gradio"]), second]) as model:
        with Service(tmp_path, **on_the_hub(hub, evaluator, model)) as service:
            first = service.post(brief(space_type="gradio")).json()
            answer = service.post(brief(round=2, nonce="n-2")).json()

        assert answer.get("status") == "succeeded", answer
        assert writes(hub) == (1, 2)
        assert answer["repo_url"] == first["repo_url"]
        assert b"Good day" in only_space(hub).files()["app.py"]
        assert only_space(hub).sdk == "gradio"


def test_a_revision_on_a_machine_without_the_workspace_reads_the_space_back(tmp_path: Path) -> None:
    with FakeHub() as hub, EvaluatorServer() as evaluator:
        with Service(tmp_path / "repos", **on_the_hub(hub, evaluator)) as service:
            service.post(brief())
            (folder,) = [path for path in (tmp_path / "repos").iterdir() if path.name != ".pipeline"]
            folder.rename(tmp_path / "lost")
            revision = brief(round=2, nonce="n-2") | {"brief": 'Set the title to "Good day".'}
            answer = service.post(revision).json()
        assert answer.get("status") == "succeeded", answer
        assert writes(hub) == (1, 2)
        assert b"<title>Good day</title>" in only_space(hub).files()["index.html"]


def test_what_the_hub_cannot_build_is_mended_once_with_its_log(tmp_path: Path) -> None:
    mended = reply({"requirements.txt": "flask\n"})
    with FakeHub() as hub, EvaluatorServer() as evaluator, ModelServer([reply(APPS["docker"]), mended]) as model:
        log = ["Step 4: pip install", "ERROR: no matching distribution found for flask"]
        hub.script("*", ["BUILDING", "BUILD_ERROR"], build_log=log, times=1)
        with Service(tmp_path, **on_the_hub(hub, evaluator, model)) as service:
            answer = service.post(brief(space_type="docker", evaluation_url=evaluator.url)).json()
            evaluator.wait_for(1)

        assert answer.get("status") == "succeeded", answer
        assert len(model.calls) == 2
        assert "no matching distribution found for flask" in str(model.calls[1].body["messages"][-1])
        assert writes(hub) == (1, 2)
        assert [told.json["commit_sha"] for told in evaluator.requests] == [only_space(hub).head]


def test_what_cannot_be_built_twice_fails_with_the_end_of_the_log_and_nobody_is_told(tmp_path: Path) -> None:
    mended = reply({"requirements.txt": "flask\n"})
    with FakeHub() as hub, EvaluatorServer() as evaluator, ModelServer([reply(APPS["docker"]), mended]) as model:
        hub.script("*", ["BUILDING", "BUILD_ERROR"], build_log=["ERROR: it does not build"])
        with Service(tmp_path, **on_the_hub(hub, evaluator, model)) as service:
            answer = service.post(brief(space_type="docker", evaluation_url=evaluator.url))

        assert answer.status_code == 502
        assert answer.json()["stage"] == "confirm"
        assert "ERROR: it does not build" in answer.json()["error"]
        assert evaluator.requests == []


def test_an_app_that_needs_a_paid_plan_is_made_static_when_no_kind_was_asked_for(tmp_path: Path) -> None:
    with (
        FakeHub() as hub,
        EvaluatorServer() as evaluator,
        ModelServer([reply(APPS["gradio"]), reply(APPS["static"])]) as model,
    ):
        hub.plan = "free"
        with Service(tmp_path, **on_the_hub(hub, evaluator, model)) as service:
            answer = service.post(brief()).json()
        assert answer.get("status") == "succeeded", answer
        assert only_space(hub).sdk == "static"
        assert any("plan" in note.lower() for note in answer["notes"])


@pytest.mark.parametrize("stage", ["publish:before", "publish:after_effect", "confirm:after_effect"])
def test_a_process_killed_on_the_way_leaves_one_space_one_commit_and_one_notification(
    stage: str, tmp_path: Path
) -> None:
    with FakeHub() as hub, EvaluatorServer() as evaluator:
        environment = on_the_hub(hub, evaluator)
        with Service(tmp_path, FAILPOINT=stage, **environment) as service:
            job_id = service.post(brief(evaluation_url=evaluator.url), prefer="respond-async").json()["job_id"]
            assert service.wait() == 137
        with Service(tmp_path, **environment) as service:
            job = service.finished(job_id)

        assert job["status"] == "succeeded", job
        assert writes(hub) == (1, 1)
        assert only_space(hub).head == job["commit_sha"]
        assert len(evaluator.requests) == 1


def test_a_build_that_never_ends_fails_the_job_at_its_deadline(tmp_path: Path) -> None:
    with FakeHub() as hub, EvaluatorServer() as evaluator, ModelServer([reply(APPS["gradio"])]) as model:
        hub.script("*", ["BUILDING"])
        settings = on_the_hub(hub, evaluator, model) | {"JOB_DEADLINE_SECONDS": "8", "NOTIFY_UNCONFIRMED": "no"}
        with Service(tmp_path, **settings) as service:
            answer = service.post(brief(space_type="gradio", evaluation_url=evaluator.url))

        assert answer.status_code == 502
        assert answer.json()["stage"] == "confirm"
        assert writes(hub) == (1, 1)
        assert evaluator.requests == []


@pytest.mark.parametrize("kind", APPS)
def test_files_become_a_new_space_with_its_secrets_in_the_create(kind: str, tmp_path: Path) -> None:
    secrets = {} if kind == "static" else {"API_KEY": "a-secret-of-the-space"}
    body = {"space_type": kind, "files": APPS[kind], "parameters": {"name": "Ada", "ok": True}, "secrets": secrets}
    with FakeHub() as hub, EvaluatorServer() as evaluator:
        with Service(tmp_path, **on_the_hub(hub, evaluator)) as service:
            headers = {"Authorization": f"Bearer {SECRET}"}
            answer = httpx.post(f"{service.url}/create-space", json=body, headers=headers, timeout=60, trust_env=False)

        assert answer.status_code == 200, answer.text
        assert answer.json()["message"] == "New Space created"
        assert writes(hub) == (1, 1)
        (create,) = hub.calls("POST", r"/api/repos/create")
        assert {item["key"]: item["value"] for item in create.body.get("secrets", [])} == secrets
        space = only_space(hub)
        assert (space.id, space.head) == (answer.json()["space_id"], answer.json()["commit_sha"])
        entry = "params.json" if kind == "static" else "app.py"
        assert b"Ada" in space.files()[entry]
        assert "a-secret-of-the-space" not in service.output + answer.text
