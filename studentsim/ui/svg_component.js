// One small still picture, from the shapes that Python names (charts/sketch.py). Colours come from the theme that Streamlit hands
// down; texts are set as text, so that none of them can be markup.

const NS = "http://www.w3.org/2000/svg";
const SYMBOLS = {
  circle: "M4,0A4,4 0 1 1 -4,0A4,4 0 1 1 4,0Z", square: "M-4,-4H4V4H-4Z", diamond: "M0,-5.5L5.5,0L0,5.5L-5.5,0Z",
  "triangle-up": "M0,-5L5,4H-5Z", x: "M-3.5,-3.5L3.5,3.5M-3.5,3.5L3.5,-3.5", cross: "M-5,0H5M0,-5V5", cap: "M-3,0H3",
  star: "M0,-5.5L1.4,-1.9L5.2,-1.7L2.3,0.7L3.2,4.4L0,2.4L-3.2,4.4L-2.3,0.7L-5.2,-1.7L-1.4,-1.9Z",
};

export default function ({ data, parentElement }) {
  const style = getComputedStyle(parentElement);
  const colours = style.getPropertyValue("--st-chart-categorical-colors").split(",");
  const ink = style.getPropertyValue("--st-text-color");
  const svg = made("svg", { class: "studentsim-still", role: "img", "aria-label": data.alt, height: data.height });
  svg.style.cssText = `display: block; overflow: visible; margin-left: ${data.left}px; width: calc(100% - ${data.left + data.right}px)`;
  for (const item of data.items) svg.appendChild(DRAW[item.kind](item, item.slot === null ? ink : colours[item.slot].trim()));
  parentElement.querySelector(".studentsim-still")?.remove();
  parentElement.appendChild(svg);
}

const DRAW = {
  line: ({ x1, y1, x2, y2, width, dash }, c) =>
    made("line", { x1, y1, x2, y2, stroke: c, "stroke-width": width, "stroke-dasharray": dash, "stroke-linecap": "round" }),
  rect: ({ x, y, width, height }, c) => made("rect", { x, y, width, height, fill: c }),
  mark: ({ x, y, symbol }, c) => {
    const path = SYMBOLS[symbol] ?? SYMBOLS.circle;
    const place = made("svg", { x, y, overflow: "visible" });
    place.appendChild(made("path", { d: path, stroke: c, "stroke-width": path.endsWith("Z") ? 0 : symbol === "cap" ? 1 : 2, fill: path.endsWith("Z") ? c : "none" }));
    return place;
  },
  text: ({ x, y, dx, anchor, text }, c) => {
    const node = made("text", { x, y, dx, "text-anchor": anchor, "font-size": 12, fill: c });
    node.textContent = text;
    return node;
  },
};

function made(tag, attributes) {
  const node = document.createElementNS(NS, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}
