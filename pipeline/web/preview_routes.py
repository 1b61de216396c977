"""GET /preview/{folder}/…: the published pages of target ``local``, public like any published site.

These pages are written by models: ``origins`` keeps them off the service's own origin.
"""

import re
from hashlib import sha256
from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse, Response

from pipeline.domain.files import path_problem
from pipeline.domain.media_types import content_type_of
from pipeline.domain.publication import Site
from pipeline.ports import Workspaces
from pipeline.web.dependencies import ServicesOfApp

_FOLDER = re.compile(r"[a-z0-9][a-z0-9-]{0,250}")
_ETAG = re.compile(r'(?:W/)?("[^"]*")')
_NOT_HERE = "There is no such page here. Either the address is wrong, or the app has not been built yet.\n"

router = APIRouter(include_in_schema=False)


@router.get("/preview/{folder}")
@router.head("/preview/{folder}")
async def to_front_page(folder: str, request: Request) -> Response:
    """Add the slash without which the page's relative links would lead elsewhere."""
    return _redirect(f"{folder}/", request) if _FOLDER.fullmatch(folder) else _not_found()


@router.get("/preview/{folder}/{path:path}")
@router.head("/preview/{folder}/{path:path}")
async def show_page(folder: str, path: str, request: Request, services: ServicesOfApp) -> Response:
    """One published file; for a folder its ``index.html``. The query is the page's own affair."""
    file = f"{path}index.html" if path.endswith("/") or not path else path
    if not _FOLDER.fullmatch(folder) or path_problem(file):
        return _not_found()
    site = await services.sites.shown(folder)
    if site is None:
        return _not_found()
    content = await services.workspaces.read(folder, file, site.head)
    if content is None:
        if file == path and await _is_folder(services.workspaces, site, path):
            return _redirect(f"{path.rpartition('/')[2]}/", request)
        return _not_found()
    return _page(file, content, request)


async def _is_folder(workspaces: Workspaces, site: Site, path: str) -> bool:
    index = f"{path}/index.html"
    return path_problem(index) is None and await workspaces.read(site.folder, index, site.head) is not None


def _redirect(relative: str, request: Request) -> Response:
    """Relative, so that it holds behind a proxy that serves this under another prefix."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{relative}{query}", HTTPStatus.TEMPORARY_REDIRECT)


def _page(path: str, content: bytes, request: Request) -> Response:
    etag = f'"{sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    wanted = request.headers.get("if-none-match", "")
    if wanted.strip() == "*" or etag in _ETAG.findall(wanted):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Response(content, media_type=content_type_of(path), headers=headers)


def _not_found() -> Response:
    return PlainTextResponse(_NOT_HERE, HTTPStatus.NOT_FOUND)
