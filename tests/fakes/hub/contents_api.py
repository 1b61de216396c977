"""A Space's files: description, trees, uploads, commits and large files."""

import base64
import codecs
import hashlib
import re
from fnmatch import fnmatch
from typing import Any

from tests.fakes.hub.card import validation
from tests.fakes.hub.exchange import Answer, Refused, Request, refusal
from tests.fakes.hub.hub import Hub
from tests.fakes.hub.repository import StoredFile, folder_entry, is_folder, tree_entries

MAX_REGULAR_FILE = 10 * 1024 * 1024
MAX_PREUPLOAD_FILES = 1000
MAX_PATHS = 2000
OPERATIONS = ("file", "lfsFile", "deletedFile", "deletedFolder", "deletedEntry")

Files = dict[str, StoredFile]


def info(hub: Hub, request: Request, space_id: str, revision: str = "main") -> Answer:
    space = hub.readable(space_id, request)
    described = space.info(revision, with_blobs=request.query.get("blobs", "").lower() == "true")
    wanted = [name for name in request.query.get("expand", "").split(",") if name]
    if not wanted:
        return Answer(json=described)
    known = {**described, "xetEnabled": False, "trendingScore": 0, "resourceGroup": None}
    return Answer(json={name: known[name] for name in ("_id", "id", *wanted) if name in known})


def tree(hub: Hub, request: Request, space_id: str, revision: str, folder: str = "") -> Answer:
    """GET /api/spaces/{id}/tree/{rev}[/{folder}], in pages that ``Link`` joins."""
    files = hub.readable(space_id, request).repository.files(revision)
    entries = tree_entries(files, folder, recursive=request.query.get("recursive", "").lower() in {"true", "1"})
    first, limit = int(request.query.get("cursor", "0")), int(request.query.get("limit", "1000"))
    headers = {}
    if first + limit < len(entries):
        query = f"cursor={first + limit}&limit={limit}&recursive={request.query.get('recursive', 'false')}"
        headers["Link"] = f'<{hub.origin}{request.path}?{query}>; rel="next"'
    return Answer(json=entries[first : first + limit], headers=headers)


def paths_info(hub: Hub, request: Request, space_id: str, revision: str) -> Answer:
    """POST /api/spaces/{id}/paths-info/{rev}; unknown paths are left out."""
    files = hub.readable(space_id, request).repository.files(revision)
    paths = request.json.get("paths", [])
    if not isinstance(paths, list) or len(paths) > MAX_PATHS:
        raise refusal(400, f'"paths" must be an array of at most {MAX_PATHS}')
    return Answer(
        json=[
            files[path].entry(path) if path in files else folder_entry(path, files)
            for path in paths
            if path in files or is_folder(path, files)
        ]
    )


def resolve(hub: Hub, request: Request, space_id: str, revision: str, path: str) -> Answer:
    """GET and HEAD /spaces/{id}/resolve/{rev}/{path}; a redirect leads to large files."""
    repository = hub.readable(space_id, request).repository
    try:
        file = repository.file(path, revision)
    except Refused as error:
        commit = {"X-Repo-Commit": repository.head}
        raise Refused(Answer(error.answer.status, error.answer.json, {**error.answer.headers, **commit})) from error
    headers = {"ETag": f'"{file.upload_oid}"', "X-Repo-Commit": repository.resolve(revision)}
    if not file.is_lfs:
        return Answer(content=file.content, headers=headers)
    headers |= {"X-Linked-Etag": f'"{file.sha256}"', "X-Linked-Size": str(len(file.content))}
    if request.method == "HEAD":  # redirected to another host by the real one, which the client does not follow
        return Answer(content=file.content, headers=headers)
    return Answer(302, content=b"Found", headers={**headers, "Location": f"{hub.origin}/large-files/{file.sha256}"})


def preupload(hub: Hub, request: Request, space_id: str, revision: str) -> Answer:
    """POST /api/spaces/{id}/preupload/{rev}: how each file is to be sent, and which ones are there already."""
    space = hub.writable(space_id, request)
    existing, wish = space.repository.files(revision), request.json
    given = wish.get("files", [])
    if not isinstance(given, list) or len(given) > MAX_PREUPLOAD_FILES:
        raise refusal(400, f'"files" must be an array of at most {MAX_PREUPLOAD_FILES}')
    large = _large_patterns(existing)
    answers: list[dict[str, Any]] = []
    for file in given:
        path = str(file.get("path", ""))
        _check_path(path)
        answer: dict[str, Any] = {
            "path": path,
            "uploadMode": "lfs" if _is_large(file, large) else "regular",
            "shouldIgnore": _is_ignored(path, wish.get("gitIgnore", "")),
        }
        if path in existing:
            answer["oid"] = existing[path].upload_oid
        answers.append(answer)
    return Answer(json={"files": answers, "commitOid": space.repository.resolve(revision)})


