"use strict";
// Apply the theme that the user has chosen in Airflow, and show sizes as soon as they have been measured. The page works
// without this script.

try {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") {
    document.documentElement.dataset.theme = chosen;
  }
} catch {
  // If the browser denies access to its storage, the system's theme applies.
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
