"""Reading in a process of its own, within limits: a hostile file can make a reader take any time and memory.

What the readers' libraries have to say of it goes nowhere, and the process gets nothing of our environment.
"""

import json
import subprocess
import sys
from pathlib import Path

from pydantic import TypeAdapter

from pipeline.domain.brief import Attachment
from pipeline.generation.attachments.description import Description, Unreadable

CPU_SECONDS = 10
MAX_SECONDS = 30
"""By the clock: a busy machine gives the process its share late."""

MAX_BYTES = 512 * 1024 * 1024
"""Of memory, the interpreter's own with it."""

DESCRIPTION: TypeAdapter[Description] = TypeAdapter(Description)
_COMMAND = (sys.executable, "-m", "pipeline.generation.attachments.child")
_ROOT = Path(__file__).parents[3]  # where the child finds the package


def read_aside(attachment: Attachment, **limits: int) -> Description:
    """What ``read_here`` says of ``attachment``, in another process. Raises Unreadable when that does not end well."""
    head = {"name": attachment.name, "media_type": attachment.media_type, "limits": limits}
    sent = json.dumps(head).encode() + b"\n" + attachment.content
    try:
        ended = subprocess.run(  # noqa: S603 - our own program
            _COMMAND,
            input=sent,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MAX_SECONDS,
            cwd=_ROOT,
            env={},
            check=True,
        )
        return DESCRIPTION.validate_json(ended.stdout)
    except subprocess.TimeoutExpired:
        raise Unreadable("reading it takes too long") from None
    except (subprocess.CalledProcessError, ValueError):
        raise Unreadable("reading it takes too much memory, or it is broken") from None
