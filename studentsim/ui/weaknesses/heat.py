"""Where the weaknesses are: categories by exam, opened into kinds of question, opened into what was ticked and the slips."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from studentsim.ui import category_names, charts, components, glossary, words
from studentsim.ui.drawn import drawn
from studentsim.ui.shell import ANSWERS, WEAKNESSES
from studentsim.ui.titles import skill_title, slip_title
from studentsim.ui.weak import known_to
from studentsim.ui.weaknesses import sentences
from studentsim.ui.weaknesses.data import View
from studentsim.ui.weaknesses.findings import Findings, order
from studentsim.ui.weaknesses.place import Place

HEAT_COLUMNS = {
    "name": "what", "turn": "lessons so far", "correct": "right", "questions": "questions", "accuracy": "share right",
    "low": "95 % from", "high": "95 % to",
}  # fmt: skip
HATCHED = "; hatched and as a fraction where there are fewer than 10"
TICKED_COLUMNS = {"turn": "lessons so far", "name": "ticked", "answers": "answers"}


def section(shown: View, place: Place) -> None:
    """The map at the depth that the place asks for, with the ways in and out."""
    if place.skill:
        _skill(shown, place)
    else:
        _map(shown, place)


def trail(found: Findings, place: Place) -> None:
    """The way back: a link for each level above this one."""
    if place.up is None:
        return
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        st.page_link(WEAKNESSES, label="All categories", icon=":material/arrow_back:", query_params=place.whole.link)
        if place.skill:
            up = place.up.link
            st.page_link(
                WEAKNESSES,
                label=words.literal(words.capital(found.label(place.category))),
                icon=":material/chevron_right:",
                query_params=up,
            )


def _map(shown: View, place: Place) -> None:
    """Categories, or a category's kinds of question, by exam. A click on a cell opens it; so does a link below."""
    found, deep = shown.found, bool(place.category)
    frame = found.skills[found.skills.category == place.category] if deep else found.categories
    rows = _weakest_first(found.in_last(frame)) if deep else order(list(frame.row.unique()))
    names = {row: skill_title(row) if deep else found.label(row) for row in rows}
    st.subheader(
        f"Which kinds of question are still weak in {words.literal(found.title(place.category))}?"
        if deep
        else "Which categories are still weak?",
        anchor=False,
        help=glossary.help("skill" if deep else "category"),
    )
    revision = f"{place.run}-{place.category}"
    figure = drawn(charts.category_heatmap, frame, rows=rows, names=names, revision=revision, turns=found.turns)
    key = f"weaknesses.map.{place.run}.{place.category}"
    alt = f"Share right by {'kind of question' if deep else 'category'} and exam. {_in_words(found.in_last(frame), names)}"
    st.plotly_chart(
        figure, width="stretch", height=figure.layout.height, key=key, config=charts.CONFIG, alt=alt, selection_mode="points",
        on_select=lambda: _open_cell(key, place),
    )  # fmt: skip
    st.caption(
        f"Each cell: right of 100 questions{known_to(frame)}{HATCHED if charts.hatched(frame[frame.row.isin(rows)]) else ''}. "
        "Touch a cell, or choose below, to open it." + ("" if deep else f" {category_names.unclear(rows)}")
    )
    _ways_in(found.in_last(frame), names, place)
    components.numbers(frame.assign(name=frame.row.map(names)), key=key, columns=HEAT_COLUMNS)


def _open_cell(key: str, place: Place) -> None:
    """The callback of a click: the cell's place becomes the link."""
    points = st.session_state[key].selection.points
    if points:
        row, turn, *_ = points[0]["customdata"]
        st.query_params.from_dict(_within(place, str(row)).to(lesson=str(turn)).link)


def _within(place: Place, row: str) -> Place:
    """One level deeper; rows of no named skill have nothing below them."""
    return place.to(skill=row) if place.category else place.to(category=row)


def _ways_in(last: pd.DataFrame, names: dict[str, str], place: Place) -> None:
    """The same as links, weakest first: for a keyboard, a phone, or a new tab."""
    known = category_names.are_mathqas(last.row)
    with st.container(horizontal=True, gap="small"):
        for row in last.sort_values(["accuracy", "questions"]).itertuples():
            score = words.score(int(row.correct), int(row.questions))
            label = f"{words.shortened(names[row.row], words.LINE - len(score) - 2)}: {score}"
            whole = "" if label.startswith(names[row.row]) else names[row.row]
            st.page_link(
                WEAKNESSES, label=words.literal(label), icon=":material/search:", query_params=_within(place, str(row.row)).link,
                help=words.literal(whole) or (category_names.about(str(row.row)) if known else None),
            )  # fmt: skip


