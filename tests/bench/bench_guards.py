"""What strangers and senders of large requests can cost the service: memory, and other callers' time.

Prints; asserts no time.
"""

import base64
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import SECRET, Service, make_request
from tests.bench.bench_service import resident_mebibytes

pytestmark = pytest.mark.bench

BOMB = b'{"a":[' + b"{}," * (31 * 1024 * 1024 // 3) + b"{}]}"


def large(secret: str) -> bytes:
    url = "data:application/octet-stream;base64," + base64.b64encode(bytes(7_500_000)).decode()
    files = [{"name": f"{number}.bin", "url": url} for number in range(3)]
    return json.dumps(make_request(secret=secret, attachments=files)).encode()


@contextmanager
def watched(service: Service, name: str) -> Iterator[None]:
    """Print the service's largest memory meanwhile, what is left afterwards, and the slowest /health."""
    seen, slowest, over = [resident_mebibytes(service.process.pid)], [0.0], threading.Event()
    peak_file = Path(f"/proc/{service.process.pid}/status")
    Path(f"/proc/{service.process.pid}/clear_refs").write_text("5")

    def ask() -> None:
        with httpx.Client(base_url=service.url, timeout=60) as client:
            while not over.is_set():
                began = time.perf_counter()
                client.get("/health")
                slowest.append(time.perf_counter() - began)

    asking = threading.Thread(target=ask)
    asking.start()
    began = time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    over.set()
    asking.join()
    peak = int(next(line for line in peak_file.read_text().splitlines() if line.startswith("VmHWM")).split()[1]) / 1024
    time.sleep(3)
    left = resident_mebibytes(service.process.pid)
    print(
        f"{name}: {seconds:.1f} s, memory {seen[0]:.0f} -> {peak:.0f} -> {left:.0f} MiB, "
        f"slowest /health {max(slowest) * 1000:.0f} ms"
    )


@pytest.mark.parametrize(
    ("name", "path", "body", "times"),
    [
        ("{}, without a secret", "/api-deploy", BOMB, 1),
        ("{}, to /mcp", "/mcp", BOMB, 1),
        ("{}, with a secret", "/api-deploy", BOMB.replace(b'{"a"', f'{{"secret":"{SECRET}","a"'.encode()), 1),
        ("30 MB, wrong secret, 20 at once", "/api-deploy", large("a-wrong-secret-for-tests"), 20),
        ("30 MB, 20 at once", "/api-deploy", large(SECRET), 20),
    ],
)
def test_floods(name: str, path: str, body: bytes, times: int, tmp_path: Path) -> None:
    def send(number: int) -> int:
        content = body.replace(b'"nonce": "', f'"nonce": "{number}-'.encode(), 1)
        headers = {"Content-Type": "application/json", "Prefer": "respond-async"}
        return httpx.post(service.url + path, content=content, headers=headers, timeout=120).status_code

    with Service(tmp_path, JOB_CONCURRENCY="1") as service:
        service.post(make_request(nonce="warm"))
        with watched(service, name), ThreadPoolExecutor(times) as pool:
            statuses = sorted(set(pool.map(send, range(times))))
        print("   answers", statuses)
