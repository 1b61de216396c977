"""The Hub's answers, as huggingface_hub gives them -> domain values."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

import huggingface_hub

from pipeline.domain.space import Space, SpaceRuntime, SpaceSetting, Volume
from pipeline.spaces.answers import plain

LONGEST_ERROR = 2_000


class Setting(Protocol):
    """A variable or a secret of huggingface_hub."""

    key: str
    description: str | None
    updated_at: datetime | None


def space_from(info: huggingface_hub.SpaceInfo, endpoint: str) -> Space:
    """Read a Space; its host only as the Hub gives it, because no rule for computing it holds for all Spaces."""
    runtime = runtime_from(info.runtime) if info.runtime else None
    return Space(
        id=info.id,
        url=f"{endpoint}/spaces/{info.id}",
        sdk=info.sdk,
        visibility=getattr(info, "visibility", None) or ("private" if info.private else "public"),
        commit_sha=info.sha,
        host=_host(info),
        runtime=runtime,
        modified_at=info.last_modified,
    )


def runtime_from(runtime: huggingface_hub.SpaceRuntime) -> SpaceRuntime:
    """Read a runtime; the stage stays the word that came, for the Hub knows more stages than its library."""
    raw: Mapping[str, Any] = runtime.raw
    return SpaceRuntime(
        stage=str(raw["stage"]),
        hardware=_text(runtime.hardware),
        requested_hardware=_text(runtime.requested_hardware),
        sleep_seconds=runtime.sleep_time,
        error_message=plain(str(raw["errorMessage"]))[:LONGEST_ERROR] if raw.get("errorMessage") else None,
        domains=tuple(entry["domain"] for entry in raw.get("domains") or () if "domain" in entry),
        is_dev_mode=runtime.dev_mode,
        volumes=tuple(map(_volume_from, runtime.volumes or ())),
    )


def settings_from(settings: Mapping[str, Setting]) -> tuple[SpaceSetting, ...]:
    """Read variables, or secrets, which have no value; by name."""
    read = (
        SpaceSetting(setting.key, getattr(setting, "value", None), setting.description, setting.updated_at)
        for setting in settings.values()
    )
    return tuple(sorted(read, key=lambda setting: setting.key))


def volume_to(volume: Volume) -> huggingface_hub.Volume:
    """A volume as huggingface_hub wants it."""
    return huggingface_hub.Volume(**asdict(volume))


def _host(info: huggingface_hub.SpaceInfo) -> str | None:
    """In the order in which the Hub means it: the address, a domain that is ready, the subdomain."""
    if info.host:
        return info.host.rstrip("/")
    domains = (info.runtime.raw.get("domains") or ()) if info.runtime else ()
    ready = (entry["domain"] for entry in domains if entry.get("stage", "READY") == "READY")
    if domain := next(ready, None):
        return f"https://{domain}"
    suffix = "static.hf.space" if info.sdk == "static" else "hf.space"
    return f"https://{info.subdomain}.{suffix}" if info.subdomain else None


def _volume_from(volume: huggingface_hub.Volume) -> Volume:
    return Volume(**{name: getattr(volume, name) for name in Volume.__slots__})


def _text(value: object) -> str | None:
    return None if value is None else str(value)
