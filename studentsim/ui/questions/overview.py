"""What the bank covers: a picture by category, a table by skill, and the skills of a view."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import category_names, charts, components, words
from studentsim.ui.drawn import drawn
from studentsim.ui.questions.coverage import DIFFICULTIES, by_category, by_skill
from studentsim.ui.questions.view import View
from studentsim.ui.shell import QUESTIONS

COLUMNS = {
    "category": "category", "title": "skill", "difficulty": "difficulty (1 easy to 3 hard)", "study": "for practice",
    "exam": "for exams", "validation": "held-out pairs", "slips": "known slips",
}  # fmt: skip


def overview() -> None:
    """How many questions of each category and difficulty; the numbers by skill are one click away."""
    frame = by_category()
    totals = frame.groupby("category", sort=False).questions.sum()
    components.picture(
        "How hard are the questions of each category?",
        drawn(charts.coverage, frame, names=DIFFICULTIES, revision="bank"),
        by_skill(),
        key="questions.coverage",
        alt="Questions by category: "
        + ", ".join(f"{category_names.own_label(str(name))} {count}" for name, count in totals.items()),
        columns=COLUMNS,
    )
    st.caption(
        "Held-out pairs are never learnt from; they show what learning does. "
        "This is the built-in bank; questions of other banks are shown with their answers. "
        + category_names.unclear(totals.index)
    )


def skills(view: View) -> None:
    """The skills of a view, each a link to its own card."""
    frame = by_skill()
    for name, value in (("category", view.category), ("difficulty", int(view.difficulty or 0))):
        frame = frame[frame[name] == value] if value else frame
    st.markdown(f"**{words.plural(len(frame), 'skill')}: what they are, and their slips**")
    for row in frame.itertuples():
        components.link(QUESTIONS, str(row.title), ":material/school:", view.to(skill=str(row.skill)).params())
