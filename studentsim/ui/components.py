"""Page elements that recur: an error, an answer, a figure with its data, a run in a list, the Start button."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any, Literal

import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from studentsim.errors import StudentsimError
from studentsim.labels import formatting
from studentsim.labels.titles import misconception_title
from studentsim.narration import run_summary
from studentsim.store.export import escape_formula_cells
from studentsim.ui import charts, literal
from studentsim.ui.cards import RunCard
from studentsim.ui.device import is_phone
from studentsim.ui.scroll_into_view import scroll_to_top

_CORRECT_BADGE = ("right", ":material/check:", "blue")
_WRONG_BADGE = ("wrong", ":material/close:", "orange")
_NO_ANSWER_BADGE = ("no answer", ":material/close:", "orange")
"""Label, icon and colour."""

_HAS_TITLE_KEY = "components.titled"


def render_page_title(text: str, subtitle: str = "", *, scroll_id: str = "") -> None:
    """The page's one first-level heading and a subtitle, both plain text.

    Where a page shows different things (a run, one of its categories), ``scroll_id`` names the one shown: each begins at its top.
    """
    st.session_state[_HAS_TITLE_KEY] = True
    with st.container(gap=None):
        if scroll_id:
            scroll_to_top(scroll_id)
        st.title(formatting.escape_markdown(text), anchor=False)
    if subtitle:
        literal.caption(subtitle)


def reset_title() -> None:
    """Forget the last page's heading; at the start of each page."""
    st.session_state[_HAS_TITLE_KEY] = False


def has_title() -> bool:
    """Whether the page has its heading; an error before it still needs one."""
    return bool(st.session_state.get(_HAS_TITLE_KEY))


def render_error(error: StudentsimError, *, details: str = "") -> None:
    """The problem and the remedy, with ``details`` in an expander."""
    st.error(
        f"**{formatting.escape_markdown(error.problem)}** {formatting.escape_markdown(error.remedy)}",
        icon=":material/error:",
    )
    if details:
        with st.expander("Details"):
            literal.code(details)


def render_empty_state(message: str, *, page: str, label: str) -> None:
    """What is missing, and a link to where it can be had."""
    st.info(message, icon=":material/info:")
    literal.link(page, label, ":material/arrow_forward:")


def render_status_badge(status: str) -> None:
    """A run's status in words, with colour and icon."""
    text, color, icon = formatting.status_display(status)
    st.badge(text, color=color, icon=icon)  # type: ignore[arg-type]


def render_recorded_badge(label: str) -> None:
    """That a run is a bundled recording (``RunCard.recorded_label``); nothing for a blank label."""
    if label:
        st.badge(formatting.escape_markdown(label), color="gray", icon=":material/history:")


INTERVAL_COLUMNS = {"ci_low": "95 % from", "ci_high": "95 % to"}
SCORE_COLUMNS = {"correct": "right", "questions": "questions", "accuracy": "share right", **INTERVAL_COLUMNS}
"""Headings of an interval's columns, and of a score's."""

LINK_ROW_HEIGHT_PX, FIELD_ROW_HEIGHT_PX = 40, 68
"""Heights of a row of page links, and of fields with a label above them."""


def reserve_row_height(height: int) -> None:
    """Give a horizontal container its final ``height`` (pixels) at once, so that nothing jumps when its elements arrive.

    Call it last within the container. Not on a phone, where rows break into lines.
    """
    if not is_phone():
        st.container(height=height, width=1, border=False)


def row(gap: Literal["xsmall", "small", "medium"], **layout: Any) -> DeltaGenerator:
    """A horizontal container of elements of different heights."""
    return st.container(horizontal=True, vertical_alignment="center", gap=gap, **layout)


@contextmanager
def reserved_row(height: int, **layout: Any) -> Iterator[None]:
    """A horizontal container of that final ``height`` (``reserve_row_height``)."""
    with st.container(horizontal=True, **layout):
        yield
        reserve_row_height(height)


def link_row(**layout: Any) -> AbstractContextManager[None]:
    """A row of page links."""
    return reserved_row(LINK_ROW_HEIGHT_PX, vertical_alignment="center", **layout)


def field_row() -> AbstractContextManager[None]:
    """A row of fields with labels."""
    return reserved_row(FIELD_ROW_HEIGHT_PX, vertical_alignment="top", gap="small")


def render_step_link(page: str, label: str, icon: str, query: Mapping[str, str] | None, *, key: str) -> None:
    """A link to the previous or next item; disabled where ``query`` is None."""
    if query is None:  # a disabled page link is too pale to be read
        st.button(label, icon=icon, key=key, type="tertiary", disabled=True)
    else:
        literal.link(page, label, icon, dict(query))


def render_misconception_link(
    page: str, misconception: str, count: int, query: Mapping[str, str], *, icon: str = ""
) -> None:
    """A link from a misconception to the ``count`` answers that show it."""
    render_link(page, f"{count:,} × {misconception_title(misconception)}", icon, query)


def render_link(page: str, label: str, icon: str, query: Mapping[str, str]) -> None:
    """A link whose plain-text ``label`` may be long: page links do not wrap, so it is shortened, with the whole of it as help."""
    short = formatting.shorten_label(label)
    whole = None if short == label else formatting.escape_markdown(label)
    literal.link(page, short, icon, dict(query), help=whole)


def render_csv_download(frame: pd.DataFrame, file_stem: str, *, key: str) -> None:
    """A button that downloads ``frame`` as ``<file_stem>.csv``, texts that look like formulas escaped."""
    st.download_button(
        "Download as CSV",
        escape_formula_cells(frame).to_csv(index=False).encode(),
        file_name=f"{file_stem}.csv",
        mime="text/csv",
        key=f"{key}.csv",
        on_click="ignore",
        icon=":material/download:",
    )


