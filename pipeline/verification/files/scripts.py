"""JavaScript syntax, by QuickJS: code is parsed and never run."""

import re

import quickjs

from pipeline.verification.problems import Problem

_MAX_MEMORY = 256 * 1024 * 1024

# What browsers know and this QuickJS does not: a complaint about a script that has it proves nothing.
_DECORATOR = re.compile(r"(?<![\w$.])@\w")
_ABOUT_NEWER_SYNTAX = ("regular expression flags", "duplicate group name", "invalid group")
_COMPLAINT = re.compile(r"SyntaxError: (?P<what>.*?)(?:\n\s+at [^\n]*:(?P<line>\d+):\d+)?\s*", re.DOTALL)


def script_problem(code: str, *, is_module: bool) -> Problem | None:
    """The first syntax error in ``code``, or None. Lines are counted from 1 within ``code``."""
    code = re.sub(r"\A#!", "//", code)
    complaint = _complaint(code, is_module=is_module)
    if complaint is None:
        return None
    is_certain = not _DECORATOR.search(code) and not any(told in complaint.message for told in _ABOUT_NEWER_SYNTAX)
    return Problem(complaint.message, complaint.line, is_certain=is_certain)


def _complaint(code: str, *, is_module: bool) -> Problem | None:
    """What QuickJS says. The statement put in front ends the run before anything of ``code`` is executed."""
    if "\0" in code:
        return Problem("holds a NUL character", code[: code.index("\0")].count("\n") + 1)
    context = quickjs.Context()
    context.set_memory_limit(_MAX_MEMORY)
    try:
        (context.module if is_module else context.eval)(f"throw 0;{code}")
    except quickjs.JSException as error:
        said = _COMPLAINT.fullmatch(str(error))
        return Problem(said["what"], int(said["line"]) if said["line"] else None) if said else None
    return None
