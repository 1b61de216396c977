"""An app on this machine's disk, for whoever wants to see it without a service."""

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from urllib.parse import unquote, urlsplit

from pipeline.domain.errors import NotFound
from pipeline.domain.job import Job
from pipeline.domain.media_types import content_type_of
from pipeline.domain.publication import Publication, Site, Target
from pipeline.verification.addresses import ServedApp
from pipeline.workspace import GitWorkspaces


def folder_of(publication: Publication) -> Path:
    """Where a publication of the target ``local`` lies."""
    return Path(unquote(urlsplit(publication.repo_url).path))


async def published_app(job: Job, publication: Publication, address: str) -> ServedApp:
    """The app at the job's commit, as if it were served at ``address``.

    Raises:
        WorkspaceFailed: its folder is gone, or cannot be read.
        NotFound: it has no page to open.
    """
    folder, key = folder_of(publication), job.key
    site = Site(
        0, key.email, key.task, 1, key.nonce, Target.LOCAL, folder.name, folder.name, head=publication.commit_sha
    )
    files = await GitWorkspaces(folder.parent).published(site)
    if "index.html" not in files:
        raise NotFound(f"the app has no index.html to open; its files are in {folder}")
    return ServedApp(files, address)


class PageServer(ThreadingTCPServer):
    """Serves ``app``, to be set, at ``address`` on this machine alone."""

    daemon_threads = True
    app: ServedApp

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Pages)
        self.address = f"http://127.0.0.1:{self.server_address[1]}/"


class _Pages(BaseHTTPRequestHandler):
    """The files of the server's app, as hosts of static pages serve them."""

    timeout = 30
    server: PageServer

    def do_GET(self) -> None:
        """A file; for a folder its index.html, at an address that ends with a slash."""
        app, asked = self.server.app, urlsplit(self.path)
        file = app.target(self.path, "")
        if file is None or file not in app.files:
            file = "404.html" if "404.html" in app.files else ".txt"
            self._answer(HTTPStatus.NOT_FOUND, file, app.files.get(file, b"There is no such page in this app.\n"))
        elif file.endswith("/index.html") and not asked.path.endswith(("/", "/index.html")):
            query = f"?{asked.query}" if asked.query else ""
            self.send_response(HTTPStatus.TEMPORARY_REDIRECT)
            self.send_header("Location", f"{asked.path.rpartition('/')[2]}/{query}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._answer(HTTPStatus.OK, file, app.files[file])

    do_HEAD = do_GET  # noqa: N815 - as above

    def _answer(self, status: HTTPStatus, file: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type_of(file))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal is the person's."""
