"""Whose Hub token is it, and what may it do?"""

from typing import Any

from pydantic import SecretStr

from pipeline.domain.diagnosis import Diagnosis, failed, ok
from pipeline.ports import Clock
from pipeline.spaces.answers import FREE_WAYS
from pipeline.spaces.calls import HubCalls

BETTER = "make a token with the role write (https://huggingface.co/settings/tokens), and set HF_TOKEN to it"


async def diagnose(endpoint: str, token: SecretStr, owner: str | None, clock: Clock, seconds: float) -> Diagnosis:
    """Ask the Hub, once. Raises HubError."""
    calls = HubCalls(endpoint, token, clock, patience_seconds=0, silence_seconds=seconds)
    return await calls.ask("asking whose token this is", lambda: _judged(calls.api.whoami(), owner), seconds=seconds)


def _judged(told: dict[str, Any], owner: str | None) -> Diagnosis:
    """By the answer of ``/api/whoami-v2``."""
    user = str(told["name"])
    where = owner or user
    organization = next((entry for entry in told.get("orgs", ()) if entry["name"] == where), None)
    if organization is None and where != user:
        return failed(f"token of {user}, who is no member of {where}", "set HF_OWNER to an organisation of theirs")
    access = told.get("auth", {}).get("accessToken", {})
    role = access.get("role", "not told")
    if organization is None:
        plan = "PRO" if told.get("isPro") else ""
    else:
        plan = organization.get("plan") or ("Enterprise" if organization.get("isEnterprise") else "")
    what = f"token of {user}, role {role}, Spaces of {where}, plan {plan or 'free'}"
    scoped = access.get("fineGrained", {}).get("scoped", ())
    may_write = any(entry["entity"].get("name") == where and "repo.write" in entry["permissions"] for entry in scoped)
    if role == "read" or (role == "fineGrained" and not may_write):
        return failed(f"{what}: it cannot create Spaces of {where}", BETTER)
    kinds = "every kind of Space can be made" if plan else f"gradio and docker Spaces need PRO. {FREE_WAYS}"
    return ok(f"{what}: {kinds}")
