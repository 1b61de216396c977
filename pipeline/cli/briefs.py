"""Brief files: one request, or a collection of the rounds of one site."""

from collections.abc import Iterator
from dataclasses import replace
from secrets import token_hex
from typing import Any

from pipeline.cli.output import plain, say
from pipeline.cli.sources import STANDARD_INPUT, read_source
from pipeline.domain.brief import MAX_NONCE, Brief
from pipeline.domain.errors import FieldProblem, InvalidFile, InvalidInput
from pipeline.settings import Settings
from pipeline.shapes.deploy_request import RequestRules, brief_from, unknown_fields
from pipeline.shapes.json_object import read_object

MAX_REQUESTS = 50
NAME_SHOWN = 40


def read_briefs(source: str, settings: Settings, only_round: int | None = None) -> list[Brief]:
    """Read a brief file.

    Args:
        source: path of a JSON file, or ``-`` for standard input. It holds one request as POST /api-deploy takes it
            (its secret is not looked at), or ``{"round1": request, "round2": [request or {"request": request}, …]}``.
        settings: limits and rules, the same as for requests.
        only_round: of a collection, the one round that is wanted.

    Raises:
        InvalidInput: the file cannot be read, or a request breaks rules; fields are named as in the file.
        Misconfigured: EVALUATION_ALLOWED_ORIGINS.
    """
    briefs = [brief for _, brief in read_requests(source, settings)]
    wanted = [brief for brief in briefs if only_round in {None, brief.round}]
    if not wanted:
        held = ", ".join(sorted({str(brief.round) for brief in briefs}))
        raise InvalidInput(FieldProblem("--round", f"{_name(source)} holds no round {only_round}, only {held}"))
    return wanted


def read_requests(source: str, settings: Settings, **ours: str) -> list[tuple[dict[str, Any], Brief]]:
    """Each request of a brief file as it stands there, and what it says with the fields of ``ours``.

    Raises as ``read_briefs`` does.
    """
    rules, file = RequestRules.from_settings(settings), _name(source)
    content = read_source("BRIEF", source, settings.max_request_bytes, "MAX_REQUEST_BYTES")
    try:
        document = read_object(content, file)
    except InvalidInput as error:
        raise InvalidInput(FieldProblem(file, f"{error.problems[0].problem} (a brief is JSON)")) from error
    read, problems = [], []
    for place, request in _requests(document):
        for name, likely in unknown_fields(request):
            meant = f"; {likely} was meant, perhaps" if likely else ""
            say(
                f"Warning: {file}: nobody knows the field {place}{plain(name)[:NAME_SHOWN]}{meant}. It is left out.",
                "yellow",
            )
        try:
            read.append((request, brief_from(request | ours, rules)))
        except InvalidInput as error:
            problems += [FieldProblem(f"{place}{p.field}", p.problem) for p in error.problems]
    if problems:
        raise InvalidFile(file, *problems)
    return read


def _name(source: str) -> str:
    return "standard input" if source == STANDARD_INPUT else plain(source)


def with_new_nonces(briefs: list[Brief]) -> list[Brief]:
    """The same work under nonces that were never used: it is done anew, on a site of its own."""
    suffix = f"-{token_hex(4)}"
    return [replace(brief, nonce=brief.nonce[: MAX_NONCE - len(suffix)] + suffix) for brief in briefs]


def _requests(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each request with the prefix of its fields' names."""
    if "round1" not in document and "round2" not in document:
        yield "", document
        return
    if "round1" in document:
        yield "round1.", _request(document["round1"], "round1")
    revisions = document.get("round2", [])
    if not isinstance(revisions, list) or len(revisions) > MAX_REQUESTS:
        raise InvalidInput(FieldProblem("round2", f"must be a list of at most {MAX_REQUESTS} requests"))
    for index, revision in enumerate(revisions):
        place = f"round2[{index}]"
        if isinstance(revision, dict) and "request" in revision:
            yield f"{place}.request.", _request(revision["request"], f"{place}.request")
        else:
            yield f"{place}.", _request(revision, place)


def _request(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(FieldProblem(place, "must be an object"))
    return value