def _weakest_first(last: pd.DataFrame) -> list[str]:
    return [str(row) for row in last.sort_values(["accuracy", "questions", "row"]).row]


def _in_words(last: pd.DataFrame, names: dict[str, str]) -> str:
    told = [f"{names[r.row]} {int(r.correct)} of {int(r.questions)}" for r in last.sort_values("accuracy").itertuples()]
    return f"Last exam: {', '.join(told)}."


# ------------------------------------------------------------------ one kind of question


def _skill(shown: View, place: Place) -> None:
    """What one kind of question drew, exam by exam, and the way to its wrong answers."""
    found = shown.found
    st.subheader("What was ticked on these questions?", anchor=False)
    frame, names = outcomes(found, place.skill)
    key = f"weaknesses.ticked.{place.run}.{place.skill}"
    figure = drawn(charts.ticked, frame, names=names, revision=f"{place.run}-{place.skill}")
    titles = {outcome: name for outcome, name, _ in names}
    alt = "; ".join(f"{titles[r.outcome]}: {r.answers}" for r in frame[frame.turn == found.last].itertuples())
    st.plotly_chart(
        figure, width="stretch", height=figure.layout.height, key=key, config=charts.CONFIG, alt=f"Last exam. {alt}"
    )
    lesson = _exam(found, place)
    wrong = _wrong(found, place.skill, lesson)
    if wrong:
        count = "its one wrong answer" if wrong == 1 else f"the {wrong} wrong answers"
        label = f"Read {count} {sentences.after(lesson)}"
        st.page_link(
            ANSWERS, label=label, icon=":material/menu_book:", query_params=place.to(slip="").answers(lesson=lesson)
        )
    else:
        st.caption(f"No wrong answer on these questions in the exam {sentences.after(lesson)}.")
    components.numbers(frame.assign(name=frame.outcome.map(titles)), key=key, columns=TICKED_COLUMNS)


def _exam(found: Findings, place: Place) -> int:
    """Which exam's answers the links lead to: the link's, else the last; a choice becomes the link."""
    lesson = int(place.lesson or found.last)
    key = f"weaknesses.lesson.{place.run}.{place.skill}.{lesson}"
    st.selectbox(
        "Answers of the exam", found.turns, index=found.turns.index(lesson), format_func=sentences.after, key=key, width=240,
        on_change=lambda: st.query_params.from_dict(place.to(lesson=str(st.session_state[key])).link),
    )  # fmt: skip
    return lesson


def outcomes(found: Findings, skill: str) -> tuple[pd.DataFrame, list[tuple[str, str, str]]]:
    """``turn, outcome, answers`` of one skill, and each outcome's id, name and kind: right, its slips, another wrong option, nothing."""
    totals = found.skills[found.skills.row == skill].set_index("turn")
    made = found.made[found.made.skill == skill]
    silent = found.silent("skill", skill)
    parts = {
        "right": totals.correct,
        **{slip: rows.set_index("turn").made for slip, rows in made.groupby("misconception")},
    }
    rest = totals.questions - sum(part.reindex(totals.index).fillna(0) for part in parts.values())
    parts |= {"other": rest - silent.reindex(totals.index).fillna(0), "nothing": silent}
    names = [
        ("right", "right", "right"),
        *((slip, slip_title(slip), "slip") for slip in parts if slip in set(made.misconception)),
    ]
    names += [("other", "another wrong option", "other"), ("nothing", "nothing ticked", "nothing")]
    rows = [
        (int(turn), outcome, int(part.reindex(totals.index).fillna(0)[turn]))
        for outcome, part in parts.items()
        for turn in totals.index
    ]
    return pd.DataFrame(rows, columns=["turn", "outcome", "answers"]), names


def _wrong(found: Findings, skill: str, lesson: int) -> int:
    row = found.skills[(found.skills.row == skill) & (found.skills.turn == lesson)]
    return int((row.questions - row.correct).sum())
