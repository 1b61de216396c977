// Theme: light or dark, remembered in this browser for every page of the site.

const THEME_KEY = "theme";

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  document.documentElement.dataset.bsTheme = theme;
}

function startingTheme() {
  return storage.get(THEME_KEY) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
}

showTheme(startingTheme());

roles.theme = (button) => {
  const toggle = () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    showTheme(theme);
    storage.set(THEME_KEY, theme);
    button.setAttribute("aria-pressed", String(theme === "dark"));
  };
  button.setAttribute("aria-pressed", String(document.documentElement.dataset.theme === "dark"));
  if (button.type === "checkbox") button.checked = document.documentElement.dataset.theme === "dark";
  button.addEventListener(button.tagName === "BUTTON" ? "click" : "change", toggle);
};
