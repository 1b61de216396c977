"""The fake Hub driven by the published client, and by plain requests."""

import base64
import json
from typing import Any

import httpx
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

PNG = b"\x89PNG\r\n\x1a\n" + bytes(72)
STUCK_SECONDS = 30
GUEST = "hf_" + "aTokenOfSomebodyElse"
SPACE = "deployer/demo"
CARD = "---\ntitle: Demo\nemoji: 🚀\ncolorFrom: blue\ncolorTo: green\nsdk: {sdk}\n---\n"


def create(api: HfApi, sdk: str = "gradio", **options: Any) -> None:
    api.create_repo(SPACE, repo_type="space", space_sdk=sdk, **options)


def push(api: HfApi, *operations: CommitOperationAdd | CommitOperationDelete, parent: str | None = None) -> str:
    return api.create_commit(
        SPACE, list(operations), commit_message="Update", repo_type="space", parent_commit=parent
    ).oid


def add(path: str, content: str | bytes) -> CommitOperationAdd:
    return CommitOperationAdd(path, content.encode() if isinstance(content, str) else content)


def create_request(client: httpx.Client, **wish: Any) -> httpx.Response:
    body = {"name": "demo", "organization": None, "type": "space", "sdk": "static", **wish}
    return client.post("/api/repos/create", json={key: value for key, value in body.items() if value is not ...})


def commit_request(client: httpx.Client, *lines: dict[str, Any]) -> httpx.Response:
    header = {"key": "header", "value": {"summary": "Update", "description": ""}}
    content = "\n".join(json.dumps(line) for line in (header, *lines))
    return client.post(
        f"/api/spaces/{SPACE}/commit/main", content=content, headers={"Content-Type": "application/x-ndjson"}
    )


def file_line(path: str, content: bytes) -> dict[str, Any]:
    encoded = base64.b64encode(content).decode()
    return {"key": "file", "value": {"content": encoded, "path": path, "encoding": "base64"}}
