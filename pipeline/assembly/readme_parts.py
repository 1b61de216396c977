"""The parts of a README that code can write about any app, from what is known about it."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipeline.domain.brief import Brief
from pipeline.domain.documents import is_mit_licence
from pipeline.domain.files import AppFiles
from pipeline.domain.generation import Made

_LONGEST_SUMMARY = 600
_LONGEST_LIST = 40
_KINDS = {
    "a page": {".html", ".htm"},
    "styles": {".css"},
    "code that runs in the page": {".js", ".mjs"},
    "Python code": {".py"},
    "data": {".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".xlsx"},
    "a picture": {".svg", ".png", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".ico"},
    "text": {".md", ".txt"},
}
_HOUSEKEEPING = {"README.md", "LICENSE", ".gitignore", ".nojekyll"}
_PAGE_PARAMETER = re.compile(r"\?([A-Za-z][\w-]{0,40})=")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the parts are written from: the app with its LICENSE, who made it, and what was asked for."""

    files: AppFiles
    made: Made
    brief: Brief


def summary(facts: Facts) -> str:
    """What the app is: in the generator's words, else in those of the brief."""
    text = re.sub(r"^#+\s*", "", facts.made.summary.strip(), flags=re.MULTILINE)
    if text:
        return text
    first_paragraph = " ".join(facts.brief.text.strip().split("\n\n")[0].split())
    if len(first_paragraph) > _LONGEST_SUMMARY:
        first_paragraph = first_paragraph[:_LONGEST_SUMMARY].rsplit(" ", 1)[0] + " …"
    return f"Made for this brief: {first_paragraph}"


def setup(facts: Facts) -> str:
    """How to get it running."""
    if "index.html" in facts.files:
        return (
            "The app is a set of static files: there is nothing to build or to install. Browsers let pages read files "
            "only over HTTP, so serve the folder:\n\n```sh\npython3 -m http.server 8000\n```\n\n"
            "and open <http://localhost:8000/>. Any web host for static files can publish it as it is."
        )
    if "Dockerfile" in facts.files:
        return "```sh\ndocker build -t app .\ndocker run --rm -P app\n```"
    if "app.py" in facts.files:
        install = "pip install -r requirements.txt\n" if "requirements.txt" in facts.files else ""
        return f"```sh\n{install}python app.py\n```"
    return "There is nothing to build or to install."


def usage(facts: Facts) -> str:
    """How to use it, with the page parameters that the brief names and the code reads, and the attached files."""
    lines = ["Open the page." if "index.html" in facts.files else "Start the app and open the address that it prints."]
    lines += [f"- `?{name}=…` after the address sets `{name}`." for name in _parameters(facts)]
    lines += [f"- {_code(a.name)} came with the brief and is published unchanged." for a in _unchanged(facts)]
    return "\n".join([lines[0], *([""] if len(lines) > 1 else []), *lines[1:]])


def list_of_files(facts: Facts) -> str:
    """Every file of the app's own, with its kind."""
    paths = [path for path in facts.files if path not in _HOUSEKEEPING]
    lines = [f"- {_code(path)}: {_kind(path)}" for path in paths[:_LONGEST_LIST]]
    if len(paths) > _LONGEST_LIST:
        lines.append(f"- and {len(paths) - _LONGEST_LIST} more")
    return "\n".join(lines) or "The app has no files but this one and its licence."


def how_it_works(facts: Facts) -> str:
    """Where code, styles and data are."""
    files = facts.files
    page = files.text("index.html")
    if page is None:
        entry = next((name for name in ("app.py", "main.py", "Dockerfile") if name in files), None)
        return f"The app starts from {_code(entry)}." if entry else "Every file is published as it is."
    sentences = ["`index.html` is the page; there is no server part: everything happens in the visitor's browser."]
    scripts = _listed(files, {".js", ".mjs"})
    if scripts:
        sentences.append(f"Its code is in {scripts}.")
    elif "<script" in page:
        sentences.append("Its code is in the `<script>` elements of the page.")
    if styles := _listed(files, {".css"}):
        sentences.append(f"The styles are in {styles}.")
    if data := _listed(files, {".csv", ".tsv", ".json", ".xlsx"}):
        sentences.append(f"The data is in {data}.")
    return " ".join(sentences)


def terms(facts: Facts) -> str:
    """Under which licence it is."""
    path = next((path for path in facts.files if path.casefold() == "license"), None)
    if path is None:
        return "No licence was given."
    name = "MIT, see" if is_mit_licence(facts.files.text(path) or "") else "See"
    return f"{name} [{path}]({path})."


def _parameters(facts: Facts) -> list[str]:
    code = " ".join(facts.files.text(path) or "" for path in facts.files if path.endswith((".html", ".js", ".mjs")))
    if "URLSearchParams" not in code and "searchParams" not in code:
        return []
    texts = (facts.brief.text, *(check.text for check in facts.brief.checks))
    named = dict.fromkeys(name for text in texts for name in _PAGE_PARAMETER.findall(text))
    return [name for name in named if re.search(rf"[\"'`]{name}[\"'`]", code)]


def _unchanged(facts: Facts) -> list[PurePosixPath]:
    return [PurePosixPath(a.name) for a in facts.brief.attachments if facts.files.get(a.name) == a.content]


def _listed(files: AppFiles, suffixes: set[str]) -> str:
    names = [path for path in files if PurePosixPath(path).suffix.lower() in suffixes]
    shown = ", ".join(_code(name) for name in names[:5])
    return f"{shown} and {len(names) - 5} more files" if len(names) > 5 else shown  # noqa: PLR2004


def _kind(path: str) -> str:
    if path == "index.html":
        return "the page"
    suffix = PurePosixPath(path).suffix.lower()
    return next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), "part of the app")


def _code(name: str | PurePosixPath) -> str:
    return f"`` {name} ``" if "`" in str(name) else f"`{name}`"
