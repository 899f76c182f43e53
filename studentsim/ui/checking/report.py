"""What was found, from the sentence down to the numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from studentsim.bank.check import KINDS
from studentsim.bank.parts import SEPARATOR
from studentsim.ui import banks, components, words
from studentsim.ui.charts.letters import shares
from studentsim.ui.checking import sentences
from studentsim.ui.checking.choose import Asked
from studentsim.ui.checking.listing import listing
from studentsim.ui.checking.sentences import Report
from studentsim.ui.shell import NEW


def report(asked: Asked, found: Report) -> None:
    """All of it."""
    st.header(words.literal(words.capital(f"{found['title']}: {sentences.opening(found)}")), anchor=False)
    st.markdown(f"{words.literal(sentences.holds(found))} {sentences.options(found)}")
    for told in (sentences.recognised(found), sentences.topics(found)):
        if told:
            st.caption(words.literal(told))
    _onwards(asked, found)
    if found["doubtful_rows"]:
        _doubtful(found)
    else:
        st.caption(f"Looked for: {'; '.join(KINDS.values())}.")
    if told := sentences.annotation(found):
        st.markdown(told)
    listing(found, asked.title)
    if found["questions"]:
        _pictures(found)


def _onwards(asked: Asked, found: Report) -> None:
    if asked.source != "curriculum":
        st.caption(
            "The embedded student knows the built-in curriculum alone: these questions are for a language model."
        )
    if asked.files:
        st.caption(
            "To practise with these questions, keep the file on this computer and give its path in New simulation."
            + (
                f" Several paths are joined with “{words.literal(SEPARATOR)}” between them."
                if len(asked.files) > 1
                else ""
            )
        )
    elif st.button("Use them in a new simulation", key="check.use", icon=":material/add_circle:"):
        banks.use(asked.source, asked.category, asked.set_name)
        st.switch_page(NEW)
    unreadable = found["by_kind"]["unreadable"] + found["by_kind"]["key"]
    if unreadable:
        st.warning(
            f"{words.plural(unreadable, 'row')} can't be asked at all. A simulation takes this bank only with “Leave out "
            "doubtful rows” switched on, or once they are mended.", icon=":material/warning:",
        )  # fmt: skip


def _doubtful(found: Report) -> None:
    st.subheader("What is doubtful?", anchor=False)
    counts = {kind: count for kind, count in found["by_kind"].items() if count}
    rows = [
        (words.capital(KINDS[kind]), f"{count:,}", f"{100 * count / found['rows']:.1f}")
        for kind, count in counts.items()
    ]
    # a plain table: its words wrap on a phone
    st.table(pd.DataFrame(rows, columns=["what", "rows", "of 100 rows"]).set_index("what"))
    if told := sentences.by_value(found):
        st.caption(told)
    if none := [KINDS[kind] for kind in KINDS if kind not in counts]:
        st.caption(f"Also looked for, and not found: {'; '.join(none)}.")


def _pictures(found: Report) -> None:
    total = found["questions"]
    left, right = st.columns(2, gap="medium")
    with left:
        counts = {one["letter"]: one["right"] for one in found["letters"]}
        options: Mapping[str, int] = found["option_counts"]
        even = sum(count / int(number) for number, count in options.items()) / total
        _picture(
            "Is one letter right more often?", counts, total, "letters", "always ticking it scores, of 100", even=even
        )
        st.caption(sentences.letters(found))
        if told := sentences.sizes(found):
            st.caption(told)
    with right:
        _picture("What are they about?", found["categories"], total, "categories", "of 100 questions")


def _picture(
    question: str, counts: Mapping[str, int], total: int, name: str, axis: str, *, even: float | None = None
) -> None:
    frame = pd.DataFrame({"name": list(counts), "questions": list(counts.values())})
    frame["share"] = (100 * frame.questions / total).round(1)
    components.picture(
        question, shares(list(counts), list(counts.values()), total=total, even=even, axis=axis), frame, key=f"check.{name}",
        alt=f"{question} " + ", ".join(f"{label} {count:,}" for label, count in counts.items()),
        columns={"name": name, "questions": "questions", "share": axis},
    )  # fmt: skip
