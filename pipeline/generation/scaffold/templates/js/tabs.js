// Tabs: one button per pane; the panes stay in the page, so that their content is always there.

roles.tabs = (node, part) => {
  const buttons = part.panes.map(({ id, label }) => make("button", { type: "button", role: "tab", "aria-controls": id }, label));
  const choose = (chosen) => {
    for (const [index, { id }] of part.panes.entries()) {
      const isChosen = index === chosen;
      const pane = byId(id);
      (pane.closest("[data-pane]") ?? pane).hidden = !isChosen;
      pane.hidden = !isChosen;
      buttons[index].setAttribute("aria-selected", String(isChosen));
      buttons[index].tabIndex = isChosen ? 0 : -1;
    }
  };
  const focus = (index) => {
    const next = (index + buttons.length) % buttons.length;
    choose(next);
    buttons[next].focus();
  };
  for (const [index, button] of buttons.entries()) {
    button.addEventListener("click", () => choose(index));
    button.addEventListener("keydown", ({ key }) => {
      if (key === "ArrowRight") focus(index + 1);
      if (key === "ArrowLeft") focus(index - 1);
    });
  }
  node.setAttribute("role", "tablist");
  node.replaceChildren(...buttons);
  choose(0);
};
