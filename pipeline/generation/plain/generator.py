"""The generator that needs no key: it reads brief, checks and attachments by general rules and asks no model."""

import asyncio
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from urllib.parse import quote

from jinja2 import Environment
from markupsafe import Markup, escape

from pipeline.domain.brief import Attachment
from pipeline.domain.files import AppFiles, path_collision, path_problem
from pipeline.domain.generation import Generation, Made, Order
from pipeline.domain.publication import SpaceSdk
from pipeline.generation.attachments import describe_attachments
from pipeline.generation.plain.elements import Element, content, label_of
from pipeline.generation.plain.reading import read, read_source
from pipeline.generation.plain.roles import fill_gallery, give_role, tag_of
from pipeline.ports import Progress

MAX_EMBEDDED = 256 * 1024
TO_BE_WRITTEN = "To be written. This app was built without a language model."
_NAMED = {
    "py": '"""Serves the page to a Space."""\n\nfrom http.server import HTTPServer, SimpleHTTPRequestHandler\n\n'
    'HTTPServer(("0.0.0.0", 7860), SimpleHTTPRequestHandler).serve_forever()\n',
    "js": "// {}\n",
    "json": '{{"note": "{}"}}\n',
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" width="640" height="60"><text x="8" y="40">{}</text></svg>\n',
}
_SUMMARY = "Built without a language model: general rules read the brief and its files."
_REPAIR = "Rules have only one answer: the app is the same as the rejected one."
_USUAL = {"rows": "table", "tree": "div", "markdown": "article", "text": "pre"}
_NO_DATA = re.compile(r"\..*|README\.md|LICENSE|(?:requirements|robots)\.txt|.*\.(?:html?|m?js|css|py|ya?ml)")
_FILE = re.compile(r"(?<![\w/.:=#?&@-])(?:[\w-]+/)*[\w-]+\.(?:txt|md|json|[ct]sv|svg|html|css|js|ya?ml)\b(?!\.\w|\()")
_USES = re.compile(r"(?i)\b(?:with|using|uses?|used|loads?|loaded|via|includes?|librar(?:y|ies))(?: the)?\s+$")
_PARAMETER = re.compile(r"(?:^|[\s(\"'`])\?([A-Za-z][\w-]*)=.{0,30}")
_ADDED = "<p>Added without a language model.</p><div data-messages hidden></div>"
_COPY = '<script type="application/json" data-file='
_LIBRARIES = {
    "link": '<link rel="stylesheet" href="https://cdn.jsdelivr.net/npm/{}/dist/css/{}.min.css">',
    "script": '<script type="module" src="https://cdn.jsdelivr.net/npm/{}/+esm"></script>',
}


class PlainGenerator:
    """Implements the ``Generator`` port without a language model. The same order gives the same bytes."""

    async def generate(self, order: Order, progress: Progress) -> Generation:
        """Build the app of round 1, or ``order.base`` with what the brief adds to it. Asks nobody, costs nothing."""
        progress("Reading brief and attachments by general rules; no language model is asked.")
        return await asyncio.to_thread(lambda: _Building(order).generation())


