"use strict";
const longestShown = 200000;
const root = location.pathname.replace(/\/docs\/?$/, "");
const secret = document.querySelector("#secret");
document.querySelector("#token").addEventListener("submit", (event) => event.preventDefault());

for (const form of document.querySelectorAll("form[data-path]")) {
  const output = form.querySelector("output");
  const stop = form.querySelector(".stop");
  form.querySelector(".examples")?.addEventListener("change", (event) => { form.elements.body.value = event.target.value; });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const sending = new AbortController();
    stop.hidden = false;
    stop.onclick = () => sending.abort();
    const shown = document.createElement("pre");
    output.replaceChildren(shown);
    shown.textContent = "…";
    try {
      await send(form, shown, sending.signal);
    } catch (error) {
      shown.textContent += `\n${error.name === "AbortError" ? "Stopped." : error}`;
    }
    stop.hidden = true;
  });
}

async function send(form, shown, signal) {
  const { url, headers } = request(form);
  const options = { method: form.dataset.method, headers, signal };
  if (form.dataset.token && secret.value) headers.set("Authorization", `Bearer ${secret.value}`);
  if (form.elements.body) {
    headers.set("Content-Type", "application/json");
    options.body = form.elements.body.value.replaceAll("YOUR-SECRET", JSON.stringify(secret.value).slice(1, -1) || "YOUR-SECRET");
  }
  const started = performance.now();
  const response = await fetch(url, options);
  const title = `HTTP ${response.status} ${response.statusText}, ${Math.round(performance.now() - started)} ms\n\n`;
  let text = "";
  shown.textContent = title;
  if (!response.body) return;
  const type = response.headers.get("content-type") || "";
  if (!/json|text/.test(type)) {
    await response.body.cancel();
    shown.textContent = `${title}${type}, ${response.headers.get("content-length") || "?"} bytes`;
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    text += value;
    shown.textContent = title + text;
    if (text.length > longestShown) { await reader.cancel(); shown.textContent += "\n…"; return; }
  }
  shown.textContent = title + pretty(text);
}

function request(form) {
  const headers = new Headers();
  const query = new URLSearchParams();
  let path = form.dataset.path;
  for (const input of form.querySelectorAll("input[data-place]")) {
    if (!input.value) continue;
    // The value of a path may itself be a path: files/js/app.js.
    const place = { path: () => { path = path.replace(`{${input.name}}`, input.value.split("/").map(encodeURIComponent).join("/")); },
      query: () => query.append(input.name, input.value), header: () => headers.set(input.name, input.value) };
    place[input.dataset.place]?.();
  }
  return { url: `${root}${path}${query.size ? `?${query}` : ""}`, headers };
}

function pretty(text) {
  try { return JSON.stringify(JSON.parse(text), null, 2); } catch { return text; }
}
