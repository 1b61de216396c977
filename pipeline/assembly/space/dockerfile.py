"""A Dockerfile for Python apps that came without one, and what a Dockerfile says of its port.

Source of the rules: https://huggingface.co/docs/hub/spaces-sdks-docker. One public port, the user with id 1000, and no
folder that this user may not write to.
"""

import json
import re
from pathlib import PurePosixPath

from pipeline.assembly.space.entry import Imports
from pipeline.assembly.space.python import NotPython, calls, read_python, variable_of
from pipeline.domain.files import AppFiles

_DOCKERFILE = """\
FROM python:3.12-slim

# Spaces run as the user with id 1000. WORKDIR alone would make the folder root's.
RUN useradd --create-home --uid 1000 user
USER user
RUN mkdir /home/user/app
WORKDIR /home/user/app
ENV HOME=/home/user \\
    PATH=/home/user/.local/bin:$PATH \\
    PYTHONUNBUFFERED=1 \\
    GRADIO_SERVER_NAME=0.0.0.0 \\
    GRADIO_SERVER_PORT={port} \\
    PORT={port}

COPY --chown=user requirements.txt ./
RUN pip install --no-cache-dir --requirement requirements.txt{tool}
COPY --chown=user . ./

EXPOSE {port}
CMD {command}
"""
_EXPOSE = re.compile(r"^\s*EXPOSE[ \t]+(.*)$", re.IGNORECASE | re.MULTILINE)
_PORT = re.compile(r"([1-9][0-9]{1,4})(?:/tcp)?", re.IGNORECASE)
_HIGHEST_PORT = 65_535
_FROM = re.compile(r"^[ \t]*FROM[ \t]", re.IGNORECASE | re.MULTILINE)
_USER = re.compile(r"^[ \t]*USER[ \t]+([^\s:]+)", re.IGNORECASE | re.MULTILINE)


def default_dockerfile(files: AppFiles, imports: Imports, entry: str, port: int) -> bytes:
    """A Dockerfile that installs requirements.txt and starts ``entry`` for everybody on ``port``."""
    command, tool = _command(files, imports, entry, port)
    return _DOCKERFILE.format(
        port=port, command=json.dumps(command, ensure_ascii=False), tool=f" {tool}" if tool else ""
    ).encode()


def exposed_port(dockerfile: str) -> int | None:
    """The port that a Dockerfile exposes, when it is exactly one."""
    words = [word for line in _EXPOSE.findall(dockerfile) for word in line.partition("#")[0].split()]
    ports = {int(found[1]) for word in words if (found := _PORT.fullmatch(word))}
    port = ports.pop() if len(ports) == len(set(words)) == 1 else None
    return port if port and port <= _HIGHEST_PORT else None


def is_made_as_root(dockerfile: str) -> bool:
    """Whether what the last stage of a Dockerfile makes belongs to root, and its app can only read it in a Space."""
    users: list[str] = _USER.findall(_FROM.split(dockerfile)[-1])
    return not users or users[-1] in {"root", "0"}


def _command(files: AppFiles, imports: Imports, entry: str, port: int) -> tuple[list[str], str | None]:
    """What starts ``entry``, and the tool that this takes beyond Python."""
    if entry.endswith(".py") and any("streamlit" in names for names in imports.values()):
        # The Space's page shows the app in a frame of another site, where Streamlit's cookie against forged uploads
        # never arrives.
        flags = ["--server.address=0.0.0.0", f"--server.port={port}", "--server.headless=true"]
        flags += ["--server.enableXsrfProtection=false", "--browser.gatherUsageStats=false"]
        return ["streamlit", "run", entry, *flags], "streamlit"
    try:
        tree = read_python(files[entry])
    except NotPython:
        return ["python", entry], None
    path = PurePosixPath(entry)
    folder = [] if str(path.parent) == "." else ["--app-dir", str(path.parent)]
    application = variable_of(tree, "FastAPI")
    if application and not calls(tree, "uvicorn", "run"):
        server = ["uvicorn", *folder, f"{path.stem}:{application}", "--host", "0.0.0.0", "--port", str(port)]  # noqa: S104 - inside the Space's container
        return server, "uvicorn"
    application = variable_of(tree, "Flask")
    if application and not calls(tree, application, "run") and not {"waitress", "gunicorn"} & imports[entry]:
        server = ["flask", "--app", f"{entry}:{application}", "run", "--host", "0.0.0.0", "--port", str(port)]  # noqa: S104 - the same
        return server, "flask"
    return ["python", entry], None
