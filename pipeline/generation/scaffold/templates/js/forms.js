// Forms: nothing is sent anywhere; what was entered is shown back to the visitor.

roles.form = (form, part) => {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const entries = [...new FormData(form)].filter(([, value]) => typeof value === "string" && value !== "");
    const text = entries.map(([name, value]) => `${name}: ${value}`).join("; ");
    const shown = text ? `Received ${text}.` : "Nothing was entered.";
    const node = byId(part.shows);
    if (node) putText(node, shown);
    else say(shown);
  });
};
