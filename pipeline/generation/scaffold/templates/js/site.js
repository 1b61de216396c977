// Site: marks the open page in the navigation. Shared by all pages of the site.
"use strict";

const pageName = (address) => new URL(address).pathname.replace(/\/$/, "/index.html");

for (const link of document.querySelectorAll("nav a[href]")) {
  if (pageName(link.href) === pageName(location.href)) link.setAttribute("aria-current", "page");
}
