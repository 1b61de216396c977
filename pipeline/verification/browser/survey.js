// What an open page shows that no check asked about. Runs in a world of its own, where the page cannot meddle with it,
// with axe in front of it; `ids` are those of elements that checks name. An empty page is looked at again for a while,
// where a script may still be at work on it.
async (ids, isBroken) => {
  const body = document.body, hiding = { opacityProperty: true, visibilityProperty: true };
  if (!body) return {};

  const media = "img, svg, canvas, video, audio[controls], input, button, select, textarea, iframe, object, embed, hr";
  const covers = box => box.width >= innerWidth * 0.95 && box.height >= innerHeight * 0.95;
  function* all(root) {
    for (const e of root.querySelectorAll("*")) {
      yield e;
      if (e.shadowRoot) yield* all(e.shadowRoot);
    }
  }
  const shows = e => {
    const box = e.getBoundingClientRect();
    if (!(box.width * box.height > 0) || !e.checkVisibility(hiding)) return false;
    if (e.matches(media) || [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim())) return true;
    const style = getComputedStyle(e), isClosed = e.localName.includes("-") && !e.shadowRoot && !e.children.length;
    const isTinted = e !== body && style.backgroundColor !== "rgba(0, 0, 0, 0)" && !covers(box);
    return isClosed || isTinted || style.backgroundImage !== "none" || parseFloat(style.borderTopWidth) > 0;
  };
  const isBlank = () => ![body, ...all(body)].some(shows);
  const looks = isBroken || !document.scripts.length ? 0 : 8;
  for (let i = 0; i < looks && isBlank(); i++) await new Promise(done => setTimeout(done, 250));
  for (const animation of document.getAnimations()) try { animation.finish(); } catch { /* it has no end */ }

  const literal = "pre, code, samp, kbd, textarea, script, style, noscript, template, [contenteditable]";
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT), parts = [];
  for (let n; (n = walker.nextNode());) {
    const parent = n.parentElement;
    if (n.data.trim() && !parent.closest(literal) && parent.checkVisibility(hiding)) parts.push(n.data);
  }
  const text = parts.join("\n").slice(0, 50000);
  const pair = /(<|&lt;)([a-z][a-z0-9]*)\b[^<>]{0,200}?(>|&gt;)[^]{0,500}?\1\/\2\s*\3/gi;
  // A page about markup may well show some.
  const isAboutMarkup = /\b(?:html|xml|svg|jsx|markup|tags?)\b/i.test(text.replace(pair, " "));
  const markup = text.match(/<!doctype html|<\/(?:html|body|head)>/i) || (isAboutMarkup ? null : text.match(pair));

  const values = {};
  for (const id of ids) {
    const e = document.getElementById(id), value = e && (e.value ?? e.textContent);
    const isField = e && e.value !== undefined;
    if (typeof value === "string" && (value.trim() || !(isField || e.children.length))) values[id] = value.trim();
  }

  // Axe's time grows with the elements, and most with their colours (measured: 4 s of processor time for a table of
  // 1,000 cells): of rows and items it sees the first few.
  const alike = ["tr:nth-child(n+6)", "li:nth-child(n+6)", "option:nth-child(n+4)"];
  const count = document.all.length - document.querySelectorAll(alike.flatMap(s => [s, `${s} *`])).length;
  const { violations } = count > 2000 || isBlank() ? { violations: [] } : await axe.run(
    { include: [document], exclude: alike.map(s => [s]) },
    { resultTypes: ["violations"], iframes: false, preload: false, rules: { "color-contrast": { enabled: count < 600 } } },
  );
  return {
    blank: isBlank(),
    conflict: (text.match(/^(?:<{7}|>{7}) .*/m) || [""])[0],
    markup: markup ? markup[0].slice(0, 120) : "",
    values,
    barriers: violations.filter(v => ["serious", "critical"].includes(v.impact)).map(({ id, help, impact, nodes }) => ({
      rule: id,
      what: `${help} (${impact}, ${nodes.length} of them): ${nodes[0].target.join(" ")}`,
      how: (nodes[0].failureSummary || "").split("\n").slice(1, 3).join("; "),
    })),
  };
}
