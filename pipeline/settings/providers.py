"""LLM_PROVIDERS_FILE: several providers of models as one chain."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from dotenv import dotenv_values
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from pipeline.domain.address import Origin
from pipeline.domain.errors import Misconfigured
from pipeline.domain.generation import Price

LONGEST_PROVIDERS_FILE = 1024 * 1024
_EXAMPLE = "[[providers]] with base_url, models, and api_key_env, the name of the variable that holds its key"


@dataclass(frozen=True, slots=True)
class ModelEndpoint:
    """Where models are asked, and which."""

    base_url: str  # of an OpenAI-compatible service
    api_key: SecretStr | None = None  # None for services that want none
    models: tuple[str, ...] = ()  # in the order of preference; none: the provider's default
    price: Price | None = None  # of each of the models; None = as the provider says in its answers


class _Price(BaseModel):
    model_config = ConfigDict(extra="forbid")

    input: float = Field(ge=0)
    output: float = Field(ge=0)


_Dollars = BeforeValidator(lambda value: {"input": value, "output": value} if isinstance(value, int | float) else value)
_Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    base_url: str
    api_key_env: Annotated[str, Field(pattern=r"^\w+$")] | None = None
    models: list[_Name] = Field(default_factory=list)
    price: Annotated[_Price, _Dollars] | None = None


def read_providers(path: Path, env_file: Path | None) -> tuple[ModelEndpoint, ...]:
    """The providers in ``path``, in their order. Keys come from the environment, else from ``env_file``.

    Raises:
        Misconfigured: the file cannot be read, or says something else; never shows a value.
    """
    name = f"LLM_PROVIDERS_FILE ({path})"
    try:
        with path.open("rb") as file:
            document = tomllib.loads(file.read(LONGEST_PROVIDERS_FILE).decode())
    except OSError as error:
        raise Misconfigured(f"{name} cannot be read: {error.strerror}") from error
    except ValueError as error:  # not UTF-8, or not TOML: the error may repeat a key that stands in the wrong place
        where = f" ({line[0]})" if (line := re.search(r"line \d+", str(error))) else ""
        raise Misconfigured(f"{name} is not valid TOML{where}: write {_EXAMPLE}") from None
    entries = next(iter(document.values()), None) if len(document) == 1 else None
    if not isinstance(entries, list) or not entries:
        raise Misconfigured(f"{name} must hold one list of tables: write {_EXAMPLE}")
    variables = {**(dotenv_values(env_file) if env_file else {}), **os.environ}
    return tuple(
        _endpoint(entry, f"{name}, provider {number}", variables) for number, entry in enumerate(entries, start=1)
    )


def _endpoint(document: Any, where: str, variables: Mapping[str, str | None]) -> ModelEndpoint:
    try:
        entry = _Entry.model_validate(document)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        field, what = ".".join(map(str, problem["loc"])) or "it", problem["msg"]
        if problem["type"] == "extra_forbidden":
            what = "is no field of a provider: there are base_url, models, api_key_env and price"
        raise Misconfigured(f"{where}: {field}: {what}") from None
    if Origin.of(entry.base_url) is None:
        raise Misconfigured(f"{where}: base_url: must be a web address, such as https://openrouter.ai/api/v1")
    key = variables.get(entry.api_key_env) if entry.api_key_env else None
    if entry.api_key_env and not key:
        raise Misconfigured(f"{where}: api_key_env: names {entry.api_key_env}, and no such variable is set")
    price = Price(entry.price.input, entry.price.output) if entry.price else None
    return ModelEndpoint(entry.base_url, SecretStr(key) if key else None, tuple(entry.models), price)
