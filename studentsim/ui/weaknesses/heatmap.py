"""The heatmap of categories by exam, of one category's skills, and the outcomes of one skill's questions."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.analysis import accuracy_bounds
from studentsim.analysis.findings import ExamFindings, order_categories
from studentsim.analysis.last_exam import margin_of_error_note
from studentsim.analysis.weakness_selection import WeaknessesSelection
from studentsim.labels import category_names, formatting
from studentsim.labels.titles import misconception_title, skill_title
from studentsim.narration.run_summary import exam_time_label
from studentsim.ui import charts, components, literal
from studentsim.ui.figure_cache import cached_figure
from studentsim.ui.layout import ANSWERS_PAGE, WEAKNESSES_PAGE
from studentsim.ui.weaknesses.data import WeaknessesView

HEATMAP_COLUMNS = {"name": "what", "turn": "lessons so far", **components.SCORE_COLUMNS}
HATCHED_NOTE = "; hatched and as a fraction where there are fewer than 10"
OUTCOME_COLUMNS = {"turn": "lessons so far", "name": "ticked", "answers": "answers"}


def render_heatmap(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """The heatmap, or the outcomes of the selected skill."""
    if selection.skill:
        _render_skill(view, selection)
    else:
        _render_map(view, selection)


def render_breadcrumbs(findings: ExamFindings, selection: WeaknessesSelection) -> None:
    """A link to each level above the selection."""
    if selection.parent is None:
        return
    with components.row("small"):
        literal.link(WEAKNESSES_PAGE, "All categories", ":material/arrow_back:", selection.run_only.params)
        if selection.skill:
            parent_params = selection.parent.params
            literal.link(
                WEAKNESSES_PAGE,
                formatting.capitalize_first(findings.category_label(selection.category)),
                ":material/chevron_right:",
                parent_params,
            )


def _render_map(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """Categories, or a category's skills, by exam. A click on a cell or the link below it selects the row."""
    findings, is_by_skill = view.findings, bool(selection.category)
    frame = findings.skills[findings.skills.category == selection.category] if is_by_skill else findings.categories
    rows = (
        _rows_by_accuracy(findings.in_last_exam(frame)) if is_by_skill else order_categories(list(frame.row.unique()))
    )
    names = {row: skill_title(row) if is_by_skill else findings.category_label(row) for row in rows}
    if is_by_skill:
        question = f"Which kinds of question are still weak in {findings.inline_category_label(selection.category)}?"
    else:
        question = "Which categories are still weak?"
    literal.subheader(question, term="skill" if is_by_skill else "category")
    revision = f"{selection.run}-{selection.category}"
    figure = cached_figure(
        charts.category_heatmap_figure, frame, rows=rows, names=names, revision=revision, turns=findings.exam_turns
    )
    key = f"weaknesses.map.{selection.run}.{selection.category}"
    last_exam = findings.in_last_exam(frame)
    row_kind = "kind of question" if is_by_skill else "category"
    alt = f"Share right by {row_kind} and exam. {_describe_last_exam(last_exam, names)}"
    components.render_chart(
        figure, key=key, alt=alt, selection_mode="points", on_select=lambda: _open_cell(key, selection)
    )
    hatched_note = HATCHED_NOTE if accuracy_bounds.has_hatched_cells(frame[frame.row.isin(rows)]) else ""
    names_note = "" if is_by_skill else f" {category_names.explain_category_names(rows)}"
    st.caption(
        f"Each cell: right of 100 questions{margin_of_error_note(frame)}{hatched_note}. Touch a cell, or choose below, to open it."
        f"{names_note}"
    )
    _render_row_links(last_exam, names, selection)
    components.render_figure_data(frame.assign(name=frame.row.map(names)), key=key, columns=HEATMAP_COLUMNS)


def _open_cell(key: str, selection: WeaknessesSelection) -> None:
    """The callback of a click: select the cell's row and exam in the link."""
    points = st.session_state[key].selection.points
    if points:
        row, turn, *_ = points[0]["customdata"]
        st.query_params.from_dict(_select_row(selection, str(row)).with_changes(lesson=str(turn)).params)


def _select_row(selection: WeaknessesSelection, row: str) -> WeaknessesSelection:
    """The selection one level deeper: a skill within a category, else a category."""
    return selection.with_changes(skill=row) if selection.category else selection.with_changes(category=row)


def _render_row_links(last: pd.DataFrame, names: dict[str, str], selection: WeaknessesSelection) -> None:
    """A link to each row, the weakest first, for keyboards, phones and new tabs."""
    is_mathqa = category_names.are_mathqa_categories(last.row)
    with st.container(horizontal=True, gap="small"):
        for row in last.sort_values(["accuracy", "questions"]).itertuples():
            score = formatting.format_score(int(row.correct), int(row.questions))
            label = f"{formatting.shorten_label(names[row.row], formatting.MAX_LABEL_CHARS - len(score) - 2)}: {score}"
            full_name = "" if label.startswith(names[row.row]) else names[row.row]
            literal.link(
                WEAKNESSES_PAGE,
                label,
                ":material/search:",
                _select_row(selection, str(row.row)).params,
                help=formatting.escape_markdown(full_name)
                or (category_names.describe_category(str(row.row)) if is_mathqa else None),
            )


