"""The request of POST /api-deploy: its fields, and the way from raw bytes to a Brief."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Self
from unicodedata import normalize

from pydantic import Field, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from pipeline.domain.address import MAX_URL, UrlRule
from pipeline.domain.brief import (
    MAX_BRIEF,
    MAX_CHECKS,
    MAX_NONCE,
    MAX_ROUND,
    MAX_TASK,
    Attachment,
    Brief,
    Check,
    Wishes,
    brief_problems,
)
from pipeline.domain.data_uri import DataUri, InvalidDataUri, parse_data_uri
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import as_relative
from pipeline.domain.publication import SpaceSdk, Target
from pipeline.settings import Settings
from pipeline.shapes.json_object import Request
from pipeline.shapes.problems import OWN_RULE, problems_in_words
from pipeline.shapes.schemas import ADDRESS, CHECK, DATA_URL, FILLED, NO_NUL, PATH, PUBLIC_URL

MAX_EMAIL, MAX_MODEL = 254, 200
MAX_LISTED_ATTACHMENTS = 1_000
"""Beyond this not even the items are looked at; MAX_ATTACHMENTS is the operator's limit and usually far lower."""


@dataclass(frozen=True, slots=True)
class RequestRules:
    """What the operator's settings say about requests."""

    max_attachments: int
    max_attachment_bytes: int  # of each, decoded
    url_rule: UrlRule  # judges evaluation_url

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Raises Misconfigured when EVALUATION_ALLOWED_ORIGINS holds something that is no origin."""
        return cls(
            settings.max_attachments, settings.max_attachment_bytes, UrlRule(settings.evaluation_allowed_origins)
        )


def _read_check(value: object) -> Check:
    if isinstance(value, str):
        return Check.from_text(value)
    if isinstance(value, dict) and isinstance(value.get("js"), str):
        return Check.from_script(value["js"])
    raise PydanticCustomError(OWN_RULE, 'must be a string or an object {"js": "EXPRESSION"}')


CheckField = Annotated[Check, PlainValidator(_read_check), WithJsonSchema(CHECK)]


class AttachmentField(Request):
    """A file as a request brings it."""

    name: str = Field(description="a safe relative path; no two files of one name", json_schema_extra=PATH)
    url: str = Field(description="a data URI (RFC 2397), base64 or percent-encoded", json_schema_extra=DATA_URL)


class DeployRequest(Request):
    """A brief as it is sent, without its secret. Unknown fields are ignored: evaluators add their own."""

    email: str = Field(min_length=1, max_length=MAX_EMAIL, description="of the owner", json_schema_extra=ADDRESS)
    task: str = Field(
        min_length=1, max_length=MAX_TASK, description="the evaluator's name for the work", json_schema_extra=FILLED
    )
    round: int = Field(ge=1, le=MAX_ROUND, description="1 builds, 2 and later revise")
    nonce: str = Field(
        min_length=1, max_length=MAX_NONCE, description="the evaluator's mark of this request", json_schema_extra=FILLED
    )
    brief: str = Field(
        min_length=1, max_length=MAX_BRIEF, description="what to build or change; not blank", json_schema_extra=NO_NUL
    )
    checks: list[CheckField] = Field(default_factory=list, max_length=MAX_CHECKS, description="criteria")
    evaluation_url: str = Field(
        default="",
        max_length=MAX_URL,
        description="public https address, called when done; empty: nobody is",
        json_schema_extra=PUBLIC_URL,
    )
    attachments: list[AttachmentField] = Field(default_factory=list, max_length=MAX_LISTED_ATTACHMENTS)
    # Not strict: enums are strings in JSON, and nothing but their values passes.
    target: Target | None = Field(default=None, strict=False, description="default: DEPLOY_TARGET")
    space_type: SpaceSdk | None = Field(default=None, strict=False, description="for hf-space")
    model: str | None = Field(
        default=None, min_length=1, max_length=MAX_MODEL, description="one of the service's models: only this is asked"
    )
    max_usd: float | None = Field(
        default=None, gt=0, allow_inf_nan=False, description="cap for this job; at most the service's"
    )
    deadline_seconds: int | None = Field(default=None, ge=1, description="for this job; at most the service's")

    def to_brief(self, rules: RequestRules) -> Brief:
        """Decode and judge what types and lengths say nothing about. Raises InvalidInput with every broken rule."""
        brief, problems = self.judge(rules)
        if problems:
            raise InvalidInput(*problems)
        return brief

    def judge(self, rules: RequestRules) -> tuple[Brief, list[FieldProblem]]:
        """The brief, and every rule that it breaks; only one without problems is fit for use."""
        attachments, problems = self._decode_attachments(rules)
        if self.evaluation_url and (problem := rules.url_rule.problem(self.evaluation_url)):
            problems.append(FieldProblem("evaluation_url", problem))
        brief = Brief(
            email=self.email,
            task=self.task,
            round=self.round,
            nonce=self.nonce,
            text=self.brief,
            checks=tuple(self.checks),
            attachments=attachments,
            evaluation_url=self.evaluation_url or None,
            target=self.target,
            space_type=self.space_type,
            wishes=Wishes(self.model, self.max_usd, self.deadline_seconds),
        )
        return brief, brief_problems(brief) + problems

    def _decode_attachments(self, rules: RequestRules) -> tuple[tuple[Attachment, ...], list[FieldProblem]]:
        if len(self.attachments) > rules.max_attachments:
            return (), [FieldProblem("attachments", f"has more than {rules.max_attachments} items")]
        attachments, problems = [], []
        for index, item in enumerate(self.attachments):
            try:
                content = parse_data_uri(item.url, max_bytes=rules.max_attachment_bytes)
            except InvalidDataUri as error:
                content = DataUri("text/plain", b"")
                problems.append(FieldProblem(f"attachments[{index}].url", str(error)))
            name = as_relative(normalize("NFC", item.name))
            attachments.append(Attachment(name, content.media_type, content.content))
        return tuple(attachments), problems


def brief_from(document: dict[str, Any], rules: RequestRules) -> Brief:
    """Turn a request's JSON object into a Brief. Raises InvalidInput with every broken rule of every field."""
    given = {name: value for name, value in document.items() if value is not None}
    try:
        return DeployRequest.model_validate(given).to_brief(rules)
    except ValidationError as error:
        details = error.errors(include_url=False, include_input=False)
    broken = problems_in_words(details)
    mended = DeployRequest.model_validate(_mended(given, [detail["loc"] for detail in details]))
    raise InvalidInput(*broken, *mended.judge(rules)[1])


