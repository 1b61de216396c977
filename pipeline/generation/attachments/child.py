"""The process that reads one attachment: see ``aside``."""

import json
import resource
import sys
from contextlib import suppress

from pipeline.domain.brief import Attachment
from pipeline.generation.attachments.aside import CPU_SECONDS, DESCRIPTION, MAX_BYTES
from pipeline.generation.attachments.reading import read_here, recognise

if __name__ == "__main__":
    with suppress(ValueError, OSError):  # macOS knows no limit of memory
        resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    head = json.loads(sys.stdin.buffer.readline())
    item = recognise(Attachment(head["name"], head["media_type"], sys.stdin.buffer.read()))
    sys.stdout.buffer.write(DESCRIPTION.dump_json(read_here(item, **head["limits"])))