class _Building:
    """One order, read, and what its app is made from."""

    def __init__(self, order: Order) -> None:
        self.order, self.brief, self.reading = order, order.brief, read(order.brief)
        attached = {attachment.name: attachment.content for attachment in self.brief.attachments}
        self.given = {**describe_attachments(self.brief.attachments).derived, **attached}
        self.base = AppFiles(self.given) if order.base is None else order.base
        self.kept = {**self.base, **self.given}
        self.page = self.base.text("index.html") or ""
        code = "\n".join(self.base.text(path) or "" for path in self.base if path.endswith((".html", ".js")))
        self.is_ours = "pageSettings" in code
        self.code = re.sub(r"(?s)<script>.*?</script>", "", self.page) if self.is_ours else code
        self.wanted = list(self._wanted())
        new = [] if self.page else self.wanted
        self.style, self.script = (next((p for p in new if p.endswith(end)), "") for end in (".css", ".js"))
        self.libraries = list(dict.fromkeys(self._libraries()))
        self._look_at_data()
        self.elements = list(self._elements())
        self.title = self.reading.title or label_of(re.sub(r"[-_ ][0-9a-f]{5,8}$", "", self.brief.task))

    def generation(self) -> Generation:
        made = {"index.html": self._page()} | ({self.script: self._script()} if self.script else {})
        for path in self.wanted:
            context = next((each for each in self.reading.sentences if path in each), path)
            made.setdefault(path, _named_file(path, context, self.style))
        unmet = list(self._unmet(made))
        old = self.base.text("README.md")
        head = f"# {self.title}" if old is None else f"{old.rstrip()}\n\n## Round {self.brief.round}"
        quoted = "\n".join(f"> {line}".rstrip() for line in self.brief.text.strip().splitlines())
        limits = ["### Limits", "\n".join(f"- {line}" for line in unmet)] if unmet else []
        made["README.md"] = "\n\n".join([head, _SUMMARY, quoted, *limits]) + "\n"
        if self.brief.space_type not in {None, SpaceSdk.STATIC} and "app.py" not in self.kept:
            made["app.py"] = _named_file("app.py", "", "")
        fitting = [path for path in made if path in self.kept or not path_collision([*self.kept, path])]
        app = AppFiles({**self.kept, **{path: made[path].encode() for path in fitting}})
        notes = (_SUMMARY, *([_REPAIR] if self.order.rejected else []), *unmet[:20])
        return Generation(app, Made("plain", _SUMMARY, notes=notes))

    def _wanted(self) -> Iterator[str]:
        """Files that brief or checks name, without those that are there and without libraries."""
        taken = {*self.kept, "index.html", "README.md", "LICENSE"}
        for text in [*self.reading.sentences, *self.reading.scripts]:
            for match in _FILE.finditer(text):
                path = match[0]
                is_used = text in self.reading.scripts or path[0].isupper() or _USES.search(text[: match.start()])
                is_library = is_used and path.endswith((".js", ".css")) and "/" not in path
                if not (is_library or path_problem(path) or path_collision([*taken, path])):
                    taken.add(path)
                    yield path

    def _libraries(self) -> Iterator[str]:
        """A tag for each package of npm that a check wants to be loaded."""
        for element in self.reading.root:
            name = (element.get("src") or element.get("href") or "").lower()
            package = re.sub(r"[.-](?:min|bundle|umd|esm)\b.*$", "", name)
            is_own = any(path.lower().endswith(name) for path in [*self.kept, *self.wanted])
            if element.tag in _LIBRARIES and not is_own and re.fullmatch(r"(?:@[\w-]+/)?[a-z0-9][\w.-]*", package):
                version = re.search(rf"(?i)\b{re.escape(package)}(?:\.js)?[ @]v?(\d+(?:\.\d+)*)", self.brief.text)
                yield _LIBRARIES[element.tag].format(package + (f"@{version[1]}" if version else ""), package)

    def _look_at_data(self) -> None:
        types = {attachment.name: attachment.media_type for attachment in self.brief.attachments}
        data = {name: content for name, content in self.kept.items() if not _NO_DATA.fullmatch(name)}
        read, sentences = self.reading, self.reading.sentences
        read.sources = [read_source(Attachment(name, types.get(name, ""), content)) for name, content in data.items()]
        asked = next(filter(None, map(_PARAMETER.search, sentences)), None)
        read.parameter = asked[1] if asked else ""
        is_address = asked is not None and re.search(r"(?i)url|file|src|doc|link|image|https?:", asked[0])
        source = read.source(asked.string, "image markdown text tree rows") if asked and is_address else None
        self.settings = {"parameter": read.parameter, "replaced": source.name if source else ""} if asked else {}

    def _elements(self) -> Iterator[Element]:
        """What the page lacks: elements that were named, then files that came with the brief and nothing shows."""
        root = self.reading.root
        root[:] = [each for each in root if each.tag not in {"script", "link", "meta", "title", "style", "head"}]
        for element in root.inner():
            element.tag = element.tag or tag_of(element)
        named = [each for each in root.inner() if each.id or each in list(root)]
        missing = [each for each in named if not self._is_there(each)]
        for element in named:
            give_role(element, self.reading)
        yield from (each for each in missing if not any(each in outer.inner() for outer in missing))
        shown = {each.get("data-source") for each in root.iter() if each.tag not in {"select", "input", "output"}}
        new = [each for each in self.reading.sources if each.name in self.given.keys() - shown]
        new = [each for each in new if f'"{quote(each.name)}"' not in self.code]
        if images := [each.name for each in new if each.kind == "image"]:
            yield fill_gallery(Element(), images)
        for source in [each for each in new if each.kind in _USUAL]:
            yield Element(_USUAL[source.kind], data_role="show", data_source=source.name)
        links = [path for path in [*self.given, *self.wanted] if f'"{quote(path)}"' not in self.code]
        panel, listed = (Element("section"), Element("ul"))
        panel.extend([Element("h2", "Files"), listed])
        for path in links:
            listed.append(item := Element("li"))
            item.append(Element("a", path, href=quote(path)))
        yield from [panel] if links else []

    def _is_there(self, element: Element) -> bool:
        """Whether the page has such an element, or it is a link to a file, of which there is a list."""
        name = element.id or " ".join(element.get("class", "").split()[:1]) or element.get("href", "")
        trace = rf"(?:id=|[\"'`#. ]){re.escape(name)}(?=[\"'`\s>])" if name else rf"<{element.tag}\b"
        return element.get("href") in {*self.kept, *self.wanted} or re.search(trace, self.code) is not None

    def _page(self) -> str:
        """The page: ours, or the published one, with what is added to it; whatever stands in it stays."""
        told = {each.tag: each.text for each in self.elements if each.tag in {"h1", "footer", "nav"} and not self.page}
        elements = [each for each in self.elements if each.tag not in told]
        links = [(quote(path), label_of(path)) for path in self.wanted if path.endswith(".html")]
        links = links or [(f"#{each.id}", label_of(each.id)) for each in elements if each.id and "nav" in told]
        frame = {"heading": told.get("h1"), "footer": told.get("footer"), "links": links, "style": self.style}
        page = self.page or _new_page(self.title, **frame)
        used = {each.get("data-source") for element in elements for each in element.iter()} | self.given.keys()
        texts = {each.name: each.text for each in self.reading.sources if each.text is not None and each.name in used}
        copies = [f'{_COPY}"{escape(name)}">{_script_json(text)}</script>' for name, text in texts.items()]
        copies = copies if sum(map(len, copies)) <= MAX_EMBEDDED else []
        code = (
            f'<script src="{quote(self.script)}"></script>' if self.script else f"<script>\n{self._script()}</script>"
        )
        documents = {each.name: each.text or "" for each in self.reading.sources if each.kind == "markdown"}
        added, place = content(elements, documents), "<div data-messages"
        if self.page and not self.is_ours:
            added, place = f"<section>\n{added}{_ADDED}</section>", "</main>"
        styles = [tag for tag in self.libraries if "<link" in tag]
        page = _inserted(page, "\n".join(styles), "</head>")
        page = _inserted(page, added, place)
        scripts = [code, *copies, *(tag for tag in self.libraries if tag not in styles)]
        page = _inserted(page, "\n".join(scripts), "</body>")
        if self.reading.title and (old := re.search(r"(?is)<title>(.*?)</title>", page)):
            new = escape(self.reading.title)
            page = page.replace(old[0], f"<title>{new}</title>", 1).replace(f"<h1>{old[1]}</h1>", f"<h1>{new}</h1>", 1)
        return page

    def _script(self) -> str:
        settings = f"Object.assign(globalThis.pageSettings ?? {{}}, {_script_json(self.settings)})"
        return f"globalThis.pageSettings = {settings};\n{'' if self.is_ours else _asset('page.js')}"

    def _unmet(self, made: dict[str, str]) -> Iterator[str]:
        every = [each for root in self.elements for each in root.iter()]
        fed = {name for each in every for fact in ("data-near", "data-answer") for name in each.get(fact, "").split()}
        idle = [each for each in every if each.tag in {"button", "output", "div"} and not each.get("data-role")]
        names = [each.get("id") for each in idle if each.tag == "button" or not (each.text or len(each))]
        names = [name for name in names if name and name not in fed]
        yield from (f"`#{name}` is on the page, but no rule says what it does." for name in names)
        shown = [each.name for each in self.reading.sources if each.kind]
        yield from (f"`{path}` is a placeholder." for path in self.wanted if TO_BE_WRITTEN in made[path])
        yield from (f"`{name}` cannot be shown by a page." for name in self.given if name not in shown)
        yield from (f"`{library}` is loaded, but the page does without it." for library in self.libraries)


