"""What the credentials of well-known providers look like, and what only pretends to be one."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_FEWEST_DIFFERENT_CHARACTERS = 6
_PLACEHOLDER = re.compile(
    rb"your|example|placeholder|token-?here|key-?here|xxxx|redacted|dummy|changeme|insert", re.IGNORECASE
)
# The token that is printed on the front page of jwt.io and copied from there into every tutorial.
_TUTORIAL_JWT_PAYLOAD = b".eyJzdWIiOiIxMjM0NTY3ODkw"


@dataclass(frozen=True, slots=True)
class Shape:
    """A provider's kind of credential.

    ``pattern`` is matched where the literal ``start`` was found; its group ``body`` is the secret part.
    """

    name: str
    start: bytes
    pattern: re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class Credential:
    """One that was found: the name of its shape, and where it begins, in bytes."""

    name: str
    offset: int


def _shape(name: str, start: str, body: str, *, word: str = r"\w-") -> Shape:
    """``word``: characters that must not stand right before or after, or it is part of something longer."""
    pattern = rf"(?<![{word}]){re.escape(start)}(?P<body>{body})(?![{word}])"
    return Shape(name, start.encode(), re.compile(pattern.encode()))


# Lengths are those of the providers' own push-protection and scanning partners' patterns, somewhat loosened.
SHAPES = (
    *(_shape("a GitHub token", f"gh{kind}_", "[A-Za-z0-9]{36,}+") for kind in "pousr"),
    _shape("a GitHub token", "github_pat_", r"\w{60,}+"),
    _shape("a Hugging Face token", "hf_", "[A-Za-z0-9]{30,}+"),
    _shape("an OpenRouter key", "sk-or-v1-", "[0-9a-f]{40,}+"),
    _shape("an Anthropic key", "sk-ant-", r"[\w-]{20,}+"),
    _shape("an OpenAI key", "sk-", r"(?:(?:proj|svcacct|admin|None)-[\w-]{20,}+|(?=[A-Za-z]*+[0-9])[A-Za-z0-9]{20,}+)"),
    _shape("an AWS access key", "AKIA", "[A-Z0-9]{16}"),
    _shape("an AWS access key", "ASIA", "[A-Z0-9]{16}"),
    _shape("a Google API key", "AIza", r"[\w-]{35}"),
    _shape("a Slack token", "xox", "[baprs]-[A-Za-z0-9-]{10,}+"),
    _shape("a signed token (JWT)", "eyJ", r"[\w-]{8,}+\.eyJ[\w-]{8,}+\.[\w-]{16,}+"),
    Shape(
        "a private key",
        b"-----BEGIN ",
        re.compile(
            rb"-----BEGIN (?:[A-Z0-9]{1,12} ){0,4}PRIVATE KEY(?: BLOCK)?-----"
            rb"""(?:[\s"'`+,]|\\[nr]|(?:Proc-Type|DEK-Info|Version|Comment): [^\n\\]{0,200})*+"""
            rb"(?P<body>[A-Za-z0-9/=][A-Za-z0-9+/=]{31,})"
        ),
    ),
)


def credentials(content: bytes) -> Iterator[Credential]:
    """Everything in ``content`` that has the shape of a provider's credential and is no obvious placeholder."""
    for shape in SHAPES:
        at = content.find(shape.start)
        while at >= 0:
            match = shape.pattern.match(content, at)
            if match and not _is_placeholder(match["body"]):
                yield Credential(shape.name, at)
            at = content.find(shape.start, match.end() if match else at + 1)


def _is_placeholder(body: bytes) -> bool:
    return (
        len(set(body.lower())) < _FEWEST_DIFFERENT_CHARACTERS
        or _PLACEHOLDER.search(body) is not None
        or _TUTORIAL_JWT_PAYLOAD in body
    )
