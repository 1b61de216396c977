"""From an app's files to what a Hugging Face Space runs: card, entry, requirements, Dockerfile, parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.assembly.attachments import with_canonical_name, with_file
from pipeline.assembly.gitignore import gitignore
from pipeline.assembly.licence import mit_licence
from pipeline.assembly.space.card import Card, read_card, write_readme
from pipeline.assembly.space.card_rules import title as title_line
from pipeline.assembly.space.dockerfile import default_dockerfile, exposed_port, is_made_as_root
from pipeline.assembly.space.entry import Imports, find_entry, infer_kind, read_imports
from pipeline.assembly.space.pages import JSON_FILE, page_title, with_page_parameters
from pipeline.assembly.space.parameters import NAME, parameters_json, wants_parameters, with_parameters
from pipeline.assembly.space.python import MAX_SOURCE_BYTES, NotPython, assigns_name, read_python
from pipeline.assembly.space.requirements import default_requirements, pinned_gradio
from pipeline.domain.documents import is_mit_licence
from pipeline.domain.errors import FieldProblem, InvalidInput
from pipeline.domain.files import AppFiles, fold
from pipeline.domain.publication import SpaceSdk
from pipeline.domain.space import DEFAULT_APP_PORT

COPYRIGHT_HOLDER = "The authors"

_LICENCE_NAMES = {"license", "license.md", "license.txt", "licence", "licence.md", "licence.txt", "copying"}
_MADE_AS_ROOT = (
    "Dockerfile was left as it is and names no user, but Spaces run as the user with id 1000, who cannot write to "
    "folders that root made, such as its WORKDIR"
)
_MISSING_ENTRY = {
    SpaceSdk.STATIC: "a static Space needs a page to open with: add index.html",
    SpaceSdk.GRADIO: "a gradio Space needs a Python file to start from: add app.py; for pages alone use static",
    SpaceSdk.STREAMLIT: "a streamlit Space needs a Python file to start from: add app.py",
    SpaceSdk.DOCKER: "a docker Space needs a Dockerfile, or a Python file to start from: add one, or app.py",
}


@dataclass(frozen=True, slots=True)
class SpaceApp:
    """All that a Space is to hold."""

    files: AppFiles  # with the card at the head of README.md
    sdk: str  # the Hub's: gradio, docker or static
    kind: SpaceSdk  # what was asked for or found; streamlit is docker on the Hub
    entry: str | None  # None when its own Dockerfile starts something else
    notes: tuple[str, ...] = ()  # what its author should know


def assemble_space(
    files: AppFiles, kind: SpaceSdk | None, *, title: str, year: int, parameters: Mapping[str, object] | None = None
) -> SpaceApp:
    """Make ``files`` an app that the Hub builds and runs. The same input gives the same bytes, also on its own output.

    Args:
        files: the app as its author made it.
        kind: of Space; None = what the files look like.
        title: for a card without one.
        year: of the copyright, for an app without a licence.
        parameters: JSON values for the app to find as ``PARAMS``: in its Python entry file, or as ``window.PARAMS`` in
            the page of a static Space. None = the app was not made for any, and its entry file is left alone.

    Raises:
        InvalidInput: nothing to start from, an entry file that is not valid Python, parameters that are not JSON.
    """
    for name in ("README.md", "Dockerfile", "requirements.txt"):  # the Hub looks for them in just this spelling
        files = with_canonical_name(files, name)
    if "README.md" in files and files.text("README.md") is None:
        raise InvalidInput(FieldProblem("files", "README.md: is not UTF-8 text"))
    imports = read_imports(files)
    kind = kind or infer_kind(files, imports)
    sdk = SpaceSdk.DOCKER if kind is SpaceSdk.STREAMLIT else kind
    card = read_card(files.text("README.md") or "")
    entry = find_entry(files, imports, kind, _text_of(card, "app_file"))
    runs_dockerfile = sdk is SpaceSdk.DOCKER and "Dockerfile" in files
    is_built = sdk is SpaceSdk.STATIC and "app_build_command" in card.values
    if entry is None and not runs_dockerfile and not is_built:
        raise InvalidInput(FieldProblem("files", _MISSING_ENTRY[kind]))

    notes = _card_notes(card)
    if parameters is not None:
        files, more = _with_parameters(files, sdk, entry, parameters)
        notes += more
    port = _port(files, card)
    if sdk is not SpaceSdk.STATIC:
        files, more = _with_build_files(files, imports, kind, entry, port)
        notes += more
    if not any(fold(path) in _LICENCE_NAMES for path in files):
        files = files.with_files({"LICENSE": mit_licence(year, COPYRIGHT_HOLDER).encode()})
    if ".gitignore" not in files:
        files = files.with_files({".gitignore": gitignore(files)})
    ours = _decided_keys(files, card, sdk, entry=entry, port=port, title=title)
    files = with_file(files, "README.md", write_readme(card, ours).encode())
    return SpaceApp(files, sdk.value, kind, entry, tuple(notes))


def title_of(files: AppFiles) -> str | None:
    """What the app calls itself: in its card, else in the title of its page; None when nowhere."""
    named = _text_of(read_card(files.text("README.md") or ""), "title")
    return named or title_line(page_title(files))


def _with_parameters(
    files: AppFiles, sdk: SpaceSdk, entry: str | None, parameters: Mapping[str, object]
) -> tuple[AppFiles, list[str]]:
    text = parameters_json(parameters)
    if entry is not None and entry.endswith(".py") and sdk is not SpaceSdk.STATIC:
        return _with_python_parameters(files, entry, parameters)
    if not parameters:
        return files, []
    if sdk is SpaceSdk.STATIC:
        return with_page_parameters(files, entry, text), []
    if any(fold(path) == JSON_FILE for path in files):
        raise InvalidInput(FieldProblem("files", f"the name {JSON_FILE} is needed for the parameters"))
    note = f"no Python file is known to start the app, so the parameters stand in {JSON_FILE}"
    return files.with_files({JSON_FILE: f"{text}\n".encode()}), [note]


def _with_python_parameters(
    files: AppFiles, entry: str, parameters: Mapping[str, object]
) -> tuple[AppFiles, list[str]]:
    source = files[entry]
    if not parameters and len(source) > MAX_SOURCE_BYTES:
        return files, []
    try:
        tree = read_python(source)
        if not parameters and not wants_parameters(tree):
            return files, []
        files = files.with_files({entry: with_parameters(source, parameters)})
    except NotPython as error:
        if not parameters and "Dockerfile" in files:  # which Python reads it is up to the author's image
            return files, []
        where = f"{entry}, line {error.line}" if error.line else entry
        raise InvalidInput(FieldProblem("files", f"{where}: {error.problem}")) from error
    return files, [f"{entry} gives {NAME} a value of its own"] if assigns_name(tree, NAME) else []


def _with_build_files(
    files: AppFiles, imports: Imports, kind: SpaceSdk, entry: str | None, port: int
) -> tuple[AppFiles, list[str]]:
    """Add a requirements.txt, unless the app's own Dockerfile has no use for it, and a Dockerfile if there is none."""
    is_container = kind in {SpaceSdk.DOCKER, SpaceSdk.STREAMLIT}
    dockerfile = files.text("Dockerfile") if is_container else None
    notes = [_MADE_AS_ROOT] if dockerfile is not None and is_made_as_root(dockerfile) else []
    if "requirements.txt" not in files and (dockerfile is None or "requirements.txt" in dockerfile):
        content, unknown = default_requirements(imports, kind)
        files = files.with_files({"requirements.txt": content})
        notes += [f"requirements.txt lacks what is imported as {', '.join(unknown[:10])}: add it"] if unknown else []
    if is_container and "Dockerfile" not in files and entry:
        files = files.with_files({"Dockerfile": default_dockerfile(files, imports, entry, port)})
    return files, notes


