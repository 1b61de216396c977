"""``pipeline open`` and ``pipeline run --open``: a page that can be seen, without a service and without a secret."""

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import pytest

from pipeline.bootstrap.published import PageServer
from pipeline.verification.addresses import ServedApp
from tests.builders import make_files
from tests.fakes import forkserver
from tests.integration.test_command_line_mistakes import ENVIRONMENT

SECONDS = 60
BRIEF = {"email": "ada@example.com", "task": "sales", "round": 1, "nonce": "n1", "brief": "Show the sales."}
HERE = ENVIRONMENT | {"PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one app was built."""
    folder = tmp_path_factory.mktemp("open")
    (folder / "brief.json").write_text(json.dumps(BRIEF))
    ended = forkserver.run(["run", "brief.json"], HERE, folder)
    assert ended.returncode == 0, ended.stderr
    return folder


@contextmanager
def opened(folder: Path, *arguments: str, **environment: str) -> Iterator[str]:
    """The address that a command says, while it runs; Ctrl-C ends it."""
    with forkserver.start(arguments, HERE | environment, folder) as command:
        line = command.stdout.readline()
        assert "Ctrl-C stops" in line
        yield line.split()[0]
        command.send_signal(signal.SIGINT)
        _, errors = command.communicate(SECONDS)
    assert command.returncode == 0, errors
    assert "Traceback" not in errors


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=SECONDS)


def test_the_published_commit_is_served_on_loopback_until_ctrl_c(folder: Path) -> None:
    published = (folder / "generated_repos" / "sales-n1" / "index.html").read_bytes()
    with opened(folder, "open", "latest") as address:
        page = get(address)
        assert address.startswith("http://127.0.0.1:")
        assert (page.status_code, page.content) == (200, published)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert get(f"{address}README.md?x=1").headers["content-type"] == "text/markdown; charset=utf-8"
        head = httpx.head(address, trust_env=False)
        assert (head.content, head.headers["content-length"]) == (b"", str(len(published)))


def test_nothing_but_the_app_is_served(folder: Path) -> None:
    with opened(folder, "open", "latest") as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        for path in ("/missing", "/.git/HEAD", "/../brief.json", "/%2e%2e/brief.json", "//127.0.0.1/x", "/%00", "x"):
            assert raw(port, path).startswith(b"HTTP/1.0 404"), path


def raw(port: int, path: str) -> bytes:
    """An answer to a path that no client would send as it is."""
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        return connection.makefile("rb").read()


def test_a_folder_gets_its_slash_and_an_app_its_own_page_for_what_is_missing() -> None:
    with PageServer() as server:
        files = {"index.html": "", "docs/index.html": "docs", "404.html": "own"}
        server.app = ServedApp(make_files(files), server.address)
        serving = Thread(target=server.serve_forever, args=[0.02])
        serving.start()
        try:
            moved = get(f"{server.address}docs?x=1")
            assert (moved.status_code, moved.headers["location"]) == (307, "docs/?x=1")
            assert get(f"{server.address}docs/").text == "docs"
            missing = get(f"{server.address}nowhere")
            assert (missing.status_code, missing.text) == (404, "own")
        finally:
            server.shutdown()
            serving.join()


@pytest.mark.parametrize("variable", ["DISPLAY", "WAYLAND_DISPLAY"])
def test_where_there_is_a_screen_the_persons_browser_is_opened(variable: str, folder: Path, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    with opened(folder, "open", "latest", **{variable: ":9", "BROWSER": f"{recorder(tmp_path)} {seen} %s"}) as address:
        wait_for(seen)
        assert seen.read_text() == address


def test_without_a_screen_no_browser_is_opened(folder: Path, tmp_path: Path) -> None:
    with opened(folder, "open", "latest", BROWSER=f"{recorder(tmp_path)} {tmp_path / 'seen'} %s") as address:
        assert get(address).status_code == 200
    assert not (tmp_path / "seen").exists()


def recorder(folder: Path) -> Path:
    """A browser that writes down what it is to show."""
    program = folder / "browser"
    program.write_text('#!/bin/sh\nprintf %s "$2" > "$1.part" && mv "$1.part" "$1"\n')
    program.chmod(0o755)
    return program


def wait_for(file: Path) -> None:
    subprocess.run(["/bin/sh", "-c", f"until [ -e '{file}' ]; do sleep 0.05; done"], check=True, timeout=SECONDS)


def test_in_ci_a_page_that_is_there_is_named_and_nothing_waits(folder: Path) -> None:
    ended = forkserver.run(["open", "latest"], HERE | {"CI": "true", "DISPLAY": ":9", "BROWSER": "/bin/false"}, folder)
    assert ended.returncode == 0
    assert Path(ended.stdout.strip()).is_file()


def test_json_names_job_and_address_before_it_serves(folder: Path) -> None:
    ended = forkserver.run(["open", "latest", "--json"], HERE | {"CI": "1"}, folder)
    document = json.loads(ended.stdout)
    assert document["ok"] is True
    assert Path(document["url"]).name == "index.html"


def test_run_ends_with_its_page(folder: Path) -> None:
    with forkserver.start(["run", "brief.json", "--open"], HERE, folder) as command:
        address = next(line for line in command.stdout if "Ctrl-C stops" in line).split()[0]
        assert get(address).status_code == 200
        command.send_signal(signal.SIGINT)
        assert command.wait(SECONDS) == 0


def test_with_json_standard_output_has_the_document_alone_and_at_once(folder: Path) -> None:
    with forkserver.start(["run", "brief.json", "--open", "--json"], HERE, folder) as command:
        address = next(line for line in command.stderr or () if "Ctrl-C stops" in line).split()[0]
        assert get(address).status_code == 200
        command.send_signal(signal.SIGINT)
        output, _ = command.communicate(SECONDS)
    assert command.returncode == 0
    assert json.loads(output)["ok"] is True


def test_what_the_summary_names_is_there_and_no_address_of_a_service_that_may_not_run(folder: Path) -> None:
    ended = forkserver.run(["jobs", "show", "latest"], HERE, folder)
    facts = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines()[:12])
    assert Path(facts["folder"]).is_dir()
    assert Path(facts["page"]).is_file()
    assert facts["open"].startswith("`pipeline open ")
    assert "http:" not in ended.stdout
    (folder / "generated_repos" / "sales-n1").rename(folder / "moved")
    try:
        gone = forkserver.run(["jobs", "show", "latest"], HERE, folder)
        assert "is not there any more" in gone.stdout
        refused = forkserver.run(["open", "latest"], HERE, folder)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "sales-n1" in refused.stderr
    finally:
        (folder / "moved").rename(folder / "generated_repos" / "sales-n1")
