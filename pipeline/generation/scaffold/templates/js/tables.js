// Tables: CSV, TSV and lists of JSON objects as one view with filters, search and order.

function delimiterOf(text) {
  const firstLine = text.split(/\r?\n/, 1)[0].replace(/"[^"]*"/g, "");
  const found = [",", ";", "\t", "|"].map((mark) => [firstLine.split(mark).length, mark]);
  return found.reduce((best, candidate) => (candidate[0] > best[0] ? candidate : best))[1];
}

// RFC 4180: quoted cells may hold delimiters, line ends and doubled quotes.
function parseCells(text, delimiter) {
  const rows = [];
  let row = [], cell = "", quoted = false;
  const endRow = () => { rows.push([...row, cell]); row = []; cell = ""; };
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i];
    if (quoted && character === '"' && text[i + 1] === '"') { cell += '"'; i += 1; }
    else if (character === '"' && (quoted || cell === "")) quoted = !quoted;
    else if (quoted) cell += character;
    else if (character === delimiter) { row.push(cell); cell = ""; }
    else if (character === "\n") endRow();
    else if (character !== "\r") cell += character;
  }
  if (cell !== "" || row.length) endRow();
  return rows.filter((cells) => cells.some((value) => value.trim() !== ""));
}

function parseTable(text) {
  const delimiter = delimiterOf(text);
  const [head = [], ...body] = parseCells(text, delimiter);
  const columns = [];
  for (const [index, cell] of head.entries()) {
    const name = cell.trim() || `column ${index + 1}`;
    columns.push(columns.includes(name) ? `${name} (${index + 1})` : name);
  }
  const rows = body.map((cells) => Object.fromEntries(columns.map((name, i) => [name, (cells[i] ?? "").trim()])));
  return { columns, rows, decimalComma: delimiter === ";" };
}

function recordTable(records) {
  return { columns: [...new Set(records.flatMap(Object.keys))], rows: records, decimalComma: false };
}

function cellText(value) {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(cellText).join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// "1,234.50", "$ 12" and "(3.5)" are numbers to whoever wrote the table; anything else is text.
function numberOf(value, decimalComma = false) {
  if (typeof value === "number") return value;
  if (typeof value !== "string") return NaN;
  let text = value.trim().replace(/^\((.*)\)$/, "-$1").replace(/^(-?)\s*[$\u20ac\u00a3\u00a5\u20b9]\s*/, "$1").replace(/\s*[\u20ac%]$/, "");
  if (decimalComma && /^-?(\d+|\d{1,3}(\.\d{3})+),\d+$/.test(text)) text = text.replaceAll(".", "").replace(",", ".");
  else if (/^-?\d{1,3}(,\d{3})+(\.\d+)?$/.test(text)) text = text.replaceAll(",", "");
  return /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text) ? Number(text) : NaN;
}

class View {
  constructor({ columns, rows, decimalComma }) {
    Object.assign(this, { columns, rows, decimalComma });
    this.filters = new Map();
    this.limits = new Map();
    this.query = "";
    this.searched = columns;
    this.order = null;
    this.rate = 1;
    this.touched = false;
    this.watchers = [];
  }

  number(row, column) {
    return numberOf(row[column], this.decimalComma);
  }

  isNumeric(column) {
    const filled = this.rows.filter((row) => cellText(row[column]) !== "");
    const numbers = filled.filter((row) => !Number.isNaN(this.number(row, column)));
    return numbers.length > 0 && numbers.length >= filled.length * 0.8;
  }

  distinct(column) {
    const values = this.rows.flatMap((row) => row[column] ?? []).map(cellText);
    return [...new Set(values.filter((text) => text !== ""))];
  }

  visible() {
    const query = this.query.trim().toLowerCase();
    const shown = this.rows.filter((row) => {
      for (const [column, value] of this.filters) {
        if (![row[column]].flat().map(cellText).includes(value)) return false;
      }
      for (const { column, sign, bound } of this.limits.values()) {
        if (sign * (this.number(row, column) - bound) > 0) return false;
      }
      return !query || this.searched.some((column) => cellText(row[column]).toLowerCase().includes(query));
    });
    return this.order ? this.sorted(shown) : shown;
  }

  sorted(rows) {
    const { column, descending } = this.order;
    const numeric = this.isNumeric(column);
    const compare = (a, b) => numeric
      ? this.number(a, column) - this.number(b, column)
      : cellText(a[column]).localeCompare(cellText(b[column]));
    return [...rows].sort((a, b) => (descending ? -1 : 1) * compare(a, b));
  }

  numbers(column, rows = this.visible()) {
    return rows.map((row) => this.number(row, column)).filter((value) => !Number.isNaN(value));
  }

  sum(column, rows) {
    return this.numbers(column, rows).reduce((total, value) => total + value, 0);
  }

  // Category -> sum of the numbers, in the order of first appearance.
  groups(category, column) {
    const rowsOf = new Map();
    for (const row of this.visible()) {
      const key = cellText(row[category]);
      if (!rowsOf.has(key)) rowsOf.set(key, []);
      rowsOf.get(key).push(row);
    }
    return [...rowsOf].map(([key, rows]) => [key, column ? this.sum(column, rows) * this.rate : rows.length]);
  }

  watch(show) {
    this.watchers.push(show);
    show();
  }

  changed() {
    this.touched = true;
    for (const show of this.watchers) show();
  }
}

const viewOf = (part) => sources.get(part.source).view;
const LONGEST_TABLE = 2000;

function fillTable(table, columns, rows, total, numeric) {
  const cell = (tag, text, index) => make(tag, numeric[index] ? { class: "number" } : {}, text);
  const line = (tag, cells) => make("tr", {}, ...cells.map((text, index) => cell(tag, text, index)));
  const caption = table.caption ? [table.caption] : [];
  table.replaceChildren(
    ...caption,
    make("thead", {}, line("th", columns)),
    make("tbody", {}, ...rows.slice(0, LONGEST_TABLE).map((cells) => line("td", cells))),
    ...(total ? [make("tfoot", {}, line("th", total))] : []),
  );
  if (rows.length > LONGEST_TABLE) {
    const note = `The first ${LONGEST_TABLE} of ${rows.length} rows; sums are over all of them.`;
    table.append(make("caption", {}, note));
  }
}

roles.table = (table, part) => {
  const view = viewOf(part);
  const numeric = view.columns.map((column) => view.isNumeric(column));
  view.watch(() => {
    const shown = view.visible();
    const rows = shown.map((row) => view.columns.map((column) => cellText(row[column])));
    const sums = view.columns.map((column, i) => (numeric[i] ? view.sum(column, shown).toFixed(2) : ""));
    if (numeric.some(Boolean) && !numeric[0]) sums[0] = "Sum";
    fillTable(table, view.columns, rows, part.sums && numeric.some(Boolean) ? sums : null, numeric);
  });
};

roles.groups = (table, part) => {
  const view = viewOf(part);
  view.watch(() => {
    const rows = view.groups(part.category, part.column).map(([key, sum]) => [key, part.column ? sum.toFixed(2) : String(sum)]);
    fillTable(table, [part.category, part.column || "count"], rows, null, [false, true]);
  });
};

roles.values = (list, part) => {
  const view = viewOf(part);
  const tag = ["UL", "OL"].includes(list.tagName) ? "li" : "span";
  view.watch(() => {
    const texts = part.distinct ? view.distinct(part.column) : view.visible().map((row) => cellText(row[part.column]));
    list.replaceChildren(...texts.flatMap((text) => [make(tag, { class: "value" }, text), " "]));
  });
};
