import asyncio

import httpx
import pytest
from fastapi import Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from pipeline.domain.errors import Busy, InvalidInput
from pipeline.shapes.json_object import MOST_VALUES, read_object
from pipeline.web import body as body_reading
from pipeline.web.body import HEAVY_BYTES, BodyLimit, body_is_done, read_body, secrets_in
from tests.fakes.served import until


async def tell_size(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def status_of(content: bytes, declared: bytes) -> int:
    served = Starlette(routes=[Route("/", tell_size, methods=["POST"])])
    app = BodyLimit(served, 10, lambda *_: False, elsewhere={"/more": 20})
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


async def test_few_heavy_bodies_are_held_at_once_and_those_of_strangers_keep_nobody_else_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held: list[Request] = []
    go_on = asyncio.Event()

    async def hold(request: Request) -> Response:
        await read_body(request)
        held.append(request)
        await go_on.wait()
        return PlainTextResponse("")

    limit = BodyLimit(
        Starlette(routes=[Route("/", hold, methods=["POST"])]),
        10 * HEAVY_BYTES,
        lambda headers, _: "a" in headers,
        elsewhere={},
    )
    content = b"x" * (HEAVY_BYTES + 1)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(limit), base_url="http://test") as client:

        def send(**headers: str) -> "asyncio.Task[httpx.Response]":
            return asyncio.create_task(client.post("/", content=content, headers=headers))

        strangers = [send() for _ in range(5)]
        known = [send(a="b") for _ in range(2)]
        await until(lambda: len(held) == 4)
        body_is_done(held[-1])
        known.append(send(a="b"))
        await until(lambda: len(held) == 5)
        assert limit.turns[False].locked()
        monkeypatch.setattr(body_reading, "TURN_SECONDS", 0)
        with pytest.raises(Busy, match="too many large requests"):
            await client.post("/", content=content)
        assert len(held) == 5
        go_on.set()
        assert {each.status_code for each in await asyncio.gather(*strangers, *known)} == {200}
    assert len(held) == 8


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b'{"secret": "one"}', [b"one"]),
        (b'{"a": [1, {"secret"\n:"\\u0061\\"b"}], "secret": "two"}', [b'a"b', b"two"]),
        (b'{"secret": 5, "brief": "say \\"secret\\": \\"no\\""}', []),
        (b'{"secret": "unclosed', []),
        (b'{"secret": "' + b"x" * 5_000 + b'"}', []),
        (b'"secret":"x",' * 200, [b"x"] * 100),
    ],
)
def test_secrets_are_found_without_parsing(raw: bytes, found: list[bytes]) -> None:
    assert list(secrets_in(raw)) == found


@pytest.mark.parametrize("value", [b"{}", b"[]", b"1", b'"\\""'])
def test_a_document_of_too_many_values_is_refused_whatever_they_are(value: bytes) -> None:
    def document(values: int) -> bytes:
        return b'{"a": [' + b",".join([value] * values) + b"]}"

    with pytest.raises(InvalidInput, match="more than 200000 values"):
        read_object(document(MOST_VALUES))
    assert read_object(document(MOST_VALUES // 3))


def test_what_stands_in_strings_is_no_value() -> None:
    assert read_object(b'{"a": "' + b"\\\\,[{" * MOST_VALUES + b'"}')
