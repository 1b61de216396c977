"""What code adds to the generated files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assembly import assemble
from pipeline.domain.errors import InvalidInput
from pipeline.domain.files import AppFiles
from pipeline.domain.publication import SpaceSdk, Target
from tests.builders import make_attachment, make_brief, make_files, make_generation


def assembled(files: dict[str, bytes | str], **brief: object) -> AppFiles:
    return assemble(make_generation(files=make_files(files)), make_brief(**brief), Target.GITHUB_PAGES, year=2026)


def test_the_same_input_gives_the_same_bytes() -> None:
    first, second = (assembled({"index.html": "x"}, attachments=(make_attachment(),)) for _ in range(2))
    assert first.digest == second.digest


def test_the_licence_is_the_mit_text_with_year_and_holder() -> None:
    text = assembled({"index.html": "x"})["LICENSE"].decode()
    assert text.startswith("MIT License\n\nCopyright (c) 2026 The authors\n")
    assert "is hereby granted" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_licence_of_the_generator_is_replaced_whatever_its_case() -> None:
    app = assembled({"index.html": "x", "License": "All rights reserved"})
    assert "License" not in app
    assert b"is hereby granted" in app["LICENSE"]


def test_a_new_app_gets_our_licence_even_if_the_generator_wrote_the_mit_text() -> None:
    theirs = assembled({"index.html": "x"})["LICENSE"].replace(b"2026 The authors", b"1999 A model")
    assert assembled({"index.html": "x", "LICENSE": theirs})["LICENSE"] != theirs


def test_a_revision_keeps_the_published_mit_licence_to_the_byte() -> None:
    published = assembled({"index.html": "x"})["LICENSE"].replace(b"2026", b"2019")
    assert assembled({"index.html": "x", "LICENSE": published}, round=2)["LICENSE"] == published


def test_a_revision_restores_the_published_licence_that_the_generator_changed() -> None:
    base = assembled({"index.html": "x"})
    changed = base.with_files({"LICENSE": b"mine"})
    app = assemble(make_generation(files=changed), make_brief(round=2), Target.LOCAL, year=2030, base=base)
    assert app["LICENSE"] == base["LICENSE"]


def test_a_revision_replaces_a_published_licence_that_is_not_mit() -> None:
    assert b"is hereby granted" in assembled({"index.html": "x", "LICENSE": "mine"}, round=2)["LICENSE"]


@pytest.mark.parametrize("name", ["LICENSE", "README.md", ".gitignore", ".nojekyll", "license", "ReadMe.md"])
def test_a_file_that_came_as_an_attachment_wins_over_ours(name: str) -> None:
    attachment = make_attachment(name=name, content=b"from the caller")
    app = assembled({"index.html": "x", "README.md": "# Theirs", "LICENSE": "theirs"}, attachments=(attachment,))
    assert app[name] == b"from the caller"
    assert [path for path in app if path.lower() == name.lower()] == [name]


def test_every_attachment_is_in_the_app_byte_for_byte() -> None:
    attachment = make_attachment(name="data/über.bin", content=bytes(range(256)))
    assert assembled({"index.html": "x"}, attachments=(attachment,))["data/über.bin"] == attachment.content


def test_an_attachment_wins_over_what_the_generator_made_of_it() -> None:
    app = assembled({"index.html": "x", "data.csv": "changed"}, attachments=(make_attachment(),))
    assert app["data.csv"] == make_attachment().content


def test_a_changed_attachment_stays_when_the_brief_asks_for_the_change() -> None:
    app = assembled(
        {"index.html": "x", "data.csv": "changed"},
        attachments=(make_attachment(),),
        text="Fix the figures in data.csv.",
    )
    assert app["data.csv"] == b"changed"


def test_an_attachment_to_be_changed_is_in_the_app_even_if_the_generator_left_it_out() -> None:
    app = assembled({"index.html": "x"}, attachments=(make_attachment(),), text="Fix the figures in data.csv.")
    assert app["data.csv"] == make_attachment().content


def test_what_cannot_live_beside_an_attachment_gives_way() -> None:
    attachments = (make_attachment(name="Data.csv"), make_attachment(name="img"))
    app = assembled({"index.html": "x", "data.csv": "copy", "img/a.svg": "<svg/>"}, attachments=attachments)
    assert app["Data.csv"] == app["img"] == make_attachment().content
    assert not {"data.csv", "img/a.svg"} & set(app)


def test_the_gitignore_keeps_secrets_and_junk_out() -> None:
    lines = assembled({"index.html": "x"})[".gitignore"].decode().splitlines()
    assert {".env", ".env.*", "*.pem", ".DS_Store", "__pycache__/"} <= set(lines)


def test_the_gitignore_ignores_no_file_of_the_app() -> None:
    app = assembled({"index.html": "x", "keys/public.pem": "x", "a/node_modules/b.js": "1"})
    lines = app[".gitignore"].decode().splitlines()
    assert "*.pem" not in lines
    assert "node_modules/" not in lines
    assert "*.key" in lines


def test_a_gitignore_of_the_generator_is_completed_once() -> None:
    once = assembled({"index.html": "x", ".gitignore": "result.json\n.env\n"})[".gitignore"]
    assert once.startswith(b"result.json\n.env\n\n# Secrets\n.env.*\n")
    assert assembled({"index.html": "x", ".gitignore": once})[".gitignore"] == once


@pytest.mark.parametrize("target", [Target.GITHUB_PAGES, Target.LOCAL])
def test_static_hosts_get_a_nojekyll_file(target: Target) -> None:
    assert assemble(make_generation(), make_brief(), target, year=2026)[".nojekyll"] == b""


@pytest.mark.parametrize(
    ("files", "space_type", "expected"),
    [
        ({"index.html": "x"}, None, True),
        ({"app.py": "x"}, None, False),
        ({"index.html": "x"}, SpaceSdk.GRADIO, False),
        ({"app.py": "x"}, SpaceSdk.STATIC, True),
    ],
)
def test_a_space_gets_a_nojekyll_file_when_it_is_static(
    files: dict[str, bytes | str], space_type: SpaceSdk | None, *, expected: bool
) -> None:
    generation = make_generation(files=make_files(files))
    app = assemble(generation, make_brief(space_type=space_type), Target.HF_SPACE, year=2026)
    assert (".nojekyll" in app) is expected


NAMES = st.sampled_from(
    [
        *("index.html", "a.js", "data.csv", ".gitignore"),
        *("LICENSE", "license", "LICENSE/x", "README.md", "readme.MD", "readme.md/x"),
    ]
)


@given(st.dictionaries(NAMES, st.binary(max_size=40), min_size=1), st.integers(1, 3))
def test_any_files_can_be_assembled_and_assembling_again_changes_nothing(files: dict[str, bytes], number: int) -> None:
    try:
        generation = make_generation(files=AppFiles(files))
    except InvalidInput:  # names that collide: such files never come from a generator
        return
    brief = make_brief(round=number, attachments=(make_attachment(),))
    once = assemble(generation, brief, Target.LOCAL, year=2026)
    again = assemble(make_generation(files=once), brief, Target.LOCAL, year=2026)
    assert dict(once) == dict(again)
