"use strict";
(() => {
  const root = document.documentElement;
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = { displayModeBar: false, responsive: true, doubleClick: false, showTips: false };

  // A text that begins with -- is the name of a custom property of the style sheet.
  const themed = (node, css) => {
    if (typeof node === "string") {
      return node.startsWith("--") ? css.getPropertyValue(node).trim() : node;
    }
    if (Array.isArray(node)) {
      return node.map((item) => themed(item, css));
    }
    if (node !== null && typeof node === "object") {
      return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, themed(item, css)]));
    }
    return node;
  };

  const draw = () => {
    const css = getComputedStyle(root);
    for (const element of document.querySelectorAll("[data-plot]")) {
      const plot = themed(plots[element.dataset.plot], css);
      Plotly.react(element, plot.data, plot.layout, config);
    }
  };

  document.getElementById("theme").addEventListener("click", () => {
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
    root.dataset.theme = isDark ? "light" : "dark";
    draw();
  });
  dark.addEventListener("change", draw);
  draw();
})();
