"""PARAMS in Python files and pages: the values are what was sent, and the rest of the file stays as it was."""

import ast
import json
import subprocess
import sys
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
import quickjs
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assembly.space.pages import with_page_parameters
from pipeline.assembly.space.parameters import DEEPEST, MAX_BYTES, parameters_json, with_parameters
from pipeline.assembly.space.python import MAX_SOURCE_BYTES, NotPython, read_python
from pipeline.domain.errors import InvalidInput
from tests.builders import make_files
from tests.cases import cases

CASES = cases("parameters")
VERSIONS = ("3.10", "3.11", "3.12", "3.13")
INTERPRETERS = sorted(Path.home().joinpath(".pyenv", "versions").glob("3.1[0-3].*/bin/python"))
VALUES = {"yes": True, "none": None, "text": "Ünï \\ ' \" </script> \u2028 😀 %s {x}", "deep": [{"a": [1.5, -0.0]}]}

SOURCES = {
    **{name: text.encode() for name, text in CASES["sources"]},
    "shebang and coding": b"#!/usr/bin/env python\n# -*- coding: latin-1 -*-\nx = '\xe9'\n",
    "latin-1 docstring": b"# coding: latin-1\n'''\xe9\xe9'''; x = 1\n",
}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(), inside, max_size=4),
    max_leaves=10,
)


def parameters_in(source: bytes) -> Any:
    """What PARAMS will be, without running anything."""
    (literal,) = [
        ast.literal_eval(node.value.args[0])
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Call)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id == "PARAMS"
    ]
    return json.loads(literal)


