"""What is found in requirements files, and imports that nothing brings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.verdict import Severity
from pipeline.verification.files.python_code import Import, foreign_imports
from pipeline.verification.files.requirements import (
    all_requirements,
    is_requirements_file,
    missing_requirements,
    read_requirements,
    requirements_findings,
    sdk_version_conflict,
)
from tests.builders import make_files

APP: dict[str, bytes | str] = {"other.txt": "", "sub/c.txt": "", "pkg/setup.py": "", "x-1.0-py3-none-any.whl": b"x"}


def found(text: str, path: str = "requirements.txt") -> list[tuple[str, int | None]]:
    """Rule and line; warnings are marked by a question mark."""
    return [
        (finding.rule + "?" * (finding.severity is Severity.WARNING), finding.line)
        for finding in requirements_findings(path, text, make_files(APP))
    ]


INDEX = "index" + "-url"  # where pip looks for packages


@pytest.mark.parametrize(
    "line",
    [
        *(
            "",
            "# comment",
            "flask",
            "Flask>=3.0,<4  # web",
            "uvicorn[standard]==0.30.*",
            "numpy~=2.0; python_version > '3.9'",
        ),
        *(
            "requests @ https://example.com/r.whl",
            "git+https://example.com/x.git#egg=x",
            "https://example.com/x.tar.gz",
        ),
        *("-r other.txt", "-rother.txt", "--requirement=other.txt", "-c sub/c.txt", "-r ${WHERE}/x.txt"),
        *("-e .", "-e ./pkg", "./pkg", "./x-1.0-py3-none-any.whl", f"--{INDEX} https://x.example.com"),
        *(
            f"--extra-{INDEX}=https://x.example.com",
            "-i https://x.example.com",
            "--pre",
            "flask \\\n  >=3.0 \\\n  # x",
        ),
        *("a==1 --hash=sha256:00 \\\n --hash=sha256:11", "\ufeffflask"[1:], "flask\\"),
    ],
)
def test_lines_that_pip_understands_are_right(line: str) -> None:
    assert found(f"{line}\n") == []


@pytest.mark.parametrize(
    "line",
    [
        "flask=3.0",
        "flask 3.0",
        "flask==",
        "pip install flask",
        "```",
        "import flask",
        "- flask",
        "--flask",
        "{}",
    ],
)
def test_lines_that_pip_does_not_understand_are_told(line: str) -> None:
    assert found(f"# ok\n\n{line}\nnumpy\n") == [("requirements-syntax", 3)]


def test_files_that_are_named_and_not_there_are_told() -> None:
    assert found("-r gone.txt\n--constraint sub/gone.txt\n./gone\n-r sub/c.txt") == [
        ("requirements-file", 1),
        ("requirements-file", 2),
        ("requirements-file", 3),
    ]
    assert found("-r c.txt\n-r ../other.txt", "sub/requirements.txt") == []


def test_a_package_that_stands_there_twice_is_told() -> None:
    assert found("flask\nnumpy\nFlask>=3\n") == [("requirements-duplicate?", 3)]
    assert found("my.pkg==1.0\nmy_pkg==1.1\n") == [("requirements-duplicate", 2)]
    assert found("uvicorn\nuvicorn[standard]\n") == []
    assert found("a<1; python_version < '3'\na>1; python_version > '3'\n") == []


def test_modules_of_the_standard_library_are_told() -> None:
    assert found("json\nOS\nflask\n") == [("requirements-standard-library", 1), ("requirements-standard-library", 2)]
    assert found("dataclasses; python_version < '3.7'\n") == []


def test_requirements_files_are_known_by_their_names() -> None:
    yes = ["requirements.txt", "sub/requirements-dev.txt", "pre-requirements.txt"]
    assert all(map(is_requirements_file, yes))
    assert not any(map(is_requirements_file, ["requirements.md", "my-requirements.txt", "packages.txt"]))


def missing(code: str, requirements: str | None, installed: frozenset[str] = frozenset()) -> list[str]:
    """Modules whose packages are told to be missing."""
    files = make_files(
        {"app.py": code} | ({} if requirements is None else {"requirements.txt": requirements, "b.txt": "pandas"})
    )
    imports = foreign_imports("app.py", {"app.py": code})
    findings = missing_requirements(imports, all_requirements(files), installed)
    return [finding.message.split()[1].rstrip(",") for finding in findings]


@pytest.mark.parametrize(
    ("code", "requirements", "modules"),
    [
        ("import flask, requests", "flask", ["requests"]),
        ("import requests\nimport requests.auth", None, ["requests"]),
        ("import PIL.Image", "flask", ["PIL.Image"]),
        ("import PIL.Image", "Pillow", []),
        ("import cv2", "opencv-python", []),
        ("import cv2", "opencv-python-headless", []),
        ("from sklearn import svm", "scikit_learn", []),
        ("import yaml, bs4", "pyyaml\nbeautifulsoup4", []),
        ("import jinja2, werkzeug", "flask", []),
        ("import numpy, dateutil", "-r b.txt", []),
        ("import strange", "flask", ["strange"]),
        ("import strange", "flask\nsome-sdk", []),
        ("import requests", "git+https://example.com/x", []),
        ("import google.generativeai as genai", "google-generativeai", []),
        ("from google import genai", "google-genai", []),
        ("import os, sys, json", None, []),
    ],
)
def test_imports_that_no_requirement_brings_are_told(code: str, requirements: str | None, modules: list[str]) -> None:
    assert missing(code, requirements) == modules


def test_what_is_installed_anyway_needs_no_requirement() -> None:
    assert missing("import gradio, numpy", None, frozenset({"gradio"})) == []


def test_the_program_is_followed_through_its_own_modules() -> None:
    texts = {
        "src/app.py": "from .views import home\nimport store\n",
        "src/views/__init__.py": "from . import home\n",
        "src/views/home.py": "import flask\nimport flask\n",
        "src/store.py": "def f():\n    import redis\n",
        "tests/test_app.py": "import pytest\n",
        "src/broken.py": "import (",
    }
    assert sorted(foreign_imports("src/app.py", texts), key=lambda found: found.module) == [
        Import("flask", "src/views/home.py", 1),
        Import("redis", "src/store.py", 2),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import redis\nexcept ImportError:\n    redis = None",
        "try:\n    import redis\nexcept (ValueError, ModuleNotFoundError):\n    pass",
        "import typing\nif typing.TYPE_CHECKING:\n    import redis",
        "import redis (",
    ],
)
def test_imports_that_a_program_can_do_without_are_left_out(code: str) -> None:
    assert foreign_imports("a.py", {"a.py": code}) == []


def test_imports_beside_those_that_may_fail_are_still_needed() -> None:
    code = "try:\n    import redis\nexcept ValueError:\n    pass\nif TYPE_CHECKING:\n    pass\nelse:\n    import flask"
    assert {found.module for found in foreign_imports("a.py", {"a.py": code})} == {"redis", "flask"}


@pytest.mark.parametrize(
    ("line", "conflicts"),
    [("gradio>=5,<6", False), ("gradio", False), ("Gradio==4.44.0", True), ("gradio<5", True), ("flask==1", False)],
)
def test_a_gradio_of_another_version_than_the_space_is_told(line: str, *, conflicts: bool) -> None:
    read = read_requirements("requirements.txt", f"# x\n{line}\n")
    assert sdk_version_conflict(read, "5.49.1") == (2 if conflicts else None)
    assert sdk_version_conflict(read, "newest") is None


@given(
    st.lists(
        st.sampled_from(["-r ", "a", "==", "[", ";", "\\\n", "\n", "#", " ", "--hash=", "@", "./"])
        | st.text(max_size=9)
    )
)
def test_no_requirements_are_too_strange_to_be_read(pieces: list[str]) -> None:
    text = "".join(pieces)
    for finding in requirements_findings("requirements.txt", text, make_files({})):
        assert finding.line is not None
        assert 1 <= finding.line <= len(text.splitlines())


@given(st.text(alphabet="import fromx.,*()\n:_= try", max_size=80))
def test_no_program_is_too_strange_to_be_followed(code: str) -> None:
    for found in foreign_imports("a.py", {"a.py": code, "b.py": code}):
        assert 1 <= found.line <= code.count("\n") + 1


@pytest.mark.parametrize(
    "piece", ["a", "\\\n", "a[", "(", "a;", "#", " ", "-r requirements.txt\n", "a\n", "a<1,", "--", "./"]
)
def test_long_requirements_end(piece: str) -> None:
    text = piece * (64 * 1024 // len(piece))
    assert len(list(requirements_findings("requirements.txt", text, make_files({"requirements.txt": text})))) < 100
    assert all_requirements(make_files({"requirements.txt": text}))
