"""Files whose readers can be made to take any time and memory are read in a process of its own."""

import logging
import resource

import pytest

from pipeline.domain.brief import Attachment
from pipeline.generation.attachments import aside, describe_attachments
from pipeline.generation.attachments.reading import SMALL_TABLE_BYTES

MEBIBYTE = 1024 * 1024


def text_of(name: str, content: bytes) -> str:
    (part,) = describe_attachments([Attachment(name, "application/octet-stream", content)]).parts
    return part.text


def test_a_table_of_one_line_costs_this_process_nothing() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "2796203 columns" in text_of("a.csv", b'"",' * (8 * MEBIBYTE // 3))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


@pytest.mark.parametrize("size", [SMALL_TABLE_BYTES // 2, SMALL_TABLE_BYTES * 2])
def test_a_table_is_read_alike_here_and_aside(size: int) -> None:
    rows = size // 8
    assert f"{rows} rows" in text_of("a.csv", b"a,b\n" + b"1000,22\n" * rows)


def test_what_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(aside, "MAX_SECONDS", 0.001)
    assert "reading it takes too long" in text_of("a.pdf", b"%PDF-1.4\n")


def test_what_the_readers_say_reaches_no_log(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    assert "unreadable pdf" in text_of("a.pdf", b"%PDF-1.4\n1 0 obj\n<< /Broken")
    assert (caplog.text, *capfd.readouterr()) == ("", "", "")
