"""What is generated from the list of functions."""

import json
import re
from typing import Any

import pytest
from gradio_client.utils import json_schema_to_python_type  # type: ignore[import-untyped]  # it brings no types

from pipeline.domain.errors import InvalidInput, NotFound
from pipeline.web.gradio.agents import agents_markdown
from pipeline.web.gradio.documents import config, info, input_schema, openapi, python_type
from pipeline.web.gradio.functions import Function, by_position, parameters_of
from pipeline.web.gradio.registry import FUNCTIONS, function_named
from tests.cases import cases

CASES = cases("schema-types")
NAMES = ["deploy", "job", "create_space", "space_runtime", "restart_space", "pause_space", "duplicate_space"]
SERVER = "https://pipeline.example"

functions = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.name)


def test_the_list_has_the_functions_of_the_contract() -> None:
    assert [function.name for function in FUNCTIONS] == NAMES


def test_every_document_names_all_functions_and_no_other() -> None:
    assert [f"/{name}" for name in NAMES] == list(info()["named_endpoints"])
    assert [dependency["api_name"] for dependency in config(1)["dependencies"]] == NAMES
    called = [path.rpartition("/")[2] for path in openapi(SERVER)["paths"] if "/call/v2/" in path]
    assert called == NAMES
    assert re.findall(r"^## /(\w+)$", agents_markdown(SERVER), re.MULTILINE) == NAMES


@functions
def test_the_components_of_a_function_are_those_that_the_config_defines(function: Function) -> None:
    document = config(1)
    known = {component["id"] for component in document["components"]}
    dependency = document["dependencies"][NAMES.index(function.name)]
    parameters = info()["named_endpoints"][f"/{function.name}"]["parameters"]
    assert set(dependency["inputs"] + dependency["outputs"]) <= known
    assert len(dependency["inputs"]) == len(parameters)
    assert len(dependency["outputs"]) == 1


@functions
def test_parameters_without_a_default_come_first_and_are_called_required(function: Function) -> None:
    parameters = info()["named_endpoints"][f"/{function.name}"]["parameters"]
    required = [p["parameter_name"] for p in parameters if not p["parameter_has_default"]]
    assert input_schema(function)["required"] == required
    assert all(name in function.example for name in required)
    assert json.loads(json.dumps(parameters)) == parameters


@functions
def test_the_example_of_a_function_is_accepted_by_its_model(function: Function) -> None:
    function.parameters.model_validate(dict(function.example))


@functions
def test_no_schema_refers_to_another_document(function: Function) -> None:
    text = json.dumps([input_schema(function), [dict(p.schema) for p in parameters_of(function.parameters)]])
    assert "$ref" not in text


def test_the_token_is_never_shown_as_a_value_to_read() -> None:
    token = parameters_of(function_named("space_runtime").parameters)[1]
    assert (token.name, token.default) == ("hf_token", None)
    assert token.schema["anyOf"][0]["writeOnly"]


@pytest.mark.parametrize(("schema", "told"), CASES["types"])
def test_schemas_are_told_as_python_types(schema: dict[str, Any], told: str) -> None:
    assert python_type(schema) == told


@functions
def test_gradio_s_own_client_can_read_every_schema(function: Function) -> None:
    for parameter in parameters_of(function.parameters):
        assert json_schema_to_python_type(dict(parameter.schema))


def test_arguments_by_position_get_their_names() -> None:
    assert by_position(function_named("space_runtime"), ["owner/name"]) == {"space_id": "owner/name"}


def test_too_many_arguments_are_refused() -> None:
    with pytest.raises(InvalidInput, match="more than the 2 values"):
        by_position(function_named("space_runtime"), ["owner/name", None, 3])


def test_an_unknown_function_is_answered_with_those_that_exist() -> None:
    with pytest.raises(NotFound, match="/deploy, /job"):
        function_named("canary-7f3a")
