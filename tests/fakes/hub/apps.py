"""What visitors see: the page of a Space, and its app."""

import json
import mimetypes
import re
from html import escape

from tests.fakes.hub.exchange import Answer, Request, refusal
from tests.fakes.hub.hub import Hub
from tests.fakes.hub.space import Space

RESTING = {"SLEEPING", "STOPPED"}
HTML = "text/html; charset=utf-8"


def page(hub: Hub, request: Request, space_id: str) -> Answer:
    space = hub.readable(space_id, request)
    content = f'<!doctype html><title>{escape(space.id)}</title><iframe src="{escape(space.host)}"></iframe>'
    return Answer(content=content.encode(), media_type=HTML)


def host(hub: Hub, request: Request, space_id: str) -> Answer:
    space = hub.readable(space_id, request)
    return Answer(json={"host": space.host, "subdomain": space.subdomain})


def by_subdomain(hub: Hub, request: Request, subdomain: str) -> Answer:
    return Answer(json=hub.readable(_at(hub, subdomain).id, request).info())


def jwt(hub: Hub, request: Request, space_id: str) -> Answer:
    hub.readable(space_id, request)
    return Answer(json={"token": "made-up-token-of-one-space"})


def app(hub: Hub, request: Request, subdomain: str, path: str = "") -> Answer:
    """A gradio or docker app: a page when it runs, 503 otherwise; a visit wakes it."""
    del path
    space = _visited(hub, request, subdomain)
    if space.sdk == "static":
        raise refusal(404, "Not found")
    if not space.is_serving:
        if space.run.stage in RESTING:
            space.wake()
        return Answer(503, content=b"<!doctype html><title>Your space is not running</title>", media_type=HTML)
    content = f"<!doctype html><title>{escape(space.id)}</title><p>The app of commit {space.head} runs.</p>"
    return Answer(content=content.encode(), media_type=HTML)


def static_app(hub: Hub, request: Request, subdomain: str, path: str = "") -> Answer:
    """A static Space's files; the Hub puts a script into its pages, with every variable and every secret."""
    space = _visited(hub, request, subdomain)
    if space.sdk != "static":
        raise refusal(404, "Not found")
    if not space.is_serving:
        return Answer(503, content=b"<!doctype html><title>Your space is not running</title>", media_type=HTML)
    files, wanted = space.files(), path.strip("/") or str(space.card.get("app_file", "index.html"))
    found = next((name for name in (wanted, f"{wanted}/index.html") if name in files), None)
    if found is None:
        raise refusal(404, "Not found")
    media_type = mimetypes.guess_type(found)[0] or "application/octet-stream"
    if media_type != "text/html":
        return Answer(content=files[found], media_type=media_type)
    return Answer(content=_with_variables(files[found], space), media_type=HTML)


def _with_variables(content: bytes, space: Space) -> bytes:
    values = {key: setting.value for key, setting in {**space.variables, **space.secrets}.items()}
    said = json.dumps({"variables": values}, separators=(",", ":")).replace("<", "\\u003c")
    script = f"<script>window.huggingface={said};</script>".encode()
    return re.sub(rb"<head[^>]*>", lambda head: head[0] + script, content, count=1, flags=re.IGNORECASE)


def _visited(hub: Hub, request: Request, subdomain: str) -> Space:
    """The app's Space; that of a private one is shown to its owner only."""
    space = _at(hub, subdomain)
    if space.visibility == "private" and not hub.may_write(request.account, space.owner):
        raise refusal(404, "Not found")
    return space


def _at(hub: Hub, subdomain: str) -> Space:
    for space in hub.spaces.values():
        if space.subdomain == subdomain:
            return space
    raise refusal(404, "Not found")
