"""CSV, TSV and Excel attachments as a model sees them."""

import csv
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from io import BytesIO, StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from pipeline.domain.brief import Attachment
from pipeline.generation.attachments import AttachmentPart, AttachmentView, describe_attachments
from tests.cases import cases

CASES = cases("tables")


def part(name: str, content: bytes | str, media_type: str = "") -> AttachmentPart:
    data = content if isinstance(content, bytes) else content.encode()
    (only,) = describe_attachments([Attachment(name, media_type, data)]).parts
    return only


def facts(content: str, name: str = "a.csv") -> list[str]:
    return part(name, content).text.split("\n\n")[0].split("\n")


def test_a_table_is_shown_by_its_columns_their_figures_and_its_first_rows() -> None:
    rows = [f"{'Laptop' if n % 2 else 'Mouse'},{n},{n * 1.1:.2f},2025-01-{n + 1:02d},true,item {n}" for n in range(25)]
    content = "\n".join(["product,count,price,day,sold,label", *rows]) + "\n"
    shown = part("sales.csv", content, "text/csv")
    said, sample = shown.text.split("\n\n")
    assert said.split("\n") == [
        "table, delimiter comma; 25 rows",
        "6 columns:",
        "- product: text, 'Laptop', 'Mouse'",
        "- count: integer, min 0, max 24, sum 300",
        "- price: number, min 0, max 26.4, sum 330",
        "- day: date, 2025-01-01 to 2025-01-25",
        "- sold: boolean",
        "- label: text, 25 distinct",
    ]
    assert sample == "\n".join(["product,count,price,day,sold,label", *rows[:10]]) + "\n"
    assert shown.truncated


def test_a_short_table_is_whole() -> None:
    shown = part("a.csv", "a,b\n1,2\n")
    assert not shown.truncated
    assert shown.text.endswith("\n\na,b\n1,2\n")


@pytest.mark.parametrize(("content", "name", "delimiter"), CASES["delimiters"])
def test_the_delimiter_is_found(content: str, name: str, delimiter: str) -> None:
    assert facts(content, name)[0].startswith(f"table, delimiter {delimiter};")


def test_a_table_without_a_header_line_is_said_to_have_none() -> None:
    assert facts("1,x\n2,y\n") == [
        "table, delimiter comma; 2 rows",
        "2 columns (there is no header line):",
        "- column 1: integer, min 1, max 2, sum 3",
        "- column 2: text, 'x', 'y'",
    ]


@pytest.mark.parametrize(("values", "said"), CASES["columns"])
def test_the_type_of_a_column_is_told(values: list[str], said: str) -> None:
    rows = "".join(f"k,{value}\n" for value in values)
    assert facts(f"key,value\n{rows}")[3] == f"- value: {said}"


def test_quotes_newlines_and_uneven_rows_are_counted_right() -> None:
    content = 'a,b\n"x\ny",1\n\n"p ""q"", r",2\nshort\nlong,3,4\n'
    assert facts(content) == [
        "table, delimiter comma; 4 rows",
        "2 columns:",
        "- a: text, 'long', 'p \"q\", r', 'short', 'x y'",
        "- b: integer, min 1, max 3, sum 6, 1 missing",
        "2 rows have more or fewer cells than the first",
    ]


def test_an_encoding_that_browsers_do_not_guess_is_named() -> None:
    said = part("a.csv", "stadt;wert\r\nKöln;1\r\n".encode("cp1252"), "text/csv").text
    assert said.startswith("table, delimiter semicolon; encoding: Windows-1252, not UTF-8; line ends: CRLF; 1 row\n")
    assert "Köln;1\n" in said
    assert part("a.csv", "\ufeffa,b\n1,2\n".encode("utf-16")).text.endswith("a,b\n1,2\n")


def test_of_a_very_large_table_the_figures_say_how_far_they_reach() -> None:
    content = "n\n" + "7\n" * 700_000
    said = facts(content)
    assert said[0].startswith("table, delimiter comma; 700000 rows, of which the first 500000 were read")
    assert said[2] == "- n: integer, min 7, max 7, sum 3500000"
    assert "about 700000 rows" in facts(content + '"8"\n')[0].replace("700001", "700000")


