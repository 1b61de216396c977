"""Rows of the doctor about servers on loopback."""

from typing import Any

from pipeline.bootstrap.doctor import all_looks, examine
from pipeline.settings import Settings

SECONDS = 30.0  # far more than any look here takes


async def row(name: str, *, seconds: float = SECONDS, calls: bool = True, **settings: Any) -> dict[str, str]:
    """The one row that is called ``name``, with these settings by field name."""
    looks = all_looks(Settings.from_environment(**settings), calls=calls)
    [found] = await examine([look for look in looks if look.name == name], lambda _: None, seconds)
    return found
