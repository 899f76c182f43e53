"""Pieces of page that recur: a problem, an answer, a picture with its numbers, a run in a list, the Start button."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from studentsim.errors import StudentsimError
from studentsim.store.export import safe_cells
from studentsim.ui import charts, sentences, words
from studentsim.ui.cards import RunCard
from studentsim.ui.device import on_phone
from studentsim.ui.into_view import top_of
from studentsim.ui.titles import slip_title

RIGHT = ("right", ":material/check:", "blue")
WRONG = ("wrong", ":material/close:", "orange")
UNANSWERED = ("no answer", ":material/close:", "orange")


_TITLED = "components.titled"


def page_title(text: str, who: str = "", *, place: str = "") -> None:
    """The page's one first-level heading, and ``words.who`` under it; both are plain. Where one page has several places (a run, a category
    of it), ``place`` names the one that is shown, so that each begins at its top.
    """
    st.session_state[_TITLED] = True
    with st.container(gap=None):
        if place:
            top_of(place)
        st.title(words.literal(text), anchor=False)
    if who:
        st.caption(words.literal(who))


def no_title_yet() -> None:
    """The page begins."""
    st.session_state[_TITLED] = False


def has_title() -> bool:
    """Whether the page has its heading: where an error comes first, it still needs one."""
    return bool(st.session_state.get(_TITLED))


def problem(error: StudentsimError, *, details: str = "") -> None:
    """One sentence on what is wrong, one on what to do; the rest folded."""
    st.error(f"**{words.literal(error.problem)}** {words.literal(error.remedy)}", icon=":material/error:")
    if details:
        with st.expander("Details"):
            st.code(details, language=None, wrap_lines=True)


def nothing_here(sentence: str, *, page: str, label: str) -> None:
    """An empty state: what is missing, and the one way on."""
    st.info(sentence, icon=":material/info:")
    st.page_link(page, label=label, icon=":material/arrow_forward:")


def status_badge(status: str) -> None:
    """A run's state as words with colour and icon."""
    text, color, icon = words.status(status)
    st.badge(text, color=color, icon=icon)  # type: ignore[arg-type]


def recorded_badge(recorded: str) -> None:
    """That a run came with the product, and when it was made (``RunCard.recorded``); nothing for one made here."""
    if recorded:
        st.badge(words.literal(recorded), color="gray", icon=":material/history:")


def choose_run(runs: Sequence[RunCard], *, title: str, question: str, empty: str, page: str, home: str) -> None:
    """A results page without a run in its link: the ``runs``, each a way to ``page``; or what to do where there are none."""
    page_title(title, place=title)
    if not runs:
        nothing_here(empty, page=home, label="Start a simulation on Home")
        return
    st.markdown(question)
    for run in runs:
        run_row(run, page=page)


LINK, FIELD = 40, 68
"""Pixels of a row of page links, and of fields with a label above them."""


def keeps(height: int) -> None:
    """Keeps a horizontal container so high from the start: its elements come later, and their placeholders are of another height. To
    stand last in it; not on a phone, where rows break into lines.
    """
    if not on_phone():
        st.container(height=height, width=1, border=False)


def step(page: str, label: str, icon: str, query: Mapping[str, str] | None, *, key: str) -> None:
    """A link to the item beside; ``query`` None: there is none, and the link is switched off."""
    if query is None:  # a page link that is switched off is too pale to be read
        st.button(label, icon=icon, key=key, type="tertiary", disabled=True)
    else:
        st.page_link(page, label=label, icon=icon, query_params=dict(query))


def slip_link(page: str, slip: str, count: int, query: Mapping[str, str], *, icon: str = "") -> None:
    """The way from a slip that is named to the ``count`` answers that show it."""
    link(page, f"{count:,} × {slip_title(slip)}", icon, query)


def link(page: str, label: str, icon: str, query: Mapping[str, str]) -> None:
    """A link whose label may be longer than a narrow column: a page link does not wrap, so it is cut at a word, and whole in
    its help. ``label`` is plain text.
    """
    short = words.shortened(label)
    whole = None if short == label else words.literal(label)
    st.page_link(page, label=words.literal(short), icon=icon, query_params=dict(query), help=whole)


def csv(table: pd.DataFrame, name: str, *, key: str) -> None:
    """A button that takes a table away as ``<name>.csv``, in which no text is taken for a formula."""
    st.download_button(
        "Download as CSV", safe_cells(table).to_csv(index=False).encode(), file_name=f"{name}.csv", mime="text/csv", key=f"{key}.csv",
        on_click="ignore", icon=":material/download:",
    )  # fmt: skip


