// Images: an attached picture, or the one whose address came with the page's own.

roles.image = (node, part) => {
  const source = sources.get(part.source);
  const target = node.tagName === "IMG" ? node : node.querySelector("img") ?? node.appendChild(make("img", {}));
  target.alt = target.alt || part.alt;
  if (!source) {
    target.src = fileAddress(part.file);
    return;
  }
  target.addEventListener("error", () => {
    if (target.getAttribute("src") === source.fallback) return;
    if (!source.fallback) {
      say("The image could not be loaded.", true);
      return;
    }
    say(`The image from ?${source.override}= could not be loaded; showing ${source.name} instead.`, true);
    target.src = source.fallback;
  });
  if (source.address) target.src = source.address;
};

roles.gallery = (node, part) => {
  node.classList.add("gallery");
  node.replaceChildren(...part.files.map((file) => make(
    "figure", {},
    make("img", { src: fileAddress(file), alt: file.replace(/\.\w+$/, ""), loading: "lazy" }),
    make("figcaption", {}, file),
  )));
};
