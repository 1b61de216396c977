"""Figures for the reply parser and for attachments; nothing about time is asserted."""

import json
import random
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO

import pytest
from openpyxl import Workbook

from pipeline.domain.brief import Attachment
from pipeline.generation.attachments import describe_attachments
from pipeline.generation.reply.edits import apply_edits
from pipeline.generation.reply.grammar import ReplyParser
from pipeline.generation.reply.operations import ParsedReply, ReplyRejected
from tests.builders import make_block

pytestmark = pytest.mark.bench

MEGABYTE = 1_000_000


def best_of(runs: int, work: Callable[[], object]) -> float:
    """Processor seconds of the fastest run: the one that other programs disturbed least."""
    seconds = []
    for _ in range(runs):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return min(seconds)


def parse_in_pieces(text: str, size: int) -> ParsedReply | None:
    parser = ReplyParser()
    try:
        for start in range(0, len(text), size):
            parser.feed(text[start : start + size])
    except ReplyRejected:
        return None
    return parser.finish(truncated=False)


def page(size: int, name: str = "index.html") -> str:
    line = '    <li class="item"><a href="#{n}">An entry of the list, number {n}</a></li>\n'
    lines = [line.format(n=number) for number in range(size // len(line) + 1)]
    return f'<file path="{name}">\n{"".join(lines)}</file>\n'


def test_parser_throughput() -> None:
    whole = "".join(page(900_000, f"page{number}.html") for number in range(8))
    for size in (4096, 64, 16, 1):
        text = whole if size == 4096 else whole[: MEGABYTE * size // 16 + 100_000]
        seconds = best_of(3, partial(parse_in_pieces, text, size))
        print(f"files, {len(text) / MEGABYTE:.1f} MB in pieces of {size}: {len(text) / seconds / MEGABYTE:.1f} MB/s")
    block = "<<<<<<< SEARCH\n    old line of code();\n=======\n    new line of code();\n>>>>>>> REPLACE\n"
    edits = "".join(f'<edit path="file{number}.js">\n{block * 8_000}</edit>\n' for number in range(8))
    seconds = best_of(3, partial(parse_in_pieces, edits, 4096))
    print(f"edits, {len(edits) / MEGABYTE:.1f} MB in pieces of 4096: {len(edits) / seconds / MEGABYTE:.1f} MB/s")


@pytest.mark.parametrize("size", [4096, 1])
def test_time_grows_in_line_with_size(size: int) -> None:
    for name, line in {"one line": "x", "short lines": "y\n", "almost tags": "<file of prose\n"}.items():
        figures = []
        for n in (250_000, 500_000, 1_000_000):
            text = f'<file path="a.txt">\n{line * (n // len(line))}\n</file>\n'
            seconds = best_of(2, partial(parse_in_pieces, text, size))
            figures.append(f"{n / MEGABYTE} MB {seconds * 1000:.0f} ms")
        print(f"{name} in pieces of {size}: {', '.join(figures)}")


def test_edits() -> None:
    text = "".join(f"line {number} of a long program;\n" for number in range(30_000))
    blocks = [make_block(f"line {n} of a long program;\n", f"line {n} is new;\n") for n in range(0, 30_000, 1_500)]
    seconds = best_of(3, partial(apply_edits, text, blocks))
    print(f"{len(blocks)} edits of a file of {len(text) / MEGABYTE:.1f} MB: {seconds * 1000:.0f} ms")
    missing = [make_block(f"line {n} of another program\n", "x\n") for n in range(5)]
    seconds = best_of(3, partial(apply_edits, text, missing))
    print(f"{len(missing)} edits that fail there, with the nearest lines: {seconds * 1000:.0f} ms")


def csv_file(size: int) -> bytes:
    rng = random.Random(1)
    rows = ["id,product,price,date,region,quantity"]
    length = 0
    while length < size:
        rows.append(
            f"{len(rows)},product {rng.randrange(50)},{rng.random() * 1000:.2f},2025-03-0{rng.randrange(1, 9)},North,7"
        )
        length += len(rows[-1]) + 1
    return "\n".join(rows).encode()


def json_file(size: int) -> bytes:
    items = [{"id": n, "name": f"item {n}", "price": n * 1.25, "tags": ["a", "b"]} for n in range(size // 65)]
    return json.dumps(items).encode()


def workbook_file(rows: int) -> bytes:
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("Data")
    for number in range(rows):
        sheet.append([number, f"name {number}", number * 1.5, "North", number % 7])
    content = BytesIO()
    workbook.save(content)
    return content.getvalue()


def text_file(size: int) -> bytes:
    return b"A line of prose that says nothing in particular.\n" * (size // 49)


def test_attachments() -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00\x00\x00\x01\x00" + random.Random(1).randbytes(1_400_000)
    mixes = {
        "csv, json, text, image": [
            ("a.csv", csv_file(900_000)),
            ("b.json", json_file(1_000_000)),
            ("c.md", text_file(1_700_000)),
            ("d.png", png),
        ],
        "one csv": [("a.csv", csv_file(5_000_000))],
        "one json": [("a.json", json_file(5_000_000))],
        "one text": [("a.txt", text_file(5_000_000))],
        "one text in cp1252": [("a.txt", ("é" + "e" * 78 + "\n").encode("cp1252") * 62_500)],
        "ten csv": [(f"{n}.csv", csv_file(500_000)) for n in range(10)],
        "csv and json": [
            ("a.csv", csv_file(2_500_000)),
            ("b.json", json_file(2_000_000)),
            ("c.json", json_file(500_000)),
        ],
        "xlsx of 5,000 cells": [("a.xlsx", workbook_file(1_000))],
        "xlsx of 50,000 cells": [("a.xlsx", workbook_file(10_000))],
        "xlsx of 500,000 cells": [("a.xlsx", workbook_file(100_000))],
    }
    for name, files in mixes.items():
        attachments = [Attachment(path, "", content) for path, content in files]
        size = sum(len(content) for _, content in files)
        seconds = best_of(3, partial(describe_attachments, attachments))
        print(f"{name}, {size / MEGABYTE:.1f} MB: {seconds * 1000:.0f} ms")
