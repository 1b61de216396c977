"""Prompts are files: Markdown with TOML front matter, filled by Jinja2, which substitutes and does nothing else."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from pipeline.domain.errors import Misconfigured
from pipeline.domain.front_matter import split_front_matter

FENCE = "+++"
SHORT_DIGEST = 8


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file."""

    id: str  # its path without the ending
    version: int  # raised with every change of the body
    inputs: frozenset[str]  # names of exactly the values that it is rendered with
    body: str  # the template
    max_output_tokens: int  # what the answer may take; 0 for parts, which are never sent alone
    temperature: float | None  # None = the provider's default

    @property
    def label(self) -> str:
        """``id@version+digest``, for the job's record."""
        return f"{self.id}@{self.version}+{sha256(self.body.encode()).hexdigest()[:SHORT_DIGEST]}"


class Prompts:
    """All prompts of a folder, read and checked once.

    Raises:
        Misconfigured: the folder or a file in it is not what it should be; says which and why.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "system.md").is_file():
            raise Misconfigured(f"PROMPTS_DIR: there is no system.md in {folder}")
        # Values are never rendered again: braces in a brief stay text. The sandbox is for an operator's own prompts.
        self._jinja = SandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
        self._prompts = {prompt.id: prompt for prompt in (_read(folder, path) for path in sorted(folder.rglob("*.md")))}

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self._prompts.values())

    def __getitem__(self, prompt_id: str) -> Prompt:
        try:
            return self._prompts[prompt_id]
        except KeyError:
            raise Misconfigured(f"PROMPTS_DIR: the prompt {prompt_id}.md is missing") from None

    def render(self, prompt_id: str, **values: object) -> str:
        """Fill a prompt. Raises Misconfigured when it wants other values than it is given, or is no valid template."""
        prompt = self[prompt_id]
        if prompt.inputs != values.keys():
            raise Misconfigured(
                f"PROMPTS_DIR: {prompt_id}.md must have the inputs {sorted(values)}, not {sorted(prompt.inputs)}"
            )
        try:
            return self._jinja.from_string(prompt.body).render(values).strip() + "\n"
        except TemplateError as error:
            raise Misconfigured(f"PROMPTS_DIR: {prompt_id}.md cannot be rendered: {error}") from error


def _read(folder: Path, path: Path) -> Prompt:
    name = path.relative_to(folder).with_suffix("").as_posix()
    try:
        front, body = split_front_matter(path.read_text(encoding="utf-8"), FENCE)
        fields = tomllib.loads(front or "")
        prompt = Prompt(
            id=fields["id"],
            version=fields["version"],
            inputs=frozenset(fields["inputs"]),
            body=body,
            max_output_tokens=fields.get("max_output_tokens", 0),
            temperature=fields.get("temperature"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Misconfigured(
            f"PROMPTS_DIR: {name}.md has no valid front matter between {FENCE} lines: {error}"
        ) from error
    if prompt.id != name:
        raise Misconfigured(f"PROMPTS_DIR: {name}.md must have the id {name!r}")
    return prompt
