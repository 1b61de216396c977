"""What is found in the card of a Space."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.verdict import Severity
from pipeline.verification.files.space_card import card_findings, is_one_emoji, missing_card_finding, read_card
from tests.builders import make_files

FILES: dict[str, bytes | str] = {"app.py": "", "index.html": "", "Dockerfile": "FROM a"}


def found(lines: str, files: dict[str, bytes | str] | None = None) -> list[tuple[str, int | None]]:
    """First word of the message and line; warnings are marked by a question mark."""
    readme = f"---\n{lines}\n---\n# x\n"
    return [
        (finding.message.split()[0] + "?" * (finding.severity is Severity.WARNING), finding.line)
        for finding in card_findings(readme, make_files(FILES if files is None else files))
    ]


@pytest.mark.parametrize(
    "line",
    [
        *(
            "title: 'A: b'",
            "emoji: 🚀",
            "colorFrom: green",
            "colorTo: indigo",
            "license: apache-2.0",
            "license: [mit, isc]",
        ),
        *("python_version: '3.10'", "python_version: 3.12", "sdk_version: 5.49.1", "header: mini", "pinned: true"),
        *(f"short_description: {'x' * 60}", "tags: [a, b]", "tags: []", "app_file: app.py", "app_file: ./app.py"),
        *(
            "base_path: /x",
            "hf_oauth_expiration_minutes: 43200",
            "custom_headers: {cross-origin-opener-policy: same-origin}",
        ),
        *("models: [a/b]", "fullWidth: False", "thumbnail: x.png", "suggested_hardware: cpu-basic"),
    ],
)
def test_values_that_the_hub_takes_are_right(line: str) -> None:
    assert found(f"sdk: gradio\n{line}") == []


@pytest.mark.parametrize(
    "line",
    [
        *("title: 2048", "title: ''", "emoji: ðŸš€", "emoji: ':x:'", "emoji: 🚀🚀", "emoji: 1", "colorFrom: orange"),
        *("colorTo: Red", "license: MIT", "license: MIT License", "license: [mit, x]", "python_version: '2.7'"),
        *(
            "python_version: latest",
            "sdk_version: newest",
            "header: big",
            "pinned: 1",
            f"short_description: {'x' * 61}",
        ),
        *("tags: a", "tags: [1]", "base_path: x", "hf_oauth_expiration_minutes: 43201", "custom_headers: {x: y}"),
        *("custom_headers: x", "short_description: [a]", "fullWidth: yes"),
    ],
)
def test_values_that_the_hub_refuses_are_told_with_their_line(line: str) -> None:
    assert found(f"sdk: gradio\n{line}") == [(line.partition(":")[0], 3)]


@pytest.mark.parametrize("sdk", ["streamlit", "Gradio", "react", "", "[gradio]"])
def test_an_unknown_sdk_is_told(sdk: str) -> None:
    assert found(f"title: x\nsdk: {sdk}") == [("sdk", 3)]


@pytest.mark.parametrize("port", ["'7860'", "0", "70000", "x", "0x10", "80.5"])
def test_a_port_that_is_none_is_told(port: str) -> None:
    assert found(f"sdk: docker\napp_port: {port}") == [("app_port", 3)]
    assert found("sdk: docker\napp_port: 8501") == []


@pytest.mark.parametrize(
    ("lines", "finding"),
    [
        ("sdk: static\napp_port: 7860", ("app_port?", 3)),
        ("sdk: docker\napp_file: app.py", ("app_file?", 3)),
        ("sdk: docker\nsdk_version: '1.0'", ("sdk_version?", 3)),
        ("sdk: gradio\npython_version: 3.10", ("python_version?", 3)),
        ("sdk: gradio\nsdk_version: 5.0", ("sdk_version?", 3)),
        ("sdk: gradio\ntitle: a\ntitle: b", ("title", 4)),
    ],
)
def test_keys_that_do_not_say_what_they_seem_to_are_told(lines: str, finding: tuple[str, int]) -> None:
    assert found(lines) == [finding]


@pytest.mark.parametrize(
    ("lines", "files", "line"),
    [
        ("sdk: gradio", {"main.py": ""}, 2),
        ("sdk: static", {"app.py": ""}, 2),
        ("sdk: docker", {"app.py": ""}, 2),
        ("sdk: gradio\napp_file: src/gone.py", {"app.py": ""}, 3),
    ],
)
def test_a_space_that_has_nothing_to_start_is_told(lines: str, files: dict[str, bytes | str], line: int) -> None:
    assert [where for _, where in found(lines, files)] == [line]


@pytest.mark.parametrize(
    ("readme", "line"),
    [
        ("---\nsdk: gradio\ntitle: a: b\n---\n", 3),
        ("---\nsdk: gradio\n# x\n", 1),
        ("---\nsdk: gradio\nx: [\n---\n", 4),
        ("---\n- sdk: gradio\nsdk: x\n---\n", 3),
    ],
)
def test_front_matter_that_cannot_be_read_is_told(readme: str, line: int) -> None:
    assert [finding.line for finding in card_findings(readme, make_files(FILES))] == [line]


@pytest.mark.parametrize(
    "readme", ["", "# x", "---\ntitle: a blog\n---\n", "x\n---\nsdk: gradio\n---\n", "---\n\n---\n", "---"]
)
def test_a_readme_without_a_card_is_nobody_s_card(readme: str) -> None:
    assert list(card_findings(readme, make_files({}))) == []
    assert read_card(readme) is None
    assert [finding.rule for finding in missing_card_finding(make_files({"README.md": readme}))] == ["space-card"]


def test_a_card_with_other_line_ends_is_read() -> None:
    card = read_card("---\r\nsdk: docker\r\napp_port: 8501\r\n---\r\n# x\r\n")
    assert card is not None
    assert (card.sdk, card.app_port, card.app_file) == ("docker", 8501, None)


@pytest.mark.parametrize("text", ["🚀", "❤️", "👩‍💻", "🇩🇪", "1️⃣", "⚡", "✍🏽", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "✅", "‼️", "〰️", "☕", "©️"])
def test_one_emoji_is_one_however_it_is_put_together(text: str) -> None:
    assert is_one_emoji(text)


@pytest.mark.parametrize("text", ["", "a", "🚀🚀", "🚀 x", "é", "12", "\u200d", "🇩", "-"])
def test_what_is_not_one_emoji_is_none(text: str) -> None:
    assert not is_one_emoji(text)


@given(
    st.lists(
        st.sampled_from(["sdk: gradio\n", "---\n", "- ", "[", "{", "&a ", "*a", "<<: ", "title: ", "\t", "? "])
        | st.text(max_size=9)
    )
)
def test_no_card_is_too_strange_to_be_read(pieces: list[str]) -> None:
    readme = "---\nsdk: static\n" + "".join(pieces) + "\n---\n"
    for finding in card_findings(readme, make_files(FILES)):
        assert finding.path == "README.md"
        assert finding.line
    read_card(readme)


@pytest.mark.parametrize(
    "piece", ["- ", "[", "a: {", "? ", "&a ", "a: &a [*a]\n", "emoji: \u200d", "\n", "---\n", "? - "]
)
def test_long_cards_end(piece: str) -> None:
    readme = f"---\nsdk: gradio\n{piece * (20_000 // len(piece))}\n---\n"
    assert len(list(card_findings(readme, make_files(FILES)))) < 100
