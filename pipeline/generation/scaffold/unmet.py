"""What the rules could not do, in words for the page, the README and the reply."""

import re
from collections.abc import Iterable, Sequence

from pipeline.generation.scaffold.libraries import USED_BY_THE_PAGE
from pipeline.generation.scaffold.planning import Plan
from pipeline.generation.scaffold.reading import Reading
from pipeline.generation.scaffold.words import distinct

_NEEDS_A_MIND = re.compile(
    r"\b(?:solve[sd]?|solver|predict(?:ion|s)?|forecast|translate|summari[sz]e|recommend|recogni[sz]e|classify|transcribe|"
    r"what will|should it|describe yourself|write an?|generate an?|draw an? (?!(?:\w+ )?(?:bar|line|chart|graph)))\b",
    re.IGNORECASE,
)
_LONGEST = 160


def unmet(reading: Reading, plan: Plan, placeholders: Iterable[str], script: str) -> tuple[str, ...]:
    """One sentence per gap.

    Args:
        reading: what was asked for.
        plan: what was made of it.
        placeholders: files whose text a writer or a model still has to supply.
        script: the page's own code.
    """
    return distinct(
        [
            *(f"Needs judgement, so it was left undone: “{_short(each)}”" for each in _beyond_rules(reading.sentences)),
            *(f"`#{part.id}` exists, but no rule says what it is for." for part in plan.parts if part.is_guess),
            *(f"`{name}` is a placeholder." for name in placeholders),
            *(f"No rule knows where the class `.{name}` belongs." for name in _idle_classes(reading, script)),
            *(
                f"{library.name} is loaded, but the page's own code does without it."
                for library in reading.libraries
                if library.name not in USED_BY_THE_PAGE
            ),
            *(
                f"A check looks for “{_short(text)}” in the page's code; it is not there."
                for text in reading.in_code
                if text not in script
            ),
        ]
    )


def _idle_classes(reading: Reading, script: str) -> list[str]:
    """Classes that nothing on the page carries; those of a library that was asked for are none of ours."""
    if any(library.styles for library in reading.libraries):
        return []
    return [each.name for each in reading.classes if f'"{each.name}"' not in script]


def _beyond_rules(sentences: Sequence[str]) -> list[str]:
    return [sentence for sentence in sentences if _NEEDS_A_MIND.search(sentence)]


def _short(text: str) -> str:
    text = text.lstrip("-*• ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
