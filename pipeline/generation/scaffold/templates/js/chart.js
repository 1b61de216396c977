// Chart: bars or a line as inline SVG, or on a canvas. No library is needed; Chart.js is used when it is there.

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function points(view, part) {
  if (part.grouped) return view.groups(part.category, part.column).map(([label, value]) => ({ label, value, row: {} }));
  return view.visible()
    .map((row) => ({ label: cellText(row[part.category]), value: view.number(row, part.column), row }))
    .filter((point) => !Number.isNaN(point.value));
}

// The point's attributes: those the brief names, filled from the row, and always its value.
function marksOf(point, part) {
  const marks = { "data-value": String(point.value) };
  for (const { attribute, column } of part.marks) {
    marks[`data-${attribute}`] = column === part.column ? String(point.value)
      : column === part.category ? point.label : cellText(point.row[column]);
  }
  return marks;
}

function bars(all, part) {
  const rowHeight = 34, left = 150, width = 640, space = width - left - 70;
  const highest = Math.max(0, ...all.map((point) => point.value)), lowest = Math.min(0, ...all.map((point) => point.value));
  const scale = (value) => left + (space * (value - lowest)) / (highest - lowest || 1);
  const picture = draw("svg", { viewBox: `0 0 ${width} ${rowHeight * all.length + 8}`, role: "img", "aria-label": part.title });
  for (const [index, point] of all.entries()) {
    const y = index * rowHeight + 6, start = Math.min(scale(0), scale(point.value));
    const size = { x: start, y, width: Math.abs(scale(point.value) - scale(0)), height: rowHeight - 10, rx: 4 };
    const label = point.label.length > 20 ? `${point.label.slice(0, 19)}\u2026` : point.label;
    picture.append(
      draw("text", { x: left - 10, y: y + 16, "text-anchor": "end" }, label),
      draw("rect", { class: part.mark, ...size, ...marksOf(point, part) }, draw("title", {}, `${point.label}: ${point.value}`)),
      draw("text", { x: Math.max(scale(0), scale(point.value)) + 8, y: y + 16, class: "quiet" }, String(point.value)),
    );
  }
  return picture;
}

function line(all, part) {
  const width = 640, height = 300, edge = 40;
  const values = all.map((point) => point.value);
  const highest = Math.max(...values), lowest = Math.min(0, ...values);
  const x = (index) => edge + ((width - 2 * edge) * index) / Math.max(1, all.length - 1);
  const y = (value) => height - edge - ((height - 2 * edge) * (value - lowest)) / (highest - lowest || 1);
  const path = all.map((point, index) => `${x(index)},${y(point.value)}`).join(" ");
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": part.title });
  picture.append(draw("polyline", { points: path, class: "line", fill: "none" }));
  const every = Math.ceil(all.length / 8);
  for (const [index, point] of all.entries()) {
    const marks = { class: part.mark, cx: x(index), cy: y(point.value), r: 4, ...marksOf(point, part) };
    picture.append(draw("circle", marks, draw("title", {}, `${point.label}: ${point.value}`)));
    if (index % every === 0) picture.append(draw("text", { x: x(index), y: height - 14, "text-anchor": "middle" }, point.label));
  }
  return picture;
}

function paint(canvas, all) {
  const context = canvas.getContext("2d");
  const highest = Math.max(...all.map((point) => Math.abs(point.value)), 0) || 1;
  const step = canvas.width / Math.max(1, all.length);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = getComputedStyle(canvas).color;
  for (const [index, { label, value }] of all.entries()) {
    const tall = (Math.abs(value) / highest) * (canvas.height - 40);
    context.fillRect(index * step + step * 0.15, canvas.height - 20 - tall, step * 0.7, tall);
    context.fillText(label, index * step + step * 0.15, canvas.height - 6, step * 0.8);
  }
}

function chartOnCanvas(canvas, part, all) {
  if (!window.Chart) {
    paint(canvas, all);
    return;
  }
  window.Chart.getChart(canvas)?.destroy();
  const data = { labels: all.map((point) => point.label), datasets: [{ label: part.column, data: all.map((point) => point.value) }] };
  new window.Chart(canvas, { type: part.form, data });
}

roles.chart = (node, part) => {
  const view = viewOf(part);
  const show = () => {
    const all = points(view, part);
    if (node.tagName === "CANVAS") chartOnCanvas(node, part, all);
    else if (!all.length) node.replaceChildren(make("p", { class: "quiet" }, "There is nothing to draw."));
    else node.replaceChildren(part.form === "line" ? line(all, part) : bars(all, part));
  };
  view.watch(show);
  onLibrary("chart.js", show);
};
