import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import InvalidInput
from pipeline.domain.files import AppFiles, compare, fold, path_collision, path_problem, safe_path

SEGMENTS = st.text(st.sampled_from("abcXYZ019._- äöπ漢"), min_size=1, max_size=12)
SAFE_PATHS = st.lists(SEGMENTS, min_size=1, max_size=4).map("/".join).filter(lambda path: path_problem(path) is None)


@pytest.mark.parametrize(
    "path",
    ["index.html", "data/sales 2026.csv", ".gitignore", ".github/workflows/ci.yml", "a.b.c/d", "été.txt", "console.js"],
)
def test_ordinary_names_are_let_in(path: str) -> None:
    assert path_problem(path) is None


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "../x", "a/../b", "a/./b", "a//b", "a/", ".", ".."),
        *("a\0b", "a\nb", "a\x7fb", "a\u202eb", "a\u200bb", "a\u2028b", "a\ud800", "a\ue000b"),
        *("a\\b", "C:x", "a%2fb", "a*b", "a?b", 'a"b', "a<b", "a>b", "a|b", "a\u2044b", "a\uff0fb", "a\u2215b"),
        *(".git/config", ".GIT/config", "x/.git", ".gitmodules", "git~1", "GIT~12/x", ".ssh/id", ".env", "x/.Env"),
        *("CON", "nul.txt", "a/aux", "COM1", "lpt9.log", "com\u00b9", "conin$"),
        *("a ", " a", "a.", "a/b.", "a /b", "x" * 241, "é" * 121),
        ".g\u0131t/../x",
        "\uff0egit/config",
    ],
)
def test_hostile_names_are_refused(path: str) -> None:
    assert path_problem(path)


@given(st.text())
def test_a_name_that_is_let_in_stays_inside_and_can_be_encoded(path: str) -> None:
    if path_problem(path) is None:
        parts = safe_path(path, "name").split("/")
        assert all(part not in {"", ".", ".."} for part in parts)
        assert not any(fold(part) == ".git" for part in parts)
        assert len("/".join(parts).encode()) <= 240


@given(st.text(min_size=1))
def test_the_problem_never_holds_the_name(path: str) -> None:
    with_canary = f"canary-7f3a\0{path}"
    assert "canary" not in (path_problem(with_canary) or "")


@given(SAFE_PATHS)
def test_the_rule_is_stable_under_its_own_normal_form(path: str) -> None:
    assert path_problem(safe_path(path, "name")) is None


def test_composed_and_decomposed_names_are_one_file() -> None:
    decomposed = unicodedata.normalize("NFD", "été.txt")
    assert safe_path(decomposed, "name") == "été.txt"
    assert path_collision(["été.txt", decomposed])


@pytest.mark.parametrize(
    "paths", [["a.txt", "A.TXT"], ["a", "a/b"], ["a/b", "a"], ["Straße", "STRASSE"], ["a/b/c", "A/B"], ["ﬁ", "fi"]]
)
def test_names_that_some_file_system_takes_for_one_collide(paths: list[str]) -> None:
    collision = path_collision(paths)
    assert collision is not None
    assert collision[0] == 1


@given(st.dictionaries(SAFE_PATHS, st.binary(max_size=20), max_size=8))
def test_app_files_hold_what_they_were_given_or_refuse_it(files: dict[str, bytes]) -> None:
    if path_collision(list(files)):
        with pytest.raises(InvalidInput):
            AppFiles(files)
    else:
        app = AppFiles(files)
        assert dict(app) == files
        assert list(app) == sorted(app)
        assert app.size == sum(map(len, files.values()))


def test_the_digest_tells_any_two_apps_apart() -> None:
    apps = [{}, {"a": b""}, {"a": b"b"}, {"ab": b""}, {"a": b"", "b": b""}, {"a": b"1 b 0 "}, {"a": b"b", "b": b""}]
    assert len({AppFiles(files).digest for files in apps}) == len(apps)


def test_too_many_files_are_refused() -> None:
    with pytest.raises(InvalidInput):
        AppFiles({f"{number}.txt": b"" for number in range(2001)})


def test_text_is_none_for_what_is_absent_or_not_utf8_and_lacks_the_byte_order_mark() -> None:
    app = AppFiles({"a.txt": b"\xef\xbb\xbfhello", "b.bin": b"\xff\xfe"})
    assert (app.text("a.txt"), app.text("b.bin"), app.text("c")) == ("hello", None, None)


def test_changes_name_what_was_added_changed_and_removed() -> None:
    before = AppFiles({"same": b"1", "old": b"1", "changed": b"1"})
    after = before.without("old", "unknown").with_files({"changed": b"2", "new": b"1"})
    changes = compare(before, after)
    assert (changes.added, changes.changed, changes.removed) == (("new",), ("changed",), ("old",))


@pytest.mark.parametrize("part", ["\u2025", "\u2024\u2024", "\uff0e\uff0e", "\uff0e", ".\u2024"])
def test_a_name_that_compatibility_forms_turn_into_dots_is_refused(part: str) -> None:
    assert path_problem(f"a/{part}/b") == "has a part that is . or .."


def test_two_names_that_are_one_in_composed_form_lose_nothing_silently() -> None:
    with pytest.raises(InvalidInput, match="names the same file"):
        AppFiles({"caf\u00e9.txt": b"1", "cafe\u0301.txt": b"2"})
