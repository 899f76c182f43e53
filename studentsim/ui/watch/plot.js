// A figure that is updated in place by plotly's react() with a stable uirevision, so that a new point neither flickers nor loses
// the zoom. Python sends the figure as bytes of JSON (plot.py); the colours are those of Streamlit's theme.

const SIZE = 13; // of type, in pixels
const LEAST = 280; // pixels of height
const SLOTS = [["categorical", 1], ["sequential", 11], ["diverging", 21]];

export default function ({ data, parentElement, setStateValue }) {
  const payload = JSON.parse(new TextDecoder().decode(data));
  const box = boxIn(parentElement, payload);
  const theme = themeOf(parentElement);
  const state = payload.figure + JSON.stringify(theme);
  if (box.studentsim.state !== state) {
    Object.assign(box.studentsim, { state, theme });
    plotly(payload.plotly)
      .then((Plotly) => turnOf(box).then(() => draw(Plotly, box, payload, theme)))
      .catch(() => setStateValue("failed", true));
  }
  return () => {
    box.studentsim.observer.disconnect();
    if (window.Plotly) window.Plotly.purge(box);
  };
}

/** The element that plotly draws in, created once for the life of the component. */
function boxIn(parent, payload) {
  let box = parent.querySelector(".studentsim-plot");
  if (!box) {
    box = document.createElement("div");
    box.className = "studentsim-plot";
    box.setAttribute("role", "figure");
    box.style.width = "100%";
    box.studentsim = { state: "", observer: new ResizeObserver(() => resize(box)) };
    parent.appendChild(box);
    box.studentsim.observer.observe(box);
  }
  box.setAttribute("aria-label", payload.alt);
  box.studentsim.payload = payload;
  if (payload.large) observePage(box);
  if (!payload.large || !box.style.height) box.style.height = payload.height;
  if (payload.large) fill(box);
  return box;
}

/** The size of a projector's figure depends on the rest of the page. */
function observePage(box) {
  const page = pageOf(box);
  if (box.studentsim.page === page) return;
  box.studentsim.page = page;
  if (page) box.studentsim.observer.observe(page);
}

function pageOf(box) {
  return box.closest("[data-testid=stMainBlockContainer]");
}

/** As high as the screen allows without scrolling; where that is too little, as on a phone, LEAST pixels. */
function fill(box) {
  const page = pageOf(box);
  const screen = page?.parentElement?.clientHeight;
  if (!screen) return; // keep the height that Python set
  const height = Math.max(LEAST, Math.floor(window.innerHeight - (page.offsetHeight - box.offsetHeight)));
  if (Math.abs(height - box.offsetHeight) >= 1) box.style.height = `${height}px`;
}

/** When to draw: at once if visible or drawn before; the first time below the window's edge only when the browser is idle. */
function turnOf(box) {
  const below = !box._fullLayout && box.getBoundingClientRect().top > window.innerHeight;
  return new Promise((go) => (below && window.requestIdleCallback ? window.requestIdleCallback(go, { timeout: 500 }) : go()));
}

function resize(box) {
  if (box.studentsim.payload.large) fill(box);
  if (!window.Plotly || !box._fullLayout || !box.clientWidth) return;
  const { _fullLayout: rendered, studentsim: state } = box;
  if (rendered.width === box.clientWidth && rendered.height === box.clientHeight) return;
  const pixels = state.payload.large || state.payload.figure.includes('"aside"'); // type, names, or points moved aside depend on the size
  if (pixels) draw(window.Plotly, box, state.payload, state.theme);
  else window.Plotly.Plots.resize(box);
}

function draw(Plotly, box, payload, theme) {
  if (box.studentsim.state !== payload.figure + JSON.stringify(theme)) return; // a newer figure has arrived
  const figure = JSON.parse(coloured(payload.figure, theme));
  const factor = payload.large ? Math.min(2.2, Math.max(1, box.clientWidth / 800)) : 1;
  const layout = themed(figure.layout, theme, factor);
  if (factor > 1) enlarge(figure.data, layout, factor);
  place(layout, box.clientHeight);
  moveAside(figure.data, layout, box.clientWidth, factor);
  return Plotly.react(box, figure.data, layout, { ...payload.config, responsive: false });
}

