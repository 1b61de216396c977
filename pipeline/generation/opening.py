"""The first two messages to a model: who it is and where its app runs, then what it is given and what is asked."""

from collections.abc import Iterable

from pipeline.domain.brief import Brief, Check
from pipeline.domain.conversation import Conversation, Message, Role
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Order
from pipeline.domain.publication import SpaceSdk, Target
from pipeline.domain.space import sdk_of
from pipeline.generation.attachments import AttachmentPart, AttachmentView, wrap_untrusted
from pipeline.generation.prompts import Prompts
from pipeline.generation.tokens import estimate_tokens

WHOLE_FILES_TOKENS = 4_000
"""An app of this size is cheaper to write whole than to edit, and models make fewer mistakes."""

SHOWN_TOKENS = 40_000
SHOWN_FILE_TOKENS = 12_000
WRITTEN_BY_CODE = frozenset({"LICENSE", ".gitignore", ".nojekyll"})


def opening(order: Order, view: AttachmentView, prompts: Prompts) -> tuple[Conversation, str]:
    """The conversation up to the model's first turn, and the id of the prompt that asks.

    The system message depends on the target alone, so that providers can keep its beginning in their caches; the
    brief stands last, word for word.
    """
    system = "\n".join(prompts.render(name) for name in ("system", *target_prompts(order)))
    attachments = prompts.render("parts/attachment", attachments=[_attachment(part) for part in view.parts])
    checks = prompts.render(
        "parts/check",
        checks=[_wrapped(check) for check in order.brief.checks],
        earlier_checks=[_wrapped(Check.from_text(text)) for text in _only_earlier(order)],
    )
    if order.base is None:
        asking = "generate"
        text = prompts.render(asking, attachments=attachments, checks=checks, brief=order.brief.text)
    else:
        asking = "revise"
        text = _revision(order.base, order.brief, attachments, checks, prompts)
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


def _revision(base: AppFiles, brief: Brief, attachments: str, checks: str, prompts: Prompts) -> str:
    texts = _own_texts(base, brief)
    shown = _that_fit(texts)
    is_small = shown == texts and sum(map(estimate_tokens, texts.values())) <= WHOLE_FILES_TOKENS
    return prompts.render(
        "revise",
        files=[wrap_untrusted("existing", {"path": path}, text) for path, text in shown.items()],
        others=", ".join(path for path in base if path not in shown),
        whole_files=is_small,
        attachments=attachments,
        checks=checks,
        brief=brief.text,
    )


def _own_texts(base: AppFiles, brief: Brief) -> dict[str, str]:
    """The files that a model may have written, or may have to change."""
    shown_elsewhere = WRITTEN_BY_CODE | {attachment.name for attachment in brief.attachments}
    texts = {path: base.text(path) for path in base if path not in shown_elsewhere}
    return {path: text for path, text in texts.items() if text is not None}


def _that_fit(texts: dict[str, str]) -> dict[str, str]:
    """As many as there is room for: pages first, then the small ones."""
    shown: dict[str, str] = {}
    left = SHOWN_TOKENS
    for path, text in sorted(texts.items(), key=lambda item: (not item[0].endswith(".html"), len(item[1]))):
        tokens = estimate_tokens(text)
        if tokens <= min(left, SHOWN_FILE_TOKENS):
            shown[path] = text
            left -= tokens
    return dict(sorted(shown.items()))


def _only_earlier(order: Order) -> Iterable[str]:
    now = {check.text for check in order.brief.checks}
    return (text for text in order.earlier_checks if text not in now)


def _wrapped(check: Check) -> str:
    return wrap_untrusted("check", {}, check.text)


def _attachment(part: AttachmentPart) -> str:
    facts = {"name": part.name, "type": part.media_type, "bytes": str(part.size)}
    if part.truncated:
        facts["truncated"] = "yes"
    return wrap_untrusted("attachment", facts, part.text)
