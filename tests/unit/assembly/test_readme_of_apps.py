"""The README of an app."""

import pytest
from markdown_it import MarkdownIt

from pipeline.assembly import assemble
from pipeline.domain.documents import missing_readme_parts, readme_sections
from pipeline.domain.publication import Target
from tests.builders import make_attachment, make_brief, make_files, make_generation
from tests.cases import cases

CASES = cases("readme")
COMPLETE: str = CASES["complete"]


PAGE = """<title>Sales &amp; more</title>
<script>document.title = new URLSearchParams(location.search).get("region")</script>
"""


def readme(
    own: str | bytes | None,
    *,
    page: str = PAGE,
    model: str | None = "test/model",
    generator: str = "model",
    **brief: object,
) -> str:
    files = make_files({"index.html": page, **({} if own is None else {"README.md": own})})
    generation = make_generation(files=files, model=model, generator=generator)
    return assemble(generation, make_brief(**brief), Target.LOCAL, year=2026)["README.md"].decode()


def without(part: str) -> str:
    before, _, rest = COMPLETE.partition(f"## {part}\n\n")
    return before + rest.partition("\n\n")[2]


def test_a_complete_readme_stays_as_it_is() -> None:
    assert readme(COMPLETE) == COMPLETE
    assert readme(COMPLETE, round=2) == COMPLETE


def missing_parts(text: str) -> list[str]:
    return missing_readme_parts(readme_sections(MarkdownIt("commonmark").parse(text)))


def test_an_app_without_a_readme_gets_a_whole_one() -> None:
    text = readme(None, attachments=(make_attachment(),), text="Show ?region=north&x from data.csv, or ?nothing=1")
    assert text.startswith("# Sales & more\n")
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["## Summary", "## Setup", "## Usage", "## Files", "## How it works", "## License"]
    assert "A page with the sales." in text
    assert "`data.csv` came with the brief" in text
    assert "`?region=…`" in text
    assert "nothing" not in text.partition("## Usage")[2]
    assert "- `index.html`: the page" in text
    assert missing_parts(text) == []


@pytest.mark.parametrize("unusable", [b"", b"\n \n", b"\xff\xfe\x00", b"# Sales\n"])
def test_a_readme_without_a_text_is_written_anew(unusable: bytes) -> None:
    text = readme(unusable)
    assert missing_parts(text) == []
    assert "## Files" in text


def test_what_the_generator_wrote_is_kept_and_only_what_lacks_is_added_at_the_end() -> None:
    text = readme("# Mine\n\nMy words.\n\n## Installation\n\nNone.\n")
    assert text.startswith("# Mine\n\nMy words.\n\n## Installation\n\nNone.\n\n## Usage\n")
    assert "## Setup" not in text
    assert "## Summary" not in text
    assert missing_parts(text) == []


@pytest.mark.parametrize("part", ["Setup", "Usage", "How it works", "License"])
def test_each_missing_part_is_added(part: str) -> None:
    assert f"## {part}" not in without(part)
    assert f"## {part}\n" in readme(without(part))


def test_a_heading_with_nothing_under_it_is_no_part() -> None:
    assert readme(COMPLETE.replace("Open it.\n", "")).count("## Usage") == 2


def test_parts_may_stand_under_headings_below_their_own() -> None:
    nested = COMPLETE.replace("Serve the folder.", "### Locally\n\nServe the folder.")
    assert readme(nested) == nested


def test_a_missing_title_is_put_at_the_head_but_below_front_matter() -> None:
    text = readme("---\ntitle: x\n---\nSome words about it.\n")
    assert text.startswith("---\ntitle: x\n---\n# Sales & more\n\nSome words about it.\n")


def test_a_title_in_html_is_a_title() -> None:
    assert readme("<h1 align=center>Sales</h1>\n\nWords.\n").startswith("<h1 align=center>Sales</h1>\n")


def test_a_heading_in_a_code_block_is_no_part() -> None:
    assert "\n## License\n" in readme(without("License").replace("Serve the folder.", "```\n# License\nno\n```"))


@pytest.mark.parametrize(
    ("generator", "model", "label"),
    [
        ("model", "test/model", "*Built by the language model `test/model`.*"),
        ("model", None, "*Built by a language model.*"),
        ("plain", None, "*Built without a language model.*"),
    ],
)
def test_the_readme_says_honestly_what_built_the_app(generator: str, model: str | None, label: str) -> None:
    assert readme("# A\n\nWords.", generator=generator, model=model).endswith(f"\n\n{label}\n")


def test_a_label_that_the_generator_made_up_is_replaced() -> None:
    assert readme(COMPLETE.replace("test/model", "other/model")) == COMPLETE


def test_a_revision_by_another_model_is_told_and_the_first_is_not_forgotten() -> None:
    text = readme(COMPLETE, model="new/model", round=2)
    assert text.endswith(
        "*Built by the language model `test/model`; last revised by the language model `new/model`.*\n"
    )
    assert readme(text, model="new/model", round=3) == text
    assert "last revised without a language model" in readme(text, model=None, generator="plain", round=4)


def test_a_readme_names_the_terms_of_a_licence_that_is_not_mit() -> None:
    attachment = make_attachment(name="LICENSE", content=b"Apache License")
    assert "## License\n\nSee [LICENSE](LICENSE)." in readme(None, attachments=(attachment,))


def test_a_very_long_readme_is_kept_without_being_parsed() -> None:
    long = "# A\n\n" + "word " * 50_000
    assert readme(long) == f"{long.rstrip()}\n\n*Built by the language model `test/model`.*\n"


def test_a_readme_of_another_case_is_taken_over() -> None:
    files = make_files({"index.html": PAGE, "ReadMe.md": COMPLETE})
    app = assemble(make_generation(files=files), make_brief(), Target.LOCAL, year=2026)
    assert app["README.md"].decode() == COMPLETE
    assert "ReadMe.md" not in app


def test_a_title_is_no_markup() -> None:
    assert readme(None, page="<title>&lt;script&gt; kiddies</title>").startswith("# &lt;script> kiddies\n")


def test_an_app_without_a_page_title_is_called_after_its_task() -> None:
    assert readme(None, page="<p>x</p>", task="sum_of-sales").startswith("# Sum of sales\n")


def test_the_title_of_the_readme_is_no_part() -> None:
    assert "\n## Usage\n" in readme(without("Usage").replace("# Sales", "# Usage of sales"))
