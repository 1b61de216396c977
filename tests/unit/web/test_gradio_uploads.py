"""Files that callers send ahead of a call."""

import base64
import io
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.domain.errors import Busy, InvalidInput, NotFound
from pipeline.web.gradio import uploads as module
from pipeline.web.gradio.uploads import LIFETIME_SECONDS, UploadLimits, Uploads, file_data, is_file_data, safe_name

LIMITS = UploadLimits(file=100, request=250)


class Now:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return time.time() + self.seconds


@pytest.fixture
def now() -> Now:
    return Now()


@pytest.fixture
def uploads(tmp_path: Path, now: Now) -> Uploads:
    return Uploads(tmp_path / "uploads", LIMITS, now)


def data(path: str, **fields: Any) -> dict[str, Any]:
    return {"path": path, "meta": {"_type": "gradio.FileData"}, **fields}


async def put(uploads: Uploads, content: bytes = b"a,b\n", owner: str = "operator", name: str = "data.csv") -> str:
    return (await uploads.put(owner, name, io.BytesIO(content))).path


async def test_a_file_is_found_by_its_path_and_keeps_its_name(uploads: Uploads) -> None:
    path = await put(uploads, b"a,b\n1,2\n")
    found = uploads.find("operator", path)
    assert (found.name, found.file.read_bytes()) == ("data.csv", b"a,b\n1,2\n")


