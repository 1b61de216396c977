"""``pipeline spaces`` as typed at a prompt, on a Space that the fake Hub has."""

from tests.fakes.command_line import Ended, pipeline

ID = "deployer/tides"
APP = {"README.md": "---\ntitle: Tides\nsdk: gradio\n---\n", "app.py": "import gradio\n"}
VALUE = "v4lue-that-nobody-may-see"


def spaces(*arguments: str, stdin: str | None = None, ends_with: int | None = None) -> Ended:
    return pipeline("spaces", *arguments, stdin=stdin, ends_with=ends_with)
