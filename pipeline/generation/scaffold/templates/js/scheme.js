// Scheme: Bootstrap follows the visitor's choice of light or dark.

document.documentElement.dataset.bsTheme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