async def test_names_of_people_never_reach_the_file_system(uploads: Uploads, tmp_path: Path) -> None:
    for name in ("../../etc/passwd", "C:\\x\\y.csv", "a/../../b", "", "..", "x\0y", "a" * 300, ".git"):
        path = await put(uploads, name=name)
        assert path.count("/") == 1
    files = [
        file.relative_to(tmp_path / "uploads").parts for file in (tmp_path / "uploads").rglob("*") if file.is_file()
    ]
    assert len(files) == 8
    assert {(len(parts), parts[0], len(parts[1])) for parts in files} == {(2, "operator", 32)}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("data.csv", "data.csv"), ("/home/ada/data.csv", "data.csv"), ("C:\\ada\\data.csv", "data.csv"), ("..", "file")],
)
def test_a_name_is_the_last_part_of_what_was_sent(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept


async def test_nobody_but_its_owner_finds_a_file(uploads: Uploads) -> None:
    path = await put(uploads, owner="owner-1")
    with pytest.raises(NotFound):
        uploads.find("owner-2", path)


@pytest.mark.parametrize("name", ["", ".", "../data.csv", "data.csv/", "data.csv/../data.csv", "a:b"])
async def test_a_file_is_not_found_under_a_name_that_no_path_is_told_with(uploads: Uploads, name: str) -> None:
    token = (await put(uploads)).partition("/")[0]
    with pytest.raises(NotFound):
        uploads.find("operator", f"{token}/{name}")


@given(path=st.text() | st.builds("/".join, st.lists(st.sampled_from(["..", ".", "", "operator", "x", "etc"]))))
def test_no_made_up_path_leads_to_a_file(path: str) -> None:
    here = Uploads(Path(__file__).parent, LIMITS)
    with pytest.raises(NotFound):
        here.find("operator", path)
    with pytest.raises(NotFound):
        here.find(path, "x" * 32)


async def test_a_link_out_of_the_folder_is_no_way_out(uploads: Uploads, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    await put(uploads)
    for path in (f"{tmp_path}/outside", "../outside", "../../outside", f"{'a' * 32}/../../../outside"):
        with pytest.raises(NotFound):
            uploads.find("operator", path)


async def test_a_file_is_gone_when_its_time_is_over_and_makes_room(uploads: Uploads, now: Now, tmp_path: Path) -> None:
    path = await put(uploads)
    now.seconds = LIFETIME_SECONDS + 1
    with pytest.raises(NotFound):
        uploads.find("operator", path)
    await put(uploads)  # which is old at once for a clock in the future
    assert len(list((tmp_path / "uploads").glob("*/*"))) == 1


async def test_a_file_that_is_too_large_is_refused_and_not_kept(uploads: Uploads, tmp_path: Path) -> None:
    await put(uploads, b"x" * LIMITS.file)
    with pytest.raises(InvalidInput, match="more than 100 bytes"):
        await put(uploads, b"x" * (LIMITS.file + 1))
    assert len(list((tmp_path / "uploads").glob("*/*"))) == 1


async def test_a_flood_of_uploads_leaves_the_disk_bounded(uploads: Uploads, tmp_path: Path) -> None:
    refused = 0
    for number in range(300):
        try:
            await put(uploads, b"x" * LIMITS.file, owner=f"owner-{number % 10}")
        except Busy:
            refused += 1
    sizes = [file.stat().st_size for file in (tmp_path / "uploads").glob("*/*")]
    assert sum(sizes) <= module.OWNERS_KEPT * module.REQUESTS_KEPT * LIMITS.request
    assert refused == 300 - len(sizes) > 0


async def test_one_owner_cannot_take_the_room_of_all(uploads: Uploads) -> None:
    for _ in range(module.REQUESTS_KEPT * LIMITS.request // LIMITS.file):
        await put(uploads, b"x" * LIMITS.file, owner="owner-1")
    with pytest.raises(Busy):
        await put(uploads, b"x", owner="owner-1")
    await put(uploads, b"x" * LIMITS.file, owner="owner-2")


async def test_so_many_empty_files_are_enough(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES_PER_OWNER", 3)
    for _ in range(3):
        await put(uploads, b"")
    with pytest.raises(Busy):
        await put(uploads, b"")


def test_only_a_few_requests_bring_files_at_once(uploads: Uploads) -> None:
    with ExitStack() as held:
        for _ in range(module.MOST_AT_ONCE):
            held.enter_context(uploads.receiving())
        with pytest.raises(Busy):
            held.enter_context(uploads.receiving())
    with uploads.receiving():
        pass


async def test_uploaded_files_in_arguments_become_names_and_data_uris(uploads: Uploads) -> None:
    path = await put(uploads, b"a,b\n")
    given = {"attachments": [data(path), data(path, orig_name="/home/ada/other.json", url=None)], "round": 1}
    resolved = await uploads.resolve(given, "operator")
    content = base64.b64encode(b"a,b\n").decode()
    assert resolved == {
        "attachments": [
            {"name": "data.csv", "url": f"data:text/csv;base64,{content}"},
            {"name": "other.json", "url": f"data:text/csv;base64,{content}"},
        ],
        "round": 1,
    }


async def test_the_address_that_our_own_clients_add_is_accepted(uploads: Uploads) -> None:
    path = await put(uploads)
    given = [data(path, url=f"https://example.com/gradio_api/file={path}")]
    assert (await uploads.resolve(given, "operator"))[0]["name"] == "data.csv"


@pytest.mark.parametrize(
    "file",
    [
        data("/etc/passwd"),
        data("../../etc/passwd"),
        data("https://example.com/x.csv", url="https://example.com/x.csv"),
        data("file:///etc/passwd"),
        data(""),
        {"path": None, "meta": {"_type": "gradio.FileData"}},
        {"url": "http://127.0.0.1/", "meta": {"_type": "gradio.FileData"}},
    ],
)
async def test_files_that_are_not_ours_are_refused_without_repeating_them(
    uploads: Uploads, file: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        await uploads.resolve({"attachments": [file]}, "operator")
    assert [problem.field for problem in refused.value.problems] == ["attachments[0]"]
    assert "passwd" not in str(refused.value)
    assert "http" not in str(refused.value)


async def test_a_foreign_url_beside_a_right_path_is_refused(uploads: Uploads) -> None:
    path = await put(uploads)
    with pytest.raises(InvalidInput, match="has a url"):
        await uploads.resolve([data(path, url="https://example.com/x")], "operator")


async def test_a_foreign_upload_is_refused(uploads: Uploads) -> None:
    path = await put(uploads, owner="owner-1")
    with pytest.raises(InvalidInput):
        await uploads.resolve([data(path)], "owner-2")


async def test_all_files_of_a_call_together_have_a_limit(uploads: Uploads) -> None:
    path = await put(uploads, b"x" * 100)
    with pytest.raises(InvalidInput, match="more than 250 bytes"):
        await uploads.resolve([data(path)] * 3, "operator")


async def test_what_we_tell_of_a_file_is_what_clients_take_for_one(uploads: Uploads) -> None:
    upload = await uploads.put("operator", "app.zip", io.BytesIO(b"PK"))
    told = file_data(upload, 2, "http://x/")
    assert is_file_data(told)
    assert (told["path"], told["orig_name"], told["mime_type"]) == (upload.path, "app.zip", "application/zip")
