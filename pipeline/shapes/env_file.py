"""Names and values as env files have them: ``KEY=VALUE`` by line, with quotes, comments and ``export``."""

from io import StringIO

from dotenv.parser import Binding, parse_stream

from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.space import setting_key_problem


def parse_env_file(text: str, field: str) -> dict[str, str]:
    """Read ``text`` as names and values, in its order. Values stand as they are: ``$NAME`` in them is not replaced.

    Raises:
        InvalidInput: of ``field``: every line that is no ``KEY=VALUE``, and every name that is given twice; by the
            number of the line, because the line may hold a secret.
    """
    values: dict[str, str] = {}
    problems: list[FieldProblem] = []
    for binding in parse_stream(StringIO(text)):
        if binding.key is None and not binding.error:
            continue  # a comment, or nothing at all
        problem = _problem(binding, values)
        if problem:
            problems.append(FieldProblem(field, f"line {_line(binding)} {problem}"))
        elif binding.key is not None and binding.value is not None:
            values[binding.key] = binding.value
    if problems:
        raise InvalidInput(*problems)
    return values


def _line(binding: Binding) -> int:
    """Where it stands: the empty lines in front belong to it as well."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _problem(binding: Binding, values: dict[str, str]) -> str | None:
    if binding.error or binding.key is None or binding.value is None:
        return "is not KEY=VALUE, or a quote in it is not closed"
    if problem := setting_key_problem(binding.key):
        return f"has a name that {problem}"
    return "has a name that was given before" if binding.key in values else None
