"use strict";
// The theme that was chosen on the home page holds here as well.
try {
  const theme = localStorage.getItem("theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // Storage is refused: the page follows the system's setting.
}