def commit(hub: Hub, request: Request, space_id: str, revision: str) -> Answer:
    """POST /api/spaces/{id}/commit/{rev}: all operations or none."""
    space, lines = hub.writable(space_id, request), request.lines
    if not lines or lines[0].get("key") != "header" or not lines[0].get("value", {}).get("summary"):
        raise refusal(400, "The first line must be the header with a summary")
    if space.repository.resolve(revision) != space.head or request.query.get("create_pr"):
        raise refusal(400, "Commits can only be made on main here")
    parent = lines[0]["value"].get("parentCommit")
    if parent is not None and not re.fullmatch(r"[0-9a-f]{40}", str(parent)):
        raise refusal(400, '"parentCommit" must be 40 hexadecimal digits')
    if parent not in {None, space.head}:
        raise refusal(412, "A commit has happened since. Please refresh and try again.")
    files = space.repository.files()
    for line in lines[1:]:
        if line.get("key") not in OPERATIONS:
            raise refusal(400, f'"key" must be one of [header, {", ".join(OPERATIONS)}]')
        _apply(line["key"], line.get("value", {}), files, hub)
    _check_tree(files)
    oid = space.commit(files, str(lines[0]["value"]["summary"]))
    return Answer(json={"success": True, "commitOid": oid, "commitUrl": f"{space.url}/commit/{oid}", "hookOutput": ""})


def lfs_batch(hub: Hub, request: Request, space_id: str) -> Answer:
    """POST /spaces/{id}.git/info/lfs/objects/batch; objects that are stored already need no actions."""
    hub.writable(space_id, request)
    objects = []
    for wish in request.json.get("objects", []):
        described = {"oid": wish["oid"], "size": wish["size"]}
        if wish["oid"] not in hub.lfs:
            described["actions"] = {
                "upload": {"href": f"{hub.origin}/large-files/{wish['oid']}"},
                "verify": {"href": f"{hub.origin}/spaces/{space_id}.git/info/lfs/objects/verify"},
            }
        objects.append(described)
    return Answer(json={"transfer": "basic", "objects": objects})


def lfs_verify(hub: Hub, request: Request, space_id: str) -> Answer:
    """POST /spaces/{id}.git/info/lfs/objects/verify."""
    hub.writable(space_id, request)
    wish = request.json
    if wish.get("oid") not in hub.lfs or len(hub.lfs[wish["oid"]]) != wish.get("size"):
        raise refusal(404, "The object is not there, or has another size")
    return Answer(json={})


def large_file(hub: Hub, request: Request, oid: str) -> Answer:
    """PUT, GET and HEAD of an LFS object's bytes; the address is all the authorization there is."""
    if request.method != "PUT":
        if oid not in hub.lfs:
            raise refusal(404, "No such object")
        return Answer(content=hub.lfs[oid], media_type="application/octet-stream", headers={"ETag": f'"{oid}"'})
    if hashlib.sha256(request.body).hexdigest() != oid:
        raise refusal(400, "The bytes do not have this SHA-256")
    hub.lfs[oid] = request.body
    return Answer(content=b"")


def _apply(operation: str, value: dict[str, Any], files: Files, hub: Hub) -> None:
    path = str(value.get("path", ""))
    _check_path(path)
    if operation == "file":
        content = base64.b64decode(value.get("content", "")) if value.get("encoding") == "base64" else None
        files[path] = StoredFile(str(value.get("content", "")).encode() if content is None else content)
        if len(files[path].content) > MAX_REGULAR_FILE:
            raise refusal(400, f"{path} is too large for a regular file: use LFS")
    elif operation == "lfsFile":
        if value.get("oid") not in hub.lfs:
            raise refusal(400, f"The LFS object of {path} has not been uploaded")
        files[path] = StoredFile(hub.lfs[value["oid"]], is_lfs=True)
    else:
        gone = [known for known in files if known == path or known.startswith(f"{path.rstrip('/')}/")]
        if not gone:
            raise refusal(404, f"{path} does not exist", "EntryNotFound")
        for known in gone:
            del files[known]


def _check_path(path: str) -> None:
    parts = path.rstrip("/").split("/")
    if not path or "\0" in path or "\\" in path or any(part in {"", ".", "..", ".git"} for part in parts):
        raise refusal(400, f"Invalid path in the repository: {path!r}")


def _check_tree(files: Files) -> None:
    """Raises Refused for a file that is a folder too, and for a card with mistakes."""
    for path in files:
        if is_folder(path, files):
            raise refusal(400, f"{path} is a file and a folder")
    found = validation(files["README.md"].content.decode("utf-8", "replace")) if "README.md" in files else {}
    if found.get("errors"):
        raise Refused(Answer(400, found))


def _large_patterns(files: Files) -> list[str]:
    attributes = files.get(".gitattributes", StoredFile(b"")).content.decode("utf-8", "replace")
    return [line.split()[0] for line in attributes.splitlines() if "filter=lfs" in line]


def _is_large(file: dict[str, Any], patterns: list[str]) -> bool:
    """By size, name or the first bytes, as the Hub decides."""
    path, size = str(file["path"]), int(file.get("size", 0))
    if size == 0:
        return False
    if size > MAX_REGULAR_FILE or any(
        fnmatch(path if "/" in pattern else path.rpartition("/")[2], pattern) for pattern in patterns
    ):
        return True
    sample = base64.b64decode(file.get("sample", ""))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return True
    return b"\0" in sample


def _is_ignored(path: str, gitignore: str) -> bool:
    """Patterns on names and whole paths; enough of .gitignore for tests, without ``!``."""
    parts = path.split("/")
    for line in gitignore.splitlines():
        pattern = line.strip()
        if not pattern or pattern.startswith(("#", "!")):
            continue
        names = parts[:-1] if pattern.endswith("/") else parts
        bare = pattern.strip("/")
        if fnmatch(path, bare) or ("/" not in bare and any(fnmatch(name, bare) for name in names)):
            return True
    return False
