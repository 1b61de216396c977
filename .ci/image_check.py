"""Builds the image of the Dockerfile as a folder, starts it as Docker would, and has it check an app.

Usage: image_check.py [MIRROR]   MIRROR: where to get Debian from, unless from Debian itself

The service runs as the image's user, on a file system that can only be read, and under what Docker's default seccomp
rule means to browsers. Exits with 1 when something does not hold, and with 3 when this machine cannot try it.
"""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from image_build import REPOSITORY, Stage, build, devices, inside, mounts, parse, run_in

MOST_BYTES = 1_000_000_000
START_SECONDS = 60
JOB_SECONDS = 120
STOP_SECONDS = 10  # what `docker stop` gives

BRIEF = {
    "email": "image-check@example.com",
    "task": "image-check",
    "round": 1,
    "nonce": "1",
    "brief": "A page with the heading Hello and a button that counts clicks.",
    "checks": ["js: document.querySelector('h1').getBoundingClientRect().height > 0"],
}


def main() -> None:
    """Build, start, use, stop."""
    if not os.environ.get("IN_NAMESPACE_OF_CHECK"):  # mounts are seen by nobody else, and gone at the end
        see_that_it_can_be_tried()
        again = ["unshare", "--mount", sys.executable, *sys.argv]
        sys.exit(subprocess.run(again, env=os.environ | {"IN_NAMESPACE_OF_CHECK": "1"}, check=False).returncode)
    with tempfile.TemporaryDirectory(prefix="image-check-") as scratch:
        begun = time.monotonic()
        stage = build(parse((REPOSITORY / "Dockerfile").read_text("utf-8")), Path(scratch), *sys.argv[1:])
        size = size_of(stage.root)
        print(f"built in {time.monotonic() - begun:.0f} s; unpacked: {size / 1e6:.0f} MB of {MOST_BYTES / 1e6:.0f}")
        if size > MOST_BYTES:
            sys.exit("The image is too large.")
        try_out(stage, Path(scratch))
    print("The image is built, starts on a read-only file system, and checks an app in its browser.")


def see_that_it_can_be_tried() -> None:
    """Install what makes Debian roots, or exit with 3."""
    if os.geteuid() != 0 or not shutil.which("apt-get") or not shutil.which("unshare"):
        print("This check makes a Debian root: it needs root and apt-get, on Linux.", file=sys.stderr)
        sys.exit(3)
    if not shutil.which("mmdebstrap"):
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        packages = ["mmdebstrap", "debian-archive-keyring"]
        subprocess.run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages], check=True)


def size_of(root: Path) -> int:
    """Bytes of all files, each counted once."""
    stats = (entry.lstat() for entry in root.rglob("*"))
    return sum({(stat.st_dev, stat.st_ino): stat.st_size for stat in stats}.values())


@contextmanager
def mounted_to_run(stage: Stage, scratch: Path) -> Iterator[None]:
    """What ``docker run --read-only --tmpfs /tmp --volume ...`` mounts."""
    root, volume = stage.root, scratch / "volume"
    place = inside(stage, stage.environment["GENERATED_REPOS_DIR"])
    shutil.copytree(place, volume)  # as Docker fills a new volume, whose owner is then the folder's
    shutil.chown(volume, place.stat().st_uid, place.stat().st_gid)
    options = "mode=1777,size=512m,noexec,nosuid,nodev"
    temporary: list[str | Path] = ["-t", "tmpfs", "-o", options, "tmpfs", root / "tmp"]
    with mounts(["--bind", root, root], temporary, ["--bind", volume, place]), devices(root):
        subprocess.run(["mount", "-o", "remount,bind,ro", root], check=True)
        shutil.copy(REPOSITORY / ".ci/like_docker.py", root / "dev")
        yield


@contextmanager
def running(stage: Stage, log: Path, variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """The service, with process ids and a rule for system calls of its own. The process is unshare's."""
    isolated = [
        "unshare",
        "--mount",
        "--pid",
        "--kill-child",
        "--mount-proc",
        "--root",
        stage.root,
        "--wd",
        stage.folder,
    ]
    confined = ["python3", "/dev/like_docker.py", stage.user, *words(stage, "ENTRYPOINT"), *words(stage, "CMD")]
    environment = stage.environment | variables
    with (
        log.open("wb") as output,
        subprocess.Popen([*isolated, *confined], env=environment, stdout=output, stderr=output) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def words(stage: Stage, keyword: str) -> list[str]:
    """Of an instruction that is written as a list; for HEALTHCHECK the list after CMD."""
    listed = json.loads(stage.said[keyword][stage.said[keyword].index("[") :])
    return [str(word) for word in listed]


def try_out(stage: Stage, scratch: Path) -> None:
    """Start it, ask how it is, have an app built and checked, ask again, stop it. Exits with what does not hold."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    log, secret, address = scratch / "log", secrets.token_urlsafe(32), f"http://127.0.0.1:{port}"
    variables = {"DEPLOY_SECRET": secret, "DEPLOY_TARGET": "local", "PORT": port}
    with mounted_to_run(stage, scratch), running(stage, log, variables) as process:
        try:
            wait_for(f"{address}/health", process)
            run_in(replace(stage, environment=stage.environment | variables), words(stage, "HEALTHCHECK"))
            job = ask(f"{address}/api-deploy", BRIEF | {"secret": secret})
            expect("the job", job.get("status"), "succeeded")
            expect("the check", job["checks"][0]["verdict"], "pass")
            browser = ask(f"{address}/health")["browser"]
            expect("the browser's sandbox", str(browser["sandbox"]), "False")
            expect("warnings about the sandbox", log.read_text("utf-8").count("CHROMIUM_SANDBOX=on"), 1)
            (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii").split()
            begun = time.monotonic()
            os.kill(int(child), signal.SIGTERM)
            process.wait(STOP_SECONDS)
            print(f"a check passed in {browser}; stopped in {time.monotonic() - begun:.1f} s")
        except BaseException:
            print(log.read_text("utf-8"), file=sys.stderr)
            raise


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Until it answers."""
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            ask(address)
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                sys.exit("The service did not start.")
            time.sleep(0.2)
        else:
            return


def ask(address: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the service answers, as JSON."""
    headers = {"Content-Type": "application/json", "Prefer": f"wait={JOB_SECONDS}"}
    request = urllib.request.Request(address, json.dumps(body).encode() if body else None, headers)  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=JOB_SECONDS + 10) as response:  # noqa: S310 - http
        answer: dict[str, Any] = json.load(response)
    return answer


def expect(what: str, found: object, expected: object) -> None:
    """Exit unless both are the same."""
    if found != expected:
        sys.exit(f"{what}: {found!r} instead of {expected!r}")


if __name__ == "__main__":
    main()
