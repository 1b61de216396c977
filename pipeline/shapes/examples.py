"""Requests that work as they stand, for the documentation."""

from typing import Any

_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Hello</title><link rel="stylesheet" href="style.css"></head>
<body><h1 id="greeting">Hello</h1>
<script>document.querySelector("#greeting").textContent = PARAMS.message;</script>
</body>
</html>
"""
_GRADIO_APP = """import gradio as gr

demo = gr.Interface(fn=lambda name: f"{PARAMS['greeting']}, {name}!", inputs="text", outputs="text")
demo.launch()
"""
_FLASK_APP = """from flask import Flask

app = Flask(__name__)


@app.route("/")
def home():
    return f"Hello, {PARAMS['name']}!"


app.run(host="0.0.0.0", port=7860)
"""
_STREAMLIT_APP = """import streamlit as st

st.title(PARAMS["title"])
"""

CREATE_SPACE_EXAMPLES: dict[str, dict[str, Any]] = {
    "static": {
        "summary": "Pages",
        "value": {
            "space_type": "static",
            "files": {"index.html": _PAGE, "style.css": "h1 { color: green; }\n"},
            "parameters": {"message": "Hello from a static Space"},
        },
    },
    "gradio": {
        "summary": "Gradio, with a secret",
        "value": {
            "space_type": "gradio",
            "files": {"app.py": _GRADIO_APP},
            "parameters": {"greeting": "Hi"},
            "secrets": {"API_KEY": "known to the Space alone"},
        },
    },
    "docker": {
        "summary": "Docker with Flask; the Dockerfile is added",
        "value": {"space_type": "docker", "files": {"app.py": _FLASK_APP}, "parameters": {"name": "Docker"}},
    },
    "streamlit": {
        "summary": "Streamlit",
        "value": {"space_type": "streamlit", "files": {"app.py": _STREAMLIT_APP}, "parameters": {"title": "Hello"}},
    },
}

DEPLOY_EXAMPLES: dict[str, dict[str, Any]] = {
    "table": {
        "summary": "A page that sums up a table",
        "value": {
            "email": "ada@example.com",
            "secret": "YOUR-SECRET",
            "task": "sales-summary",
            "round": 1,
            "nonce": "ab12",
            "brief": "Show the sum of the sales column of data.csv in #total.",
            "checks": ["The page has a heading", "js: document.querySelector('#total').textContent.includes('42')"],
            "attachments": [{"name": "data.csv", "url": "data:text/csv,region,sales%0Anorth,42"}],
        },
    }
}

_TEAMS = [
    {"name": "team-a", "secrets": {"API_KEY": "…"}, "variables": {"TEAM": "a"}},
    {"name": "team-b", "secrets": {"API_KEY": "…"}, "variables": {"TEAM": "b"}, "hardware": "cpu-basic"},
]
PROVISION_EXAMPLES: dict[str, dict[str, Any]] = {
    "copies": {"summary": "Copies of a Space", "value": {"template": "my-org/template", "spaces": _TEAMS}},
    "plan": {
        "summary": "What would be done, for an app",
        "value": {
            "template": {"space_type": "gradio", "files": {"app.py": _GRADIO_APP}, "parameters": {"greeting": "Hi"}},
            "spaces": _TEAMS,
            "dry_run": True,
        },
    },
}

WAKE_EXAMPLES = {"two": {"summary": "Two Spaces", "value": {"ids": ["my-org/team-a", "my-org/team-b"]}}}
