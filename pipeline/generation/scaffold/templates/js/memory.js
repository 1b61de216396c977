// Memory: what the visitor typed is kept in this browser and filled in again on the next visit.

const memory = {
  save(text) {
    try { localStorage.setItem(STORAGE_KEY, text); } catch { /* storage is refused: nothing is kept */ }
  },
  load() {
    try { return localStorage.getItem(STORAGE_KEY); } catch { return null; }
  },
};

roles.memory = (input) => {
  const kept = memory.load();
  if (kept !== null && input.value === "") {
    input.value = kept;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  input.addEventListener("input", () => memory.save(input.value));
};
