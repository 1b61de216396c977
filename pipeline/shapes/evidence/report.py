"""The evidence about a job: for people as one page that asks nobody for anything, for build servers as JUnit's XML.

All that callers, models and pages wrote is escaped; the page has no script.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from xml.etree import ElementTree as ET

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

_ORDER = ("fail", "not_verifiable", "pass")
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2


def as_html(evidence: Mapping[str, Any], picture: bytes | None) -> bytes:
    """The page, with ``picture``, a PNG, in it."""
    job = evidence["job"]
    shown = {
        "checks": sorted(job["checks"], key=lambda check: _ORDER.index(check["verdict"])),
        "blocked": [finding for finding in job["findings"] if finding["rule"] == "blocked-request"],
        "picture": f"data:image/png;base64,{b64encode(picture).decode()}" if picture else None,
    }
    return _template().render(**evidence, **shown).encode("utf-8", "replace")


def as_junit(evidence: Mapping[str, Any]) -> bytes:
    """Checks, and errors that no check asked about, as two suites of test cases."""
    job = evidence["job"]
    root = ET.Element("testsuites", name=_text(f"{job['task']}, round {job['round']}"))
    checks = [(check["check"], check["method"], check["verdict"], check["evidence"]) for check in job["checks"]]
    _add_suite(root, "checks", job["received_at"], checks)
    errors = [finding for finding in job["findings"] if finding["severity"] == "error"]
    _add_suite(
        root,
        "findings",
        job["received_at"],
        [(finding["rule"], finding["path"] or "app", "fail", finding["message"]) for finding in errors],
    )
    ET.indent(root)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode").encode()


def _add_suite(root: ET.Element, name: str, at: str, cases: Iterable[tuple[str, str, str, str]]) -> None:
    suite = ET.SubElement(root, "testsuite", name=name, timestamp=at, errors="0")
    counts = dict.fromkeys(_ORDER, 0)
    for title, where, verdict, evidence in cases:
        counts[verdict] += 1
        case = ET.SubElement(suite, "testcase", name=_text(title), classname=_text(where))
        if verdict == "pass":
            ET.SubElement(case, "system-out").text = _text(evidence)
        else:
            outcome = "failure" if verdict == "fail" else "skipped"
            ET.SubElement(case, outcome, message=_text(evidence))
    suite.attrib |= {
        "tests": str(sum(counts.values())),
        "failures": str(counts["fail"]),
        "skipped": str(counts["not_verifiable"]),
    }


def _text(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


@cache
def _template() -> Template:
    loader = PackageLoader(__package__ or "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("evidence.html")
