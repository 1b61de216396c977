"""Apps to be made fit for a Space."""

import json
from typing import Any

from pipeline.assembly import SpaceApp, assemble_space
from pipeline.domain.publication import SpaceSdk
from tests.builders import make_files

GRADIO = "import gradio as gr\ngr.Interface(str, 'text', 'text').launch()\n"
STREAMLIT = "import streamlit as st\nst.title('x')\n"
FLASK = "from flask import Flask\napp = Flask(__name__)\n"
RUNNING_FLASK = f"{FLASK}app.run(host='0.0.0.0', port=7860)\n"
FASTAPI = "from fastapi import FastAPI\napi = FastAPI()\n"
PAGE = "<!doctype html><html><head><title>P</title></head><body></body></html>"
DOCKERFILE = "FROM python:3.12-slim\nCOPY . .\nCMD python app.py\n"
CONTENTS: dict[bytes | str, str] = {
    "GRADIO": GRADIO,
    "STREAMLIT": STREAMLIT,
    "FLASK": FLASK,
    "RUNNING_FLASK": RUNNING_FLASK,
    "FASTAPI": FASTAPI,
    "PAGE": PAGE,
    "DOCKERFILE": DOCKERFILE,
}


def space(files: dict[str, bytes | str], kind: SpaceSdk | None = None, **options: Any) -> SpaceApp:
    """Of a file in the tables of ``tests/data/cases`` the content may be the name of one above."""
    contents = {path: CONTENTS.get(content, content) for path, content in files.items()}
    return assemble_space(make_files(contents), kind, **{"title": "Sales", "year": 2026, **options})


def text(app: SpaceApp, path: str) -> str:
    return app.files[path].decode()


def command(app: SpaceApp) -> list[str]:
    (line,) = [line for line in text(app, "Dockerfile").splitlines() if line.startswith("CMD ")]
    words = json.loads(line.removeprefix("CMD "))
    assert isinstance(words, list)
    return words
