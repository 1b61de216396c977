"""``pipeline serve``: the service, with its worker, until a signal ends it."""

import asyncio
import gc
import logging
import signal
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.cli.environment import log_as_told
from pipeline.cli.exits import ExitCode, exit_codes, run_async
from pipeline.cli.interrupts import END_SECONDS, end_soon_after
from pipeline.cli.output import say
from pipeline.cli.start_report import show_start
from pipeline.domain.errors import Misconfigured

if TYPE_CHECKING:
    import uvicorn

    from pipeline.bootstrap.services import Services
    from pipeline.settings import Settings

CLOSE_SECONDS = 2
"""What open connections get after the running jobs."""

ENDING_SECONDS, ENDING_SHARE = 5.0, 0.5
"""Of DRAIN_SECONDS, what is kept for the end of all else: at most so much, and such a part."""

HOW_TO_MAKE_ONE = """export DEPLOY_SECRET="$(python3 -c 'import secrets; print(secrets.token_urlsafe(32))')\""""


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; default: HOST, else 127.0.0.1.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one; default: PORT, else 8000.")
    ] = None,
) -> None:
    """The command."""
    from pipeline.bootstrap.environment import read_settings, require_git

    with exit_codes():
        require_git()
        chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
        settings = read_settings(**chosen)
        log_as_told(settings, level="info")
        with _listen(settings.host, settings.port) as listener, ExitStack() as held:
            settings = read_settings(**(chosen | {"port": listener.getsockname()[1]}))
            sockets, origin = [listener], settings.preview_address
            if settings.preview_port:
                sockets.append(held.enter_context(_listen_for_previews(settings, settings.preview_port)))
                origin = f"{origin.rpartition(':')[0]}:{sockets[1].getsockname()[1]}"
            settings = settings.model_copy(update={"preview_origin": origin})
            logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # its chatter about start and end
            run_async(_serve(*_build(settings), sockets))


def _listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started; addresses depend on it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        reason = (error.strerror or str(error)).partition(" (while")[0]
        raise Misconfigured(
            f"HOST and PORT: cannot listen on {host}, port {port}: {reason}. "
            "Choose another with --host and --port; --port 0 takes a free port."
        ) from error
    # Connections inherit it. The event loop sets it only on sockets that name their protocol, and without it every
    # answer on a kept connection waits 40 ms for the client's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _listen_for_previews(settings: "Settings", port: int) -> socket.socket:
    """On the port of PREVIEW_ORIGIN; without that on the one after PORT, or if somebody has it, on a free one."""
    try:
        return _listen(settings.host, port)
    except (Misconfigured, OverflowError):
        if settings.preview_origin:
            raise
        return _listen(settings.host, 0)


def _build(settings: "Settings") -> "tuple[Services, uvicorn.Server]":
    gc.disable()
    from pipeline.bootstrap.services import build

    services = build(settings)
    server = _server(services)
    gc.freeze()  # what was made so far stays: no collection need look at it
    gc.enable()
    return services, server


def _server(services: "Services") -> "uvicorn.Server":
    from pipeline.web.app import create_app
    from pipeline.web.connections import PatientServer, raise_descriptor_limit, return_memory

    try:
        app = create_app(services)
    except Misconfigured as error:
        if "DEPLOY_SECRET " not in str(error):
            raise
        raise Misconfigured(f"{error}\nTo make one for this shell:\n  {HOW_TO_MAKE_ONE}") from error
    raise_descriptor_limit()
    return_memory()
    return PatientServer(app, close_seconds=CLOSE_SECONDS)


async def _serve(services: "Services", server: "uvicorn.Server", sockets: list[socket.socket]) -> None:
    from pipeline.bootstrap.start_report import start

    drain_seconds = services.settings.drain_seconds
    answering: asyncio.Task[None] | None = None
    address = _address(sockets[0])
    try:
        show_start(await start(services, address), services.settings.log_format)
        signalled = _first_signal(max(drain_seconds, END_SECONDS))
        answering = asyncio.create_task(server.serve(sockets=sockets))
        typer.echo(f"Listening on {address} (Ctrl-C stops)")
        either: set[asyncio.Future[Any]] = {answering, signalled}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        say("Stopping: running jobs get a moment to finish; the others go on after the next start.")
    finally:
        await services.stop(drain_seconds - min(ENDING_SECONDS, ENDING_SHARE * drain_seconds))
        server.should_exit = True
        if answering:
            await answering
    if signalled.done() and signalled.result() == signal.SIGINT:
        raise typer.Exit(ExitCode.INTERRUPTED)


def _first_signal(seconds: float) -> asyncio.Future[int]:
    """Its number; after it the process has ``seconds`` left, and a second signal ends it at once."""
    loop = asyncio.get_running_loop()
    first: asyncio.Future[int] = loop.create_future()

    def tell(number: int) -> None:
        if not first.done():
            first.set_result(number)

    def stop(number: int, _frame: object) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)
        loop.call_soon_threadsafe(tell, number)

    end_soon_after(signal.SIGTERM, signal.SIGINT, seconds=seconds)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return first


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
