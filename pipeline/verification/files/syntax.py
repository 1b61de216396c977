"""Syntax of JSON, YAML, Python and SVG. Nothing is executed or constructed, and no entity is expanded."""

import ast
import json
import re
from itertools import accumulate
from xml.parsers import expat

import yaml

from pipeline.domain.python_source import parsing_quietly
from pipeline.verification.files.problems import Problem

_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_DEEPEST_YAML = 100


def json_problem(text: str) -> Problem | None:
    """As ``JSON.parse`` sees it: no NaN, no Infinity, no comments."""
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        return Problem(f"{error.msg} (column {error.colno})", error.lineno)
    except ValueError as error:
        return Problem(str(error))
    except RecursionError:
        return Problem("is nested too deeply to be read", is_certain=False)
    return None


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")


def yaml_problem(text: str) -> Problem | None:
    """Its events alone are read: nothing is constructed and no alias expanded."""
    # The time for flow collections grows with the square of their depth.
    depths = accumulate(1 if bracket in "[{" else -1 for bracket in re.findall(r"[\[\]{}]", text))
    if max(depths, default=0) > _DEEPEST_YAML:
        return Problem("is nested too deeply to be read", is_certain=False)
    try:
        for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            pass
    except yaml.MarkedYAMLError as error:
        return Problem(error.problem or "is not YAML", error.problem_mark.line + 1 if error.problem_mark else None)
    except yaml.YAMLError as error:
        return Problem(str(error).splitlines()[0])
    return None


def python_problem(text: str) -> Problem | None:
    """As this interpreter's parser sees it."""
    try:
        with parsing_quietly():
            ast.parse(text)
    except SyntaxError as error:
        return Problem(error.msg, error.lineno)
    except ValueError as error:
        return Problem(str(error))
    except (RecursionError, MemoryError):
        return Problem("is too complex to be read", is_certain=False)
    return None


def svg_problem(text: str) -> Problem | None:
    """Well-formed XML without entities of its own, and an ``svg`` element in the SVG namespace at its root."""
    roots: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def keep_root(name: str, _attributes: dict[str, str]) -> None:
        if not roots:
            roots.append(name)

    def refuse_declarations(_name: str, _system: str | None, _public: str | None, has_subset: int) -> None:
        if has_subset:
            raise ValueError("declares entities or elements of its own, which is refused")

    parser.StartElementHandler = keep_root
    parser.StartDoctypeDeclHandler = refuse_declarations
    try:
        parser.Parse(text, True)  # noqa: FBT003 - expat takes no keyword here
    except expat.ExpatError as error:
        return Problem(f"is not well-formed XML: {expat.ErrorString(error.code)}", error.lineno)
    except ValueError as error:
        return Problem(str(error))
    if roots != [f"{_SVG_NAMESPACE} svg"]:
        return Problem(f'its root is not <svg xmlns="{_SVG_NAMESPACE}">', 1)
    return None
