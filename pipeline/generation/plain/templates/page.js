(() => {
const settings = globalThis.pageSettings;
let other;
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const find = (ids) => (ids ?? "").split(" ").map((id) => document.getElementById(id)).filter(Boolean);
const on = (element, names, action) => names.split(" ").forEach((name) => element.addEventListener(name, action));
const words = (name) => String(name).replace(/(\p{Ll})(?=\p{Lu})/gu, "$1 ").replace(/[^\p{L}\p{N}]+/gu, " ").trim().toLowerCase().split(" ");
const slug = (name) => words(name).join("-");
const isObject = (value) => value !== null && typeof value === "object";
const show = (value) => Array.isArray(value) ? value.map(show).join(", ") : isObject(value) ? JSON.stringify(value) : String(value ?? "");
const safe = (value) => show(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt()};`);
const json = (text) => { try { return JSON.parse(text); } catch { return undefined; } };
const recall = (key) => { try { return json(localStorage.getItem(location.pathname + key)); } catch { return null; } };
const remember = (key, value) => { try { localStorage.setItem(location.pathname + key, JSON.stringify(value)); } catch { /* refused: not kept */ } };
const isList = (element) => /^(UL|OL|TBODY)$/.test(element.tagName);
const isField = (element) => /^(INPUT|TEXTAREA)$/.test(element.tagName);
const isNumber = (element) => /^(SPAN|P|DIV|OUTPUT|B|TD)$/.test(element.tagName) && !element.dataset.role && Number.isFinite(+element.textContent);
const watch = (list, action) => { new MutationObserver(action).observe(list, { childList: true }); action(); };
const put = (place, tag, text) => { place.insertAdjacentHTML("beforeend", `<${tag}>${safe(text)}</${tag}>`); place.hidden = false; };
const tell = (message) => put(document.querySelector("[data-messages]"), "p", message);

// Files: over http they are read beside the page; from disk, or when that fails, out of the page.
const load = (url) => fetch(url).then((response) => response.ok ? response.text() : Promise.reject(new Error(`answer ${response.status}`)));
async function read(name) {
  if (other && name === settings.replaced) {
    const text = await load(other).catch((error) => tell(`${other} could not be loaded (${error.message}); ${name} is shown instead.`));
    if (text !== undefined) return (settings.origin = other) && text;
  }
  const copy = all("script[data-file]").findLast((script) => script.dataset.file === name);
  const path = encodeURI(name).replace(/[#?]/g, encodeURIComponent);
  if (!copy) return load(path);
  const text = location.protocol === "file:" ? null : await load(path).catch(() => null);
  return text === null || text.includes("\ufffd") ? json(copy.textContent) : text;
}
const once = (made, known = new Map()) => (name) => known.get(name) ?? known.set(name, made(name)).get(name);
const file = once((name) => read(name).catch((error) => (tell(`${name} could not be read (${error.message}).`), "")));

// Rows of a file, or lines of a text; what searches, filters and sorts them, and what is drawn anew then.
const view = once(async (name) => {
  const text = await file(name);
  const rows = records(json(text)) ?? (/\.(csv|tsv|tab)$/i.test(name) ? table(text) : isObject(json(text)) ? [] : text.split("\n").map((line) => ({ line })));
  const columns = [...new Set(rows.flatMap(Object.keys))];
  const numeric = columns.filter((column) => given(rows, column).length && given(rows, column).every((value) => number(value) === number(value)));
  const v = { text, rows, columns, numeric, texts: columns.filter((column) => !numeric.includes(column)), steps: [], drawn: [] };
  v.refresh = () => v.drawn.forEach((draw) => draw(v.steps.reduce((some, step) => step(some), rows)));
  return v;
});
const given = (rows, column) => rows.map((row) => row[column]).filter((value) => show(value) !== "");
const named = (options) => (options.columns ?? "").split("|").filter(Boolean);
const quantity = (options, v) => named(options).find((name) => v.numeric.includes(name)) ?? v.numeric.at(-1);
const label = (options, v) => named(options).find((name) => v.texts.includes(name));
function records(value) {
  const are = (each) => Array.isArray(each) && each.length > 0 && each.every((row) => isObject(row) && !Array.isArray(row));
  if (Array.isArray(value) && !value.some(isObject)) return value.map((each) => ({ value: each }));
  return are(value) ? value : isObject(value) ? Object.values(value).find(are) : undefined;
}
function table(text) {
  const content = text.replace(/^\ufeff/, "").replace(/\r\n?/g, "\n");
  const mark = ["\t", ";", "|"].find((each) => content.split("\n", 1)[0].replace(/"[^"]*"/g, "").includes(each)) ?? ",";
  const lines = [[]];
  for (const [, quoted, plain, end] of `${content}\n`.matchAll(new RegExp(`(?:"((?:[^"]|"")*)"|([^${mark}\\n]*))(\\${mark}|\\n)`, "g"))) {
    lines.at(-1).push((quoted?.replaceAll('""', '"') ?? plain).trim());
    if (end === "\n") lines.push([]);
  }
  const rows = lines.filter((row) => row.some(Boolean));
  const header = rows[0]?.every((cell) => Number.isNaN(number(cell))) ? rows.shift() : (rows[0] ?? []).map((_, index) => `column ${index + 1}`);
  return rows.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index] ?? ""])));
}
function number(value) {
  const plain = show(value).replace(/[\s$€£¥%'()]|,(?=\d{3}(?!\d))/g, "").replace(/^(-?\d+),(\d+)$/, "$1.$2");
  const isNumber = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain);
  return isNumber ? Number(plain) * (/^\s*\(.*\)\s*$/.test(value) ? -1 : 1) : NaN;
}
function figure(operation, column, rows) {
  const values = given(rows, column).map(number).filter((value) => value === value);
  const sum = values.reduce((total, value) => total + value, 0);
  if (operation === "max" || operation === "min") return values.length ? Math[operation](...values) : 0;
  return { sum, count: rows.length, mean: sum / (values.length || 1) }[operation];
}
const distinct = (rows, column) => [...new Set(given(rows, column).flat().map(show))];
const groups = (by, operation, column, rows) => distinct(rows, by).map((key) => [key, figure(operation, column, rows.filter((row) => show(row[by]) === key))]);
const rounded = (value, decimals) => decimals ? value.toFixed(decimals) : String(Math.round(value * 100) / 100);
const written = (value, { format, decimals }) => format ? new Intl.NumberFormat("en").format(value) : rounded(value, decimals);
const marks = (row, style) => Object.entries(row).map(([name, value]) => isObject(value) ? "" : ` data-${slug(name)}="${safe(value)}"`).join("") + (style ? ` class="${safe(style)}"` : "");
const tree = (value) => `<ul>${Object.entries(value).map(([key, inner]) => `<li>${isObject(inner) ? `<details open><summary>${safe(key)}</summary>${tree(inner)}</details>` : `<b>${safe(key)}</b> ${safe(inner)}`}</li>`).join("")}</ul>`;

const drawn = {
  show(element, options, rows, v) {
    const isText = v.columns.join() === "line";
    if (isText || /^(PRE|CODE|TEXTAREA)$/.test(element.tagName)) element[isField(element) ? "value" : "textContent"] = isText ? rows.map((row) => row.line).join("\n") : v.text;
    else if (options.item && v.columns.length) drawn.records(element, options, rows, v);
    else if (v.columns.length) drawn.table(element, options, rows, v);
    else element.innerHTML = tree(json(v.text) ?? {});
  },
  table(element, options, rows, v) {
    const by = options.each && options.operation && label(options, v);
    const columns = by ? [by, quantity(options, v) ?? options.operation] : v.columns;
    const totals = by ? groups(by, options.operation, columns[1], rows).map(([key, value]) => ({ [by]: key, [columns[1]]: written(value, options) })) : rows;
    const line = (tag, row) => columns.map((column) => `<${tag}${v.numeric.includes(column) ? ' class="number"' : ""}>${safe(row(column))}</${tag}>`).join("");
    const body = totals.map((row) => `<tr${marks(row, options.itemclass)}>${line("td", (column) => row[column])}</tr>`).join("");
    const content = `<thead><tr>${line("th", (column) => column)}</tr></thead><tbody>${body}</tbody>`;
    element.innerHTML = element.tagName === "TABLE" ? content : `<table>${content}</table>`;
  },
  records(element, options, rows, v) {
    const [tag, [only]] = [options.item, named(options)];
    const heading = { details: "summary", li: "b", fieldset: "legend" }[tag] ?? "h3";
    const part = (name, row, index) => index ? `<p class="${slug(name)}"><small>${safe(words(name).join(" "))}</small> ${safe(row[name])}</p>` : `<${heading} class="${slug(name)}">${safe(row[name])}</${heading}>`;
    element.innerHTML = rows.map((row) => `<${tag}${marks(row, options.itemclass)}>${only ? safe(row[only]) : v.columns.map((name, index) => part(name, row, index)).join("")}</${tag}>`).join("");
  },
  chart(element, options, rows, v) {
    const [value, name] = [quantity(options, v), label(options, v) ?? v.texts[0]];
    const sizes = rows.map((row) => Math.abs(number(row[value])) || 0);
    const bars = rows.map((row, index) => {
      const [width, y] = [(sizes[index] / Math.max(...sizes, 1e-9)) * 270, index * 30];
      const bar = `<rect x="130" y="${y}" width="${width}" height="24"${marks({ value: row[value], ...row }, options.itemclass)}/>`;
      return `<text x="122" y="${y + 17}" text-anchor="end">${safe(row[name])}</text>${bar}<text x="${138 + width}" y="${y + 17}">${safe(row[value])}</text>`;
    });
    element.innerHTML = `<svg viewBox="0 0 480 ${rows.length * 30}" role="img" aria-label="${safe(value)} by ${safe(name)}">${bars.join("")}</svg>`;
  },
  figure(element, options, rows, v) {
    const best = /^(max|min)$/.test(options.operation) && label(options, v);
    const column = quantity(options, v);
    const ranked = best ? groups(best, "sum", column, rows).sort((a, b) => a[1] - b[1]) : [];
    element.textContent = best ? ranked.at(options.operation === "min" ? 0 : -1)?.[0] ?? "" : written(figure(options.operation, column, rows), options);
  },
};
const control = (element, { source }, step) => view(source).then((v) => { v.steps.push(step(v)); on(element, "input change", v.refresh); v.refresh(); });

// What else elements do, by their data-role; the others are those that data-targets names, the closest first.
const started = {
  search: (element, options) => control(element, options, () => (rows) => {
    const wanted = element.value.trim().toLowerCase();
    return rows.filter((row) => Object.values(row).map(show).join(" ").toLowerCase().includes(wanted));
  }),
  filter: (element, options) => control(element, options, (v) => {
    const column = label(options, v) ?? named(options)[0];
    for (const value of distinct(v.rows, column).sort()) element.append(new Option(value, value));
    return (rows) => {
      for (const each of all('[data-role="figure"]')) each.setAttribute(`data-${slug(column)}`, element.value || "all");
      return rows.filter((row) => !element.value || [row[column]].flat().map(show).includes(element.value));
    };
  }),
  sort: (element, options) => control(element, options, (v) => {
    if (!element.options.length) v.columns.forEach((name) => element.append(new Option(words(name).join(" "), name)));
    return (rows) => {
      const [wanted, turn] = element.value.split(/[-_ ](?=(?:asc|desc))/i);
      const name = v.columns.find((each) => slug(each) === slug(wanted)) ?? (/name|title/.test(wanted) ? v.texts : v.numeric)[0] ?? v.columns[0];
      const compare = v.numeric.includes(name) ? (a, b) => number(a) - number(b) : (a, b) => show(a).localeCompare(show(b));
      const down = turn ? /desc/i.test(turn) : options.down && v.numeric.includes(name);
      return [...rows].sort((a, b) => compare(a[name], b[name]) * (down ? -1 : 1));
    };
  }),
  rendered: (element, { source }) => file(source).then((text) => { if (settings.origin && source === settings.replaced) element.innerHTML = `<pre>${safe(text)}</pre>`; }),
  origin: (element) => file(settings.replaced).then(() => { element.textContent = settings.origin ?? settings.replaced; }),
  parameter: (element) => { element.textContent = other ?? element.textContent; },
  measure(element, options, others) {
    const unit = { word: /\S+/g, line: /[^\n]+\n?|\n/g, char: /[^]/gu }[options.unit];
    const count = (text) => { element.textContent = written((text.match(unit) ?? []).length, options); };
    if (options.source) file(options.source).then(count);
    else others.filter(isField).slice(0, 1).forEach((field) => { on(field, "input", () => count(field.value)); count(field.value); });
  },
  add(element, options, others) {
    const [field, list] = [others.find(isField), others.find(isList)];
    const add = () => { if (field.value.trim()) put(list, "li", field.value.trim()); field.value = ""; };
    (recall(list.id) ?? []).forEach((text) => put(list, "li", text));
    watch(list, () => remember(list.id, [...list.children].map((item) => item.textContent)));
    on(element, "click", add);
    on(field, "keydown", (event) => event.key === "Enter" && add());
  },
  size: (element, options, others) => others.filter(isList).slice(0, 1).forEach((list) => watch(list, () => { element.textContent = list.children.length; })),
  step(element, { by, near }, others) {
    const close = find(near).filter(isNumber);
    const numbers = close.length ? close : others.filter(isNumber);
    const same = numbers.filter((each) => words(each.id).some((word) => words(element.id).includes(word)));
    for (const each of numbers) each.textContent ||= "0";
    on(element, "click", () => (same.length ? same : numbers).forEach((each) => { each.textContent = +each.textContent + +by; }));
  },
  reset: (element, options, others) => on(element, "click", () => others.forEach((each) => {
    if (isField(each)) each.value = "";
    else if (isList(each) || (isNumber(each) && each.textContent)) each.textContent = isList(each) ? "" : "0";
  })),
  tabs(element, { near }) {
    const parts = find(near);
    element.innerHTML = parts.map((part) => `<button type="button">${safe(words(part.id).join(" "))}</button>`).join("");
    const open = (chosen) => parts.forEach((part, index) => {
      for (const each of [part, part.parentElement]) if (each === part || each.children.length === 2) each.hidden = index !== chosen;
      element.children[index].setAttribute("aria-pressed", index === chosen);
    });
    parts.forEach((part, index) => on(element.children[index], "click", () => open(index)));
    open(0);
  },
  theme: (element) => on(element, "click", () => {
    const { dataset } = document.documentElement;
    dataset.theme = (dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark" ? "light" : "dark";
  }),
  form: (element, { answer }) => on(element, "submit", (event) => {
    event.preventDefault();
    const place = find(answer)[0] ?? element.querySelector("p") ?? element.appendChild(document.createElement("p"));
    const entered = all("input, select, textarea", element).filter((field) => field.value && (field.type !== "checkbox" || field.checked));
    const told = entered.map((field) => `${field.labels[0]?.innerText ?? field.name}: ${field.value}`);
    place.textContent = [...told, "Nothing was sent: this page has no server."].join("\n");
  }),
};

document.addEventListener("DOMContentLoaded", () => {
  other = new URLSearchParams(location.search).get(settings.parameter);
  for (const element of all("[data-role]")) {
    const { role, source, targets } = element.dataset;
    started[role]?.(element, element.dataset, find(targets));
    if (role in drawn) view(source).then((v) => { v.drawn.push((rows) => drawn[role](element, element.dataset, rows, v)); v.refresh(); });
  }
  if (other && !all('[data-role="origin"], [data-role="parameter"]').length) tell(`${settings.parameter}: ${other}`);
  for (const picture of all("img[data-source]").filter((each) => other && each.dataset.source === settings.replaced)) {
    const own = picture.src;
    picture.onerror = () => { picture.onerror = null; picture.src = own; tell(`${other} could not be shown.`); };
    picture.src = other;
  }
});
})();
