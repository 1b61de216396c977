// Records: one card per object of a JSON list, or per row of a table.

function fieldNode(name, value) {
  const isAddress = typeof value === "string" && /^https?:\/\//.test(value);
  const isImage = typeof value === "string" && /\.(png|jpe?g|gif|webp|svg|avif)$/i.test(value) && (isAddress || PAGE.files.includes(value));
  const content = isImage
    ? make("img", { src: isAddress ? value : fileAddress(value), alt: name, loading: "lazy" })
    : isAddress ? make("a", { href: value, rel: "noopener" }, value) : cellText(value);
  return make("span", { class: "field-value" }, content);
}

function recordNode(row, part, titleColumn) {
  const card = make(part.tag || "article", { class: ["record", ...part.classes].join(" ") });
  for (const { attribute, column } of part.marks ?? []) card.setAttribute(`data-${attribute}`, cellText(row[column]));
  for (const [name, value] of Object.entries(row)) {
    const word = name.replace(/[^\w-]+/g, "-");
    const style = part.classes.includes(word) ? `field-${word}` : word;
    if (name === titleColumn) card.prepend(make("h3", { class: style }, cellText(value)));
    else if (Array.isArray(value) && value.every((each) => typeof each !== "object")) {
      card.append(make("p", { class: `${style} labels` }, ...value.flatMap((each) => [make("span", {}, cellText(each)), " "])));
    } else card.append(make("p", { class: style }, make("span", { class: "field-name" }, name), " ", fieldNode(name, value)));
  }
  return card;
}

roles.records = (container, part) => {
  const view = viewOf(part);
  const titles = ["name", "title", "label", "product", "heading"];
  const titleColumn = titles.find((name) => view.columns.includes(name))
    ?? view.columns.find((column) => !view.isNumeric(column)) ?? view.columns[0];
  container.classList.add("records");
  view.watch(() => {
    const shown = view.visible();
    container.replaceChildren(...shown.map((row) => recordNode(row, part, titleColumn)));
    if (!shown.length) container.append(make("p", { class: "quiet" }, "Nothing matches."));
  });
};
