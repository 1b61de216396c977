// Controls: what the visitor chooses narrows, orders or converts the view; everything shown from it follows.

function fillSelect(select, options, chosen) {
  const fixed = [...select.options].filter((option) => !options.some(([value]) => value === option.value));
  select.replaceChildren(...options.map(([value, label]) => make("option", { value }, label)), ...fixed);
  if (chosen !== undefined) select.value = chosen;
}

// A choice that is in the address ("?q=" or "#q=") is restored, and kept there when the brief asks for it.
function keepInAddress(node, part) {
  const usual = node.value;
  const restore = () => {
    const inHash = part.hash ? new URLSearchParams(location.hash.slice(1)).get(part.hash) : "";
    const value = inHash || (part.parameter ? parameter(part.parameter) : "") || usual;
    if (value === node.value) return;
    node.value = value;
    node.dispatchEvent(new Event(node.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
  };
  const keep = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    if (node.value !== usual) state.set(part.hash, node.value);
    else state.delete(part.hash);
    history.replaceState(null, "", state.size ? `#${state}` : location.pathname + location.search);
  };
  if (part.hash) {
    node.addEventListener("input", keep);
    node.addEventListener("change", keep);
    addEventListener("hashchange", restore);
  }
  restore();
}

roles.filter = (select, part) => {
  const view = viewOf(part);
  const values = view.distinct(part.column);
  if (!part.existing) fillSelect(select, [["all", "All"], ...values.map((value) => [value, value])], "all");
  select.addEventListener("change", () => {
    if (values.includes(select.value)) view.filters.set(part.column, select.value);
    else view.filters.delete(part.column);
    view.changed();
  });
  keepInAddress(select, part);
};

roles.search = (input, part) => {
  const view = viewOf(part);
  if (part.columns?.length) view.searched = part.columns;
  const search = () => {
    view.query = input.value;
    view.changed();
  };
  input.addEventListener("input", search);
  input.addEventListener("change", search);
  keepInAddress(input, part);
};

// "Not above" and "not below" a number.
roles.limit = (input, part) => {
  const view = viewOf(part);
  input.addEventListener("input", () => {
    const bound = numberOf(input.value);
    if (Number.isNaN(bound)) view.limits.delete(part.id);
    else view.limits.set(part.id, { column: part.column, sign: part.sign, bound });
    view.changed();
  });
};

roles.sort = (select, part) => {
  const view = viewOf(part);
  const byValue = new Map(part.options.map((option) => [option.value, option]));
  const order = () => {
    const option = byValue.get(select.value);
    view.order = option?.column ? { column: option.column, descending: option.descending } : null;
  };
  if (!part.existing) fillSelect(select, part.options.map((option) => [option.value, option.label]), part.chosen);
  select.addEventListener("change", () => {
    order();
    view.changed();
  });
  order();
  for (const show of view.watchers) show();
  keepInAddress(select, part);
};

// Rates say how much of each currency one unit of the base buys.
roles.currency = (select, part) => {
  const { base, rates } = sources.get(part.source).rates;
  const view = sources.get(part.converts)?.view;
  if (!part.existing) fillSelect(select, Object.keys(rates).map((code) => [code, code]), base);
  const convert = () => {
    for (const label of document.querySelectorAll("[data-shows-currency]")) label.textContent = select.value;
    if (!view) return;
    view.rate = (rates[select.value] ?? 1) / (rates[base] ?? 1);
    view.changed();
  };
  select.addEventListener("change", convert);
  convert();
};

roles.reset = (button, part) => {
  button.addEventListener("click", () => {
    for (const { id, role } of PAGE.parts) {
      const node = byId(id);
      if (!["filter", "search", "limit", "sort", "currency"].includes(role)) continue;
      if (node.tagName === "SELECT") node.selectedIndex = 0;
      else node.value = "";
      node.dispatchEvent(new Event(node.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
    }
  });
};
