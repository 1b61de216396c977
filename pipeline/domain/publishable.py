"""What no round may publish, however good it is otherwise."""

import re
from collections.abc import Iterator

from pipeline.domain.brief import Brief
from pipeline.domain.files import AppFiles
from pipeline.domain.verdict import Finding, Severity

UNPUBLISHABLE = "unpublishable"
"""The rule's name on findings that forbid publication."""

INDEX_PAGE = "index.html"
DOMAIN_FILE = "CNAME"
"""What makes GitHub Pages answer under another domain: whoever plants it moves, or loses, the published site."""

_NOTHING_SEEN = re.compile(
    rb"\xef\xbb\xbf|<!--.*?-->|<!doctype[^>]*+>|</?(?:html|head|body)\b[^>]*+>|\s++", re.IGNORECASE | re.DOTALL
)


def publication_findings(files: AppFiles, brief: Brief, base: AppFiles | None) -> Iterator[Finding]:
    """What forbids to publish ``files``; a domain that ``base``, the published files, has already may stay."""
    index, domain = files.get(INDEX_PAGE), files.get(DOMAIN_FILE)
    if index is not None and not _NOTHING_SEEN.sub(b"", index):
        yield Finding(Severity.ERROR, UNPUBLISHABLE, "the page is empty", INDEX_PAGE)
    if domain is not None and (base is None or domain != base.get(DOMAIN_FILE)):
        asked = " ".join([brief.text, *(check.text for check in brief.checks)]).lower()
        name = domain.decode("utf-8", "replace").strip().lower()
        if not name or not re.search(rf"(?<![\w.-]){re.escape(name)}(?![\w-]|\.\w)", asked):
            message = "the file names a domain that the brief does not ask for: leave it out"
            yield Finding(Severity.ERROR, UNPUBLISHABLE, message, DOMAIN_FILE)
