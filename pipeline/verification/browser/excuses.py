"""Which checks may fail only because of what the sealed browser could not get, or cannot do at all."""

import re
from collections.abc import Collection, Iterable, Mapping

from pipeline.domain.files import AppFiles

# What changes how a page looks and nothing else, and the checks that can tell.
_ONLY_LOOKS = {
    "stylesheet": re.compile(
        r"getComputedStyle|BoundingClientRect|checkVisibility|(?:client|offset|scroll)(?:Width|Height|Top|Left)|heets?\b"
    ),
    "font": re.compile(r"\.fonts\b"),
    **dict.fromkeys(
        ("image", "media"), re.compile(r"natural(?:Width|Height)|video(?:Width|Height)|\.complete\b|readyState")
    ),
    **dict.fromkeys(("manifest", "texttrack"), re.compile(r"(?!)")),
}
_BEYOND = re.compile(  # unless the check puts something of its own in its place
    r"(?:\bnavigator\??\.(?:geolocation|mediaDevices|serviceWorker|clipboard|share|bluetooth|usb|hid|serial|gpu|wakeLock"
    r"|credentials)|\bNotification\.requestPermission|\bwindow\.open(?=\()|\bRTCPeerConnection|\bnew WebSocket"
    r"|\brequestFullscreen|\bshow(?:Open|Save)FilePicker|\bspeechSynthesis|SpeechRecognition)[\w.]*(?![\w.]|\s*=[^=])"
)
_SELECTS = re.compile(r"\b(?:querySelector(?:All)?|getElementById)\(\s*([\"'`])(.+?)\1\s*\)")
_FINDS = re.compile(r'\bfind\("(?:[^"\\]|\\.)*", "(.+?)"')  # as questions of ours do
_READS_TITLE = re.compile(r"\bdocument\.title\b")
_SETS_TITLE = re.compile(r"\.title\b|[\"'`]title[\"'`]|<title")
_OF_HEAD = re.compile(r"\s*(?:head\s*>?\s*)?(?:script|link|meta|title)\b")
_MAKES_ELEMENTS = re.compile(r"createElement|innerHTML|insertAdjacentHTML|document\.write")
_INLINE = re.compile(r"<script\b[^>]*>(.*?)</script", re.DOTALL | re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{3,}")


def parts(kinds: Iterable[str]) -> frozenset[str]:
    """What of a page may be missing when requests of these ``kinds`` were not answered: its content, its style."""
    asked = set(kinds)
    content = {"content"} if asked - _ONLY_LOOKS.keys() else set()
    return frozenset(content | ({"style"} if asked & {"script", "stylesheet"} else set()))


def excuses(script: str, lacking: Mapping[str, Collection[str]], app: AppFiles) -> str:
    """Why it is no fault of ``app`` that ``script`` does not hold; empty when it is one.

    ``lacking``: what was out of reach, with the kinds of requests for it.
    """
    if beyond := _BEYOND.search(script):
        return f"the browser here does not do what it takes: {beyond[0]}"
    hosts = [
        host
        for host, kinds in lacking.items()
        if any(looks.search(script) if (looks := _ONLY_LOOKS.get(kind)) else _can_depend(script, app) for kind in kinds)
    ]
    return f"the page asked {', '.join(hosts)}, out of reach while it was checked" if hosts else ""


def _can_depend(script: str, app: AppFiles) -> bool:
    """Whether a script or data from elsewhere may bring about what ``script`` looks for.

    Not when it looks for elements that nothing in the app could name, or reads what stands in the head of a page and
    no code of the app changes.
    """
    selectors = [selector for _, selector in _SELECTS.findall(script)] + _FINDS.findall(script)
    texts = {path: app.text(path) or "" for path in app if path.endswith((".html", ".htm", ".js", ".mjs"))}
    code = "\n".join(text if path.endswith("js") else "\n".join(_INLINE.findall(text)) for path, text in texts.items())
    if not selectors:
        return not (_READS_TITLE.search(script) and "body" not in script) or bool(_SETS_TITLE.search(code))
    if all(map(_OF_HEAD.match, selectors)):
        return bool(_MAKES_ELEMENTS.search(code))
    known = "\n".join(texts.values())
    return any(word in known for selector in selectors for word in _WORD.findall(selector))
