"""Which media type a file name stands for."""

from functools import cache
from mimetypes import MimeTypes

# What browsers and tools expect today where Python does not say it, or says it only since some release.
_BY_SUFFIX = {
    "": "text/plain",
    "geojson": "application/geo+json",
    "ico": "image/x-icon",
    "ipynb": "application/json",
    "js": "text/javascript",
    "map": "application/json",
    "markdown": "text/markdown",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "otf": "font/otf",
    "tab": "text/tab-separated-values",
    "toml": "application/toml",
    "ttf": "font/ttf",
    "wav": "audio/wav",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_TEXT = {
    *("application/json", "application/xml", "application/yaml", "application/x-yaml", "application/toml"),
    "application/javascript",
}


def media_type_of(path: str) -> str:
    """The media type for ``path``; ``application/octet-stream`` when it is not known."""
    name = path.rpartition("/")[2]
    suffix = name.rpartition(".")[2].lower() if "." in name[1:] else ""
    return _BY_SUFFIX.get(suffix) or _python_knows().guess_type(f"x.{suffix}")[0] or "application/octet-stream"


def content_type_of(path: str) -> str:
    """The same as a ``Content-Type``: with ``charset=utf-8`` for text."""
    media_type = media_type_of(path)
    return f"{media_type}; charset=utf-8" if is_text_type(media_type) else media_type


def is_text_type(media_type: str) -> bool:
    """Whether files of this type hold text."""
    return media_type.startswith("text/") or media_type in _TEXT or media_type.endswith(("+json", "+xml"))


def picture_type(content: bytes) -> str | None:
    """The media type by the first bytes: PNG, JPEG, GIF or WebP, the formats that models take; else None."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "image/webp"
    return None


def is_named_otherwise(path: str, content: bytes) -> bool:
    """Whether ``path`` promises a PNG, JPEG, GIF or WebP picture that ``content`` does not begin like."""
    return media_type_of(path) in PICTURES and picture_type(content) != media_type_of(path)


@cache
def _python_knows() -> MimeTypes:
    """Without what files of the machine say."""
    return MimeTypes()
