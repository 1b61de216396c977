"""What operators set in the environment. CONTRACT names and defaults; nothing else reads the environment."""

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import AliasChoices, BeforeValidator, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode

from pipeline.domain.errors import Misconfigured
from pipeline.domain.publication import Target
from pipeline.settings.addresses import AddressSettings
from pipeline.settings.owners import OwnersFile
from pipeline.settings.providers import ModelEndpoint, read_providers

_PACKAGE = Path(__file__).resolve().parents[1]
_IS_CLONE = (_PACKAGE.parent / "pyproject.toml").is_file()

MEBIBYTE = 1024 * 1024
_NO_OWNERS: Mapping[str, SecretStr] = {}

TOKEN_SOURCES = {
    Target.GITHUB_PAGES: "sign in with `gh auth login`, or set GITHUB_TOKEN to one that may create repositories "
    "(https://github.com/settings/tokens)",
    Target.HF_SPACE: "set HF_TOKEN to one with write permission (https://huggingface.co/settings/tokens)",
}


def _split_at_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


CommaSeparated = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_at_commas)]
LowerCase = BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value)


def _state_folder() -> Path:
    """Beside whoever works in a clone; of an installed package, in the user's folder for data."""
    if _IS_CLONE:
        return Path("generated_repos")
    from platformdirs import user_data_path

    return user_data_path("code-to-deployment", appauthor=False) / "generated_repos"


