// One sentence, with a note below it, the last answers as cards, or the answer that is being written. All that others wrote goes in as
// text, never as markup. Two runs have a card each with the whole of their last answer; of more there is a short card each, and one
// answer at a time beneath them, whole: the next one after TURN milliseconds, or of the run that was pressed, which then stays.

const TURN = 10000;
const SMALLEST = 0.8; // of the type, before a text is cut

export default function ({ data, parentElement }) {
  const box = boxIn(parentElement);
  const own = box.studentsim;
  const told = JSON.stringify(data);
  if (own.told !== told) {
    Object.assign(own, { told, data });
    draw(box);
  }
  return () => {
    own.observer.disconnect();
    clearInterval(own.timer);
  };
}

function boxIn(parent) {
  let box = parent.querySelector(".studentsim-stage");
  if (box) return box;
  box = document.createElement("div");
  box.className = "studentsim-stage";
  box.studentsim = { told: "", data: {}, shown: 0, stays: false, width: 0 };
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
  box.querySelectorAll("button")[pressed]?.focus(); // what had the keyboard keeps it
  for (const text of box.querySelectorAll(".studentsim-text")) text.scrollTop = text.scrollHeight; // its newest words in view
  fit(box);
}

// ---------------------------------------------------------------- cards

/** A run among two: what it is at, what it practises, and its last answer. */
function card(told) {
  return section(told.name, "", head(told), most(told), ...answer(told));
}

/** A run alone has the whole width: what it practises on the left, with all categories, and its last answer on the right. */
function onlyCard(told) {
  return section(told.name, "studentsim-wide", column(head(told), ...mix(told.mix)), column(...answer(told)));
}

/** The last answer of one among several. */
function wideCard(told) {
  const name = element("h2", "", told.name);
  if (told.where) name.append(element("span", "studentsim-standing", ` · ${told.where}`));
  const [problem, ...rest] = answer(told);
  const parts = told.writing ? [column(name, most(told)), column(problem)] : [column(name, most(told), problem), column(...rest)];
  return row([section(told.name, "studentsim-wide studentsim-answer", ...parts)], "studentsim-beneath");
}

function shortCards(box, list) {
  const shown = shownOf(box);
  const made = list.map((told, i) => {
    const one = element("button", "studentsim-card studentsim-short");
    one.type = "button";
    one.title = "Stay with its last answer";
    one.setAttribute("aria-pressed", String(i === shown && box.studentsim.stays));
    one.classList.toggle("studentsim-shown", i === shown);
    one.append(element("strong", "", told.name), element("span", "studentsim-standing", told.standing));
    one.addEventListener("click", () => {
      box.studentsim.stays = !(box.studentsim.stays && i === shown);
      box.studentsim.shown = i;
      draw(box);
    });
    return one;
  });
  return row(made, "");
}

/** Which one's answer is shown: that whose turn it is, or the next one that has any. */
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

// ---------------------------------------------------------------- what stands in them

function head(told) {
  const one = element("h2", "", told.name);
  if (told.standing) one.append(element("span", "studentsim-standing", ` · ${told.standing}`));
  return one;
}

function most(told) {
  return told.mix?.most ? element("p", "studentsim-most", told.mix.most) : "";
}

// What is practised, and after which mistakes: a sentence, and of each category both counts, with what they are before them.
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

function answer(told) {
  if (told.writing) return [writing(told.writing, "")];
  if (!told.problem) return [];
  const verdict = element("p", "", ` ${told.verdict}`);
  verdict.prepend(element("strong", `studentsim-${told.right ? "right" : "wrong"}`, told.mark));
  return [element("p", "studentsim-problem", told.problem), ...(told.reply ? [element("p", "studentsim-reply", told.reply)] : []), verdict];
}

// What is being written: its room stays when there is nothing, so that the picture above does not move.
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

/** Cards have a fixed height, so that the picture above stays as it is: their type shrinks together until all is in it, and what is too
 *  long even then, as a language model's answer, is cut at a line's end, with dots. */
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
