// A sentence with a note, the last answers as cards, or the answer that is being generated. All text is inserted as text, never as
// markup. Two runs have a card each with the whole last answer. Of more runs each has a short card, and one answer at a time is shown
// below: the next one after TURN milliseconds, or that of a pressed card, which then stays.

const TURN = 10000;
const SMALLEST = 0.8; // of the type, before a text is cut

export default function ({ data, parentElement }) {
  const box = boxIn(parentElement);
  const state = box.studentsim;
  const json = JSON.stringify(data);
  if (state.json !== json) {
    Object.assign(state, { json, data });
    draw(box);
  }
  return () => {
    state.observer.disconnect();
    clearInterval(state.timer);
  };
}

function boxIn(parent) {
  let box = parent.querySelector(".studentsim-stage");
  if (box) return box;
  box = document.createElement("div");
  box.className = "studentsim-stage";
  box.studentsim = { json: "", data: {}, shown: 0, stays: false, width: 0 };
  box.studentsim.observer = new ResizeObserver(() => resized(box));
  box.studentsim.timer = setInterval(() => next(box), TURN);
  parent.appendChild(box);
  box.studentsim.observer.observe(box);
  document.fonts?.ready.then(() => fit(box));
  return box;
}

function resized(box) {
  if (box.clientWidth === box.studentsim.width) return;
  box.studentsim.width = box.clientWidth;
  fit(box);
}

function draw(box) {
  const { data } = box.studentsim;
  const pressed = [...box.querySelectorAll("button")].indexOf(document.activeElement);
  box.classList.toggle("studentsim-room", data.sentence !== undefined);
  const parts = [];
  if (data.sentence) parts.push(element("h1", "studentsim-sentence", data.sentence));
  if (data.note) parts.push(element("p", "studentsim-note", data.note));
  if (data.cards?.length > 2) parts.push(shortCards(box, data.cards), wideCard(data.cards[shownOf(box)]));
  else if (data.cards?.length) parts.push(row(data.cards.map(data.cards.length > 1 ? card : onlyCard), ""));
  if (data.writing) parts.push(writing(data.writing, "studentsim-card"));
  box.replaceChildren(...parts);
  box.querySelectorAll("button")[pressed]?.focus(); // the focus stays
  for (const text of box.querySelectorAll(".studentsim-text")) text.scrollTop = text.scrollHeight; // its newest words in view
  fit(box);
}

// ---------------------------------------------------------------- cards

/** The card of one of two runs: progress, practice and last answer. */
function card(run) {
  return section(run.name, "", head(run), most(run), ...answer(run));
}

/** The card of a single run: practice by category on the left, the last answer on the right. */
function onlyCard(run) {
  return section(run.name, "studentsim-wide", column(head(run), ...mix(run.mix)), column(...answer(run)));
}

/** The last answer of one among several. */
function wideCard(run) {
  const name = element("h2", "", run.name);
  if (run.where) name.append(element("span", "studentsim-position", ` · ${run.where}`));
  const [problem, ...rest] = answer(run);
  const parts = run.writing ? [column(name, most(run)), column(problem)] : [column(name, most(run), problem), column(...rest)];
  return row([section(run.name, "studentsim-wide studentsim-answer", ...parts)], "studentsim-beneath");
}

function shortCards(box, list) {
  const shown = shownOf(box);
  const made = list.map((run, i) => {
    const one = element("button", "studentsim-card studentsim-short");
    one.type = "button";
    one.title = "Stay with its last answer";
    one.setAttribute("aria-pressed", String(i === shown && box.studentsim.stays));
    one.classList.toggle("studentsim-shown", i === shown);
    one.append(element("strong", "", run.name), element("span", "studentsim-position", run.position));
    one.addEventListener("click", () => {
      box.studentsim.stays = !(box.studentsim.stays && i === shown);
      box.studentsim.shown = i;
      draw(box);
    });
    return one;
  });
  return row(made, "");
}

/** Index of the run whose answer is shown: the current one, or the next that has any. */
function shownOf(box) {
  const { data, shown } = box.studentsim;
  const order = data.cards.map((_, i) => (shown + i) % data.cards.length);
  return order.find((i) => data.cards[i].problem || data.cards[i].writing) ?? shown % data.cards.length;
}

function next(box) {
  const { data, stays } = box.studentsim;
  if (stays || !(data.cards?.length > 2)) return;
  box.studentsim.shown = shownOf(box) + 1;
  draw(box);
}

