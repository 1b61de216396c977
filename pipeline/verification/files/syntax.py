"""Syntax of JSON, YAML, Python, XML and SVG. Nothing is executed or constructed, and no entity is expanded."""

import ast
import json
import re
from itertools import islice
from xml.parsers import expat

import yaml

from pipeline.domain.python_source import parsing_quietly
from pipeline.verification.problems import Problem

_SVG_NAMESPACE = "http://www.w3.org/2000/svg"
_DEEPEST_YAML = 100
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST_YAML:
                return Problem("is nested too deeply to be read", is_certain=False)
    except yaml.MarkedYAMLError as error:
        line = line_in_editors(text, error.problem_mark.line) if error.problem_mark else None
        return Problem(error.problem or "is not YAML", line)
    except yaml.YAMLError as error:
        return Problem(str(error).splitlines()[0])
    return None


def yaml_document(text: str) -> yaml.Node | None:
    """The one document in ``text`` as nodes; None when it is empty, no YAML, more than one, or nested too deeply."""
    if yaml_problem(text):
        return None
    try:
        root: yaml.Node | None = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:  # what only composing finds: unknown aliases, a second document
        return None
    return root


def line_in_editors(text: str, yaml_line: int) -> int:
    """The line, from 1, that editors show for PyYAML's ``yaml_line``, from 0, which counts three more line breaks."""
    breaks = islice(re.finditer("\r\n|[\n\r\x85\u2028\u2029]", text), yaml_line)
    return 1 + sum(found[0] in {"\n", "\r", "\r\n"} for found in breaks)


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
    root = _xml_root(text)
    if isinstance(root, Problem) or root == f"{_SVG_NAMESPACE} svg":
        return root if isinstance(root, Problem) else None
    return Problem(f'its root is not <svg xmlns="{_SVG_NAMESPACE}">', 1)


def xml_problem(text: str) -> Problem | None:
    """Well-formed XML without entities of its own."""
    root = _xml_root(text)
    return root if isinstance(root, Problem) else None


def _xml_root(text: str) -> str | Problem:
    """The name of the outermost element, behind its namespace and a space; or what is wrong."""
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
    return roots[0]
