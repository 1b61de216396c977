"""PDF: the text of its first pages."""

import time
from io import BytesIO

from pipeline.generation.attachments.description import Description, Unreadable, counted
from pipeline.generation.tokens import Density

MEDIA_TYPE = "application/pdf"
MAX_PAGES = 20
MAX_CHARACTERS = 24_000
_MAX_SECONDS = 1.0  # looked at between two pages; within a page, the limits below bound the work
_MAX_STREAM = 4_000_000
_MAX_PARSED = 100_000


def describe_pdf(content: bytes) -> Description:
    """Number of pages, and their text as far as MAX_PAGES, MAX_CHARACTERS and the time allow.

    Raises Unreadable when it is encrypted or empty, and whatever pypdf raises for a broken file.
    """
    from pypdf import PdfReader, apply_configuration

    with apply_configuration(
        zlib_maximum_output_length=_MAX_STREAM,
        lzw_maximum_output_length=_MAX_STREAM,
        run_length_maximum_output_length=_MAX_STREAM,
        array_based_stream_maximum_output_length=_MAX_STREAM,
        stream_decoding_work_maximum_length=4 * _MAX_STREAM,
        stream_parsing_work_maximum_count=_MAX_PARSED,
        page_tree_maximum_entries=10_000,
        page_tree_maximum_page_entries=100_000,
        xform_maximum_invocations_per_extraction=100,
    ):
        reader = PdfReader(BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("it is encrypted")
        total = len(reader.pages)
        if not total:
            raise Unreadable("it has no pages")
        pages: list[str] = []
        deadline = time.monotonic() + _MAX_SECONDS
        for page in reader.pages[:MAX_PAGES]:
            pages.append(page.extract_text())
            if sum(map(len, pages)) > MAX_CHARACTERS or time.monotonic() > deadline:
                break
    text = "\n".join(f"page {number}:\n{page.strip()}\n" for number, page in enumerate(pages, start=1) if page.strip())
    facts = f"PDF, {counted(total, 'page')}"
    if not text:
        return Description(MEDIA_TYPE, f"{facts}, without text that can be read", is_partial=True)
    facts += "" if len(pages) == total else f", text of the first {len(pages)}"
    is_partial = len(pages) < total or len(text) > MAX_CHARACTERS
    return Description(MEDIA_TYPE, facts, text[:MAX_CHARACTERS], Density.PROSE, is_partial)
