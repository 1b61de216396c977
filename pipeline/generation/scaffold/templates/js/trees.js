// Trees: any JSON document as nested lists that open and close.

function treeNode(value, depth = 0) {
  if (value === null || typeof value !== "object") {
    return make("span", { class: `json-${value === null ? "null" : typeof value}` }, value === null ? "null" : String(value));
  }
  const entries = Object.entries(value);
  if (!entries.length) return make("span", { class: "quiet" }, Array.isArray(value) ? "empty list" : "empty object");
  const items = entries.slice(0, 200).map(([key, each]) => make("li", {}, make("b", {}, `${key}: `), treeNode(each, depth + 1)));
  if (entries.length > 200) items.push(make("li", { class: "quiet" }, `${entries.length - 200} more`));
  const list = make("ul", { class: "tree" }, ...items);
  if (depth === 0) return list;
  const count = Array.isArray(value) ? `${entries.length} items` : `${entries.length} fields`;
  const details = make("details", {}, make("summary", {}, count), list);
  details.open = depth < 3 && entries.length <= 12;
  return details;
}

roles.tree = (node, part) => {
  const { value } = sources.get(part.source);
  if (node.tagName === "PRE" || node.tagName === "CODE") node.textContent = JSON.stringify(value, null, 2);
  else node.replaceChildren(treeNode(value));
};

roles.pairs = (table, part) => {
  const { value, rates } = sources.get(part.source);
  const rows = Object.entries(rates ? rates.rates : value).map(([key, each]) => [key, cellText(each)]);
  fillTable(table, ["name", "value"], rows, null, [false, true]);
};
