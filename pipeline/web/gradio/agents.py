"""/agents.md: the functions for agents that work with curl."""

import json
import shlex

from pipeline.web.gradio.documents import API_PREFIX, python_type
from pipeline.web.gradio.functions import Function, Parameter, parameters_of
from pipeline.web.gradio.registry import FUNCTIONS

_HEADER = '-H "Authorization: Bearer $TOKEN"'
_EVENT_ID = """sed -n 's/.*"event_id": *"\\([^"]*\\)".*/\\1/p'"""

_INTRODUCTION = """\
# code-to-deployment

Turns a written brief into a live, checked web app, and manages Hugging Face Spaces.

## How to call

A call takes two requests. The first sends the parameters and gives an `event_id`; the second reads the call's events
as Server-Sent Events until `event: complete` (its `data` is a list with the one result) or `event: error`. In between
come `event: generating` (what is being done) and `event: heartbeat`. The second request can be repeated for an hour;
hanging up stops nothing.

Every call needs a token in the environment variable `TOKEN`: the service's own secret, or your Hugging Face token for
the functions that say so. It is sent as `Authorization: Bearer`, or as `x-hf-authorization` where a proxy needs the
first for itself.

For programs: [info]({server}{prefix}/info), [OpenAPI]({server}{prefix}/openapi.json), and the same functions as tools
of an MCP server (streamable HTTP) at <{server}/mcp>.
"""

_FILES = """\
## Files

Upload files first (the service's own secret is needed). The answer is a list of paths, each good for an hour:

```bash
printf 'region,sales\\nNorth,12.5\\n' > data.csv
curl -sS --fail-with-body -X POST {server}{prefix}/upload {header} -F files=@data.csv
```

and give each as `{{"path": PATH, "orig_name": "data.csv", "meta": {{"_type": "gradio.FileData"}}}}` in `attachments`.
"""


def agents_markdown(server: str) -> str:
    """The whole document; ``server`` is the service's address, without a slash at the end."""
    parts = [_INTRODUCTION.format(server=server, prefix=API_PREFIX)]
    parts += [_section(function, server) for function in FUNCTIONS]
    parts.append(_FILES.format(server=server, prefix=API_PREFIX, header=_HEADER))
    return "\n".join(parts)


def _section(function: Function, server: str) -> str:
    rows = [_row(parameter) for parameter in parameters_of(function.parameters)]
    table = "\n".join(["| parameter | type | default | meaning |", "|---|---|---|---|", *rows])
    return (
        f"## /{function.name}\n\n{function.summary}\n\n{function.access}\n\n{table}\n\n"
        f"Result: {function.returns}\n\n```bash\n{_commands(function, server)}\n```\n"
    )


def _row(parameter: Parameter) -> str:
    default = "required" if parameter.required else f"`{json.dumps(parameter.default)}`"
    kind = python_type(parameter.schema).replace("|", "\\|")
    return f"| {parameter.name} | `{kind}` | {default} | {parameter.description} |"


def _commands(function: Function, server: str) -> str:
    body = shlex.quote(json.dumps(function.example))
    call, events = f"{server}{API_PREFIX}/call/v2/{function.name}", f"{server}{API_PREFIX}/call/{function.name}"
    return (
        f"EVENT_ID=$(curl -sS --fail-with-body -X POST {call} {_HEADER} \\\n"
        f'  -H "Content-Type: application/json" -d {body} | {_EVENT_ID})\n'
        f"curl -sSN --fail-with-body {events}/$EVENT_ID {_HEADER}"
    )
