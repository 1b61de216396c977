"""Making a Space exactly once, on a Hub whose answers may be lost or odd."""

from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any

from huggingface_hub import SpaceInfo

from pipeline.domain.errors import HubTokenRefused, HubUnreachable, SpaceConflict, SpaceMissing
from pipeline.domain.space import SettingKind, SpaceSettings
from pipeline.ports import Clock
from pipeline.spaces import contents
from pipeline.spaces.answers import FAILURES, is_unreadable, status_of
from pipeline.spaces.calls import HubCalls, check_key
from pipeline.spaces.reading import volume_to

PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Between looks at a new Space, which the Hub may not show at once."""

_ABSENT = {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}


class NewSpaceCall:
    """The creation of one Space, by whichever request."""

    def __init__(self, calls: HubCalls, clock: Clock, space_id: str) -> None:
        self._calls = calls
        self._clock = clock
        self._space_id = space_id
        self._was_asked = False

    async def make(self, doing: str, settings: SpaceSettings, make: Callable[[], object]) -> SpaceInfo:
        """Look, and ``make`` it when there is none: what is there after a lost answer is ours, for nothing was before.

        Raises:
            SpaceConflict: the name is taken.
            HubUnreachable: it is not shown, although the Hub did not refuse.
            HubError: the Hub refused or did not answer.
        """
        for key in (*settings.secrets, *settings.variables):
            check_key(key)
        make_if_absent = partial(self._make_if_absent, make)
        await self._calls.ask(doing, make_if_absent, self._space_id, hidden=settings.secrets.values())
        return await self._once_shown()

    def _make_if_absent(self, make: Callable[[], object]) -> None:
        if self._is_there():
            if not self._was_asked:
                raise SpaceConflict(f"there is a Space {self._space_id} already: choose another name")
            return
        was_asked_before, self._was_asked = self._was_asked, True
        try:
            make()
        except FAILURES as error:
            is_ours = was_asked_before and status_of(error) == HTTPStatus.CONFLICT
            if not is_ours and not is_unreadable(error):  # what came of an unreadable answer, the next look tells
                raise

    def _is_there(self) -> bool:
        """False also for 401, which the Hub may answer for what is not there: with a bad token, making it says so."""
        try:
            self._calls.api.space_info(self._space_id)
        except FAILURES as error:
            if status_of(error) not in _ABSENT:
                raise
            return False
        return True

    async def _once_shown(self) -> SpaceInfo:
        read = partial(contents.info, self._calls.api, self._space_id)
        pauses = iter(PAUSES_SECONDS)
        while True:
            try:
                return await self._calls.ask(f"reading the new Space {self._space_id}", read)
            except (SpaceMissing, HubTokenRefused) as error:
                if (pause := next(pauses, None)) is None:
                    raise HubUnreachable(
                        f"the Hub did not refuse to make the Space {self._space_id}, but does not show it: look "
                        "whether it is there, and check HF_ENDPOINT"
                    ) from error
                await self._clock.sleep(pause)


def wanted_of(settings: SpaceSettings) -> dict[str, Any]:
    """The settings as huggingface_hub takes them for a new Space."""
    return {
        "visibility": settings.visibility or "public",
        "space_secrets": _named(settings, SettingKind.SECRETS),
        "space_variables": _named(settings, SettingKind.VARIABLES),
        "space_hardware": settings.hardware,
        "space_sleep_time": settings.sleep_seconds,
        "space_volumes": [volume_to(volume) for volume in settings.volumes or ()] or None,
    }


def _named(settings: SpaceSettings, kind: SettingKind) -> list[dict[str, str]] | None:
    descriptions = {key: {"description": text} for key, text in settings.descriptions.items()}
    return [
        {"key": key, "value": value, **descriptions.get(key, {})} for key, value in settings.named(kind).items()
    ] or None
