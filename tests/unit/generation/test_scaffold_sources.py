import json
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pipeline.domain.brief import Attachment
from pipeline.generation.scaffold.given import given as given_files
from pipeline.generation.scaffold.sources import Column, Kind, Shape, Source, decode, number_of, read_source


def csv_columns(content: bytes) -> list[tuple[str, bool]]:
    return [(column.name, column.numeric) for column in read_source("a.csv", "", content).columns]


def test_a_table_is_read_over_byte_order_mark_line_ends_and_quotes() -> None:
    content = '\ufeffcity,"pop, 2024",note\r\nMünchen,"1,512.5","a ""b"""\r\n\r\nPune,31,\r\n'.encode()
    assert csv_columns(content) == [("city", False), ("pop, 2024", True), ("note", False)]


@pytest.mark.parametrize("content", [b"a;b\nx;1,5\n", b"a\tb\nx\t1.5\n", b"a|b\nx|2\n"])
def test_the_delimiter_is_the_mark_that_the_first_line_holds_most(content: bytes) -> None:
    assert csv_columns(content) == [("a", False), ("b", True)]


def test_columns_without_a_name_or_with_the_same_one_stay_apart() -> None:
    assert [name for name, _ in csv_columns(b"a,,a\n1,2,3\n")] == ["a", "column 2", "a (3)"]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1,234.50", 1234.5),
        ("$ 12", 12.0),
        ("-€3", -3.0),
        ("(3.5)", -3.5),
        ("12 %", 12.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("1,2", None),
        ("12a", None),
        ("", None),
        ("٣", None),
        (True, None),
        (7, 7.0),
    ],
)
def test_a_cell_is_a_number_when_its_writer_meant_one(cell: object, number: float | None) -> None:
    assert number_of(cell) == number


def test_a_decimal_comma_counts_where_semicolons_separate() -> None:
    assert number_of("1.234,5", decimal_comma=True) == 1234.5
    assert number_of("1.234,5") is None


@pytest.mark.parametrize(
    ("value", "shape", "at"),
    [
        ([{"a": 1}, {"b": 2}], Shape.RECORDS, ""),
        ({"items": [{"a": 1}], "title": "T"}, Shape.RECORDS, "items"),
        ({"title": "T", "questions": [{"q": "?", "options": ["a"], "answer": 0}]}, Shape.QUIZ, "questions"),
        ([{"question": "?", "choices": ["a", "b"]}], Shape.QUIZ, ""),
        ({"base": "USD", "rates": {"USD": 1, "EUR": 0.9}}, Shape.RATES, "rates"),
        ({"USD": 1, "EUR": 0.9}, Shape.RATES, ""),
        ({"name": "x", "size": 3}, Shape.PAIRS, ""),
        ({"a": {"b": [1]}}, Shape.TREE, ""),
        ([1, 2], Shape.TREE, ""),
        ([], Shape.TREE, ""),
        ("text", Shape.TREE, ""),
    ],
)
def test_the_shape_of_a_document_is_told_by_its_form_alone(value: object, shape: Shape, at: str) -> None:
    source = read_source("a.json", "", json.dumps(value).encode())
    assert (source.kind, source.shape, source.at) == (Kind.JSON, shape, at)


def test_records_have_columns_like_tables() -> None:
    source = read_source("a.json", "", b'[{"name":"x","tags":["a"],"price":1},{"name":"y","tags":["a"],"price":"2"}]')
    assert source.columns == (
        Column("name", numeric=False, repeats=False),
        Column("tags", numeric=False, repeats=True),
        Column("price", numeric=True, repeats=False),
    )


@pytest.mark.parametrize("depth", [400, 900, 980, 100_000])
def test_a_document_of_any_depth_is_a_source(depth: int) -> None:
    content = b'[{"a": ' + b"[" * depth + b"]" * depth + b"}]"
    assert read_source("a.json", "", content).kind is Kind.JSON


@pytest.mark.parametrize(
    ("name", "media_type", "kind"),
    [
        ("a.PNG", "", Kind.IMAGE),
        ("photo", "image/jpeg", Kind.IMAGE),
        ("data", "text/csv", Kind.CSV),
        ("a.md", "text/plain", Kind.MARKDOWN),
        ("a.log", "", Kind.TEXT),
        ("a.zip", "application/zip", Kind.OTHER),
    ],
)
def test_the_kind_is_told_by_the_name_and_else_by_the_media_type(name: str, media_type: str, kind: Kind) -> None:
    assert read_source(name, media_type, b"") == Source(name, kind)


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.json", "a.md", "a.svg", "a.bin", "a.tsv"]))
def test_no_bytes_make_reading_fail(content: bytes, name: str) -> None:
    assert read_source(name, "", content).name == name


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: not text.startswith("\ufeff")))
def test_text_is_read_in_utf_8_and_utf_16_with_a_mark(text: str) -> None:
    assert decode(text.encode()) == decode(text.encode("utf-8-sig")) == decode(text.encode("utf-16")) == text


def test_other_bytes_are_read_as_windows_text() -> None:
    assert decode(b"caf\xe9") == "café"


def workbook() -> Attachment:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append(["city", "pop"])
    sheet.append(["Pune", 31.2])
    content = BytesIO()
    book.save(content)
    return Attachment("data.xlsx", "", content.getvalue())


def test_a_workbook_gives_its_table_as_a_csv_file() -> None:
    files = given_files([workbook()])
    assert files.derived == {"data.csv": b"city,pop\nPune,31.2\n"}
    assert [source.kind for source in files.sources] == [Kind.OTHER, Kind.CSV]


def test_a_workbook_does_not_replace_an_attachment_of_the_name() -> None:
    files = given_files([workbook(), Attachment("Data.csv", "", b"a\n1\n")])
    assert files.attachments["Data.csv"] == b"a\n1\n"
    assert files.derived == {}


def test_a_broken_workbook_is_kept_as_it_is() -> None:
    files = given_files([Attachment("data.xlsx", "", b"PK broken")])
    assert (files.attachments, files.derived) == ({"data.xlsx": b"PK broken"}, {})
