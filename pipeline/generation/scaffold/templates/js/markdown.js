// Markdown: a small renderer of our own, and marked when it has loaded. Foreign HTML is cleaned before it is shown.

const escapeHtml = (text) => text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);

function inlineMarkdown(text) {
  const codes = [];
  const kept = text.replace(/\u0000/g, "").replace(/(`+)(.+?)\1/g, (_, ticks, code) => `\u0000${codes.push(code) - 1}\u0000`);
  return escapeHtml(kept)
    .replace(/!\[([^\]]*)\]\(([^\s)]+)[^)]*\)/g, '<img src="$2" alt="$1">')
    .replace(/\[([^\]]+)\]\(([^\s)]+)[^)]*\)/g, '<a href="$2">$1</a>')
    .replace(/(\*\*|__)(?=\S)(.+?)\1/g, "<strong>$2</strong>")
    .replace(/(^|[^\w*])[*_](?=\S)([^*_]+?)[*_](?!\w)/g, "$1<em>$2</em>")
    .replace(/~~(.+?)~~/g, "<del>$1</del>")
    .replace(/ {2}\n/g, "<br>\n")
    .replace(/\u0000(\d+)\u0000/g, (_, index) => `<code>${escapeHtml(codes[index])}</code>`);
}

function tableMarkdown(lines) {
  const cells = (line) => line.trim().replace(/^\||\|$/g, "").split("|").map((cell) => inlineMarkdown(cell.trim()));
  const row = (line, tag) => `<tr>${cells(line).map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${row(lines[0], "th")}</thead><tbody>${lines.slice(2).map((line) => row(line, "td")).join("")}</tbody></table>`;
}

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+/;

function listMarkdown(lines) {
  const ordered = /\d/.test(ITEM.exec(lines[0])[2]);
  const indent = ITEM.exec(lines[0])[1].length;
  const items = [];
  for (const line of lines) {
    const found = ITEM.exec(line);
    if (found && found[1].length <= indent) items.push([line.slice(found[0].length)]);
    else items.at(-1).push(line);
  }
  const html = items.map(([first, ...rest]) => {
    const below = rest.some((line) => ITEM.test(line)) ? blocksMarkdown(rest) : rest.map((line) => ` ${inlineMarkdown(line.trim())}`).join("");
    return `<li>${inlineMarkdown(first)}${below}</li>`;
  });
  return ordered ? `<ol>${html.join("")}</ol>` : `<ul>${html.join("")}</ul>`;
}

// Each rule: does a block start at this line, up to which line does it go, and its HTML.
const blockRules = [
  {
    starts: (line) => /^\s*(```|~~~)/.test(line),
    ends: (lines, at) => {
      const fence = lines[at].trim().slice(0, 3);
      const close = lines.findIndex((line, i) => i > at && line.trim().startsWith(fence));
      return close < 0 ? lines.length : close + 1;
    },
    html: (lines) => {
      const language = lines[0].trim().slice(3).trim().replace(/[^\w+#-].*/, "");
      const closed = lines.length > 1 && /^\s*(```|~~~)/.test(lines.at(-1));
      const code = lines.slice(1, closed ? -1 : undefined).join("\n");
      return `<pre><code${language ? ` class="language-${escapeHtml(language)}"` : ""}>${escapeHtml(code)}\n</code></pre>`;
    },
  },
  {
    starts: (line) => /^#{1,6}\s/.test(line),
    ends: (lines, at) => at + 1,
    html: ([line]) => {
      const [, marks, text] = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line) ?? [null, "#", line];
      return `<h${marks.length}>${inlineMarkdown(text)}</h${marks.length}>`;
    },
  },
  { starts: (line) => /^\s*([-*_])(\s*\1){2,}\s*$/.test(line), ends: (lines, at) => at + 1, html: () => "<hr>" },
  {
    starts: (line) => /^\s*>/.test(line),
    ends: (lines, at) => runEnd(lines, at, (line) => /^\s*>/.test(line)),
    html: (lines) => `<blockquote>${blocksMarkdown(lines.map((line) => line.replace(/^\s*> ?/, "")))}</blockquote>`,
  },
  {
    starts: (line) => ITEM.test(line),
    ends: (lines, at) => runEnd(lines, at, (line) => ITEM.test(line) || /^\s+\S/.test(line)),
    html: listMarkdown,
  },
  {
    starts: (line, next) => line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(next ?? "") && (next ?? "").includes("-"),
    ends: (lines, at) => runEnd(lines, at, (line) => line.includes("|")),
    html: tableMarkdown,
  },
];

function runEnd(lines, at, belongs) {
  let end = at + 1;
  while (end < lines.length && belongs(lines[end])) end += 1;
  return end;
}

function blocksMarkdown(lines) {
  const html = [];
  let at = 0;
  while (at < lines.length) {
    const rule = blockRules.find(({ starts }) => starts(lines[at], lines[at + 1]));
    let end = at + 1;
    if (rule) {
      end = rule.ends(lines, at);
      html.push(rule.html(lines.slice(at, end)));
    } else if (lines[at].trim() !== "") {
      const isText = (line, i) => line.trim() !== "" && !blockRules.some(({ starts }) => starts(line, lines[i + 1]));
      while (end < lines.length && isText(lines[end], end)) end += 1;
      html.push(`<p>${inlineMarkdown(lines.slice(at, end).join("\n"))}</p>`);
    }
    at = end;
  }
  return html.join("\n");
}

function markdownHtml(text) {
  if (window.marked?.parse) {
    try { return window.marked.parse(text); } catch { /* our own renderer takes over */ }
  }
  return blocksMarkdown(text.replaceAll("\r\n", "\n").split("\n"));
}

// The document may come from anywhere (?url=): nothing in it may run, and nothing may leave through forms or frames.
function cleanFragment(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const unwanted = "script,style,iframe,frame,object,embed,link,meta,base,form,input,button,textarea,select,svg,math,template,noscript";
  for (const node of parsed.querySelectorAll(unwanted)) node.remove();
  for (const node of parsed.body.querySelectorAll("*")) {
    for (const { name, value } of [...node.attributes]) {
      const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(value.replace(/[\u0000-\u0020]/g, ""));
      const isLink = ["href", "src"].includes(name);
      const opens = !scheme || /^(https?|mailto)$/i.test(scheme[1]) || /^data:image\//i.test(value);
      if (!["href", "src", "alt", "title", "class", "id", "align", "start", "colspan", "rowspan"].includes(name) || (isLink && !opens)) {
        node.removeAttribute(name);
      }
    }
    if (node.id) node.id = `text-${node.id}`;
  }
  const fragment = document.createDocumentFragment();
  fragment.append(...parsed.body.childNodes);
  return fragment;
}
