// Documents: Markdown and plain text, shown rendered, as written, or counted.

class Text {
  constructor(text, kind, origin) {
    Object.assign(this, { text, kind, origin, watchers: [] });
  }

  watch(show) {
    this.watchers.push(show);
    show();
  }

  change(text, origin = this.origin) {
    this.text = text;
    this.origin = origin;
    for (const show of this.watchers) show();
  }
}

const textOf = (part) => sources.get(part.source).document;

function highlight(node) {
  if (!window.hljs) return;
  for (const code of node.querySelectorAll("pre code:not([data-highlighted])")) window.hljs.highlightElement(code);
}

roles.rendered = (node, part) => {
  const source = textOf(part);
  const show = () => {
    if (source.kind === "markdown") node.replaceChildren(cleanFragment(markdownHtml(source.text)));
    else node.replaceChildren(make("pre", {}, source.text));
    highlight(node);
  };
  source.watch(show);
  onLibrary("marked", show);
  onLibrary("highlight.js", () => highlight(node));
};

roles.raw = (node, part) => {
  const source = textOf(part);
  source.watch(() => { if (node.value !== source.text) putText(node, source.text); });
  if (node.tagName === "TEXTAREA") node.addEventListener("input", () => source.change(node.value));
};

roles.origin = (node, part) => {
  const { document: text, origin } = sources.get(part.source);
  if (text) text.watch(() => putText(node, text.origin));
  else putText(node, origin);
};

const measures = {
  words: (text) => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length,
  characters: (text) => [...text].length,
  lines: (text) => (text === "" ? 0 : text.replace(/\n$/, "").split("\n").length),
  minutes: (text) => Math.max(1, Math.round(measures.words(text) / 200)),
};

roles.measure = (node, part) => {
  const format = part.grouped ? new Intl.NumberFormat("en-US") : { format: String };
  const source = part.source ? textOf(part) : null;
  const show = (text) => putText(node, format.format(measures[part.what](text)));
  if (source) source.watch(() => show(source.text));
  else {
    const input = byId(part.input);
    input.addEventListener("input", () => show(input.value));
    show(input.value);
  }
};
