import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.assembly.space.requirements import CURRENT_GRADIO
from pipeline.domain.errors import Misconfigured
from pipeline.generation.prompts import Prompt, Prompts
from pipeline.generation.tokens import Density, estimate_tokens
from tests.cases import cases

FOLDER = Path(__file__).parents[3] / "prompts"
PROMPTS = Prompts(FOLDER)

# Version and digest of every body.
BODIES = dict(cases("prompts")["bodies"])


@pytest.mark.parametrize("prompt", list(PROMPTS), ids=lambda prompt: prompt.id)
def test_every_prompt_renders_and_uses_each_of_its_inputs(prompt: Prompt) -> None:
    values = {name: f"value-of-{name}" for name in prompt.inputs}
    rendered = PROMPTS.render(prompt.id, **values)
    assert rendered.strip()
    assert "{{" not in rendered
    assert all(name in prompt.body for name in prompt.inputs)


@pytest.mark.parametrize("prompt", list(PROMPTS), ids=lambda prompt: prompt.id)
def test_a_changed_body_has_a_new_version(prompt: Prompt) -> None:
    assert [prompt.version, sha256(prompt.body.encode()).hexdigest()[:8]] == BODIES[prompt.id]


def test_the_standing_instructions_are_lean() -> None:
    assert estimate_tokens(PROMPTS["system"].body, Density.PROSE) <= 900
    assert CURRENT_GRADIO.rpartition(".")[0] in PROMPTS["target-gradio"].body
    for prompt in PROMPTS:
        if prompt.id.startswith("target-"):
            assert estimate_tokens(prompt.body, Density.PROSE) <= 500


def test_values_are_never_rendered_again() -> None:
    rendered = PROMPTS.render("generate", attachments="", checks="", brief="{{ 7 * 7 }} {% raw %}")
    assert "{{ 7 * 7 }} {% raw %}" in rendered


def test_a_missing_or_surplus_value_is_refused() -> None:
    with pytest.raises(Misconfigured, match="inputs"):
        PROMPTS.render("generate", attachments="", checks="")
    with pytest.raises(Misconfigured, match="inputs"):
        PROMPTS.render("system", brief="")


@pytest.mark.parametrize(
    "text",
    ["no front matter", '+++\nid = "system"\n+++\n', "+++\nid = \n+++\n", '+++\nid="x"\nversion=1\ninputs=[]\n+++\n'],
)
def test_an_operators_broken_prompt_is_named(text: str, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "prompts")
    (tmp_path / "prompts" / "system.md").write_text(text)
    with pytest.raises(Misconfigured, match=r"system\.md"):
        Prompts(tmp_path / "prompts")


def test_a_folder_without_prompts_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="PROMPTS_DIR"):
        Prompts(tmp_path)


def test_a_missing_prompt_and_a_broken_template_are_named(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "prompts")
    (tmp_path / "prompts" / "judge.md").unlink()
    (tmp_path / "prompts" / "format.md").write_text('+++\nid="format"\nversion=1\ninputs=["reason"]\n+++\n{{ reason')
    prompts = Prompts(tmp_path / "prompts")
    with pytest.raises(Misconfigured, match="judge"):
        prompts.render("judge")
    with pytest.raises(Misconfigured, match="format"):
        prompts.render("format", reason="")
