"""Is git there, and new enough?"""

import re
from pathlib import Path

from pipeline.domain.diagnosis import Diagnosis, failed, ok
from pipeline.workspace.processes import run_git

OLDEST = (2, 31)
"""The first that takes settings from GIT_CONFIG_COUNT: no command line has a token in it. Source: its release notes."""


async def diagnose(seconds: float) -> Diagnosis:
    """Raises FileNotFoundError without git."""
    _, said = await run_git(Path.cwd(), ["--version"], {}, seconds)
    found = re.search(r"(\d+)\.(\d+)[.\d]*", said)
    version = f"git {found[0]}" if found else "git of an unknown version"
    if found and (int(found[1]), int(found[2])) < OLDEST:
        return failed(f"{version} is too old to push", "install git 2.31 or newer (https://git-scm.com)")
    return ok(version)
