// Core: finds elements, reads the files beside this page, and tells the visitor what went wrong.

const roles = {};
const sources = new Map();
const byId = (id) => document.getElementById(id);

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

// Inputs show a value, everything else shows text.
function putText(node, text) {
  if (["INPUT", "TEXTAREA", "SELECT", "METER", "PROGRESS"].includes(node.tagName)) node.value = text;
  else node.textContent = text;
}

// Messages go into the page, never only into the console.
function say(text, isProblem = false) {
  for (const node of document.querySelectorAll("[data-messages]")) {
    node.textContent = text;
    node.classList.toggle("problem", isProblem);
    node.hidden = false;
  }
}

function parameter(name) {
  return new URLSearchParams(location.search).get(name) || "";
}

function fileAddress(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}

// Only addresses that load something: a "javascript:" address would run it.
function safeAddress(text) {
  const address = new URL(text, location.href);
  const isImage = address.protocol === "data:" && address.pathname.startsWith("image/");
  if (!["http:", "https:"].includes(address.protocol) && !isImage) {
    throw new Error(`addresses that start with ${address.protocol} are not opened here`);
  }
  return address.href;
}

async function readText(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  return decode(new Uint8Array(await response.arrayBuffer()));
}

// Files come from many programs: UTF-8 and UTF-16 with or without mark, else Windows' western alphabet.
function decode(bytes) {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

// Browsers may refuse storage (private windows, strict settings); the page then simply forgets.
const storage = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); } catch { /* nothing to be done */ }
  },
};

// The words of a name, in the singular: "totalSales" and "total-sale" are both "total", "sale".
function wordsOf(name) {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  return words.map((word) => {
    if (word.length > 4 && word.endsWith("ies")) return `${word.slice(0, -3)}y`;
    return word.length > 3 && word.endsWith("s") && !/(ss|us|is)$/.test(word) ? word.slice(0, -1) : word;
  });
}

function onLibrary(name, useIt) {
  const script = document.querySelector(`script[data-library="${name}"]`);
  if (script) script.addEventListener("load", useIt);
}
