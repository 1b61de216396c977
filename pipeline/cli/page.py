"""A page that can be seen: an app of this machine, served on loopback and shown in the person's browser."""

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING

import typer

from pipeline.cli.exits import exit_codes
from pipeline.cli.job_access import AsJson, JobId, find_job, with_jobs
from pipeline.cli.output import print_json, say
from pipeline.domain.errors import NotFound
from pipeline.domain.publication import Target

if TYPE_CHECKING:
    from pipeline.domain.job import Job

BROWSER_SECONDS = 5

Tell = Callable[[str, str], None]
"""Told an address, and what there is to know about it."""


def open_app(job_id: JobId, *, as_json: AsJson = False) -> None:
    """The command."""

    def tell(address: str, hint: str) -> None:
        if as_json:
            print_json({"ok": True, "job_id": job.id, "url": address})
        else:
            typer.echo(address + hint)

    with exit_codes(as_json=as_json):
        job = with_jobs(lambda jobs, _: find_job(jobs, job_id))
        show_job(job, tell)


def show_job(job: "Job", tell: Tell) -> None:
    """Open what ``job`` published. From this machine's disk it is served until Ctrl-C; in CI, its file is only named.

    Raises:
        NotFound: it has published nothing, or nothing with a page.
        WorkspaceFailed: the folder is gone.
    """
    publication = job.publication
    if publication is None:
        raise NotFound(
            f"job {job.id} is {job.status} and has published no app: `pipeline jobs show {job.id}` says more"
        )
    if publication.target is not Target.LOCAL:
        tell(publication.pages_url, "")
        _open_browser(publication.pages_url).join(BROWSER_SECONDS)
        return
    from pipeline.bootstrap.published import PageServer, folder_of, published_app

    with PageServer() as server:
        server.app = asyncio.run(published_app(job, publication, server.address))
        if _is_ci():
            tell(str(folder_of(publication) / "index.html"), "")
            return
        tell(server.address, " shows the app (Ctrl-C stops)")
        _open_browser(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("Stopped.")


def _is_ci() -> bool:
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def _open_browser(address: str) -> Thread:
    """Where there is a screen; it may take its time to start."""
    has_screen = sys.platform in {"darwin", "win32"} or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    starting = Thread(target=webbrowser.open if has_screen and not _is_ci() else str, args=[address], daemon=True)
    starting.start()
    return starting
