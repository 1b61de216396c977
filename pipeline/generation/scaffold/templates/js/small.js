// Small parts: counters, lists to add to, clocks, and buttons that copy, save or print.

roles.counter = (node, part) => {
  let count = 0;
  const show = () => putText(node, String(count));
  for (const { id, step } of part.buttons) {
    byId(id).addEventListener("click", (event) => {
      event.preventDefault();
      count = step === 0 ? 0 : count + step;
      show();
    });
  }
  show();
};

roles.adder = (list, part) => {
  const input = byId(part.input);
  const key = `list:${location.pathname}:${list.id}`;
  const items = readList(key);
  const show = () => {
    storage.set(key, JSON.stringify(items));
    list.replaceChildren(...items.map((text, index) => {
      const remove = make("button", { type: "button", class: "remove", "aria-label": `Remove ${text}` }, "\u00d7");
      remove.addEventListener("click", () => { items.splice(index, 1); show(); });
      return make("li", {}, make("span", {}, text), " ", remove);
    }));
    if (byId(part.count)) putText(byId(part.count), String(items.length));
  };
  const add = (event) => {
    event.preventDefault();
    if (input.value.trim()) items.push(input.value.trim());
    input.value = "";
    show();
  };
  byId(part.button)?.addEventListener("click", add);
  input.form?.addEventListener("submit", add);
  if (!input.form) input.addEventListener("keydown", (event) => { if (event.key === "Enter") add(event); });
  show();
};

function readList(key) {
  try {
    const kept = JSON.parse(storage.get(key) ?? "[]");
    return Array.isArray(kept) ? kept.map(String) : [];
  } catch {
    return [];
  }
}

const moments = {
  time: (now) => now.toLocaleTimeString(),
  date: (now) => now.toISOString().slice(0, 10),
  year: (now) => String(now.getFullYear()),
};

roles.clock = (node, part) => {
  const show = () => putText(node, moments[part.what](new Date()));
  show();
  if (part.what === "time") setInterval(show, 1000);
};

const deeds = {
  print: () => window.print(),
  download: (part) => make("a", { href: fileAddress(part.file), download: "" }).click(),
  copy: async (part) => {
    const source = sources.get(part.source);
    await navigator.clipboard.writeText(source?.document?.text ?? byId(part.copies)?.textContent ?? document.title);
    say("Copied.");
  },
};

roles.deed = (button, part) => {
  button.addEventListener("click", async () => {
    try {
      await deeds[part.what](part);
    } catch (error) {
      say(`That did not work: ${error.message}.`, true);
    }
  });
};

// Takes back every choice on the page, and what was made of them.
roles.clear = (button, part) => {
  button.addEventListener("click", () => {
    for (const choice of document.querySelectorAll("input:checked")) choice.checked = false;
    for (const node of document.querySelectorAll(".wrong, .correct")) node.classList.remove("wrong", "correct");
    for (const id of part.empties) putText(byId(id), "");
  });
};

// Named in the brief, but no rule says what it does: the visitor is told so.
roles.idle = (button) => {
  button.addEventListener("click", () => say("This button has no function yet: the page was built without a language model."));
};
