"""What the engine costs: acknowledging, a whole local job, and a thousand waiting ones. Prints; asserts no time."""

import os
import statistics
import time
from pathlib import Path

import httpx
import pytest

from tests.acceptance.service import SECRET, TypedService, make_request

pytestmark = pytest.mark.bench
JOBS = 50
WAITING = 1000


def resident_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def milliseconds(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"p50 {statistics.median(ordered) * 1000:.1f} ms, p90 {ordered[len(ordered) * 9 // 10] * 1000:.1f} ms"


def test_acknowledgement_and_whole_jobs(tmp_path: Path) -> None:
    acknowledged: list[float] = []
    whole: list[float] = []
    stages: list[float] = []
    with TypedService(tmp_path) as service, httpx.Client(trust_env=False, timeout=60) as client:
        for number in range(2 * JOBS):
            is_async = number % 2 == 0
            body = {"secret": SECRET, **make_request(task=f"task-{number}", attachments=[], brief="Say hello.")}
            headers = {"Prefer": "respond-async"} if is_async else {}
            begun = time.perf_counter()
            job_id = client.post(f"{service.url}/api-deploy", json=body, headers=headers).json()["job_id"]
            (acknowledged if is_async else whole).append(time.perf_counter() - begun)
            if is_async:
                service.finished(job_id)
            else:
                job = service.get(f"/jobs/{job_id}").json()
                stages.append(sum(stage["seconds"] or 0 for stage in job["stages"]))
    print(f"\nPOST to acknowledged, on disk, one at a time: {milliseconds(acknowledged)}")
    print(f"POST to done, local target:                   {milliseconds(whole)}")
    overhead = [total - worked for total, worked in zip(whole, stages, strict=True)]
    print(f"  of that outside the stages:                 {milliseconds(overhead)}")


def test_a_thousand_waiting_jobs(tmp_path: Path) -> None:
    # One slow worker slot: the evaluator never answers, so that everything behind the first job waits.
    with TypedService(tmp_path, JOB_CONCURRENCY="1", QUEUE_LIMIT="2000") as service:
        before = resident_mebibytes(service.process.pid)
        begun = time.perf_counter()
        with httpx.Client(trust_env=False, timeout=60) as client:
            for number in range(WAITING):
                body = {"secret": SECRET, **make_request(task=f"task-{number}")}
                client.post(f"{service.url}/api-deploy", json=body, headers={"Prefer": "respond-async"})
        seconds = time.perf_counter() - begun
        counts = service.get("/health").json()["queue"]
        after = resident_mebibytes(service.process.pid)
    print(f"\n{WAITING} requests in {seconds:.1f} s on {os.cpu_count()} cores; queue then: {counts}")
    print(f"memory of the service: {before:.0f} MiB idle, {after:.0f} MiB with them")
