"""What the addresses in an app lead to once it is served."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import normalize
from urllib.parse import quote, unquote, urljoin, urlsplit

from pipeline.domain.files import AppFiles, fold
from pipeline.domain.verdict import Severity
from pipeline.verification.problems import shown

_NO_FILE = re.compile(r"(?:data|blob|mailto|tel|sms|javascript|about):|#|\?|$", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{|\{\{|\{%|<%")
_OWN_MACHINE = re.compile(r"localhost|.+\.localhost|127(?:\.\d+){3}|0\.0\.0\.0|\[?::1\]?", re.IGNORECASE)
_FETCHED = re.compile(r"\bfetch\(\s*([\"'`])([^\"'`\s$?#]+)\1\s*[,)]")
_IMPORTED = re.compile(r"\b(?:from|import)\s*+\(?\s*+([\"'])(\.{0,2}/[^\"'\s]+)\1")


@dataclass(frozen=True, slots=True)
class AddressProblem:
    """An address that will not work: a rule's short stable name, and what is wrong and what to do.

    It is a warning where it still works at this place, but not at others.
    """

    rule: str
    severity: Severity
    message: str


class ServedApp:
    """The files of an app and where they will be served: ``address`` is that of its root and ends with a slash.

    Files that are ``made_in_ci`` will be there as well.
    """

    def __init__(self, files: AppFiles, address: str, made_in_ci: frozenset[str] = frozenset()) -> None:
        self.files = files
        self.address = address
        self._root = urlsplit(address)
        self.made_in_ci = made_in_ci
        self._by_folded_path = {fold(path): path for path in files}

    @property
    def is_space(self) -> bool:
        """Whether it becomes a Space."""
        return (self._root.hostname or "").endswith(".hf.space")

    def target(self, url: str, base_path: str) -> str | None:
        """The file of the app that ``url``, written in the file ``base_path``, leads to, whether it exists or not.

        Percent-encoding is decoded, query and fragment are ignored, a folder is its ``index.html``. None when it leads
        elsewhere.
        """
        if _NO_FILE.match(url):
            return None
        root = self._root
        try:
            absolute = urlsplit(urljoin(self.address + quote(base_path), url))
        except ValueError:
            return None
        if (absolute.scheme, absolute.netloc) != (root.scheme, root.netloc) or not absolute.path.startswith(root.path):
            return None
        path = normalize("NFC", unquote(absolute.path.removeprefix(root.path)))
        if not path or path.endswith("/"):
            return f"{path}index.html"
        return path if path in self.files or f"{path}/index.html" not in self.files else f"{path}/index.html"

    def problem(self, url: str, base_path: str) -> AddressProblem | None:
        """What is wrong with ``url``, written in the file ``base_path``; None when nothing is known to be."""
        if _NO_FILE.match(url) or _PLACEHOLDER.search(url):
            return None
        try:
            parts = urlsplit(url)
        except ValueError:
            return AddressProblem("broken-link", Severity.ERROR, f"{shown(url)} is not a valid address")
        if parts.scheme.lower() == "file" or _OWN_MACHINE.fullmatch(parts.hostname or ""):
            message = f"{shown(url)} leads to the visitor's own machine: use a relative address"
            return AddressProblem("local-address", Severity.ERROR, message)
        if parts.scheme or parts.netloc:
            elsewhere = self.target(url, base_path)
            return None if elsewhere is None else self._missing(elsewhere, url)
        if url.startswith("/"):
            works_here = self._root.path == "/" and self._missing(self.target(url, base_path), url) is None
            message = f"{shown(url)} starts at the host's root and breaks below a path: use a relative address"
            return AddressProblem("root-absolute-url", Severity.WARNING if works_here else Severity.ERROR, message)
        return self._missing(self.target(url, base_path), url)

    def _missing(self, path: str | None, url: str) -> AddressProblem | None:
        if path in self.files or path in self.made_in_ci:
            return None
        if path is None:
            return AddressProblem("broken-link", Severity.ERROR, f"{shown(url)} leads out of the app")
        alike = self._by_folded_path.get(fold(path))
        hint = f": there is {alike}, but upper and lower case differ" if alike else ""
        return AddressProblem("broken-link", Severity.ERROR, f"{shown(url)} is not in the app{hint}")


def addresses_in_code(code: str) -> Iterator[tuple[str, int, bool]]:
    """Addresses that a script fetches or imports as plain literals, where they stand, and whether they are imported.

    Imports are resolved from the script's own address, everything else from the page's.
    """
    for pattern, is_import in ((_FETCHED, False), (_IMPORTED, True)):
        for match in pattern.finditer(code):
            yield match[2], match.start(), is_import
