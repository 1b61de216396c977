"""What the product costs: commands, the service until it listens, idle and at work, and a thousand waiting jobs.

Prints; asserts no time.
"""

import os
import statistics
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.service import SECRET, Service, TypedService, make_request

pytestmark = pytest.mark.bench

COMMANDS = ("--version", "--help", "run --help", "serve --help", "jobs --help", "spaces --help", "jobs list")
RUNS = 5
JOBS = 50
WAITING = 1000
IDLE_SECONDS = 60
# What wait4 tells of memory includes that of the process which started the command.
COMMAND = """
import atexit, re, sys, time
peak = lambda: re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]
atexit.register(lambda: print(time.process_time(), peak(), file=sys.stderr))
from pipeline.cli.main import main
main()
"""
TICKS = os.sysconf("SC_CLK_TCK")


def cost(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Processor seconds and peak mebibytes of one command, to its end."""
    command = [sys.executable, "-c", COMMAND, *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate()
    assert process.returncode == 0
    seconds, peak = errors.splitlines()[-1].split()
    return float(seconds), float(peak) / 1024


def processor_seconds(pid: int) -> float:
    """What a running process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_mebibytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command: str, tmp_path: Path) -> None:
    seconds, mebibytes = zip(*(cost(command.split(), tmp_path) for _ in range(RUNS)), strict=True)
    print(f"\npipeline {command}: {statistics.median(seconds):.2f} s of processor, {max(mebibytes):.0f} MiB at most")


def idle(service: Service) -> None:
    pid = service.process.pid
    before = processor_seconds(pid)
    time.sleep(IDLE_SECONDS)
    share = (processor_seconds(pid) - before) / IDLE_SECONDS
    print(f"idle: {share:.2%} of a core, {resident_mebibytes(pid):.0f} MiB")


def test_an_idle_service(tmp_path: Path) -> None:
    with TypedService(tmp_path) as service:
        assert service.get("/health").status_code == 200
        pid = service.process.pid
        print(f"\nlistening, /health answered: {processor_seconds(pid):.2f} s of processor")
        idle(service)


def waited(job: dict[str, Any]) -> float:
    """Seconds from the end of ``accept`` to the start of ``generate``."""
    begun = {stage["stage"]: datetime.fromisoformat(stage["started_at"]) for stage in reversed(job["stages"])}
    return (begun["generate"] - begun["accept"]) / timedelta(seconds=1)


def test_from_accepted_to_begun(tmp_path: Path) -> None:
    seconds = []
    with TypedService(tmp_path) as service, httpx.Client(trust_env=False, timeout=60) as client:
        for number in range(JOBS):
            body = {"secret": SECRET, **make_request(task=f"task-{number}", attachments=[], brief="Say hello.")}
            reply = client.post(f"{service.url}/api-deploy", json=body, headers={"Prefer": "respond-async"})
            seconds.append(waited(service.finished(reply.json()["job_id"])))
        print(f"\nfirst job begun after {seconds[0] * 1000:.0f} ms")
        print(f"{JOBS} jobs one after another, accepted to begun: {milliseconds(seconds)}, most {max(seconds):.3f} s")
        idle(service)


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
