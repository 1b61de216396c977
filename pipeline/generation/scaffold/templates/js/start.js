// Start: open every file, then start every part; one that fails says so in its place and spares the others.

const openers = {
  csv: (text) => ({ view: new View(parseTable(text)) }),
  json: (text, source) => openJson(JSON.parse(text.replace(/^\uFEFF/, "")), source),
  markdown: (text, source) => ({ document: new Text(text.replace(/^\uFEFF/, ""), "markdown", source.origin) }),
  text: (text, source) => ({ document: new Text(text.replace(/^\uFEFF/, ""), "text", source.origin) }),
};

function openJson(value, { shape, at }) {
  const inner = at ? value[at] : value;
  if (shape === "records") return { value, view: new View(recordTable(inner)) };
  if (shape === "quiz") return { value, questions: inner };
  if (shape === "rates") return { value, rates: { base: value.base ?? Object.keys(inner)[0], rates: inner } };
  return { value };
}

async function openFrom(source, address, origin) {
  if (source.kind === "image") return { address, origin };
  return { origin, ...openers[source.kind](await readText(address), { ...source, origin }) };
}

// An address is taken as it stands: the "+" of a data address is no space.
function askedAddress(name) {
  const [, value = ""] = new RegExp(`[?&]${name}=([^&]*)`).exec(location.search) ?? [];
  try { return decodeURIComponent(value); } catch { return value; }
}

// The address given with the page's own (?url=) comes first; the file in the repository is what it falls back to.
async function open(source) {
  const asked = source.override ? askedAddress(source.override) : "";
  const fallback = source.name ? fileAddress(source.name) : "";
  if (asked) {
    try {
      return { ...source, fallback, ...(await openFrom(source, safeAddress(asked), asked)) };
    } catch (error) {
      const instead = source.name ? `; showing ${source.name} instead` : "";
      say(`${asked} could not be loaded (${error.message})${instead}.`, true);
    }
  }
  if (!source.name) return { ...source, fallback, origin: `Add ?${source.override}=\u2026 to this page's address.`, problem: "no file" };
  return { ...source, fallback, ...(await openFrom(source, fallback, source.name)) };
}

function showProblem(part, text) {
  const node = byId(part.id);
  if (part.existing) return;
  if (["TABLE", "UL", "OL", "SELECT", "INPUT", "BUTTON", "IMG", "FORM"].includes(node.tagName)) node.classList.add("problem");
  else putText(node, text);
  node.title = text;
}

async function start() {
  const problems = new Map();
  await Promise.all(PAGE.sources.map(async (source) => {
    try {
      const opened = await open(source);
      sources.set(source.name, opened);
      if (opened.problem) problems.set(source.name, opened.origin);
    } catch (error) {
      problems.set(source.name, `${source.name} could not be read: ${error.message}`);
      say(problems.get(source.name), true);
    }
  }));
  for (const part of PAGE.parts) {
    if (problems.has(part.source) && !["origin", "image"].includes(part.role)) {
      showProblem(part, problems.get(part.source));
      continue;
    }
    try {
      roles[part.role](byId(part.id), part);
    } catch (error) {
      showProblem(part, `This part could not be shown: ${error.message}`);
    }
  }
}

start();
