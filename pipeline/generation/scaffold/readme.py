"""The README of a scaffolded app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.generation.scaffold.page import render

_BEGIN = "<!-- scaffold: made by fixed rules; the next round writes anew from here -->"
_END = "<!-- scaffold: up to here -->"


@dataclass(frozen=True, slots=True)
class Account:
    """What a README tells.

    Attributes:
        title: of the app.
        briefs: texts of all rounds.
        origins: path -> how that file came about.
        shows: one line per part of the page.
        unmet: what the rules could not do.
    """

    title: str
    briefs: Sequence[str]
    origins: Mapping[str, str]
    shows: Sequence[str]
    unmet: Sequence[str]


def whole_readme(account: Account) -> str:
    """A complete README: summary, setup, usage, files, how the code works, limits, license."""
    return render(
        "readme.md",
        begin=_BEGIN,
        end=_END,
        title=_on_one_line(account.title),
        briefs=[_quoted(text) for text in account.briefs],
        shows=[_on_one_line(line) for line in account.shows],
        origins=account.origins,
        unmet=[_on_one_line(line) for line in account.unmet],
    )


def revised_readme(old: str, account: Account) -> str:
    """``old`` with our text in it brought up to date; text by others stays."""
    before, begin, rest = old.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if begin and end:
        return before + whole_readme(account).rstrip("\n") + after
    return old.rstrip("\n") + "\n\n" + whole_readme(account)


def added_section(old: str, round_: int, account: Account) -> str:
    """``old`` with a section on what this round added to somebody else's app."""
    section = render(
        "added.md",
        round=round_,
        brief=_quoted(account.briefs[-1]),
        shows=[_on_one_line(line) for line in account.shows],
        unmet=[_on_one_line(line) for line in account.unmet],
    )
    return old.rstrip("\n") + "\n\n" + section


def _quoted(text: str) -> str:
    """``text`` as a block quote; our own marks are taken out, so that it cannot end our part of the README."""
    lines = text.replace(_BEGIN, "").replace(_END, "").splitlines()
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
