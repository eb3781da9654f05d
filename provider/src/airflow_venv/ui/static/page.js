"use strict";
// The page works without this script. It follows the theme that was chosen in Airflow, and fills sizes in when they
// have been measured.

try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
} catch {
  // A browser may keep its storage from pages; then the system's theme holds.
}

async function fillSizes(address, seconds, triesLeft) {
  const cells = [...document.querySelectorAll("[data-size-of]")];
  if (cells.length === 0 || triesLeft === 0) {
    return;
  }
  const response = await fetch(address, { headers: { Accept: "application/json" } });
  if (!response.ok) {
    return;
  }
  const sizes = await response.json();
  for (const cell of cells) {
    const size = sizes[cell.dataset.sizeOf];
    if (size !== undefined) {
      cell.textContent = size;
      delete cell.dataset.sizeOf;
    }
  }
  setTimeout(fillSizes, seconds * 1000, address, Math.min(seconds * 1.2, 15), triesLeft - 1);
}

document.addEventListener("DOMContentLoaded", () => fillSizes(document.body.dataset.sizes, 1.5, 200));
