"""Texts of strangers in a prompt: wrapped so that they cannot pretend to have ended."""

import re
from collections.abc import Mapping
from xml.sax.saxutils import quoteattr

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]+")


def wrap_untrusted(tag: str, attributes: Mapping[str, str], text: str) -> str:
    """``text`` between an opening and a closing ``tag``, each on a line of its own.

    Tags of the same name inside ``text`` lose their meaning: their ``<`` becomes ``&lt;``. All else stays as it is.
    Attribute values are escaped as in XML and kept on one line.
    """
    written = "".join(
        f' {name}="{quoteattr(_CONTROL_CHARACTERS.sub(" ", value), {chr(34): "&quot;"})[1:-1]}"'
        for name, value in attributes.items()
    )
    same_tag = re.compile(rf"<(?=\s*/?\s*{re.escape(tag)}(?![\w-]))", re.IGNORECASE)
    body = same_tag.sub("&lt;", text)
    end = "" if not body or body.endswith("\n") else "\n"
    return f"<{tag}{written}>\n{body}{end}</{tag}>"