def picture(
    question: str, figure: go.Figure, frame: pd.DataFrame, *, key: str, alt: str, columns: Mapping[str, str]
) -> None:
    """A chart under the question it answers, with the numbers behind it one click away.

    ``columns`` gives the table's columns in plain words. ``key`` must be stable. Zoom survives refreshes in which the
    picture does not change; Streamlit 1.67 makes a changed one anew (its pull request 16052 would honour ``uirevision``). Its height is
    kept free before it is drawn.
    """
    st.subheader(question, anchor=False)
    st.plotly_chart(figure, width="stretch", height=figure.layout.height, key=key, config=charts.CONFIG, alt=alt)
    numbers(frame, key=key, columns=columns)


def numbers(frame: pd.DataFrame, *, key: str, columns: Mapping[str, str]) -> None:
    """The numbers behind a picture: table and CSV, made only while the fold is open."""
    fold = st.expander("Numbers behind this", key=f"{key}.numbers", on_change="rerun")
    if not fold.open:
        return
    table = frame[[c for c in columns if c in frame]].rename(columns=dict(columns))
    with fold:
        st.dataframe(table, width="stretch", hide_index=True, key=f"{key}.table")
        csv(table, key.replace(".", "-"), key=key)


def answer(row: Mapping[str, Any], categories: Iterable[str], *, key: str = "") -> None:
    """One answer (a row of ``answers``) as a card. What a question or a student wrote is shown literally, never as markdown.

    A language model may write pages: what is long is cut, and whole behind a click. ``categories`` are all of the run's;
    ``key`` tells cards of different runs apart.
    """
    problem, reply = row["problem"], row["text"].strip() or "(nothing)"
    shown = [words.beginning(text) for text in (problem, reply)]
    with st.container(border=True, gap="xsmall"):
        label, icon, color = RIGHT if row["right"] else WRONG if row["letter"] else UNANSWERED
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]
            st.caption(words.literal(sentences.where(row, categories)), width="content")
        st.text(shown[0])
        st.code(shown[1], language=None, wrap_lines=True)
        st.text(sentences.verdict(row))
        if shown != [problem, reply]:
            fold = st.expander("All of it", key=f"answer.{key}.{row['seq']}", on_change="rerun")
            if fold.open:
                with fold:
                    st.text(problem)
                    st.code(reply, language=None, wrap_lines=True)


def run_row(run: RunCard, *, page: str) -> None:
    """One run in a list: what it is, how it stands, its last exam, and the way to it."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="content", gap="xsmall"):
            st.page_link(
                page, label=words.literal(run.title), icon=":material/visibility:", query_params={"run": run.run_id}
            )
            lessons = f"lesson {run.turn} of {run.turns}" if run.turn else f"before lesson 1 of {run.turns}"
            told = [f"seed {run.seed}", lessons, run.exam, words.ago(time.time() - run.started), run.student_version]
            st.caption(words.literal(" · ".join(filter(None, told))))
        recorded_badge(run.recorded)
        status_badge(run.status)


def steps(items: Sequence[tuple[str, bool]]) -> None:
    """Steps that lead to the first answer: done ones ticked, the first that is not is under way."""
    under_way = next((i for i, (_, done) in enumerate(items) if not done), len(items))
    for i, (text, done) in enumerate(items):
        icon = ":material/check_circle:" if done else ":material/pending:" if i == under_way else ":material/circle:"
        st.markdown(f"{icon} {text}")


def start_button(
    label: str,
    start: Callable[[str], str],
    *,
    key: str,
    disabled: bool = False,
    width: int | Literal["content"] = "content",
    type: Literal["primary", "secondary"] = "primary",
    icon: str = ":material/play_arrow:",
) -> str | None:
    """A button that starts one run (or one group), however often it is clicked; what ``start`` returned once started.

    The token that makes a second click the same start is kept until the page is drawn again without a click: a double
    click arrives as two runs of this script that both see the button pressed.
    """
    token_key, used_key = f"{key}.token", f"{key}.used"
    pressed = st.button(label, type=type, icon=icon, key=key, disabled=disabled, width=width)
    if not pressed and st.session_state.pop(used_key, False):
        del st.session_state[token_key]
    token = st.session_state.setdefault(token_key, uuid.uuid4().hex)
    if not pressed:
        return None
    st.session_state[used_key] = True
    return start(token)
