"""The first two messages to a model: who it is and where its app runs, then what it is given and what is asked."""

from collections.abc import Iterable

from pipeline.domain.brief import Check
from pipeline.domain.conversation import Conversation, Message, Role
from pipeline.domain.generation import Order
from pipeline.domain.publication import SpaceSdk, Target
from pipeline.domain.space import sdk_of
from pipeline.generation.attachments import AttachmentPart, AttachmentView, wrap_untrusted
from pipeline.generation.prompts import Prompts
from pipeline.generation.published import Published


def opening(order: Order, view: AttachmentView, published: Published, prompts: Prompts) -> tuple[Conversation, str]:
    """The conversation up to the model's first turn, and the id of the prompt that asks.

    The system message depends on the target alone, so that providers can keep its beginning in their caches; the
    brief stands last, word for word.
    """
    system = "\n".join(prompts.render(name) for name in ("system", *target_prompts(order)))
    attachments = prompts.render("parts/attachment", attachments=[_attachment(part) for part in view.parts])
    checks = prompts.render(
        "parts/check",
        checks=[_wrapped(check) for check in order.brief.checks],
        earlier_checks=_earlier(order, order.earlier_checks),
        unmet_checks=_earlier(order, order.unmet_checks),
    )
    if order.base is None:
        asking = "generate"
        text = prompts.render(asking, attachments=attachments, checks=checks, brief=order.brief.text)
    else:
        asking = "revise"
        text = prompts.render(
            asking,
            files=published.blocks,
            whole_files=published.is_small,
            attachments=attachments,
            checks=checks,
            brief=order.brief.text,
        )
    return (Message(Role.SYSTEM, system), Message(Role.USER, text, view.images)), asking


def target_prompts(order: Order) -> tuple[str, ...]:
    """The prompts that say where the app runs."""
    kind = space_kind(order)
    return ("target-static", "target-space") if kind is None else (f"target-{kind}",)


def space_kind(order: Order) -> SpaceSdk | None:
    """What the app has to be: what was asked for, else what the published app is; None = as the model finds best."""
    if order.target is not Target.HF_SPACE:
        return SpaceSdk.STATIC
    if order.brief.space_type or order.base is None:
        return order.brief.space_type
    sdk = sdk_of(order.base)
    if sdk == SpaceSdk.DOCKER and "streamlit run" in (order.base.text("Dockerfile") or ""):
        return SpaceSdk.STREAMLIT
    return next((kind for kind in SpaceSdk if kind == sdk), None)


def _earlier(order: Order, checks: Iterable[str]) -> list[str]:
    now = {check.text for check in order.brief.checks}
    return [_wrapped(Check.from_text(text)) for text in checks if text not in now]


def _wrapped(check: Check) -> str:
    return wrap_untrusted("check", {}, check.text)


def _attachment(part: AttachmentPart) -> str:
    facts = {"name": part.name, "type": part.media_type, "bytes": str(part.size)}
    if part.truncated:
        facts["truncated"] = "yes"
    return wrap_untrusted("attachment", facts, part.text)