def render_figure(
    question: str, figure: go.Figure, frame: pd.DataFrame, *, key: str, alt: str, columns: Mapping[str, str]
) -> None:
    """A figure under the question it answers, with its data in an expander.

    ``columns`` maps the data's columns to headings; ``key`` must be stable. Zoom survives refreshes in which the figure does not
    change; Streamlit 1.67 remounts a changed one (its pull request 16052 would honour ``uirevision``).
    """
    literal.subheader(question)
    render_chart(figure, key=key, alt=alt)
    render_figure_data(frame, key=key, columns=columns)


def render_chart(figure: go.Figure, *, key: str, alt: str, mode_bar: bool | str = "hover", **options: Any) -> None:
    """A figure at its container's width; its height is reserved before it is rendered."""
    config = {**charts.PLOTLY_CONFIG, "displayModeBar": mode_bar}
    st.plotly_chart(figure, width="stretch", height=figure.layout.height, key=key, config=config, alt=alt, **options)


def render_figure_data(frame: pd.DataFrame, *, key: str, columns: Mapping[str, str]) -> None:
    """A figure's data as table and CSV, in an expander."""
    render = partial(render_table, key=key, table_key=f"{key}.table")
    render_folded("Numbers behind this", f"{key}.numbers", render, frame, columns, key.replace(".", "-"))


def render_folded(label: str, key: str, render: Callable[..., None], *args: Any) -> None:
    """An expander, in which ``render(*args)`` is called only while it is open."""
    expander = st.expander(label, key=key, on_change="rerun")
    if expander.open:
        with expander:
            render(*args)


def render_table(
    frame: pd.DataFrame, columns: Mapping[str, str], file_stem: str, *, key: str, table_key: str = ""
) -> None:
    """Those of ``columns`` that ``frame`` has, under their headings, and a button that downloads them as CSV."""
    table = frame[[c for c in columns if c in frame]].rename(columns=dict(columns))
    st.dataframe(table, width="stretch", hide_index=True, key=table_key or key)
    render_csv_download(table, file_stem, key=key)


def render_grade_badge(row: Mapping[str, Any]) -> None:
    """Whether an answer (a row of ``queries.fetch_latest_answers``) is right, wrong or missing, by the key."""
    label, icon, color = _CORRECT_BADGE if row["is_correct"] else _WRONG_BADGE if row["letter"] else _NO_ANSWER_BADGE
    st.badge(label, icon=icon, color=color)  # type: ignore[arg-type]


def render_answer_card(row: Mapping[str, Any], categories: Iterable[str], *, key: str = "") -> None:
    """One answer (a row of ``queries.fetch_latest_answers``) as a card; its texts are shown literally, never as markdown.

    Long texts are cut, and whole in an expander. ``categories`` are all of the run's; ``key`` distinguishes cards of different runs.
    """
    problem, reply = row["problem"], row["text"].strip() or "(nothing)"
    truncated = [formatting.truncate_text(text) for text in (problem, reply)]
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            render_grade_badge(row)
            literal.caption(run_summary.answer_context_label(row, categories), width="content")
        st.text(truncated[0])
        literal.code(truncated[1])
        st.text(run_summary.describe_answer(row))
        if truncated != [problem, reply]:

            def render_whole() -> None:
                st.text(problem)
                literal.code(reply)

            render_folded("All of it", f"answer.{key}.{row['seq']}", render_whole)


def render_run_row(run: RunCard, *, page: str) -> None:
    """One run in a list: title, linked to ``page``, progress, last exam and status."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="content", gap="xsmall"):
            literal.link(page, run.title, ":material/visibility:", {"run": run.run_id})
            lessons = f"lesson {run.turn} of {run.turns}" if run.turn else f"before lesson 1 of {run.turns}"
            details = [
                f"seed {run.seed}",
                lessons,
                run.exam_label,
                formatting.format_time_ago(time.time() - run.started_at),
                run.student_version,
            ]
            literal.caption(" · ".join(filter(None, details)) if run.config else "")
            render_run_problem(run)
        render_recorded_badge(run.recorded_label)
        render_status_badge(run.status)


def render_run_problem(run: RunCard) -> None:
    """What is wrong with a run and what can be done, or why it waits; nothing for neither."""
    literal.warning(run.problem, icon=formatting.status_display(run.status)[2])


def render_checklist(steps: Sequence[tuple[str, bool]]) -> None:
    """``steps`` with whether each is done; the first that is not is shown as in progress."""
    current = next((i for i, (_, done) in enumerate(steps) if not done), len(steps))
    for i, (text, done) in enumerate(steps):
        icon = ":material/check_circle:" if done else ":material/pending:" if i == current else ":material/circle:"
        st.markdown(f"{icon} {text}")


def render_confirmation(
    confirm: str, refuse: str, icon: str, key: str, refuse_key: str, on_confirm: Callable[..., None], *args: Any
) -> None:
    """A dialog's two buttons; either closes it, the first calls ``on_confirm``."""
    with st.container(horizontal=True):
        if st.button(confirm, type="primary", icon=icon, key=key, on_click=on_confirm, args=args):
            st.rerun()
        if st.button(refuse, key=refuse_key):
            st.rerun()


def render_start_button(
    label: str,
    start: Callable[[str], str],
    *,
    key: str,
    disabled: bool = False,
    width: int | Literal["content"] = "content",
    type: Literal["primary", "secondary"] = "primary",
    icon: str = ":material/play_arrow:",
) -> str | None:
    """A button that calls ``start`` with a token and returns its result; None while it is not pressed.

    The token is idempotent: it stays the same until the script runs without a press, since a double click arrives as two script
    runs that both see the button pressed.
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
