"""The generator that needs no key: it reads brief, checks and attachments by fixed rules and asks no model."""

import asyncio

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Generation, Made, Order
from pipeline.domain.publication import SpaceSdk
from pipeline.generation.scaffold.adding import add
from pipeline.generation.scaffold.builder import Built, build
from pipeline.generation.scaffold.record import read_record
from pipeline.ports import Progress

NAME = "scaffold"
_MAX_NOTES = 20


class ScaffoldGenerator:
    """Implements the ``Generator`` port without a language model.

    The same order gives the same bytes. It has one answer per order: a rejected candidate cannot be repaired, the
    same app comes back with a note that says so.
    """

    async def generate(self, order: Order, progress: Progress) -> Generation:
        """Build the app of round 1, or ``order.base`` with what the brief adds to it. Asks nobody, costs nothing."""
        progress("Reading brief and attachments by fixed rules; no language model is asked.")
        built = await asyncio.to_thread(_build, order)
        progress(f"Working parts: {len(built.shows)}; beyond the rules: {len(built.unmet)}.")
        made = Made(
            generator=NAME,
            summary=_summary(order.brief, built),
            notes=("Built without a language model, by fixed rules.", *_notes(order), *built.unmet[:_MAX_NOTES]),
        )
        return Generation(built.files, made)


def _build(order: Order) -> Built:
    base = order.base or _attached_page(order.brief)
    record = read_record(order.base) if order.base is not None else None
    if base is None or "index.html" not in base or record is not None:
        return build(order.brief, base, record, order.earlier_checks)
    return add(order.brief, base)


def _attached_page(brief: Brief) -> AppFiles | None:
    """A home page among the attachments is somebody's work to build on, not ours to replace."""
    attached = {attachment.name: attachment.content for attachment in brief.attachments}
    return AppFiles(attached) if "index.html" in attached else None


def _summary(brief: Brief, built: Built) -> str:
    first = "A static page built without a language model: fixed rules read the brief and its attachments."
    if brief.round > 1:
        first = f"Round {brief.round}, added without a language model: fixed rules read the brief and its attachments."
    parts = f" Working parts: {len(built.shows)}."
    gaps = f" Beyond the rules: {len(built.unmet)}, named in the README." if built.unmet else ""
    return first + parts + gaps


def _notes(order: Order) -> list[str]:
    notes = []
    if order.rejected:
        notes.append("A repair was asked for; fixed rules have only one answer, so the app is the same as before.")
    if order.brief.space_type not in {None, SpaceSdk.STATIC}:
        notes.append(f"A {order.brief.space_type} Space was asked for; app.py only serves the static page there.")
    return notes