def _rows_by_accuracy(last: pd.DataFrame) -> list[str]:
    return [str(row) for row in last.sort_values(["accuracy", "questions", "row"]).row]


def _describe_last_exam(last: pd.DataFrame, names: dict[str, str]) -> str:
    scores = [
        f"{names[r.row]} {int(r.correct)} of {int(r.questions)}" for r in last.sort_values("accuracy").itertuples()
    ]
    return f"Last exam: {', '.join(scores)}."


# ------------------------------------------------------------------ one skill


def _render_skill(view: WeaknessesView, selection: WeaknessesSelection) -> None:
    """The outcomes of one skill's questions by exam, and a link to its wrong answers."""
    findings = view.findings
    literal.subheader("What was ticked on these questions?")
    frame, names = skill_outcome_frame(findings, selection.skill)
    key = f"weaknesses.ticked.{selection.run}.{selection.skill}"
    figure = cached_figure(charts.outcomes_figure, frame, names=names, revision=f"{selection.run}-{selection.skill}")
    titles = {outcome: name for outcome, name, _ in names}
    alt = "; ".join(
        f"{titles[r.outcome]}: {r.answers}" for r in frame[frame.turn == findings.last_exam_turn].itertuples()
    )
    components.render_chart(figure, key=key, alt=f"Last exam. {alt}")
    lesson = _choose_exam(findings, selection)
    wrong = _count_wrong_answers(findings, selection.skill, lesson)
    if wrong:
        count = "its one wrong answer" if wrong == 1 else f"the {wrong} wrong answers"
        label = f"Read {count} {exam_time_label(lesson)}"
        literal.link(
            ANSWERS_PAGE, label, ":material/menu_book:", selection.with_changes(slip="").answers_params(lesson=lesson)
        )
    else:
        st.caption(f"No wrong answer on these questions in the exam {exam_time_label(lesson)}.")
    components.render_figure_data(frame.assign(name=frame.outcome.map(titles)), key=key, columns=OUTCOME_COLUMNS)


def _choose_exam(findings: ExamFindings, selection: WeaknessesSelection) -> int:
    """The exam whose answers are linked: the link's, else the last. A choice writes the link."""
    lesson = int(selection.lesson or findings.last_exam_turn)
    key = f"weaknesses.lesson.{selection.run}.{selection.skill}.{lesson}"
    st.selectbox(
        "Answers of the exam", findings.exam_turns, index=findings.exam_turns.index(lesson), format_func=exam_time_label, key=key,
        width=240, on_change=lambda: st.query_params.from_dict(selection.with_changes(lesson=str(st.session_state[key])).params),
    )  # fmt: skip
    return lesson


def skill_outcome_frame(findings: ExamFindings, skill: str) -> tuple[pd.DataFrame, list[tuple[str, str, str]]]:
    """``turn, outcome, answers`` of one skill, and ``(outcome, name, kind)`` of each outcome: right, each misconception, another wrong
    option, unanswered.
    """
    totals = findings.skills[findings.skills.row == skill].set_index("turn")
    misconception_counts = findings.misconception_counts[findings.misconception_counts.skill == skill]
    unanswered = findings.count_unanswered("skill", skill)
    counts_by_outcome = {
        "right": totals.correct,
        **{name: rows.set_index("turn").made for name, rows in misconception_counts.groupby("misconception")},
    }
    other_wrong = totals.questions - sum(part.reindex(totals.index).fillna(0) for part in counts_by_outcome.values())
    counts_by_outcome |= {"other": other_wrong - unanswered.reindex(totals.index).fillna(0), "nothing": unanswered}
    names = [
        ("right", "right", "right"),
        *(
            (outcome, misconception_title(outcome), "slip")
            for outcome in counts_by_outcome
            if outcome in set(misconception_counts.misconception)
        ),
    ]
    names += [("other", "another wrong option", "other"), ("nothing", "nothing ticked", "nothing")]
    rows = [
        (int(turn), outcome, int(part.reindex(totals.index).fillna(0)[turn]))
        for outcome, part in counts_by_outcome.items()
        for turn in totals.index
    ]
    return pd.DataFrame(rows, columns=["turn", "outcome", "answers"]), names


def _count_wrong_answers(findings: ExamFindings, skill: str, lesson: int) -> int:
    row = findings.skills[(findings.skills.row == skill) & (findings.skills.turn == lesson)]
    return int((row.questions - row.correct).sum())
