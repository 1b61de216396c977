// Figures: one number out of a table. Plain digits, so that people and programs can both read them.

const figures = {
  sum: (view, column) => (view.sum(column) * view.rate).toFixed(2),
  average: (view, column) => over(view.numbers(column), (all) => (view.sum(column) * view.rate) / all.length),
  lowest: (view, column) => over(view.numbers(column), (all) => all.reduce((a, b) => Math.min(a, b)) * view.rate),
  highest: (view, column) => over(view.numbers(column), (all) => all.reduce((a, b) => Math.max(a, b)) * view.rate),
  median: (view, column) => over(view.numbers(column), (all) => middle(all.sort((a, b) => a - b)) * view.rate),
  count: (view) => String(view.visible().length),
  distinct: (view, column) => String(new Set(view.visible().map((row) => cellText(row[column]))).size),
};

const over = (all, figure) => (all.length ? figure(all).toFixed(2) : "0.00");
const middle = (all) => (all[(all.length - 1) >> 1] + all[all.length >> 1]) / 2;

// The category with the largest (or smallest) sum, such as the best-selling product.
function extreme(view, part) {
  const groups = view.groups(part.category, part.column).sort((a, b) => b[1] - a[1]);
  const found = part.how === "last" ? groups.at(-1) : groups[0];
  return found ? found[0] : "";
}

roles.figure = (node, part) => {
  const view = viewOf(part);
  view.watch(() => {
    for (const column of part.marks ?? []) {
      node.setAttribute(`data-${column.attribute}`, view.filters.get(column.column) ?? "all");
    }
    if (part.existing && !view.touched) return;
    const text = part.category ? extreme(view, part) : figures[part.how](view, part.column);
    putText(node, text);
  });
};
