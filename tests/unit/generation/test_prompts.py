import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from pipeline.domain.errors import Misconfigured
from pipeline.generation.prompts import Prompt, Prompts
from pipeline.generation.tokens import Density, estimate_tokens

FOLDER = Path(__file__).parents[3] / "prompts"
PROMPTS = Prompts(FOLDER)

# Version and digest of every body: a changed body needs a new version, here and in its front matter.
BODIES = {
    "continue": (1, "0b68b6fa"),
    "format": (1, "8688e892"),
    "generate": (1, "97738814"),
    "judge": (2, "dccc3244"),
    "mend": (1, "84690a33"),
    "parts/attachment": (1, "6772dd52"),
    "parts/check": (1, "7745a55f"),
    "readme": (1, "6942ed13"),
    "repair": (1, "6a65f0d8"),
    "revise": (1, "fe3eb7c0"),
    "system": (1, "2c965755"),
    "target-docker": (1, "8d8f99f2"),
    "target-gradio": (1, "4389df0b"),
    "target-space": (1, "418f6351"),
    "target-static": (1, "bcec0a85"),
    "target-streamlit": (1, "5750d1ee"),
}


@pytest.mark.parametrize("prompt", list(PROMPTS), ids=lambda prompt: prompt.id)
def test_every_prompt_renders_and_uses_each_of_its_inputs(prompt: Prompt) -> None:
    values = {name: f"value-of-{name}" for name in prompt.inputs}
    rendered = PROMPTS.render(prompt.id, **values)
    assert rendered.strip()
    assert "{{" not in rendered
    assert all(name in prompt.body for name in prompt.inputs)


@pytest.mark.parametrize("prompt", list(PROMPTS), ids=lambda prompt: prompt.id)
def test_a_changed_body_has_a_new_version(prompt: Prompt) -> None:
    assert (prompt.version, sha256(prompt.body.encode()).hexdigest()[:8]) == BODIES[prompt.id]


def test_the_standing_instructions_are_lean() -> None:
    assert estimate_tokens(PROMPTS["system"].body, Density.PROSE) <= 900
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
