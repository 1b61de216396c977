"""Files, and standard input, as far as they are not too large."""

import sys
from pathlib import Path

from pipeline.cli.output import plain
from pipeline.domain.errors import FieldProblem, InvalidInput

STANDARD_INPUT = "-"


def read_source(name: str, source: str | Path, longest: int, setting: str = "") -> bytes:
    """A file of at most ``longest`` bytes, which ``setting`` bounds, or standard input for ``-``.

    Raises:
        InvalidInput: of ``name``, when it cannot be read or is larger.
    """
    try:
        if source == STANDARD_INPUT:
            content = sys.stdin.buffer.read(longest + 1)
        else:
            with Path(source).open("rb") as file:
                content = file.read(longest + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this is not a path"
        is_missing = isinstance(error, FileNotFoundError) and not Path(source).is_absolute()
        where = f" (below {Path.cwd()})" if is_missing else ""
        raise InvalidInput(FieldProblem(name, f"{plain(str(source))} cannot be read: {reason}{where}")) from error
    if len(content) > longest:
        raise InvalidInput(FieldProblem(name, f"is larger than {setting and f'{setting}, '}{longest} bytes"))
    return content
