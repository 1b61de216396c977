import httpx
import pytest
from fastapi import Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipeline.web.body import BodyLimit


async def tell_size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def status_of(content: bytes, declared: bytes) -> int:
    app = BodyLimit(Starlette(routes=[Route("/", tell_size, methods=["POST"])]), max_bytes=10, elsewhere={"/more": 20})
    headers = {b"Content-Length": declared}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.post("/", content=content, headers=headers)).status_code


@pytest.mark.parametrize("declared", [b"11", b"0011", b"9" * 30, b"9" * 5000])
async def test_a_declared_length_beyond_the_limit_is_refused(declared: bytes) -> None:
    assert await status_of(b"", declared) == 413


@pytest.mark.parametrize("declared", [b"10", b"0010", b"0", b"", b"-11", b"1e3", b"9\xb2"])
async def test_only_what_really_arrives_counts_otherwise(declared: bytes) -> None:
    assert await status_of(b"x" * 10, declared) == 200
    assert await status_of(b"x" * 11, declared) == 413
