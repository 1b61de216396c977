// Visits: how often this browser has opened the page.

roles.visits = (node) => {
  const key = `visits:${location.pathname}`;
  const visits = (Number.parseInt(storage.get(key), 10) || 0) + 1;
  storage.set(key, String(visits));
  node.textContent = String(visits);
};