def _asset(name: str) -> str:
    return files(__package__).joinpath("templates", name).read_text("utf-8")


def _script_json(value: object) -> str:
    """``value`` as JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def _new_page(title: str, **values: object) -> str:
    template = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(_asset("page.html"))
    return template.render(title=title, css=Markup(_asset("page.css")), **values) + "\n"  # noqa: S704 - our own file


def _inserted(page: str, block: str, before: str) -> str:
    """``page`` with ``block`` in front of the last ``before``, of the end of its body, or at its end."""
    places = [place for mark in (before, "</body>", "</html>") if (place := page.lower().rfind(mark)) >= 0]
    place = places[0] if places else len(page)
    return f"{page[:place]}{block}\n{page[place:]}" if block else page


def _named_file(path: str, context: str, style: str) -> str:
    """A file of which only its name is known, and ``context``, what is said about it; ``style``: the app's CSS file."""
    ending, up = path.rpartition(".")[2], "../" * path.count("/")
    if ending == "html":
        page = _new_page(label_of(path), links=[(up + "index.html", "Home")], style=style and up + style)
        body = Markup("<section><p>{}</p><p>{}</p></section>").format(TO_BE_WRITTEN, context)
        return _inserted(page, body, "<div data-messages")
    return _asset("page.css") if ending == "css" else _NAMED.get(ending, "note: {}\n").format(TO_BE_WRITTEN)
