"""The last gate before publication: no configured secret, and nothing that looks like one, gets past it."""

import html
import json
import re
from base64 import b64encode
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from pipeline.domain.errors import SecretFound
from pipeline.domain.files import AppFiles
from pipeline.verification.secret_shapes import credentials

SHORTEST_SECRET = 8  # in characters: shorter ones stand in ordinary text by chance

_WHITE_SPACE = b" \t\r\n"
_TO_STANDARD_BASE64 = bytes.maketrans(b"-_", b"+/")
_TO_LOWER_CASE = bytes(range(256)).lower()
_NOT_ALPHANUMERIC = bytes(byte for byte in range(256) if not bytes([byte]).isalnum())

LEAST_BINARY = 64 * 1024
MOST_CONTROLS = 0.02  # of a text; of random bytes it is a tenth
_CONTROLS = bytes(byte for byte in range(1, 32) if byte not in _WHITE_SPACE)
_BYTES = tuple(bytes([byte]) for byte in range(256))
_ESCAPED_BYTE = re.compile(rb"(?:%|\\x|\\u00)([0-9A-Fa-f]{2})")
# In UTF-8: zero-width characters, joiners, direction marks, soft hyphen, byte order mark. NUL because of UTF-16.
_INVISIBLE = re.compile(
    rb"\xe2\x80[\x8b-\x8f\xaa-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xc2\xad|\xcd\x8f|\xe1\xa0\x8e|\x00"
)
# Between two pieces of a literal: "abc" + "def", 'abc' 'def', `abc${"def"}ghi`, ["abc", "def"].
_SEAM = re.compile(rb"""(?:[$#]?\{\s*+)?["'`](?:[\s+.,&()~|\\]*+["'`])*+(?:\s*+\})?""")


@dataclass(frozen=True, slots=True)
class _Secret:
    """One configured value in every form that it is looked for."""

    plain: tuple[bytes, ...]  # as it is, and as JSON and HTML escape it
    reversed: bytes  # back to front
    # what does not depend on its neighbours in an encoding, at each of three offsets, standard alphabet
    base64: tuple[bytes, ...]
    hex: bytes  # lower case
    codes: tuple[
        bytes, ...
    ]  # of its characters, one behind the other: decimal, and hex as HTML and as scripts write it
    # letters and digits of all these forms, lower case: a text that has none of them cannot hold the secret
    traces: tuple[bytes, ...]

    @classmethod
    def of(cls, value: str) -> Self:
        """All forms of ``value``."""
        escaped = (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], html.escape(value))
        plain = tuple(dict.fromkeys(form.encode("utf-8", "surrogatepass") for form in escaped))
        raw = plain[0]
        base64 = tuple(_base64_core(raw, offset) for offset in range(3))
        codes = tuple(
            "".join(map(form, map(ord, value))).encode() for form in ("{}".format, "x{:x}".format, "0x{:x}".format)
        )
        traces = {_trace(form) for form in (*plain, raw[::-1], *base64, raw.hex().encode(), *codes)}
        return cls(plain, raw[::-1], base64, raw.hex().encode(), codes, tuple(sorted(traces)))

    def disguise(self, text: bytes) -> str | None:
        """How the secret stands in ``text``; None when it does not."""
        lower = text.lower()
        if any(form.lower() in lower for form in self.plain):
            return "in plain" if any(form in text for form in self.plain) else "in upper or lower case"
        if self.reversed in text:
            return "reversed"
        compact = text.translate(_TO_STANDARD_BASE64, _WHITE_SPACE)
        if any(form in compact for form in self.base64):
            return "base64-encoded"
        if self.hex in compact.lower():
            return "hex-encoded"
        return "as character codes" if any(form in _trace(text) for form in self.codes) else None


