// Runs before the first paint, so that a chosen theme does not flash.
"use strict";
{
  const themes = ["system", "light", "dark"];
  const root = document.documentElement;
  const read = () => { try { return localStorage.getItem("theme"); } catch { return null; } };
  const keep = (name) => { try { localStorage.setItem("theme", name); } catch { /* a private window forgets */ } };
  const show = (name) => {
    if (name === "system") delete root.dataset.theme; else root.dataset.theme = name;
    const button = document.getElementById("theme");
    if (button) button.textContent = `Theme: ${name}`;
  };
  let now = themes.includes(read()) ? read() : "system";
  show(now);
  document.addEventListener("DOMContentLoaded", () => {
    show(now);
    document.getElementById("theme").addEventListener("click", () => {
      now = themes[(themes.indexOf(now) + 1) % themes.length];
      keep(now);
      show(now);
    });
  });
}
