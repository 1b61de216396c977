"""JavaScript syntax, by QuickJS: code is parsed and never run."""

import re

import quickjs

from pipeline.verification.problems import Problem

_MAX_MEMORY = 256 * 1024 * 1024

# What browsers know and this QuickJS (of 2021) does not: a complaint about a script that has it proves nothing.
_NEWER_SYNTAX = re.compile(
    r"\bstatic\s*\{|#\w+\s+in\b|\bwith\s*\{\s*[\"']?type|\b(?:await\s+)?using\s+\w+\s*=|/[a-z]{0,7}[dv][a-z]{0,7}\s{0,3}[.;,)\]]"
)
_NEWER_SYNTAX_COMPLAINTS = ("regular expression flags", "duplicate group name", "invalid group", "stack overflow")
_COMPLAINT = re.compile(r"SyntaxError: (?P<what>.*?)(?:\n\s+at [^\n]*:(?P<line>\d+))?\s*", re.DOTALL)
_IMPORT = re.compile(r"(?<![\w$.'\"`])import\b(?!\s*[(.])[^;'\"]{0,500}(['\"])[^'\"\n]{0,500}\1[ \t]*;?")
_EXPORT_DEFAULT = re.compile(r"(?<![\w$.'\"`])export\s+default\b")
_EXPORT = re.compile(r"(?<![\w$.'\"`])export\b\s*(?:\*[^\n;]{0,500}|\{[^}]{0,2000}\}(?:\s*from[^\n;]{0,500})?)?")


def script_problem(code: str, *, is_module: bool) -> Problem | None:
    """The first syntax error in ``code``, or None. Lines are counted from 1 within ``code``."""
    code = re.sub(r"\A#!", "//", code)
    complaint = _complaint(code, is_module=is_module)
    if complaint and is_module and "await" in complaint.message:
        complaint = _complaint(_as_async_function(code), is_module=False)
        if complaint and re.search("import|export", complaint.message):
            return Problem(complaint.message, complaint.line, is_certain=False)
    if complaint is None:
        return None
    is_certain = not _NEWER_SYNTAX.search(code) and not any(c in complaint.message for c in _NEWER_SYNTAX_COMPLAINTS)
    return Problem(complaint.message, complaint.line, is_certain=is_certain)


def _as_async_function(module: str) -> str:
    """Make a module's body a function's, without imports and exports: this QuickJS has no await at the top level."""
    body = _EXPORT_DEFAULT.sub("_ =", _IMPORT.sub(_line_feeds, module))
    body = _EXPORT.sub(_line_feeds, body)
    return f"(async () => {{{body}\n}})"


def _line_feeds(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


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