class ConfiguredSecretScanner:
    """Refuses an app that holds one of the configured secrets, or a credential of a well-known provider.

    Each configured value is looked for in every byte and every file name: in plain, reversed, in base64 (any offset,
    standard and URL-safe, wrapped lines), in hex, percent- or backslash-encoded, as HTML entities or character codes,
    in upper or lower case, with invisible characters in between, and split over string literals that are joined. The
    time is linear in the size of the app.

    Args:
        secrets: the values, or what tells them, as they are at the time. Those of fewer than SHORTEST_SECRET
            characters are not looked for.
    """

    def __init__(self, secrets: tuple[str, ...] | Callable[[], tuple[str, ...]]) -> None:
        self._values = secrets if callable(secrets) else lambda: secrets
        self._known: tuple[str, ...] = ()
        self._forms: tuple[_Secret, ...] = ()

    def _secrets(self) -> tuple[_Secret, ...]:
        if (values := self._values()) != self._known:
            self._forms = tuple(_Secret.of(value) for value in dict.fromkeys(values) if len(value) >= SHORTEST_SECRET)
            self._known = values
        return self._forms

    def scan(self, files: AppFiles, *texts: str) -> None:
        """Look through all names, contents and ``texts`` (the commit message, say).

        Raises:
            SecretFound: says where and of which kind, never the value; a file whose name holds it goes by number.
        """
        for number, path in enumerate(files, 1):
            self._refuse(f"the name of file {number} of {len(files)}", path.encode())
        for path, content in files.items():
            self._refuse(path, content)
        for number, text in enumerate(texts, 1):
            self._refuse(f"text {number}", text.encode("utf-8", "surrogatepass"))

    def _refuse(self, where: str, content: bytes) -> None:
        if self.first_secret(content) is None:
            return
        lines = content.splitlines(keepends=True)
        # The line that completes it: the first n lines hold a secret from some n on.
        holds = range(1, len(lines))
        line = 1 + bisect_left(holds, 1, key=lambda n: self.first_secret(b"".join(lines[:n])) is not None)
        what = self.first_secret(b"".join(lines[:line]))
        raise SecretFound(f"{where}, line {line}, holds {what}. Nothing was published: take it out and try again.")

    def first_secret(self, content: bytes) -> str | None:
        """What is in ``content`` that must not be published, in words, or None."""
        if _is_binary(content):
            return self._first_in((content,))
        unescaped = _ESCAPED_BYTE.sub(lambda escape: _BYTES[int(escape[1], 16)], _without_entities(content))
        visible = tuple(dict.fromkeys(_without_invisible(text) for text in (content, unescaped)))
        return self._first_in((content, unescaped, *visible), visible)

    def _first_in(self, texts: tuple[bytes, ...], visible: tuple[bytes, ...] = ()) -> str | None:
        """What is in one of ``texts``, or, put together from the pieces of literals, in one that is ``visible``."""
        texts = tuple(dict.fromkeys(texts))
        traces = {_trace(text) for text in visible or texts}
        for secret in self._secrets():
            if not any(trace in text for trace in secret.traces for text in traces):
                continue
            for text in (*texts, *(_SEAM.sub(b"", text) for text in visible)):
                if disguise := secret.disguise(text):
                    return f"a configured secret, {disguise}"
        return next((credential.name for text in texts for credential in credentials(text)), None)


def _is_binary(content: bytes) -> bool:
    """Whether ``content`` is large, and read by nobody as text: entities, escapes and literals mean nothing in it."""
    size = len(content)
    if size < LEAST_BINARY or size - len(content.translate(None, _CONTROLS)) <= MOST_CONTROLS * size:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return True
    return False


def _without_invisible(content: bytes) -> bytes:
    return content if content.isascii() and b"\0" not in content else _INVISIBLE.sub(b"", content)


def _without_entities(content: bytes) -> bytes:
    if b"&" not in content:
        return content
    return html.unescape(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")


def _trace(text: bytes) -> bytes:
    """The letters and digits of ``text``, lower case: the same for each way of spreading them."""
    return text.translate(_TO_LOWER_CASE, _NOT_ALPHANUMERIC)


def _base64_core(raw: bytes, offset: int) -> bytes:
    """The part of an encoding of ``raw``, ``offset`` bytes into a group of three, that its neighbours do not touch."""
    first = -(-8 * offset // 6)
    last = 8 * (offset + len(raw)) // 6
    return b64encode(bytes(offset) + raw)[first:last]
