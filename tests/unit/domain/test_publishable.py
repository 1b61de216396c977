import pytest

from pipeline.domain.files import AppFiles
from pipeline.domain.publishable import publication_findings
from tests.builders import make_brief

PAGE = b"<h1>Sales</h1>"


def wrong(
    files: dict[str, bytes], text: str = "Show the sales.", base: dict[str, bytes] | None = None
) -> list[str | None]:
    before = AppFiles(base) if base else None
    return [finding.path for finding in publication_findings(AppFiles(files), make_brief(text=text), before)]


@pytest.mark.parametrize(
    ("index", "empty"),
    [
        (b"", True),
        (b"\xef\xbb\xbf \n", True),
        (b"<!doctype html><html lang=en><head></head><body class='a'><!-- nothing --></body></html>", True),
        (PAGE, False),
        (b"<script src=app.js></script>", False),
        (b"Sales", False),
    ],
)
def test_an_empty_page_is_not_published(index: bytes, empty: bool) -> None:
    assert wrong({"index.html": index}) == (["index.html"] if empty else [])


@pytest.mark.parametrize(
    ("domain", "text", "published", "refused"),
    [
        (b"evil.example\n", "Show the sales.", None, True),
        (b"sales.example", "Serve it at https://Sales.example/, please.", None, False),
        (b"sales.example\n", "Serve it at www.sales.example.", None, True),
        (b"sales.example\n", "Serve it at sales.example.org.", None, True),
        (b"", "Show the sales.", None, True),
        (b"sales.example\n", "Show the sales.", b"sales.example\n", False),
        (b"evil.example\n", "Show the sales.", b"sales.example\n", True),
    ],
)
def test_a_domain_that_the_brief_does_not_ask_for_is_not_published(
    domain: bytes, text: str, published: bytes | None, refused: bool
) -> None:
    base = {"index.html": PAGE, "CNAME": published} if published else None
    assert wrong({"index.html": PAGE, "CNAME": domain}, text, base) == (["CNAME"] if refused else [])
