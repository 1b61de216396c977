"""Accounts, and Spaces as a whole: create, duplicate, delete, list."""

import base64
from typing import Any

from tests.fakes.hub.card import validation
from tests.fakes.hub.exchange import Answer, Request, refusal
from tests.fakes.hub.hub import HARDWARE, TEMPLATES, Hub, check_hardware, check_sdk, check_space_id
from tests.fakes.hub.repository import Repository, StoredFile, now
from tests.fakes.hub.runtime import ENTRY_FILES
from tests.fakes.hub.settings_api import check_setting, check_sleep, check_visibility, check_volumes
from tests.fakes.hub.space import Setting, Space


def whoami(hub: Hub, request: Request) -> Answer:
    if request.account is None:
        raise refusal(401, "Invalid username or password.")
    orgs = hub.organizations if request.account == hub.owner else ()
    return Answer(
        json={
            "type": "user",
            "id": "0123456789abcdef01234567",
            "name": request.account,
            "fullname": request.account,
            "isPro": hub.plan == "pro",
            "canPay": hub.plan == "pro",
            "orgs": [{"type": "org", "name": name, "fullname": name, "roleInOrg": "admin"} for name in orgs],
            "auth": {"type": "access_token", "accessToken": {"displayName": "tests", "role": "write"}},
        }
    )


def validate_yaml(hub: Hub, request: Request) -> Answer:
    del hub
    found = validation(str(request.json.get("content", "")))
    return Answer(400 if found["errors"] else 200, found)


def create(hub: Hub, request: Request) -> Answer:
    wish = request.json
    if request.account is None:
        raise refusal(401, "Invalid username or password.")
    if wish.get("type") != "space":
        raise refusal(501, "Only Spaces can be created here")
    namespace = wish.get("organization") or request.account
    space_id = f"{namespace}/{wish.get('name')}"
    _check_target(hub, request, space_id)
    sdk, hardware, visibility = check_sdk(wish.get("sdk")), check_hardware(wish.get("hardware")), _visibility(wish)
    options = _options(wish)
    files = _given_files(wish)
    _refuse_existing(hub, space_id)
    hub.check_plan(namespace, sdk, hardware)
    if wish.get("template") is not None and wish["template"] not in TEMPLATES:
        raise refusal(400, "Unknown template")
    space = hub.new_space(space_id, sdk)
    if template := TEMPLATES.get(str(wish.get("template"))):
        files = {ENTRY_FILES[template[1]]: StoredFile(f"# {template[0]}\n".encode()), **files}
    if files:
        space.repository.commit(space.repository.files() | files, "Add files")
    _configure(space, hardware, visibility, options)
    space.settle()
    return Answer(json={"url": space.url, "name": space.id, "id": space.object_id})


def duplicate(hub: Hub, request: Request, space_id: str) -> Answer:
    """POST /api/spaces/{id}/duplicate. Variables go along, secrets do not."""
    source, wish = hub.readable(space_id, request), request.json
    if request.account is None:
        raise refusal(401, "Invalid username or password.")
    target = str(wish.get("repository"))
    _check_target(hub, request, target)
    hardware, options = check_hardware(wish.get("hardware")), _options(wish)
    visibility = _visibility(wish, source.visibility)
    _refuse_existing(hub, target)
    hub.check_plan(target.split("/", maxsplit=1)[0], source.sdk, hardware)
    space = hub.new_space(target, source.sdk, source.repository.files())
    space.repository = Repository(source.repository.files(), f"Duplicate from {source.id}")
    space.variables = {key: Setting(old.value, old.description, now()) for key, old in source.variables.items()}
    _configure(space, hardware, visibility, options)
    space.start()
    return Answer(json={"url": space.url})


def delete(hub: Hub, request: Request) -> Answer:
    wish = request.json
    space = hub.writable(f"{wish.get('organization') or request.account}/{wish.get('name')}", request)
    del hub.spaces[space.id]
    return Answer(content=b"OK")


def list_spaces(hub: Hub, request: Request) -> Answer:
    """GET /api/spaces: those that the caller may see, the newest first."""
    author, words = request.query.get("author"), request.query.get("search", "").lower()
    seen = [
        space.info()
        for space in reversed(hub.spaces.values())
        if (author is None or space.owner.lower() == author.lower())
        and words in space.id.lower()
        and (space.visibility == "public" or hub.may_write(request.account, space.owner))
    ]
    keys = ["_id", "id", "author", "sha", "lastModified", "private", "likes", "sdk", "tags", "createdAt"]
    if request.query.get("full", "").lower() == "true":
        keys += ["siblings", "runtime", "cardData"]
    if wanted := request.query.get("expand"):
        keys = ["_id", "id", *wanted.split(",")]
    limit = int(request.query.get("limit", "1000"))
    return Answer(json=[{key: info[key] for key in keys} for info in seen[:limit]])


def templates(hub: Hub, request: Request) -> Answer:
    del hub, request
    listed = [
        {"name": name, "repoId": repo, "sdk": sdk, "preferredPrivate": is_private}
        for repo, (name, sdk, is_private) in TEMPLATES.items()
    ]
    return Answer(json={"templates": listed})


def hardware_list(hub: Hub, request: Request) -> Answer:
    del hub, request
    figures = {"cpu": "2 vCPU", "ram": "16 GB", "unitCostMicroUSD": 0, "unitCostUSD": 0.0, "unitLabel": "minute"}
    return Answer(json=[{"name": name, "prettyName": name.title(), **figures} for name in HARDWARE])


def _check_target(hub: Hub, request: Request, space_id: str) -> None:
    check_space_id(space_id)
    if not hub.may_write(request.account, space_id.split("/", maxsplit=1)[0]):
        raise refusal(403, "You don't have the rights to create a space under this namespace")


def _refuse_existing(hub: Hub, space_id: str) -> None:
    for known in hub.spaces.values():
        if known.id.lower() == space_id.lower():
            raise refusal(409, "You already created this space repo", url=known.url)


def _visibility(wish: dict[str, Any], default: str = "public") -> str:
    if "private" in wish and "visibility" in wish:
        raise refusal(400, '"private" and "visibility" cannot be used together')
    if wish.get("private") is not None:
        return "private" if wish["private"] else "public"
    return check_visibility(wish.get("visibility", default))


def _options(wish: dict[str, Any]) -> dict[str, Any]:
    """The checked settings of a wish, with lists of secrets and variables as maps."""
    options: dict[str, Any] = {}
    for name in ("secrets", "variables"):
        given = wish.get(name, [])
        if not isinstance(given, list):
            raise refusal(400, f'"{name}" must be an array')
        options[name] = dict(check_setting(item) for item in given)
    if "sleepTimeSeconds" in wish:
        options["sleep_seconds"] = check_sleep(wish["sleepTimeSeconds"])
    if "volumes" in wish:
        options["volumes"] = check_volumes(wish["volumes"])
    return options


def _configure(space: Space, hardware: str | None, visibility: str, options: dict[str, Any]) -> None:
    space.visibility = visibility
    space.secrets |= options.pop("secrets")
    space.variables |= options.pop("variables")
    if hardware and space.sdk != "static":
        space.hardware = hardware
    for name, value in options.items():
        setattr(space, name, value)


def _given_files(wish: dict[str, Any]) -> dict[str, StoredFile]:
    return {
        file["path"]: StoredFile(
            base64.b64decode(file["content"]) if file.get("encoding") == "base64" else file["content"].encode()
        )
        for file in wish.get("files", [])
    }
