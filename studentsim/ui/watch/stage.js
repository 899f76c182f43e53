// One sentence, with a note below it, the last answers (or a room's hands) as cards, or the answer that is being written. All that
// others wrote goes in as text, never as markup.

export default function ({ data, parentElement }) {
  let box = parentElement.querySelector(".studentsim-stage");
  if (!box) {
    box = document.createElement("div");
    box.className = "studentsim-stage";
    parentElement.appendChild(box);
  }
  const told = JSON.stringify(data);
  if (box.dataset.told === told) return;
  box.dataset.told = told;
  box.classList.toggle("studentsim-room", data.sentence !== undefined);
  const parts = [];
  if (data.sentence) parts.push(element("h1", "studentsim-sentence", data.sentence));
  if (data.note) parts.push(element("p", "studentsim-note", data.note));
  if (data.cards?.length) parts.push(cards(data.cards));
  if (data.writing) parts.push(writing(data.writing, "studentsim-card"));
  box.replaceChildren(...parts);
  for (const text of box.querySelectorAll(".studentsim-text")) text.scrollTop = text.scrollHeight; // its newest words in view
}

function cards(list) {
  const row = element("div", "studentsim-cards");
  for (const card of list) {
    const one = element("section", `studentsim-card ${card.hands === undefined ? "" : "studentsim-counts"}`);
    one.setAttribute("aria-label", card.name);
    one.append(element("h2", "", card.name));
    if (card.standing) one.append(element("p", "studentsim-standing", card.standing));
    if (card.mix?.parts) one.append(...mix(card.mix));
    if (card.writing) one.append(writing(card.writing, ""));
    else if (card.hands !== undefined) one.append(element("p", "studentsim-hands", card.hands));
    else one.append(...answer(card));
    row.append(one);
  }
  return row;
}

// What is practised, and after which mistakes: a sentence, and of each category both counts.
function mix(now) {
  const parts = element("ul", "studentsim-mix");
  for (const part of now.parts) {
    const one = element("li", "", `${part.name} `);
    one.append(element("span", "studentsim-wrong", `✗ ${part.mistakes}`));
    if (part.questions !== null) one.append(element("span", "studentsim-right", ` ${now.follows ? "→" : "·"} ${part.questions}`));
    one.setAttribute("aria-label", `${part.name}: ${part.mistakes} mistakes` + (part.questions === null ? "" : `, ${part.questions} questions`));
    parts.append(one);
  }
  return [element("p", "studentsim-why", now.sentence), parts];
}

function answer(card) {
  if (!card.problem) return [];
  const verdict = element("p", "", ` ${card.verdict}`);
  verdict.prepend(element("strong", `studentsim-${card.right ? "right" : "wrong"}`, card.mark));
  return [element("p", "studentsim-problem", card.problem), ...(card.reply ? [element("p", "studentsim-reply", card.reply)] : []), verdict];
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

function element(tag, name, text) {
  const made = document.createElement(tag);
  made.className = name;
  if (text !== undefined) made.textContent = text;
  return made;
}
