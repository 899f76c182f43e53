"""What the bank covers: a figure by category, a table by skill, and the skills of a view."""

from __future__ import annotations

import streamlit as st

from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, category_coverage_frame, skill_coverage_frame
from studentsim.labels import category_names, formatting
from studentsim.ui import charts, components
from studentsim.ui.figure_cache import cached_figure
from studentsim.ui.layout import QUESTIONS_PAGE
from studentsim.ui.questions.view import QuestionsView

COLUMN_LABELS = {
    "category": "category", "title": "skill", "difficulty": "difficulty (1 easy to 3 hard)", "study": "for practice",
    "exam": "for exams", "validation": "held-out pairs", "slips": "known slips",
}  # fmt: skip


def render_coverage() -> None:
    """Figure of the questions by category and difficulty, with the numbers by skill."""
    frame = category_coverage_frame()
    totals = frame.groupby("category", sort=False).questions.sum()
    components.render_figure(
        "How hard are the questions of each category?",
        cached_figure(charts.coverage_figure, frame, names=DIFFICULTY_LABELS, revision="bank"),
        skill_coverage_frame(),
        key="questions.coverage",
        alt="Questions by category: "
        + ", ".join(f"{category_names.curriculum_category_label(str(name))} {count}" for name, count in totals.items()),
        columns=COLUMN_LABELS,
    )
    st.caption(
        "Held-out pairs are never learnt from; they show what learning does. "
        "This is the built-in bank; questions of other banks are shown with their answers. "
        + category_names.explain_category_names(totals.index)
    )


def render_skills(view: QuestionsView) -> None:
    """The skills that match a view, each a link to its card."""
    frame = skill_coverage_frame()
    for name, value in (("category", view.category), ("difficulty", int(view.difficulty or 0))):
        frame = frame[frame[name] == value] if value else frame
    st.markdown(f"**{formatting.pluralize(len(frame), 'skill')}: what they are, and their slips**")
    for row in frame.itertuples():
        components.render_link(
            QUESTIONS_PAGE, str(row.title), ":material/school:", view.with_changes(skill=str(row.skill)).to_params()
        )
