"""Files that come with a brief, and what the page can open of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from pipeline.domain.brief import Attachment
from pipeline.domain.files import fold
from pipeline.generation.attachments import describe_attachments
from pipeline.generation.scaffold.sources import Source, read_source

_WORKBOOKS = (".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Given:
    """Files to build on.

    Attributes:
        attachments: name -> bytes, kept as they are.
        media_types: name -> what the sender called it.
        derived: name -> bytes of tables taken out of workbooks, which no browser can read.
        sources: both of them, as far as the page opens them.
    """

    attachments: Mapping[str, bytes]
    media_types: Mapping[str, str]
    derived: Mapping[str, bytes]
    sources: tuple[Source, ...]


def given(attachments: Iterable[Attachment]) -> Given:
    """Look at ``attachments``; the last of one name counts."""
    by_name = {normalize("NFC", each.name): each for each in attachments}
    workbooks = [each for name, each in by_name.items() if name.lower().endswith(_WORKBOOKS)]
    taken = {fold(name) for name in by_name}
    tables = describe_attachments(workbooks).derived if workbooks else {}
    derived = {name: content for name, content in tables.items() if fold(name) not in taken}
    sources = [read_source(name, each.media_type, each.content) for name, each in by_name.items()]
    sources += [read_source(name, "text/csv", content) for name, content in derived.items()]
    return Given(
        attachments={name: each.content for name, each in by_name.items()},
        media_types={name: each.media_type for name, each in by_name.items()},
        derived=derived,
        sources=tuple(sources),
    )
