"""What assembly makes of a generator's files when they are to become a Space."""

import pytest

from pipeline.assembly import assemble
from pipeline.domain.publication import SpaceSdk, Target
from pipeline.domain.space import sdk_of
from pipeline.generation.plain.generator import PlainGenerator
from tests.builders import make_attachment, make_brief, make_files, make_generation, make_order

KINDS = [None, *SpaceSdk]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_plain_app_is_a_space_of_the_kind_that_was_asked_for(kind: SpaceSdk | None) -> None:
    brief = make_brief(space_type=kind)
    generation = await PlainGenerator().generate(make_order(brief=brief, target=Target.HF_SPACE), lambda _: None)
    app = assemble(generation, brief, Target.HF_SPACE, year=2026)
    assert sdk_of(app) == {None: "static", SpaceSdk.STREAMLIT: "docker"}.get(kind, kind)
    assert app["README.md"].decode().partition("\n---\n")[2].strip()
    if sdk_of(app) == "docker":
        assert b'CMD ["python", "app.py"]' in app["Dockerfile"]
    if sdk_of(app) != "static":
        compile(app["app.py"], "app.py", "exec")
        assert "requirements.txt" in app


@pytest.mark.parametrize("kind", KINDS)
async def test_a_revision_without_changes_changes_no_byte(kind: SpaceSdk | None) -> None:
    brief = make_brief(space_type=kind)
    generation = await PlainGenerator().generate(make_order(brief=brief, target=Target.HF_SPACE), lambda _: None)
    first = assemble(generation, brief, Target.HF_SPACE, year=2026)
    again = make_brief(round=2)
    second = assemble(
        make_generation(files=first, model=None, generator="plain"), again, Target.HF_SPACE, year=2027, base=first
    )
    assert dict(second) == dict(first)


def test_the_readme_of_a_generator_is_kept_below_the_card() -> None:
    readme = "# Sales\n\nA page with the sales.\n\n## Usage\n\nOpen it.\n"
    app = assemble(
        make_generation(files=make_files({"index.html": "x", "README.md": readme})),
        make_brief(),
        Target.HF_SPACE,
        year=2026,
    )
    card, body = app["README.md"].decode().removeprefix("---\n").split("\n---\n", 1)
    assert "sdk: static" in card
    assert "license: mit" in card
    assert body.startswith("# Sales\n\nA page with the sales.\n\n## Usage\n\nOpen it.")
    assert "## License" in body


def test_a_readme_that_was_attached_gets_its_card_as_well() -> None:
    attachment = make_attachment(name="README.md", content=b"# From the caller\n")
    app = assemble(make_generation(), make_brief(attachments=(attachment,)), Target.HF_SPACE, year=2026)
    assert sdk_of(app) == "static"
    assert app["README.md"].endswith(b"\n---\n# From the caller\n")


def test_the_readme_knows_the_files_that_were_added() -> None:
    files = make_files({"app.py": "import flask"})
    app = assemble(make_generation(files=files), make_brief(), Target.HF_SPACE, year=2026)
    body = app["README.md"].decode()
    assert "`Dockerfile`" in body
    assert "docker build" in body


@pytest.mark.parametrize("target", [Target.GITHUB_PAGES, Target.LOCAL])
def test_other_targets_get_nothing_of_a_space(target: Target) -> None:
    app = assemble(
        make_generation(files=make_files({"index.html": "x", "app.py": "x"})), make_brief(), target, year=2026
    )
    assert sdk_of(app) is None
    assert not {"Dockerfile", "requirements.txt"} & set(app)


def test_an_app_that_cannot_be_a_space_goes_on_without_a_card() -> None:
    files = make_files({"index.html": "x"})
    app = assemble(make_generation(files=files), make_brief(space_type=SpaceSdk.GRADIO), Target.HF_SPACE, year=2026)
    assert sdk_of(app) is None


def test_the_kind_that_was_asked_for_wins_over_what_the_files_look_like() -> None:
    files = make_files({"index.html": "x", "app.py": "import gradio"})
    app = assemble(make_generation(files=files), make_brief(space_type=SpaceSdk.STATIC), Target.HF_SPACE, year=2026)
    assert sdk_of(app) == "static"


def test_python_of_a_generator_is_not_judged_here() -> None:
    files = make_files({"app.py": "import gradio\nthis is no python"})
    app = assemble(make_generation(files=files), make_brief(), Target.HF_SPACE, year=2026)
    assert app["app.py"] == b"import gradio\nthis is no python"
    assert sdk_of(app) == "gradio"
