  const one = (css, root = document) => root.querySelector(css);
  const all = (css, root = document) => [...root.querySelectorAll(css)];
  const flat = text => String(text ?? "").replace(/\s+/g, " ").trim();
  const shown = text => JSON.stringify(flat(text).slice(0, 120));
  const list = values => values.map(v => flat(v)).filter(Boolean).slice(0, 12).join(", ") || "nothing";
  const chosen = e => e.localName === "select" ? e.selectedOptions[0]?.text : e.textContent;
  const value = e => flat(e.matches("input,textarea") ? e.value : chosen(e));
  const checkVisibility = e => e.checkVisibility({visibilityProperty: true, opacityProperty: true});
  const say = (holds, seen) => { if (holds === null) throw null; if (!holds) throw new Error(seen); return seen; };
  const some = answers => answers.includes(true) || (answers.includes(null) ? null : false);
  const every = answers => answers.includes(false) ? false : answers.includes(null) ? null : true;
  const find = (css, id, loose) => {
    const found = all(css), other = id && document.getElementById(id);
    if (found.length) return found;
    if (other && loose) throw null;
    return say(false, other ? `#${id} is <${other.localName}>` : `nothing on the page matches ${css}`);
  };
  const word = c => /[\p{L}\p{N}_]/u.test(c ?? " ");
  const digit = c => /\d/.test(c ?? " "), point = c => /[.,]/.test(c ?? " ");
  const numbers = text => (text.match(/-?\d[\d,]*(\.\d+)?/g) ?? []).map(n => Number(n.replace(/,/g, "")));
  const has = (text, wanted) => {
    const [all, part] = [flat(text), flat(wanted)], number = Number(part.replace(/,/g, ""));
    for (let at = all.indexOf(part); at >= 0; at = all.indexOf(part, at + 1)) {
      const end = at + part.length, [a, b] = [all[at - 1], all[end]];
      if (word(a) && word(part[0]) || word(b) && word(part.at(-1))) continue;
      if (digit(part[0]) && (a === "-" || point(a) && digit(all[at - 2]))) continue;
      if (digit(part.at(-1)) && point(b) && digit(all[end + 1])) continue;
      return true;
    }
    if (!isNaN(number)) return numbers(all).includes(number) ? null : false;
    const bare = s => s.toLowerCase().replace(/[\s,]/g, "");
    return bare(all).includes(bare(part)) ? null : false;
  };
  const near = (text, wanted, tolerance) => {
    const plain = flat(text), number = Number(plain.replace(/[^\d.eE+-]/g, "") || NaN);
    const is = /\d/.test(plain) && Math.abs(number - wanted) <= tolerance + 1e-9;
    if (!is) return has(plain, String(wanted)) === false ? false : null;
    return /^[+-]?\d+(\.\d+)?$/.test(plain) || null;
  };
  const holds = (e, wanted) => {
    if (wanted.startsWith("<")) return e.innerHTML.includes(wanted);
    const is = some([has(e.localName === "select" ? e.textContent : value(e), wanted), has(e.innerText, wanted)]);
    if (is) return checkVisibility(e) || e.localName === "title" || null;
    return is === null || [e.placeholder, e.title, e.ariaLabel].join(" ").includes(wanted) ? null : false;
  };
  const within = (counts, low, high, what, loose) => {
    const fits = counts.map(n => n >= low && n <= high || (loose && n > low ? null : false));
    return say(every(fits) || some(fits) && null, `there are ${counts.join(" or ")} of ${what}`);
  };
  const among = (names, wanted, what) => {
    const is = w => names.includes(w) || (some(names.map(n => has(n, w))) === false ? false : null);
    return say(every(wanted.map(is)), `${what}: ${list(names)}; asked for ${list(wanted)}`);
  };
  const tables = found => {
    if (!found.every(e => e.matches("table,tbody") || one("table", e))) throw null;
    return found.map(e => e.localName === "table" ? e : one("table", e) ?? e);
  };
  const rows = found => tables(found).flatMap(t => all("tr", t));
  const head = found => tables(found).flatMap(t => [...(one("thead tr", t) ?? one("tr", t))?.cells ?? []]);
  const options = found => {
    if (!found.every(e => e.matches("select,datalist"))) throw null;
    return found.flatMap(e => all("option", e));
  };
  const named = options => options.flatMap(o => [o.text, o.value, o.label].map(flat));
  const called = e => flat(e.matches("input") ? e.value : e.ariaLabel || e.textContent || e.title);
  const belonging = (roots, css) => roots.flatMap(r => all(css).filter(e => r.contains(e) || e.form === r));