def test_a_table_too_odd_to_be_read_is_shown_as_text() -> None:
    assert part("a.csv", "a,b\n" + "x" * 200_000 + ",1\n").text.startswith("text; 2 lines")


def test_very_many_columns_are_shortened() -> None:
    header = ",".join(f"c{number}" for number in range(5_000))
    said = facts(f"{header}\n{header}\n")
    assert said[1] == "5000 columns:"
    assert said[-2:] == ["- c59: text, 'c59'", "- … 4940 more columns"]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=6), min_size=1, max_size=4), max_size=5
    )
)
def test_any_table_is_described(rows: list[list[str]]) -> None:
    text = StringIO()
    csv.writer(text).writerows(rows)
    assert part("a.csv", text.getvalue()).text


Sheets = Mapping[str, Sequence[Sequence[Any]]]


def workbook(sheets: Sheets) -> bytes:
    book = Workbook(write_only=True)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def view(name: str, sheets: Sheets, *others: str) -> AttachmentView:
    return describe_attachments(
        [
            Attachment(name, "application/octet-stream", workbook(sheets)),
            *(Attachment(other, "", b"x") for other in others),
        ]
    )


def test_a_workbook_of_one_sheet_is_a_table_and_a_csv_file_of_its_name() -> None:
    rows: list[list[Any]] = [["region", "amount"], *([f"r{n}", n * 0.5] for n in range(12))]
    seen = view("in/data.xlsx", {"Sheet 1": rows, "Sheet 2": []})
    text = seen.parts[0].text
    assert text.startswith(
        "Excel workbook, 2 sheets\nsheet 'Sheet 1': 12 rows\n2 columns:\n- region: text, 12 distinct\n"
        "- amount: number, min 0, max 5.5, sum 33\nsheet 'Sheet 2': empty\n"
        "offered as CSV, to be placed with <copy>: in/data.csv\n\nSheet 1:\nregion,amount\nr0,0\nr1,0.5\n"
    )
    assert "r9,4.5\n" in text
    assert "r10," not in text
    assert seen.parts[0].truncated
    expected = "region,amount\n" + "".join(f"r{n},{n * 0.5:g}\n" for n in range(12))
    assert dict(seen.derived) == {"in/data.csv": expected.encode()}


def test_cells_are_written_as_csv_readers_expect_them() -> None:
    row = [1, 2.0, 0.1, True, None, date(2025, 3, 1), datetime(2025, 3, 1, 9, 30), time(9, 30), 'a "b", c', "é\nf", ""]  # noqa: DTZ001
    (content,) = view("a.xlsx", {"S": [["x"] * 11, row, [None], []]}).derived.values()
    assert content.decode().split("\n", 1)[1] == (
        '1,2,0.1,TRUE,,2025-03-01,2025-03-01 09:30:00,09:30:00,"a ""b"", c","é\nf",\n'
    )


def test_every_sheet_gets_a_safe_name_of_its_own() -> None:
    sheets: Sheets = {"Q1 / 2025".replace("/", "&"): [["a"]], "Q1 - 2025": [["b"]], "!!": [["c"]], "Žluťoučký": [["d"]]}
    derived = view("data.xlsx", sheets).derived
    assert list(derived) == ["data-Q1-2025.csv", "data-Q1---2025.csv", "data-part.csv", "data-Žluťoučký.csv"]
    assert list(view("data.xlsx", {"a b": [["x"]], "a&b": [["y"]]}).derived) == ["data-a-b.csv", "data-a-b-2.csv"]


def test_a_derived_file_never_takes_the_name_of_an_attachment() -> None:
    seen = view("data.xlsx", {"S": [["a"]]}, "Data.CSV")
    assert list(seen.derived) == ["data-2.csv"]
    assert "data-2.csv" in seen.parts[0].text


def test_a_workbook_too_large_to_be_converted_offers_no_half_of_itself() -> None:
    rows: list[list[Any]] = [["a", "b", "c", "d", "e"], *([n, n, n, n, n] for n in range(11_000))]
    seen = view("big.xlsx", {"Big": rows, "Small": [["x"]]})
    assert not seen.derived
    assert "sheet 'Big': 9999 rows; too large: only its beginning was read" in seen.parts[0].text
