"""Recorded replies, and what was read from them."""

from pathlib import Path

from pipeline.generation.reply.operations import FileWrite, ParsedReply

REPLIES = Path(__file__).parents[2] / "data" / "replies"


def recorded(name: str) -> str:
    return (REPLIES / name).read_text(encoding="utf-8")


def texts(parsed: ParsedReply) -> dict[str, str]:
    return {operation.path: operation.text for operation in parsed.operations if isinstance(operation, FileWrite)}


def incomplete(parsed: ParsedReply) -> dict[str, str]:
    return {item.path: item.received for item in parsed.incomplete}


def in_file(text: str, path: str = "a.html") -> str:
    return f'<file path="{path}">\n{text}</file>\n'
