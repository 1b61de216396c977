"""The published app as the model sees it that is to revise it: code and pages whole, data as attachments are shown."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pipeline.domain.brief import Attachment
from pipeline.domain.files import AppFiles, is_code
from pipeline.domain.generation import Order
from pipeline.domain.media_types import is_text_type, media_type_of
from pipeline.generation.attachments import describe_attachments, wrap_untrusted
from pipeline.generation.tokens import Density, estimate_tokens

WHOLE_FILES_TOKENS = 4_000
"""Code of this size is cheaper to write whole than to edit, and models make fewer mistakes."""

CODE_TOKENS = 40_000
TEXT_TOKENS = 6_000  # of what is neither code nor data, such as README.md
SMALL_TOKENS = 1_500  # data that is shown whole
DATA_TOKENS = 12_000
WRITTEN_BY_CODE = frozenset({"LICENSE", ".gitignore", ".nojekyll"})

_LINES_AT_ENDS = 40
_LINES_OF_OUTLINE = 80
_LINE_WIDTH = 120
_PROSE = (".md", ".markdown", ".txt")
_LANDMARK = re.compile(
    r"\s*(?:<(?:head|body|main|section|article|header|footer|nav|aside|form|table|script|style|h[1-6]|\w+[^>]*\sid=)"
    r"|(?:export |async |default )*(?:function|class|def|const|let|var)\b|#{1,6} |[.#@]?[\w-][^{};]*\{\s*$)"
)


@dataclass(frozen=True, slots=True)
class Published:
    """What is shown of the app.

    Attributes:
        blocks: one wrapped text for each file that is shown, in order of their names.
        derived: files made from its data, which ``<copy>`` can place.
        is_small: all its code together is.
    """

    blocks: tuple[str, ...] = ()
    derived: Mapping[str, bytes] = field(default_factory=dict)
    is_small: bool = False


def show_published(order: Order) -> Published:
    """Every file of the app that is revised, apart from what code writes and what is attached anew."""
    base = order.base or AppFiles({})
    elsewhere = WRITTEN_BY_CODE | {attachment.name for attachment in order.brief.attachments}
    own = base.without(*elsewhere)
    shown: dict[str, str] = {}
    code_tokens, left = 0, CODE_TOKENS
    code = {path: text for path in own if is_code(path) and (text := own.text(path)) is not None}
    for path, text in sorted(code.items(), key=lambda item: (not item[0].endswith(".html"), len(item[1]))):
        tokens = estimate_tokens(text)
        code_tokens += tokens
        shown[path] = _whole(path, text) if tokens <= left else _outlined(path, text)
        left -= tokens if tokens <= left else 0
    data = []
    for path in own:
        text = own.text(path)
        if path not in shown and text is not None and _fits(path, text):
            shown[path] = _whole(path, text)
        elif path not in shown and text is not None and path.lower().endswith(_PROSE):
            shown[path] = _outlined(path, text)
        elif path not in shown:
            data.append(Attachment(path, media_type_of(path), own[path]))
    view = describe_attachments(data, token_budget=DATA_TOKENS, per_file=DATA_TOKENS // 4)
    for part in view.parts:
        facts = {"path": part.name, "type": part.media_type, "bytes": str(part.size), "shown": "in part"}
        shown[part.name] = wrap_untrusted("existing", facts, part.text)
    return Published(tuple(shown[path] for path in sorted(shown)), view.derived, code_tokens <= WHOLE_FILES_TOKENS)


def _fits(path: str, text: str) -> bool:
    is_data = not path.lower().endswith(_PROSE) and is_text_type(media_type_of(path))
    tokens = estimate_tokens(text, Density.TABLE if is_data else Density.CODE)
    return tokens <= (SMALL_TOKENS if is_data else TEXT_TOKENS)


def _whole(path: str, text: str) -> str:
    return wrap_untrusted("existing", {"path": path}, text)


def _outlined(path: str, text: str) -> str:
    """Head, tail, and between them the lines that tell what stands where, with their numbers."""
    lines = text.split("\n")
    ends = {*range(_LINES_AT_ENDS), *range(len(lines) - _LINES_AT_ENDS, len(lines))}
    landmarks = [number for number, line in enumerate(lines) if number not in ends and _LANDMARK.match(line)]
    step = max(1, -(-len(landmarks) // _LINES_OF_OUTLINE))
    kept = [number for number in range(len(lines)) if number in ends | {*landmarks[::step]}]
    shown = []
    for previous, number in zip([-1, *kept], kept, strict=False):
        if number > previous + 1:
            shown.append("…")
        line = lines[number]
        shown.append(f"{number + 1}: {line if len(line) <= _LINE_WIDTH else line[:_LINE_WIDTH] + ' …'}")
    return wrap_untrusted("existing", {"path": path, "lines": str(len(lines)), "shown": "in part"}, "\n".join(shown))
