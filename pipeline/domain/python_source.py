"""Parsing Python that somebody else wrote."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_WARNING_FILTERS = threading.Lock()


@contextmanager
def parsing_quietly() -> Iterator[None]:
    """Without the warnings that the parser has for the source: they are about somebody else's code.

    One at a time: the filters belong to the whole process.
    """
    with _WARNING_FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
