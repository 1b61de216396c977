"""window.PARAMS: every script of the page finds the values, and the rest of the page stays as it was."""

import json
from typing import Any

import pytest
import quickjs
from hypothesis import given
from hypothesis import strategies as st

from pipeline.assembly.space.pages import with_page_parameters
from pipeline.assembly.space.parameters import parameters_json
from pipeline.domain.errors import InvalidInput
from tests.builders import make_files
from tests.cases import cases

CASES = cases("space-pages")

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


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text() | st.just("__proto__"), inside, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text() | st.sampled_from(["__proto__", "</script>", "<!--"]), json_values, max_size=4))
def test_a_script_engine_finds_what_was_sent(parameters: dict[str, Any]) -> None:
    files = with_page_parameters(make_files({"index.html": "x"}), "index.html", parameters_json(parameters))
    script = files["params.js"].decode()
    engine = quickjs.Context()
    engine.eval("var window = {};")
    engine.eval(script)
    assert json.loads(engine.eval("JSON.stringify(window.PARAMS)")) == parameters
    assert json.loads(files["params.json"]) == parameters
    assert "<" not in script
