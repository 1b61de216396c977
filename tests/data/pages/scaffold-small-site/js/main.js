const root = document.documentElement;
root.dataset.theme = localStorage.getItem("theme") || "light";

document.querySelector("#dark-toggle")?.addEventListener("click", () => {
  root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

const visits = document.querySelector("#visits");
if (visits) {
  const count = Number(localStorage.getItem("visits")) + 1;
  localStorage.setItem("visits", count);
  visits.textContent = count;
}