// ---------------------------------------------------------------- their contents

function head(run) {
  const one = element("h2", "", run.name);
  if (run.position) one.append(element("span", "studentsim-position", ` · ${run.position}`));
  return one;
}

function most(run) {
  return run.mix?.most ? element("p", "studentsim-most", run.mix.most) : "";
}

// What is practised after which mistakes: a sentence, and both counts of each category after a legend.
function mix(now) {
  if (!now?.parts) return [];
  const parts = element("ul", "studentsim-mix");
  const both = now.parts.some((part) => part.questions !== null);
  const legend = element("li", "");
  legend.append(element("span", "studentsim-wrong", "✗ mistakes in the exam"));
  if (both) legend.append(element("span", "studentsim-right", ` ${now.follows ? "→" : "·"} questions of the lesson`), ":");
  parts.append(legend);
  for (const part of now.parts) {
    const one = element("li", "", `${part.name} `);
    one.append(element("span", "studentsim-wrong", `✗ ${part.mistakes}`));
    if (part.questions !== null) one.append(element("span", "studentsim-right", ` ${now.follows ? "→" : "·"} ${part.questions}`));
    one.setAttribute("aria-label", `${part.name}: ${part.mistakes} mistakes` + (part.questions === null ? "" : `, ${part.questions} questions`));
    parts.append(one);
  }
  return [element("p", "studentsim-why", now.sentence), parts];
}

function answer(run) {
  if (run.writing) return [writing(run.writing, "")];
  if (!run.problem) return [];
  const verdict = element("p", "", ` ${run.verdict}`);
  verdict.prepend(element("strong", `studentsim-${run.right ? "right" : "wrong"}`, run.mark));
  return [element("p", "studentsim-problem", run.problem), ...(run.reply ? [element("p", "studentsim-reply", run.reply)] : []), verdict];
}

// The answer that is being generated; its room stays when there is none, so that the figure above does not move.
function writing(now, look) {
  const box = element("div", `studentsim-writing ${look}`);
  if (now.where === undefined) {
    if (now.idle) box.append(element("p", "studentsim-idle", now.idle));
    return box;
  }
  const what = element("p", "", `: ${now.where}`);
  what.prepend(element("strong", "studentsim-right", "✎ writing now"));
  box.append(what, element("p", "studentsim-problem", now.problem));
  const text = element("pre", "studentsim-text");
  text.append(element("span", "", `${now.text}▌`));
  box.append(text);
  return box;
}

// ---------------------------------------------------------------- room

/** Cards have a fixed height, so that the figure above stays: their type shrinks together until everything fits, and what is still too
 *  long, as a language model's answer may be, is cut at a line's end. */
function fit(box) {
  for (const cards of box.querySelectorAll(".studentsim-cards")) fitRow([...cards.children]);
}

function fitRow(all) {
  for (const text of all.flatMap((one) => [...one.querySelectorAll(".studentsim-cut")])) {
    text.classList.remove("studentsim-cut");
    text.style.webkitLineClamp = "";
  }
  for (let scale = 1; scale >= SMALLEST; scale -= 0.05) {
    for (const one of all) one.style.setProperty("--studentsim-type", scale.toFixed(2));
    if (all.every(holds)) return;
  }
  for (const one of all) for (const part of [".studentsim-reply", ".studentsim-problem", ".studentsim-why"]) cut(one, one.querySelector(part));
}

function holds(one) {
  const limit = one.getBoundingClientRect().bottom - parseFloat(getComputedStyle(one).paddingBottom) + 1;
  return [...one.querySelectorAll("h2, p, li, strong, span")].every((part) => part.closest(".studentsim-text") || part.getBoundingClientRect().bottom <= limit);
}

function cut(one, text) {
  if (!text || holds(one)) return;
  const lines = Math.round(text.offsetHeight / parseFloat(getComputedStyle(text).lineHeight));
  text.classList.add("studentsim-cut");
  for (let left = lines - 1; left >= 1; left--) {
    text.style.webkitLineClamp = String(left);
    if (holds(one)) return;
  }
}

function row(list, look) {
  const made = element("div", `studentsim-cards ${look}`);
  made.append(...list);
  return made;
}

function section(name, look, ...parts) {
  const made = element("section", `studentsim-card ${look}`);
  made.setAttribute("aria-label", name);
  made.append(...parts);
  return made;
}

function column(...parts) {
  const made = element("div", "studentsim-column");
  made.append(...parts.filter((part) => part !== undefined));
  return made;
}

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}