def _port(files: AppFiles, card: Card) -> int:
    """The card's, else the one that the app's own Dockerfile exposes, else the Hub's."""
    named = card.values.get("app_port")
    return named if isinstance(named, int) else exposed_port(files.text("Dockerfile") or "") or DEFAULT_APP_PORT


def _decided_keys(
    files: AppFiles, card: Card, sdk: SpaceSdk, *, entry: str | None, port: int, title: str
) -> dict[str, object]:
    """The part of the card that is not up to its author."""
    keys: dict[str, object] = {
        "title": card.values.get("title") or title_line(title) or "App",
        "sdk": sdk.value,
        "app_port": port,
    }
    if sdk is SpaceSdk.GRADIO:
        keys["app_file"] = entry
        keys["sdk_version"] = card.values.get("sdk_version") or pinned_gradio(files.text("requirements.txt") or "")
    elif sdk is SpaceSdk.STATIC:
        keys["app_file"] = entry or card.values.get("app_file")
    if "license" not in card.values and is_mit_licence(files.text("LICENSE") or ""):
        keys["license"] = "mit"
    return keys


def _text_of(card: Card, key: str) -> str | None:
    value = card.values.get(key)
    return value if isinstance(value, str) else None


def _card_notes(card: Card) -> list[str]:
    notes = [] if card.is_readable else ["the front matter of README.md is not valid YAML and was replaced"]
    if card.refused:
        notes.append(f"left out of the Space's card, because the Hub takes no such values: {', '.join(card.refused)}")
    return notes
