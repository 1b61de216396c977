"""The result as files: one HTML page that needs nothing else, and JUnit's XML."""

import re
from base64 import b64encode
from importlib.resources import files
from xml.etree.ElementTree import Element, SubElement, tostring

from jinja2 import Environment, StrictUndefined

from pipeline.domain.verdict import Outcome
from pipeline.evaluation.results import OUTCOME_NAMES, Evaluation, score_of

_LINK = re.compile(r"https?://", re.IGNORECASE)


def html_report(evaluation: Evaluation) -> bytes:
    """One page with pictures inside: it opens offline and runs no script. What came from outside is escaped."""
    template = files("pipeline.evaluation").joinpath("report.html.jinja").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["base64"] = lambda content: b64encode(content).decode()
    environment.tests["link"] = lambda url: _LINK.match(url) is not None
    page = environment.from_string(template).render(
        evaluation=evaluation, score=score_of(evaluation.points), names=OUTCOME_NAMES
    )
    return page.encode()


def junit_report(evaluation: Evaluation) -> bytes:
    """A suite for each round, a case for each point: one that is not decided is skipped."""
    root = Element("testsuites", name=f"evaluation of {evaluation.endpoint}", time=f"{evaluation.seconds:.2f}")
    for played in evaluation.rounds:
        skipped = sum(point.outcome is Outcome.NOT_VERIFIABLE for point in played.points)
        name = f"{played.brief}, round {played.number}"
        counts = {"tests": len(played.points), "failures": len(played.failures), "errors": 0, "skipped": skipped}
        suite = SubElement(root, "testsuite", {"name": name, **{key: str(count) for key, count in counts.items()}})
        for point in played.points:
            case = SubElement(suite, "testcase", classname=name, name=point.name)
            if point.outcome is Outcome.FAIL:
                SubElement(case, "failure", message=point.evidence).text = point.evidence
            elif point.outcome is Outcome.NOT_VERIFIABLE:
                SubElement(case, "skipped", message=point.evidence)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + tostring(root, encoding="unicode").encode()
