"""Where a server written in Python listens, as far as its source says so in plain words."""

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from pipeline.verification.files.python_code import python_tree

EVERYWHERE = "0.0.0.0"  # noqa: S104 - compared, not bound
LOOPBACK = "127.0.0.1"

_Constant = str | int | None


@dataclass(frozen=True, slots=True)
class Listener:
    """A server and its address.

    Attributes:
        what: the program or call, for messages.
        host: it binds; None when that is not known.
        port: it listens on; None when that is not known.
        is_certain: False when an environment variable that nobody here sets may say otherwise.
        path: the file that says so; None for the Dockerfile.
        line: from 1 in that file.
    """

    what: str
    host: str | None
    port: int | None
    is_certain: bool = True
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class _ServerCall:
    """How a library is told where to listen: positions of arguments, their names, and what holds without them."""

    host: str
    port: str
    positions: tuple[str, ...]
    default_host: str | None
    default_port: int | None


_FLASK = _ServerCall("host", "port", ("host", "port"), LOOPBACK, 5000)
_CALLS = {
    "uvicorn.run": _ServerCall("host", "port", ("app",), LOOPBACK, 8000),
    "waitress.serve": _ServerCall("host", "port", ("app",), EVERYWHERE, 8080),
    "aiohttp.web.run_app": _ServerCall("host", "port", ("app",), EVERYWHERE, 8080),
    "http.server.HTTPServer": _ServerCall("", "", ("address",), None, None),
    "http.server.ThreadingHTTPServer": _ServerCall("", "", ("address",), None, None),
    "socketserver.TCPServer": _ServerCall("", "", ("address",), None, None),
    "socketserver.ThreadingTCPServer": _ServerCall("", "", ("address",), None, None),
    "flask.Flask().run": _FLASK,
    "quart.Quart().run": _FLASK,
    "flask_socketio.SocketIO().run": _ServerCall("host", "port", ("app", "host", "port"), LOOPBACK, 5000),
    "gradio.Blocks().launch": _ServerCall("server_name", "server_port", (), None, None),
    "gradio.Interface().launch": _ServerCall("server_name", "server_port", (), None, None),
    "gradio.ChatInterface().launch": _ServerCall("server_name", "server_port", (), None, None),
}


def python_listener(path: str, text: str, environment: Mapping[str, str]) -> Listener | None:
    """The one server that the file starts; None when there is none, more than one, or it cannot be said.

    Args:
        path: of the file.
        text: of the file.
        environment: variables that are known to be set for it.
    """
    tree = python_tree(text)
    if tree is None:
        return None
    names = _Names(tree)
    found = [
        (node, known)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and (known := _CALLS.get(names.meaning(node.func)))
    ]
    if len(found) != 1:
        return None
    call, known = found[0]
    if any(keyword.arg is None for keyword in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return None
    return _listener(call, known, _Evaluation(names.constants, environment), path)


def _listener(call: ast.Call, known: _ServerCall, evaluation: "_Evaluation", path: str) -> Listener:
    given = dict(zip(known.positions, call.args, strict=False))
    given |= {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    host: _Constant = known.default_host
    port: _Constant = known.default_port
    address = given.get("address")
    if isinstance(address, ast.Tuple) and len(address.elts) == 2:  # noqa: PLR2004 - (host, port)
        host, port = evaluation.of(address.elts[0]), evaluation.of(address.elts[1])
        host = EVERYWHERE if host == "" else host
    elif "listen" in given:
        host = port = None
    else:
        host = evaluation.of(given[known.host]) if known.host in given else host
        port = evaluation.of(given[known.port]) if known.port in given else port
    return Listener(
        f"{ast.unparse(call.func)[:40]}()",
        host if isinstance(host, str) else None,
        port if isinstance(port, int) else None,
        evaluation.is_certain,
        path,
        call.lineno,
    )


class _Names:
    """What names stand for in a module.

    Attributes:
        constants: name -> the expression of its only assignment.
    """

    def __init__(self, tree: ast.Module) -> None:
        self._imported: dict[str, str] = {}
        assigned: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self._imported[alias.asname or alias.name.partition(".")[0]] = (
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                self._imported |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            for name, value in _assigned(node):
                assigned.setdefault(name, []).append(value)
        self.constants = {name: values[0] for name, values in assigned.items() if len(values) == 1}

    def meaning(self, function: ast.expr, depth: int = 0) -> str:
        """Full dotted name; ``module.Class().method`` for methods of what a class made; empty when not known."""
        parts: list[str] = []
        while isinstance(function, ast.Attribute):
            parts.insert(0, function.attr)
            function = function.value
        if isinstance(function, ast.Call) and depth < 2:  # noqa: PLR2004 - Class(...).method(...)
            base = f"{self.meaning(function.func, depth + 1)}()"
        elif isinstance(function, ast.Name) and function.id in self._imported:
            base = self._imported[function.id]
        elif isinstance(function, ast.Name) and depth < 2 and function.id in self.constants:  # noqa: PLR2004 - the same
            made_by = self.constants[function.id]
            base = f"{self.meaning(made_by.func, depth + 1)}()" if isinstance(made_by, ast.Call) else ""
        else:
            return ""
        return ".".join([base, *parts])


def _assigned(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, (ast.AnnAssign, ast.AugAssign)) and isinstance(node.target, ast.Name) and node.value:
        yield node.target.id, node.value
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        yield node.optional_vars.id, node.context_expr


class _Evaluation:
    """Works out constants, environment variables with a default, and conversions of them.

    Attributes:
        is_certain: False once the default of a variable was taken that nobody sets.
    """

    def __init__(self, constants: Mapping[str, ast.expr], environment: Mapping[str, str]) -> None:
        self._constants = constants
        self._environment = environment
        self.is_certain = True

    def of(self, node: ast.expr, depth: int = 0) -> _Constant:
        """The value, or None when it is not known."""
        if depth > 5:  # noqa: PLR2004 - names that stand for one another
            return None
        value: _Constant = None
        match node:
            case ast.Constant(value=str() | int() as constant):
                value = constant
            case ast.Name(id=name) if name in self._constants:
                value = self.of(self._constants[name], depth + 1)
            case ast.Call(func=ast.Name(id="int" | "str" as name), args=[argument]):
                value = _converted(int if name == "int" else str, self.of(argument, depth + 1))
            case ast.BoolOp(op=ast.Or(), values=[first, second]):
                value = self.of(first, depth + 1) or self.of(second, depth + 1)
            case ast.Call(func=function, args=[ast.Constant(value=str() as name), *rest]) if _reads_environment(
                function
            ):
                value = self._variable(name, rest, depth)
            case ast.Subscript(value=ast.Attribute(attr="environ"), slice=ast.Constant(value=str() as name)):
                value = self._variable(name, [], depth)
        return value

    def _variable(self, name: str, default: list[ast.expr], depth: int) -> _Constant:
        if name in self._environment:
            return self._environment[name]
        self.is_certain = False
        return self.of(default[0], depth + 1) if default else None


def _reads_environment(function: ast.expr) -> bool:
    match function:
        case ast.Name(id="getenv") | ast.Attribute(attr="getenv"):
            return True
        case ast.Attribute(attr="get", value=ast.Attribute(attr="environ") | ast.Name(id="environ")):
            return True
    return False


def _converted(kind: Callable[[str], _Constant], value: _Constant) -> _Constant:
    try:
        return None if value is None else kind(str(value)[:20])
    except ValueError:
        return None
