"""Whatever bytes are posted: never a 500, and never a value of the request in a refusal."""

import json
from typing import Any

import httpx
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.web.app import create_app
from tests.fakes.jobs import SECRET, MemoryServices

CANARY = "canary-7f3a"
BRIEF = {
    "email": "ada@example.com",
    "secret": SECRET,
    "task": f"task {CANARY}",
    "round": 1,
    "nonce": CANARY,
    "brief": f"Show {CANARY}.",
    "checks": [f"js: {CANARY}", {"js": CANARY}],
    "evaluation_url": "https://example.com/notify",
    "attachments": [{"name": f"{CANARY}.csv", "url": "data:text/csv,a"}],
    "target": "local",
    "space_type": "static",
}
RAW = json.dumps(BRIEF).encode()

canaries = st.just(CANARY) | st.text(max_size=5).map(lambda text: f"{CANARY}{text}")
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | canaries
values = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(canaries | st.text(), inside, max_size=3),
    max_leaves=6,
)
tokens = st.sampled_from(
    [
        *rb'" { } [ ] , : \ \ud800 \u0000 NaN -Infinity 1e999 true null \udfff\ud800 0x1 - .'.split(),
        *(b"\xff", b"\x00", b"\xef\xbb\xbf", b"9" * 30),
    ]
)


@st.composite
def spoiled(draw: st.DrawFn) -> bytes:
    """A good request in which some bytes were cut out and something else was put in."""
    raw = bytearray(RAW)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(raw)))
        end = draw(st.integers(start, min(len(raw), start + 40)))
        raw[start:end] = draw(tokens | st.binary(max_size=6))
    return bytes(raw)


async def refused_or_accepted(content: bytes, headers: dict[str, Any] | None = None) -> httpx.Response:
    services = MemoryServices(response_patience_seconds=0, job_deadline_seconds=0.01)
    transport = httpx.ASGITransport(create_app(services), raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://pipeline.test") as client:
        response = await client.post("/api-deploy", content=content, headers=headers)
    assert response.status_code in {200, 400, 403, 415}
    assert response.json()["ok"] is (response.status_code == 200)
    assert len(services.jobs.ids) == (response.status_code == 200)
    for told in (response.text, str(response.headers)):
        assert CANARY not in told
        assert SECRET not in told
    return response


@given(st.binary(max_size=200))
@example(b"")
@example(b"[" * 100_000)
@example(b'{"a":' * 50_000)
async def test_any_bytes_at_all_are_refused(content: bytes) -> None:
    assert (await refused_or_accepted(content)).status_code in {400, 403}


@settings(max_examples=300)
@given(spoiled())
async def test_a_request_with_spoiled_bytes_is_judged_in_peace(content: bytes) -> None:
    await refused_or_accepted(content)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from(sorted(BRIEF.keys() - {"secret"})), values, min_size=1, max_size=4))
async def test_a_known_caller_with_any_value_in_any_field_is_judged_in_peace(fields: dict[str, Any]) -> None:
    response = await refused_or_accepted(json.dumps({**BRIEF, **fields}).encode("utf-8", "surrogatepass"))
    assert response.status_code in {200, 400}


@given(values)
async def test_any_value_but_the_secret_is_a_wrong_secret(secret: object) -> None:
    response = await refused_or_accepted(json.dumps({**BRIEF, "secret": secret}).encode())
    assert response.status_code in {400, 403}


header_values = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60).map(str.strip)


@given(header_values, header_values, st.lists(header_values, max_size=2))
async def test_any_headers_are_read_in_peace(content_type: str, length: str, prefer: list[str]) -> None:
    headers = {
        "Content-Type": content_type.encode("latin-1"),
        "Content-Encoding": length.encode("latin-1") if len(length) > 30 else b"identity",
        "Prefer": ", ".join(prefer).encode("latin-1"),
    }
    await refused_or_accepted(RAW, headers)