class JobSettings(AddressSettings):
    """What the jobs and their database need, read once at the start: all that ``pipeline jobs`` reads.

    Secrets are SecretStr, so that no repr and no log line shows them.
    """

    database_url: SecretStr | None = Field(
        None, description="`postgresql://…` for several machines; else SQLite in `GENERATED_REPOS_DIR/.pipeline/`"
    )
    generated_repos_dir: Path = Field(
        default_factory=_state_folder,
        description="state: apps and database; `generated_repos` in a clone, else the user's folder for data",
    )
    job_deadline_seconds: float = Field(600, gt=0, description="from receipt of a brief to the callback")
    queue_limit: int = Field(1000, ge=1, description="jobs that may wait; more are refused with 429")
    owner_waiting: int | None = Field(None, ge=1, description="of them of one owner (e-mail address)")
    owner_running: int | None = Field(None, ge=1, description="jobs of one owner at work; the others wait")
    owner_daily_tokens: int | None = Field(None, ge=1, description="tokens for one owner in a day of UTC")
    owner_daily_usd: float | None = Field(
        None, gt=0, description="dollars for one owner in a day of UTC, as far as prices are known"
    )
    evaluation_allowed_origins: CommaSeparated = Field(
        (), description="exact origins that callbacks may go to besides public https, comma-separated"
    )
    delivery_retry_hours: float = Field(
        24, ge=0, le=24 * 366, description="how long callbacks are tried again after the deadline, every 10 minutes"
    )
    webhook_signing_secret: SecretStr | None = Field(
        None,
        description="signs callbacks as Standard Webhooks: base64 with or without `whsec_`, or several with commas",
    )

    log_format: Annotated[Literal["auto", "text", "json"], LowerCase] = Field(
        "auto", description="`text` or `json`; `auto`: text on a terminal, JSON otherwise"
    )
    log_level: Annotated[Literal["debug", "info", "warning", "error"] | None, LowerCase] = Field(
        None, description="least severity: `debug`, `info`, `warning`, `error`; else `info`, of commands `warning`"
    )
    env_file: Path | None = Field(
        None, description="file with variables that the environment does not set; else `.env`, where there is one"
    )
    failpoint: str | None = Field(None, description="for tests: `STAGE:before`, … ends the process there with 137")

    @classmethod
    def from_environment(cls, **overrides: object) -> Self:
        """Read the environment and, for what it does not set, ENV_FILE or ``.env``; ``overrides`` (by field name) win.

        Raises:
            Misconfigured: a variable has a value that it cannot have, or ENV_FILE cannot be read.
        """
        named = os.environ.get("ENV_FILE")
        file = Path(named or ".env")
        if named and not os.access(file, os.R_OK):
            raise Misconfigured(f"ENV_FILE: there is no {file} that can be read")
        env_file = file if file.is_file() else None
        try:
            return cls(_env_file=env_file, **{"env_file": env_file} | overrides)  # type: ignore[arg-type]  # pydantic checks
        except ValidationError as error:
            problems = "; ".join(
                f"{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
            raise Misconfigured(f"an environment variable has a value it cannot have: {problems}") from None

    def secrets(self) -> tuple[str, ...]:
        """Every secret value that must never be logged, answered, prompted or published."""
        values = [
            value.get_secret_value() for name, value in self if isinstance(value, SecretStr) and name != "database_url"
        ]
        database = urlsplit(self.database_url.get_secret_value()) if self.database_url else None
        if database and database.password and database.password != database.username:
            values += {database.password, unquote(database.password)}
        keys = self.webhook_signing_secret.get_secret_value().split(",") if self.webhook_signing_secret else []
        return tuple(filter(None, [*values, *(key.strip() for key in keys)]))


class Settings(JobSettings):
    """Every variable of the contract's section 8; the descriptions are the page about settings (`make docs`)."""

    deploy_secret: SecretStr | None = Field(
        None, description="what senders of briefs must know; `serve` needs it and refuses the published `abc123xyz`"
    )
    deploy_secrets_file: Path | None = Field(
        None, description="JSON object of e-mail address to secret: each owner posts for, and sees, only its own"
    )
    deploy_target: Target | None = Field(
        None, description="`github-pages`, `hf-space` or `local`; default `auto`: the first with a token, else `local`"
    )

    llm_base_url: str | None = Field(
        None,
        validation_alias=AliasChoices("llm_base_url", "openai_base_url"),
        description="any OpenAI-compatible service; a key alone means OpenAI's",
    )
    llm_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("llm_api_key", "openai_api_key"),
        description="key of the model service; those on your own machine often want none",
    )
    llm_models: CommaSeparated = Field(
        (),
        description="models, comma-separated, each asked when those before it failed; `plain` at the end: general "
        "rules rather than no app; none named: the provider's default, where it has one",
    )
    llm_providers_file: Path | None = Field(
        None,
        description="TOML list `[[providers]]` of `base_url`, `api_key_env`, `models`, `price`: one chain of several "
        "providers, instead of `LLM_BASE_URL` and `LLM_MODELS`, of which only `plain` counts then",
    )
    llm_judge_models: CommaSeparated = Field(
        (), description="models of the (first) provider that judge prose checks which neither files nor page decide"
    )
    acceptance_tests: Annotated[Literal["auto", "none"], LowerCase] = Field(
        "auto", description="tests that a model writes from the brief where prose checks stand undecided; `none`: never"
    )
    aipipe_token: SecretStr | None = Field(None, description="sets address and key for AI Pipe")
    openrouter_api_key: SecretStr | None = Field(None, description="sets address and key for OpenRouter")

    github_token: SecretStr | None = Field(
        None, description="publishes to GitHub Pages; else that of `gh`, where it is signed in"
    )
    github_owner: str | None = Field(None, description="organisation to publish under; else the token's user")
    github_api_url: str = Field("https://api.github.com", description="another one for GitHub Enterprise")
    hf_token: SecretStr | None = Field(None, description="publishes and manages Hugging Face Spaces")
    hf_owner: str | None = Field(None, description="organisation to publish under; else the token's user")
    hf_endpoint: str = Field("https://huggingface.co", description="another Hub")

    prompts_dir: Path | None = Field(
        None, description="what models are told; else `prompts` here, or what comes with the package"
    )

    response_patience_seconds: float = Field(5, ge=0, description="how long `POST /api-deploy` waits for the app")
    notify_unconfirmed: bool = Field(
        default=True,
        description="tell the evaluator just before the deadline although visitors are not served the page yet",
    )
    job_concurrency: int = Field(64, ge=1, description="jobs at work at the same time")
    job_max_calls: int = Field(6, ge=0, description="calls of models for one job, without those turned away")
    job_max_tokens: int = Field(120_000, ge=0, description="tokens of one job, in and out")
    job_max_usd: float | None = Field(None, ge=0, description="dollars for one job, as far as prices are known")
    drain_seconds: float = Field(
        20, ge=0, description="how long stopping may take; running jobs get what is not needed to end the rest"
    )
    retention_days: float = Field(30, gt=0, description="how long ended jobs are kept")

    chromium: str | None = Field(
        None, description="browser that apps are checked in; else looked up; `none`: no browser"
    )
    chromium_sandbox: Literal["auto", "on", "off"] = Field(
        "auto", description="Chromium's sandbox: `auto` goes without where the system has none, `on` insists, `off`"
    )
    cdn_hosts: CommaSeparated | None = Field(
        None,
        description="hosts whose files apps may load while they are checked, comma-separated; else jsDelivr, cdnjs, "
        "unpkg, Tailwind, Google Fonts; `host=ORIGIN` for a mirror, `none` for no host",
    )

    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="where traces are sent (OTLP over HTTP); needs the extra `tracing`"
    )

    max_request_bytes: int = Field(32 * MEBIBYTE, gt=0, description="length of a request")
    max_batch_bytes: int = Field(256 * MEBIBYTE, gt=0, description="length of a batch")
    max_batch_lines: int = Field(100_000, gt=0, description="requests in a batch")
    max_attachment_bytes: int = Field(8 * MEBIBYTE, gt=0, description="length of one attachment, decoded")
    max_attachments: int = Field(32, ge=0, description="attachments of one brief")

    @field_validator("deploy_target", mode="before")
    @classmethod
    def _auto_is_none(cls, value: object) -> object:
        return None if value == "auto" else value

    @property
    def target(self) -> Target:
        """DEPLOY_TARGET, with ``auto`` resolved by the tokens that are there."""
        if self.deploy_target:
            return self.deploy_target
        if self.github_token:
            return Target.GITHUB_PAGES
        return Target.HF_SPACE if self.hf_token else Target.LOCAL

    @property
    def targets(self) -> frozenset[Target]:
        """Those that there is a token for, and the one that needs none."""
        tokens = {Target.GITHUB_PAGES: self.github_token, Target.HF_SPACE: self.hf_token}
        return frozenset({Target.LOCAL, *(target for target, token in tokens.items() if token)})

    def require(self, target: Target) -> None:
        """Raise Misconfigured, which says where a token comes from, unless ``target`` can be published to."""
        if target not in self.targets:
            raise Misconfigured(f"there is no token for the target {target}: {TOKEN_SOURCES[target]}")

    @cached_property
    def model_endpoints(self) -> tuple[ModelEndpoint, ...]:
        """Those of LLM_PROVIDERS_FILE; else LLM_BASE_URL with LLM_API_KEY, or the provider whose token is set; or none.

        Raises:
            Misconfigured: the file cannot be read, or does not say what it should.
        """
        if self.llm_providers_file:
            return read_providers(self.llm_providers_file, self.env_file)
        if self.llm_base_url:
            tokens = {"aipipe.org": self.aipipe_token, "openrouter.ai": self.openrouter_api_key}
            key = self.llm_api_key or tokens.get(urlsplit(self.llm_base_url).hostname or "")
            return (ModelEndpoint(self.llm_base_url, key, self.llm_models),)
        for base_url, key in (
            ("https://aipipe.org/openrouter/v1", self.aipipe_token),
            ("https://openrouter.ai/api/v1", self.openrouter_api_key),
            ("https://api.openai.com/v1", self.llm_api_key),
        ):
            if key:
                return (ModelEndpoint(base_url, key, self.llm_models),)
        return ()

    @property
    def cdn_origins(self) -> dict[str, str] | None:
        """CDN_HOSTS, as host -> origin to dial for it; None = the usual ones.

        ``host`` stands for itself, ``host=ORIGIN`` for a mirror of it, and ``none`` alone for no CDN at all.
        """
        if self.cdn_hosts is None:
            return None
        named = (entry.partition("=") for entry in self.cdn_hosts if entry != "none")
        return {host: origin or f"https://{host}" for host, _, origin in named}

    @property
    def prompts(self) -> Path:
        """PROMPTS_DIR, else ``prompts`` here, else those that come with the package."""
        packaged = (_PACKAGE.parent if _IS_CLONE else _PACKAGE) / "prompts"
        return self.prompts_dir or (Path("prompts") if Path("prompts/system.md").is_file() else packaged)

    @cached_property
    def _owners_file(self) -> OwnersFile | None:
        return OwnersFile(self.deploy_secrets_file) if self.deploy_secrets_file else None

    @property
    def owner_secrets(self) -> Mapping[str, SecretStr]:
        """DEPLOY_SECRETS_FILE as it is now: the secret of each owner, by e-mail address.

        Raises:
            Misconfigured: the file cannot be read, or is no JSON map of address to secret.
        """
        return self._owners_file.secrets() if self._owners_file else _NO_OWNERS

    def secrets(self) -> tuple[str, ...]:
        """Those of the owners and of the providers as well."""
        keys = [endpoint.api_key for endpoint in self.model_endpoints]
        others = [secret.get_secret_value() for secret in (*self.owner_secrets.values(), *keys) if secret]
        return tuple(dict.fromkeys([*super().secrets(), *filter(None, others)]))