/** For a projector: scale lines, markers and annotations with the type. */
function enlarge(traces, layout, factor) {
  for (const trace of traces) {
    if (trace.line) trace.line.width = factor * (trace.line.width ?? 2);
    if (trace.marker) trace.marker.size = factor * (trace.marker.size ?? 6);
    if (trace.error_y) Object.assign(trace.error_y, { thickness: factor * 1.5, width: factor * 4 });
  }
  for (const shape of layout.shapes ?? []) if (shape.line) shape.line.width *= factor;
  for (const note of layout.annotations ?? []) note.font = { ...note.font, size: factor * (note.font?.size ?? SIZE) };
  for (const side in layout.margin) layout.margin[side] *= factor;
  for (const axis of [layout.xaxis, layout.yaxis]) if (axis?.title) axis.title = { ...axis.title, standoff: factor * 8 };
}

/** Move the labels at the lines' ends (annotations named "end") to the height of their lines, without overlaps. */
function place(layout, height) {
  const ends = (layout.annotations ?? []).filter((note) => note.name === "end");
  const [low, high] = layout.yaxis?.range ?? [];
  if (!ends.length || high === undefined) return;
  const unit = (high - low) / Math.max(60, height - (layout.margin?.t ?? 0) - (layout.margin?.b ?? 0)); // a pixel, on the axis
  const heights = ends.map((note) => note.text.split("<br>").length * note.font.size * 1.3 * unit);
  const [centres, shrink] = spread(layout.meta?.ends?.map((end) => end.y) ?? ends.map((note) => note.y), heights, low, high);
  const threads = (layout.shapes ?? []).filter((shape) => shape.name === "thread");
  ends.forEach((note, i) => {
    note.y = centres[i];
    note.font.size *= shrink;
    const end = layout.meta?.ends?.[i];
    if (threads[i] && end) threads[i].path = `M${end.x},${end.y}L${end.elbow},${end.y}L${end.right},${centres[i]}`;
  });
}

/** Shift traces with points at the same place by ``meta.aside`` pixels each, so that all are visible, but at most by ``meta.most`` in
 *  units of the axis. */
function moveAside(traces, layout, width, factor) {
  const [low, high] = layout.xaxis?.range ?? [];
  if (high === undefined) return;
  const unit = (high - low) / Math.max(60, width - (layout.margin?.l ?? 0) - (layout.margin?.r ?? 0)); // a pixel, on the axis
  const moved = traces.filter((trace) => trace.meta?.aside !== undefined && Array.isArray(trace.x));
  const widest = Math.max(0, ...moved.map((trace) => Math.abs(trace.meta.aside))) * factor * unit;
  for (const trace of moved) {
    const shrink = Math.min(1, trace.meta.most / (widest || 1));
    trace.x = trace.x.map((x) => x + trace.meta.aside * factor * unit * shrink);
  }
}

/** plotly.js of the installed Python package, loaded once per page. */
function plotly(path) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  window.studentsimPlotly ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL(path, document.baseURI).href;
    script.onload = () => (window.Plotly ? resolve(window.Plotly) : reject(new Error("no plotly")));
    script.onerror = reject;
    document.head.appendChild(script);
  });
  return window.studentsimPlotly;
}

function themeOf(parent) {
  const style = getComputedStyle(parent);
  const value = (name) => style.getPropertyValue(`--st-${name}`).trim();
  return {
    text: value("text-color"), line: value("border-color"), background: value("background-color"),
    panel: value("secondary-background-color"), font: value("font"),
    slots: SLOTS.map(([kind, first]) => [first, value(`chart-${kind}-colors`).split(",")]),
  };
}

/** Replace the placeholders #000001 … of strategy_styles.py by the theme's colours. */
function coloured(figure, theme) {
  for (const [first, colours] of theme.slots)
    colours.forEach((c, i) => (figure = figure.replaceAll(`#${String(first + i).padStart(6, "0")}`, c)));
  return figure;
}

function themed(layout, theme, factor) {
  const axis = { gridcolor: theme.line, linecolor: theme.line, zerolinecolor: theme.line };
  const axes = Object.keys(layout).filter((name) => /^[xy]axis/.test(name));
  for (const name of axes) layout[name] = { ...axis, ...layout[name] };
  delete layout.height;
  return {
    ...layout, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { size: factor * SIZE, ...layout.font, family: theme.font, color: theme.text },
    hoverlabel: { bgcolor: theme.panel, bordercolor: theme.line, font: { family: theme.font, color: theme.text } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.text, activecolor: theme.text },
  };
}
