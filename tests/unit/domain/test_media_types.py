import pytest

from pipeline.domain.media_types import content_type_of


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("css/STYLE.CSS", "text/css; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("module.mjs", "text/javascript; charset=utf-8"),
        ("data.json", "application/json; charset=utf-8"),
        ("pelican.svg", "image/svg+xml; charset=utf-8"),
        ("data.csv", "text/csv; charset=utf-8"),
        ("about.md", "text/markdown; charset=utf-8"),
        ("LICENSE", "text/plain; charset=utf-8"),
        (".gitignore", "text/plain; charset=utf-8"),
        (".config.json", "application/json; charset=utf-8"),
        ("photo.webp", "image/webp"),
        ("captcha.png", "image/png"),
        ("app.wasm", "application/wasm"),
        ("app.webmanifest", "application/manifest+json; charset=utf-8"),
        ("book.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("sites.geojson", "application/geo+json; charset=utf-8"),
        ("config.yml", "application/yaml; charset=utf-8"),
        ("table.tab", "text/tab-separated-values; charset=utf-8"),
        ("feed.xml", "application/xml; charset=utf-8"),
        ("favicon.ico", "image/x-icon"),
        ("photo.jpeg", "image/jpeg"),
        ("text.woff2", "font/woff2"),
        ("v1.0/unknown.thing", "application/octet-stream"),
        ("v1.0/LICENSE", "text/plain; charset=utf-8"),
    ],
)
def test_each_kind_of_file_has_the_type_that_browsers_expect(path: str, media_type: str) -> None:
    assert content_type_of(path) == media_type
