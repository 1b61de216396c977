"""A Space's settings and runtime."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

from tests.fakes.hub.exchange import Answer, Request, refusal
from tests.fakes.hub.hub import Hub, check_hardware
from tests.fakes.hub.repository import now
from tests.fakes.hub.runtime import Run, fixed
from tests.fakes.hub.space import Setting, Space

VISIBILITIES = ("public", "private", "protected")
VOLUME_TYPES = ("bucket", "model", "dataset", "space")


def check_setting(item: Any) -> tuple[str, Setting]:
    """Key and value of a secret or variable. Raises Refused."""
    if not isinstance(item, dict) or not isinstance(item.get("key"), str):
        raise refusal(400, '"key" is required')
    if not re.fullmatch(r"[a-zA-Z][_a-zA-Z0-9]*", item["key"]):
        raise refusal(400, '"key" must match the pattern ^[a-zA-Z][_a-zA-Z0-9]*$')
    value = item.get("value", "")
    if not isinstance(value, str):
        raise refusal(400, '"value" must be a string')
    return item["key"], Setting(value, item.get("description"), now())


def check_sleep(seconds: Any) -> int:
    """Raises Refused unless it is positive or -1."""
    if not isinstance(seconds, int) or isinstance(seconds, bool) or (seconds <= 0 and seconds != -1):
        raise refusal(400, "The sleep time must be a positive number of seconds, or -1")
    return seconds


def check_visibility(visibility: Any) -> str:
    """Raises Refused for unknown words."""
    if visibility not in VISIBILITIES:
        raise refusal(400, f'"visibility" must be one of [{", ".join(VISIBILITIES)}]')
    return str(visibility)


def check_volumes(volumes: Any) -> list[dict[str, Any]]:
    """Raises Refused for what cannot be mounted."""
    if not isinstance(volumes, list) or not all(isinstance(volume, dict) for volume in volumes):
        raise refusal(400, '"volumes" must be an array of objects')
    for volume in volumes:
        if volume.get("type") not in VOLUME_TYPES:
            raise refusal(400, f'"type" must be one of [{", ".join(VOLUME_TYPES)}]')
        if not str(volume.get("mountPath", "")).startswith("/") or not volume.get("source"):
            raise refusal(400, 'a volume needs a "source" and a "mountPath" that starts with "/"')
    return volumes


def settings(hub: Hub, request: Request, space_id: str, kind: str) -> Answer:
    space = hub.readable(space_id, request) if request.method == "GET" else hub.writable(space_id, request)
    if kind == "secrets":
        hub.writable(space_id, request)
    known: dict[str, Setting] = getattr(space, kind)
    if request.method == "POST":
        key, setting = check_setting(request.json)
        known[key] = setting
        space.start()
    elif request.method == "DELETE" and known.pop(str(request.json.get("key")), False):
        space.start()
    if kind == "secrets" and request.method != "GET":
        return Answer(json={})
    return Answer(json={key: old.shown(with_value=kind == "variables") for key, old in known.items()})


def runtime(hub: Hub, request: Request, space_id: str) -> Answer:
    """GET /api/spaces/{id}/runtime: a poll, which moves the script on."""
    space = hub.readable(space_id, request)
    space.run.poll()
    return Answer(json=space.runtime())


def hardware(hub: Hub, request: Request, space_id: str) -> Answer:
    space, wish = _on_compute(hub, request, space_id), request.json
    flavor = check_hardware(wish.get("flavor"))
    if flavor is None:
        raise refusal(400, '"flavor" is required')
    if hub.plan == "free" and flavor != space.hardware:
        raise refusal(403, "A payment method is required to change the hardware")
    if "sleepTimeSeconds" in wish:
        space.sleep_seconds = check_sleep(wish["sleepTimeSeconds"])
    space.hardware = flavor
    return _restarted(space)


def sleep_time(hub: Hub, request: Request, space_id: str) -> Answer:
    """POST /api/spaces/{id}/sleeptime; nothing restarts."""
    space = _on_compute(hub, request, space_id)
    space.sleep_seconds = check_sleep(request.json.get("seconds"))
    return Answer(json=space.runtime())


def pause(hub: Hub, request: Request, space_id: str) -> Answer:
    space = _on_compute(hub, request, space_id)
    space.run = Run(fixed("PAUSED"))
    return Answer(json=space.runtime())


def restart(hub: Hub, request: Request, space_id: str) -> Answer:
    return _restarted(_on_compute(hub, request, space_id))


def dev_mode(hub: Hub, request: Request, space_id: str) -> Answer:
    space = _on_compute(hub, request, space_id)
    space.dev_mode = bool(request.json.get("enabled"))
    return _restarted(space)


def volumes(hub: Hub, request: Request, space_id: str) -> Answer:
    space = _on_compute(hub, request, space_id)
    if request.method == "DELETE" and not space.volumes:
        raise refusal(400, "No volumes are attached to this Space")
    space.volumes = check_volumes(request.json.get("volumes")) if request.method == "PUT" else []
    return _restarted(space)


def visibility(hub: Hub, request: Request, space_id: str) -> Answer:
    space, wish = hub.writable(space_id, request), request.json
    if "private" in wish and "visibility" in wish:
        raise refusal(400, '"private" and "visibility" cannot be used together')
    if "private" in wish:
        wish["visibility"] = "private" if wish["private"] else "public"
    if "visibility" in wish:
        space.visibility = check_visibility(wish["visibility"])
    return Answer(json={"visibility": space.visibility, "private": space.visibility != "public"})


def logs(hub: Hub, request: Request, space_id: str, kind: str) -> Answer:
    """GET /api/spaces/{id}/logs/build and /run as server-sent events."""
    space = hub.writable(space_id, request)
    return Answer(
        headers={"Cache-Control": "no-store"},
        media_type="text/event-stream",
        stream=_events(space, kind, hub.log_stream_seconds, hub.keep_alive_seconds),
    )


def _events(space: Space, kind: str, patience: float | None, keep_alive: float) -> Iterator[bytes]:
    """What is there, then what comes until nothing has come for ``patience`` seconds; None = without end."""
    run = space.run
    lines, sent, quiet_since = run.logs[kind], 0, time.monotonic()
    while run is space.run and (patience is None or time.monotonic() - quiet_since < patience):
        with space.log_grew:
            if sent == len(lines):
                space.log_grew.wait(keep_alive)
            new = lines[sent:]
        for event in new:
            data = json.dumps({"data": f"{event.text}\n", "timestamp": event.timestamp})
            yield f"data: {data}\n\n".encode()
        if new:
            sent, quiet_since = sent + len(new), time.monotonic()
        else:
            yield b"data:\n\n"


def _on_compute(hub: Hub, request: Request, space_id: str) -> Space:
    """The Space. Raises Refused for static ones, which have no machine of their own."""
    space = hub.writable(space_id, request)
    if space.sdk == "static":
        raise refusal(400, "This is not possible for static Spaces")
    return space


def _restarted(space: Space) -> Answer:
    space.start()
    return Answer(json=space.runtime())