def unknown_fields(document: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Names that say nothing to us, each with the field that was meant, as far as that can be told."""
    known = [*DeployRequest.model_fields, "secret"]
    names = [name for name in document if name not in known]
    return [(name, next(iter(get_close_matches(name.lower(), known, 1)), None)) for name in names]


# Fields with the wrong type or length are replaced by these, which break no rule, so that all the others can be judged.
_STAND_INS: dict[str, Any] = {
    "email": "a@b",
    "task": "t",
    "round": 1,
    "nonce": "n",
    "brief": "b",
    "checks": [],
    "evaluation_url": "",
    "attachments": [],
    "target": Target.LOCAL,
    "space_type": SpaceSdk.STATIC,
    "model": "m",
    "max_usd": 1.0,
    "deadline_seconds": 1,
}


def _mended(given: dict[str, Any], locations: list[tuple[int | str, ...]]) -> dict[str, Any]:
    mended = {name: list(value) if isinstance(value, list) else value for name, value in given.items()}
    for location in locations:
        match location:
            case ("attachments", int(index), str(part)):
                stand_in = {"name": f"stand-in-{index}", "url": "data:,"}[part]
                mended["attachments"][index] = {**mended["attachments"][index], part: stand_in}
            case ("attachments", int(index)):
                mended["attachments"][index] = {"name": f"stand-in-{index}", "url": "data:,"}
            case ("checks", int(index)):
                mended["checks"][index] = "c"
            case (str(name), *_):
                mended[name] = _STAND_INS[name]
    return mended
