"""What a repository needs: a README that is complete, has certain parts, or mentions something; the MIT licence."""

import re

from markdown_it import MarkdownIt

from pipeline.domain.documents import LONGEST_README, README_PARTS, Section, missing_readme_parts, readme_sections
from pipeline.domain.front_matter import split_front_matter
from pipeline.domain.verdict import Outcome
from pipeline.verification.inspection import Ruling, failed, passed, undecided
from pipeline.verification.prose.files import licence_problem
from pipeline.verification.prose.recognisers import Said, Settled, Unclear, recognises
from pipeline.verification.prose.sentences import items
from pipeline.verification.secret_shapes import credentials

_README = r"README\.md( file)?"
_GOOD = r"(professional|complete|comprehensive)"
_PART_WORDS = {
    "summary": r"summary|overview|description|introduction",
    "setup": r"set-?up|setting up|installation|install",
    "usage": r"usage|use|how to use it",
    "code explanation": r"code explanation|explanation of code|how it works|explanation|code structure|architecture",
    "license": r"license|MIT license|license information",
}
_FILLER = re.compile(
    r"\b(?:sections?|instructions?|steps|guide|info|parts?|headings?|on|for|called|named|titled)\b", re.IGNORECASE
)
_ARE_HEADINGS = re.compile(r"(?:sections?|headings?)\b.*|.*\b(?:sections|headings)|(?!.* and )[^,]+ section")


@recognises(rf"{_README} (is|looks) {_GOOD}((,? and |, ){_GOOD})*", rf"(repo has|there is) {_GOOD} {_README}")
def _is_complete(said: Said) -> Ruling:
    return _has_parts(said, list(README_PARTS))


@recognises(
    rf"{_README} (mentions|names|refers to|references|talks about) (words? |text |link to )?(?P<words>.+)",
    rf"{_README} has (words? |text |phrase |string |term )(?P<words>.+)",
    rf"(?P<words>\"[^\"]+\"|[\w.-]+) is (mentioned|named) in {_README}",
)
def _mentions(said: Said) -> Ruling:
    wanted, plain = items(said["words"]), " ".join(_readme(said).lower().split())
    missing = [word for word in wanted if not re.search(rf"(?<![^\W_]){re.escape(word.lower())}", plain)]
    if not missing:
        return passed(f"README.md mentions {', '.join(wanted)}")
    stems = [word for word in missing if word.islower() and word[: max(4, len(word) - 3)] in plain]
    if stems and '"' not in said["words"]:
        return undecided(f"README.md has words like {', '.join(stems)}, but not these")
    return failed(f"README.md does not mention {', '.join(missing)}")


@recognises(rf"(repo has |there is )?{_README} (has|covers|documents|with|describes|explains) (?P<parts>.+)")
def _has(said: Said) -> Ruling:
    """The usual parts; headings in the evaluator's own words only where it says that they are."""
    words = said["parts"]
    parts = [_part(part) for part in re.split(r",? and |,? & |, |,", words)]
    known = [part for part in parts if part]
    if len(known) == len(parts):
        return _has_parts(said, known)
    if not _ARE_HEADINGS.fullmatch(words):
        # What is no heading can be seen to be lacking all the same, when a part that must be one is.
        _readme(said)
        if known and (ruling := _has_parts(said, known)).outcome is Outcome.FAIL:
            return ruling
        raise Unclear
    wanted = items(" ".join(_FILLER.sub("", words).split()))
    named = [section.heading.lower() for section in _sections(_readme(said)) if section.heading]
    missing = [name for name in wanted if not any(name.lower() in heading for heading in named)]
    if missing and not any(map(_part, missing)):
        return failed(f"README.md has no heading {', '.join(missing)}; it has: {', '.join(named) or 'none'}")
    lacking = [part for name in missing if (part := _part(name))]
    return _has_parts(said, lacking) if lacking else passed(f"README.md has headings {', '.join(wanted)}")


def _part(words: str) -> str | None:
    """Which part of a README is meant."""
    bare = " ".join(_FILLER.sub("", words.replace('"', "")).split())
    return next((part for part, names in _PART_WORDS.items() if re.fullmatch(names, bare, re.IGNORECASE)), None)


def _readme(said: Said) -> str:
    text = said.inspection.files.text("README.md")
    if text is None:
        raise Settled(failed("there is no README.md in the root that could be read"))
    return text


def _sections(text: str) -> list[Section]:
    return readme_sections(MarkdownIt("commonmark").parse(split_front_matter(text[:LONGEST_README])[1]))


def _has_parts(said: Said, parts: list[str]) -> Ruling:
    sections = _sections(_readme(said))
    missing = [part for part in missing_readme_parts(sections) if part in parts]
    headings = ", ".join(section.heading for section in sections if section.heading) or "none"
    if missing:
        return failed(f"README.md has no {', no '.join(missing)}; its headings: {headings}")
    return passed(f"README.md has {', '.join(parts)}")


_MIT = r"((valid |standard |full |proper )*MIT[ -]licensed?( (file|text))?)"


@recognises(
    rf"(repo|code|app) (has|uses|is under|is licensed under|comes with) {_MIT}( file)?",
    rf"repo is {_MIT}",
    rf"(there is )?{_MIT}( (exists|is (present|there|used|has)))?",
    r"\"?license\"?( file)? (has|is|uses|matches) (full |valid |standard |\")*MIT\"?( license)?( text| file)?",
    r"(repo has )?license file with (full |standard )?MIT license( text)?",
)
def _licence_is_mit(said: Said) -> Ruling:
    problem = licence_problem(said.inspection.files)
    return failed(problem) if problem else passed("LICENSE in the root is the text of the MIT licence")


_CREDENTIAL = r"(hard-?coded )?(secrets?|api[ -]?keys?|tokens?|credentials?|passwords?)"
_CREDENTIALS = rf"{_CREDENTIAL}((, |,? and |,? or ){_CREDENTIAL})*"


@recognises(
    rf"(there is )?no {_CREDENTIALS}( is (committed|present|leaked|exposed))?",
    rf"(repo|app|code|page|site) ((has|leaks|exposes) no|does not (has|leak|expose)( any)?) {_CREDENTIALS}",
)
def _no_secrets(said: Said) -> Ruling:
    for path, content in said.inspection.files.items():
        if credential := next(credentials(content), None):
            return failed(f"{path} holds {credential.name}")
    return passed(f"no key or token of a known provider in {len(said.inspection.files)} files")