def same_at_start(one: bytes, other: bytes) -> int:
    """How many bytes both begin with."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def without_parameters(source: bytes) -> str:
    """The syntax of the file but for what was added."""
    tree = ast.parse(source)
    added = [index for index, node in enumerate(tree.body) if "_json" in ast.dump(node)]
    assert len(added) == 2
    tree.body = [node for index, node in enumerate(tree.body) if index not in added]
    return ast.dump(tree)


@pytest.mark.parametrize("name", SOURCES)
def test_the_file_keeps_its_meaning_docstring_and_futures(name: str) -> None:
    changed = with_parameters(SOURCES[name], VALUES)
    assert without_parameters(changed) == ast.dump(ast.parse(SOURCES[name]))
    assert ast.get_docstring(ast.parse(changed)) == ast.get_docstring(ast.parse(SOURCES[name]))
    assert parameters_in(changed) == VALUES


@pytest.mark.parametrize("name", SOURCES)
def test_every_byte_of_the_file_is_still_there_in_its_order(name: str) -> None:
    source, changed = SOURCES[name], with_parameters(SOURCES[name], {"a": 1})
    assert same_at_start(source, changed) + same_at_start(source[::-1], changed[::-1]) >= len(source)


@pytest.mark.parametrize("name", ["Windows line ends", "old Macintosh line ends"])
def test_line_ends_are_those_of_the_file(name: str) -> None:
    changed = with_parameters(SOURCES[name], {})
    assert changed.count(b"\r\n") == changed.count(b"\n")
    assert b"\n" in changed or b"\r" in changed


@pytest.mark.parametrize("version", VERSIONS)
def test_the_files_run_on_every_python_that_spaces_offer(version: str, tmp_path: Path) -> None:
    found = [path for path in INTERPRETERS if path.parts[-3].startswith(f"{version}.")]
    if not found:
        pytest.skip(f"there is no Python {version} here")
    paths = []
    for number, source in enumerate(SOURCES.values()):
        path = tmp_path / f"app{number}.py"
        path.write_bytes(with_parameters(source, VALUES))
        paths.append(str(path))
    program = "import sys; [compile(open(p, 'rb').read(), p, 'exec') for p in sys.argv[1:]]"
    subprocess.run([found[0], "-I", "-c", program, *paths], check=True, capture_output=True)
    printing = tmp_path / "printing.py"
    printing.write_bytes(with_parameters(b"import json\nprint(json.dumps(PARAMS))\n", VALUES))
    ran = subprocess.run([found[0], "-I", printing], check=True, capture_output=True, text=True)
    assert json.loads(ran.stdout) == VALUES


@pytest.mark.parametrize("minor", [10, 11])
def test_what_is_added_needs_no_new_syntax(minor: int) -> None:
    ast.parse(with_parameters(b"x = 1\n", VALUES), feature_version=(3, minor))


@given(st.dictionaries(st.text(), json_values, max_size=5), st.sampled_from(sorted(SOURCES)))
def test_whatever_json_comes_in_is_what_the_app_finds(values: dict[str, Any], name: str) -> None:
    found = parameters_in(with_parameters(SOURCES[name], values))
    assert json.dumps(found) == json.dumps(values)


@given(st.dictionaries(st.text(), json_values, max_size=5))
def test_what_is_added_is_ascii_without_control_characters(values: dict[str, Any]) -> None:
    added = with_parameters(b"", values)
    assert all(byte == ord("\n") or 0x20 <= byte < 0x7F for byte in added)


def test_a_whole_number_of_thousands_of_digits_stays_exact() -> None:
    values = {"big": 10**4000 + 7}
    assert parameters_in(with_parameters(b"", values)) == values


@pytest.mark.parametrize(
    "values",
    [
        {"a": float("nan")},
        {"a": [float("inf")]},
        {"a": {"b": float("-inf")}},
        {"a": {1: "x"}},
        {"a": b"bytes"},
        {"a": {1, 2}},
        {"a": 10**5000},
        {"a": "x" * MAX_BYTES},
    ],
)
def test_what_is_not_json_is_refused_by_the_name_of_the_field(values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parameters_json(values)
    assert [problem.field for problem in refused.value.problems] == ["parameters"]


def test_nesting_has_a_limit() -> None:
    def nested(levels: int) -> dict[str, Any]:
        value: Any = 1
        for _ in range(levels):
            value = [value]
        return {"a": value}

    assert parameters_json(nested(DEEPEST - 1))
    for levels in (DEEPEST, 200):
        with pytest.raises(InvalidInput, match="nested"):
            parameters_json(nested(levels))


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (b"def f(:\n", 1),
        (b"x = 1\nreturn x\n", 2),
        (b"from __future__ import nothing_of_this_name\n", 1),
        (b"x = '\xff'\n", 1),
        (b"a\0b", None),
        (b"# coding: utf-7\nx = '+'", None),
        (b"# coding: utf-7\nx = '+AGE-'\n", None),
        (b"# coding: no-such-encoding\nx = 1\n", None),
        (b"# coding: rot13\nk = 1\n", None),
        (b"-" * 100_000 + b"1", None),
        (b"1" + b"+1" * 100_000, None),
        (b"[" * 5000, 1),
        (b"#" * (MAX_SOURCE_BYTES + 1), None),
    ],
)
def test_a_file_that_is_no_python_is_refused_with_its_line(source: bytes, line: int | None) -> None:
    with pytest.raises(NotPython) as refused:
        with_parameters(source, {})
    assert line is None or refused.value.line == line


def test_the_refusal_quotes_nothing_of_the_source() -> None:
    with pytest.raises(NotPython) as refused:
        read_python(b"# coding: canary-encoding\n")
    assert "canary" not in str(refused.value)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="valid since Python 3.12")
def test_quotes_within_an_f_string_get_a_hint() -> None:
    with pytest.raises(NotPython, match="f-string must differ"):
        read_python(b"print(f'Hi, {PARAMS['user']}')\n")


def test_warnings_about_a_source_stay_out_of_ours() -> None:
    assert read_python(b"x = '\\d'\nassert (x, 1)\n")


ELEMENT = '<script src="params.js"></script>'


def page_with(page: bytes | str, path: str = "index.html", **parameters: object) -> str:
    files = with_page_parameters(make_files({path: page}), path, parameters_json(parameters or {"a": 1}))
    return files[path].decode()


@pytest.mark.parametrize(("before", "after"), CASES["places"])
def test_the_script_stands_before_all_others(before: str, after: str) -> None:
    assert page_with(before + after) == before + ELEMENT + after


def test_a_page_that_loads_the_file_itself_stays_as_it_is() -> None:
    page = '<head><script defer src="./params.js"></script></head>'
    assert page_with(page) == page


def test_the_address_is_relative_to_the_page() -> None:
    assert '<script src="../params.js"></script>' in page_with("<head>", "site/start.html")


@pytest.mark.parametrize("name", ["params.js", "params.json", "Params.JS"])
def test_files_of_the_author_are_not_overwritten(name: str) -> None:
    with pytest.raises(InvalidInput, match=r"params\.js"):
        with_page_parameters(make_files({"index.html": "x", name: "mine"}), "index.html", "{}")


def test_a_page_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"index\.html: is not UTF-8"):
        page_with(b"<head>\xff\xfe")


page_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text() | st.just("__proto__"), inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text() | st.sampled_from(["__proto__", "</script>", "<!--"]), page_values, max_size=4))
def test_a_script_engine_finds_what_was_sent(parameters: dict[str, Any]) -> None:
    files = with_page_parameters(make_files({"index.html": "x"}), "index.html", parameters_json(parameters))
    script = files["params.js"].decode()
    engine = quickjs.Context()
    engine.eval("var window = {};")
    engine.eval(script)
    assert json.loads(engine.eval("JSON.stringify(window.PARAMS)")) == parameters
    assert json.loads(files["params.json"]) == parameters
    assert "<" not in script
