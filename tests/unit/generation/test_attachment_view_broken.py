"""Images, PDF and whatever is broken, hostile or not what it claims to be."""

import base64
import struct
import zlib
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from pypdf import PdfWriter

from pipeline.domain.brief import Attachment
from pipeline.generation.attachments import AttachmentPart, describe_attachments
from pipeline.generation.attachments.images import MAX_IMAGE_BYTES

GIF = b"GIF89a" + struct.pack("<HH", 3, 2) + b"\x80\0\0"
BASELINE_JPEG = b"\xff\xd8\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 200, 300) + b"\x01\x01\x11\0"
WEBP_LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 300, 200)
WEBP_LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", (300 - 1) | (200 - 1) << 14)
WEBP_EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + (299).to_bytes(3, "little") + (199).to_bytes(3, "little")
JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xff\xfe\x00\x06\xff\xc0xx"
    b"\xff\xc4\x00\x04\0\0\xff\xc2\x00\x0b\x08" + struct.pack(">HH", 200, 300) + b"\x01\x01\x11\0"
)


def png(width: int = 150, height: int = 50, size: int = 0) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", bytes(size)) + chunk(b"IEND", b"")


def pdf(*pages: str) -> bytes:
    """A PDF with one line of text per page."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "", "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"]
    for text in pages:
        stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET"
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /Contents {len(objects)} 0 R /MediaBox [0 0 612 792] "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
    kids = " ".join(f"{number} 0 R" for number in range(5, len(objects) + 1, 2))
    objects[1] = f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>"
    content = b"%PDF-1.4\n"
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    trailer = f"trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{len(content)}\n%%EOF\n"
    return content + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode()


def workbook() -> bytes:
    book = Workbook()
    book["Sheet"].append(["a", "b"])
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def repacked(content: bytes, changes: dict[str, bytes]) -> bytes:
    """A zip file with some of its entries replaced or added."""
    packed = BytesIO()
    with ZipFile(BytesIO(content)) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for name in source.namelist():
            if name not in changes:
                target.writestr(name, source.read(name))
        for name, data in changes.items():
            target.writestr(name, data)
    return packed.getvalue()


def part(name: str, content: bytes, media_type: str = "") -> AttachmentPart:
    (only,) = describe_attachments([Attachment(name, media_type, content)]).parts
    assert (only.name, only.size) == (name, len(content))
    return only


@pytest.mark.parametrize(
    ("content", "media_type", "said"),
    [
        (png(), "image/png", "PNG image, 150 x 50 pixels"),
        (GIF, "image/gif", "GIF image, 3 x 2 pixels"),
        (JPEG, "image/jpeg", "JPEG image, 300 x 200 pixels"),
        (BASELINE_JPEG, "image/jpeg", "JPEG image, 300 x 200 pixels"),
        (WEBP_LOSSY, "image/webp", "WEBP image, 300 x 200 pixels"),
        (WEBP_LOSSLESS, "image/webp", "WEBP image, 300 x 200 pixels"),
        (WEBP_EXTENDED, "image/webp", "WEBP image, 300 x 200 pixels"),
    ],
    ids=["png", "gif", "jpeg", "baseline jpeg", "lossy webp", "lossless webp", "extended webp"],
)
def test_an_image_is_shown_and_its_size_is_told(content: bytes, media_type: str, said: str) -> None:
    view = describe_attachments([Attachment("sample", "application/octet-stream", content)])
    assert (view.parts[0].media_type, view.parts[0].text, view.parts[0].truncated) == (media_type, said, False)
    assert [(image.media_type, image.content) for image in view.images] == [(media_type, content)]


def test_only_four_images_are_shown_and_none_that_is_large() -> None:
    files = [png(size=MAX_IMAGE_BYTES), *(png(width=number) for number in range(1, 7))]
    view = describe_attachments([Attachment(f"{n}.png", "image/png", content) for n, content in enumerate(files)])
    assert [image.content for image in view.images] == files[1:5]
    assert view.parts[0].text == "PNG image, 150 x 50 pixels; too large to be shown"
    assert view.parts[5].text == "PNG image, 5 x 50 pixels\nnot shown: only 4 images are"


def test_of_a_pdf_the_text_is_shown() -> None:
    shown = part("report.pdf", pdf("Harbour report", "Second page"), "application/pdf")
    assert shown.text == "PDF, 2 pages\n\npage 1:\nHarbour report\n\npage 2:\nSecond page\n"
    assert not shown.truncated
    assert part("blank.pdf", pdf("")).text == "PDF, 1 page, without text that can be read"


def test_of_a_long_pdf_the_first_pages_are_shown() -> None:
    shown = part("long.pdf", pdf(*(f"Text of page {number}" for number in range(1, 31))))
    assert shown.text.startswith("PDF, 30 pages, text of the first 20\n")
    assert shown.text.endswith("Text of page 20\n")
    assert shown.truncated
    wordy = part("wordy.pdf", pdf(*(["word " * 3_000] * 4)))
    assert wordy.text.startswith("PDF, 4 pages, text of the first 2\n")


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a.png", png()[:20], "image"),
        ("a.png", png(0, 0), "image"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(40), "image"),
        ("a.jpg", JPEG[:-12], "image"),
        ("a.jpg", b"\xff\xd8\xff\xda" + bytes(40), "image"),
        ("a.jpg", b"\xff\xd8\xff" + bytes(40), "image"),
        ("a.gif", GIF[:8], "image"),
        ("a.webp", WEBP_LOSSY[:20], "image"),
        ("a.webp", b"RIFF\0\0\0\0WEBPVP9 " + bytes(40), "image"),
        ("a.pdf", b"%PDF-1.7\nnothing else", "pdf"),
        ("a.pdf", pdf("x")[:-300], "pdf"),
        ("a.pdf", pdf("x").replace(b"/Pages 2 0 R", b"/Pages 1 0 R"), "pdf"),
        ("a.xlsx", workbook()[:-400], "workbook"),
        ("a.xlsx", repacked(workbook(), {"xl/workbook.xml": b"<broken"}), "workbook"),
        ("a.xlsx", repacked(workbook(), {"xl/worksheets/sheet1.xml": b"<broken"}), "workbook"),
        ("a.xlsx", workbook() + b"PK\x05\x06", "workbook"),
        ("a.xlsx", b"PK\x03\x04xl/workbook.xml", "workbook"),
        ("a.xlsx", repacked(workbook(), {"xl/sharedStrings.xml": bytes(9 * 1024 * 1024)}), "workbook"),
        ("a.xlsx", repacked(workbook(), {"xl/worksheets/sheet1.xml": bytes(65 * 1024 * 1024)}), "workbook"),
        ("a.xlsx", repacked(workbook(), {f"xl/media/{n}.png": b"" for n in range(2_000)}), "workbook"),
        (
            "a.xlsx",
            repacked(workbook(), {"xl/sharedStrings.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>'}),
            "workbook",
        ),
        ("a.png", bytes(range(256)), "unknown"),
        ("a.pdf", bytes(range(256)), "unknown"),
        ("a.xlsx", repacked(workbook(), {})[:30] + bytes(100), "zip archive"),
    ],
)
def test_a_broken_file_is_unreadable_and_harms_nobody(name: str, content: bytes, kind: str) -> None:
    good = Attachment("good.txt", "text/plain", b"fine\n")
    view = describe_attachments([Attachment(name, "application/octet-stream", content), good])
    assert view.parts[0].text.startswith(f"unreadable {kind}: ")
    assert view.parts[0].truncated
    assert not view.images
    assert not view.derived
    assert view.parts[1].text == "text; 1 line\n\nfine\n"


def test_a_workbook_is_judged_by_its_directory_before_it_is_unpacked() -> None:
    many = repacked(workbook(), {f"xl/media/{number}.png": b"" for number in range(2_000)})
    end = workbook().rfind(b"PK\x05\x06")
    zip64 = workbook()[:end] + b"PK\x06\x07" + bytes(16) + workbook()[end:]
    bombs = {name: repacked(workbook(), {name: bytes(65 << 20)}) for name in ("xl/worksheets/sheet1.xml", "xl/a.xml")}
    assert all(len(bomb) < 100_000 for bomb in bombs.values())
    for content, reason in {
        many: "it has too many parts",
        zip64: "it has too many parts",
        **dict.fromkeys(bombs.values(), "it unpacks to more than a workbook of this kind should"),
        workbook()[:end]: "it is cut off",
    }.items():
        assert part("a.xlsx", content).text.startswith(f"unreadable workbook: {reason};")


def test_a_pdf_that_needs_a_password_is_unreadable_and_one_that_needs_none_is_not() -> None:
    for password, said in {"secret": "unreadable pdf: it is encrypted;", "": "PDF, 1 page\n\npage 1:\nHello\n"}.items():
        writer = PdfWriter(BytesIO(pdf("Hello")))
        writer.encrypt(password, algorithm="RC4-128")
        content = BytesIO()
        writer.write(content)
        assert part("a.pdf", content.getvalue()).text.startswith(said)


def test_a_sheet_that_pretends_to_be_enormous_is_cut_short() -> None:
    rows = b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'
    )
    content = repacked(
        workbook(), {"xl/worksheets/sheet1.xml": sheet + b"<sheetData>" + rows + b"</sheetData></worksheet>"}
    )
    view = describe_attachments([Attachment("a.xlsx", "", content)])
    assert "too large" in view.parts[0].text
    assert not view.derived


def test_a_pdf_that_unpacks_to_very_much_is_unreadable() -> None:
    stream = zlib.compress(b"BT (x) Tj ET " * 1_000_000)
    content = pdf("MARK").replace(
        b"<< /Length 35 >>\nstream\nBT /F1 12 Tf 72 720 Td (MARK) Tj ET\nendstream",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
    )
    assert len(content) > len(pdf("MARK"))
    assert part("a.pdf", content).text.startswith("unreadable pdf: it is broken (LimitReachedError)")


@pytest.mark.parametrize(
    ("name", "claim", "content", "media_type"),
    [
        ("a.csv", "text/csv", png(), "image/png"),
        ("a.png", "image/png", b"just text", "text/plain"),
        ("a.txt", "text/plain", pdf("x"), "application/pdf"),
        ("a.bin", "application/octet-stream", b"a,b\n1,2\n", "text/plain"),
        ("a.csv", "application/vnd.ms-excel", b"a,b\n1,2\n", "text/csv"),
        ("a.csv", "text/plain", b"a,b\n1,2\n", "text/csv"),
        ("a.yml", "text/plain", b"a: 1\n", "application/yaml"),
        ("a.dat", "text/csv", b"a,b\n1,2\n", "text/csv"),
        ("a.py", "", b"PDF = '%PDF-'\n", "text/x-python"),
        ("a.xlsx", "", workbook(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.wav", "audio/wav", b"RIFF\0\0\0\0WAVE\x01", "audio/wav"),
        (
            "a.docx",
            "application/msword",
            repacked(workbook(), {})[:0] + b"PK\x05\x06" + bytes(18),
            "application/msword",
        ),
        ("a.bin", "text/html", bytes(64), "application/octet-stream"),
    ],
)
def test_the_content_is_trusted_and_not_the_claim(name: str, claim: str, content: bytes, media_type: str) -> None:
    assert part(name, content, claim).media_type == media_type


def test_what_cannot_be_shown_is_named_by_type_size_and_digest() -> None:
    shown = part("a.zip", b"PK\x05\x06" + bytes(18), "application/zip")
    assert shown.text == "zip archive, not shown; SHA-256 begins with 8739c76e681f9009"
    assert shown.truncated
    assert part("a.wasm", b"\0asm\x01\0\0\0", "application/wasm").text.startswith("unknown, not shown; SHA-256")


IMAGES = [png(), GIF, JPEG, WEBP_LOSSY, WEBP_LOSSLESS, WEBP_EXTENDED]
SEEDS = [*IMAGES, pdf("one", "two"), workbook(), b"a,b\n1,2\n", b'{"a": [1]}']


@given(st.sampled_from(SEEDS), st.data())
def test_no_damage_to_a_file_raises(seed: bytes, data: st.DataObject) -> None:
    damaged = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 5))):
        start = data.draw(st.integers(0, len(damaged)))
        end = data.draw(st.integers(start, min(len(damaged), start + 20)))
        damaged[start:end] = data.draw(st.binary(max_size=8))
    name = data.draw(st.sampled_from(["a.csv", "a.json", "a.png", "a.pdf", "a.xlsx", "a"]))
    view = describe_attachments([Attachment(name, "text/csv", bytes(damaged))])
    assert view.parts[0].text


@given(st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode("utf-16")))
def test_any_bytes_are_described(content: bytes) -> None:
    assert part("a.csv", content, base64.b64encode(content[:3]).decode()).text
