"""What a sentence said, by the parts of the pattern that covered it."""

import re
from functools import cached_property


class Said:
    """A match of a Pattern: its named parts, empty when they are not said."""

    def __init__(self, match: re.Match[str]) -> None:
        self.text = match[0]
        self._parts = match.groupdict()

    @cached_property
    def _named(self) -> dict[str, str]:
        parts: dict[str, str] = {}
        for name, text in self._parts.items():
            parts[name.partition("__")[0]] = text or parts.get(name.partition("__")[0], "")
        return parts

    def __getitem__(self, name: str) -> str:
        return self._named.get(name, "")


class Pattern:
    """A regular expression for a whole sentence, in which a name may stand for several groups: one of them is said."""

    def __init__(self, expression: str) -> None:
        names: dict[str, int] = {}

        def once(found: re.Match[str]) -> str:
            names[found[1]] = times = names.get(found[1], 0) + 1
            return found[0] if times == 1 else f"(?P<{found[1]}__{times}>"

        self._compiled = re.compile(re.sub(r"\(\?P<(\w+)>", once, expression), re.IGNORECASE)

    def read(self, sentence: str) -> Said | None:
        """What ``sentence`` says, if the pattern covers it."""
        match = self._compiled.fullmatch(sentence)
        return Said(match) if match else None
