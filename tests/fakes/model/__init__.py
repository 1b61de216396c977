"""Language models on loopback that speak the chat-completions protocol and answer by a script.

In a test::

    with ModelServer([Answer(status=429, headers={"Retry-After": "2"}), Answer("<file ...>", finish=None)]) as server:
        ...  # call server.base_url; look at server.calls

A script entry is an Answer, a dict of its fields, or a string: the text of a good answer. A request gets the first
unused entry that matches it. When none is left, the last one that matched is given again, or, with
``then="error"``, a 400. As a program it prints its base URL as the first line and writes every request to a journal::

    python -m tests.fakes.model --script script.json --journal calls.jsonl

where the script file holds a JSON list of entries.
"""

from tests.fakes.model.script import Answer, Call, Entry, Fault
from tests.fakes.model.server import ModelServer

__all__ = ["Answer", "Call", "Entry", "Fault", "ModelServer"]
