"""Second tries, of runs that have any: how many succeed, by category, slip and what was said; whether it lasts; who gives way."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from studentsim.store.database import Database
from studentsim.ui import components, data, glossary, words
from studentsim.ui.charts import CONFIG
from studentsim.ui.charts import teaching as pictures
from studentsim.ui.drawn import drawn
from studentsim.ui.shell import ANSWERS
from studentsim.ui.teaching import names, sentences, tries
from studentsim.ui.teaching.tries import Tries
from studentsim.ui.titles import skill_title, slip_title
from studentsim.ui.weaknesses.data import View
from studentsim.ui.weaknesses.findings import order
from studentsim.ui.weaknesses.place import Place

SHARE_COLUMNS = {
    "name": "what", "mended": "mended", "tried": "tried again", "share": "share mended", "low": "95 % from", "high": "95 % to",
}  # fmt: skip
BESIDE_COLUMNS = {
    "name": "what", "count": "how many", "of": "of", "share": "share", "low": "95 % from", "high": "95 % to",
}  # fmt: skip
BESIDE = {"mended": "wrong, and mended after true words", "gave way": "right, and given up after a false “wrong”"}


def section(engine: data.Engine, shown: View, place: Place) -> None:
    """All of it for the run, and for an opened category or kind of question what there is of it; nothing without further tries."""
    if names.of(shown.config).attempts < 2:
        return
    found = _tries(engine.database, str(engine.folder), shown.run.run_id, shown.run.last_seq)
    here = found.within(place.category, place.skill)
    st.subheader("Second tries: what does the student mend itself?", anchor=False, help=glossary.help("second-try"))
    if here.empty:
        st.markdown(_nothing(place))
    else:
        _mended(here, place, shown.found.label)
        _ways_on(place)
    if place.up is None:
        _false_wrong(found, place)
        if found.tried:
            st.markdown("**Does it last?**")
            st.markdown(words.literal(sentences.lasting(found.lasting)))
            if len(found.lasting):
                st.caption(sentences.CAVEAT)


@st.cache_data(max_entries=16, show_spinner=False)
def _tries(_database: Database, folder: str, run_id: str, last_seq: int) -> Tries:
    """``last_seq`` grows with every event, so no entry can be stale."""
    return tries.gather(_database, [run_id])


def _nothing(place: Place) -> str:
    return (
        sentences.NOBODY if place.up is None else "No question of this kind was got wrong and tried again in practice."
    )


def _mended(here: pd.DataFrame, place: Place, label: Callable[[str], str]) -> None:
    """Success by category (or kind of question), by slip, and by what was said."""
    found = Tries(here, here.iloc[:0], here.iloc[:0])
    st.markdown(words.literal(sentences.mended(found)))
    groups = by_group(here, place, label)
    key = f"weaknesses.tries.{place.run}.{place.category}.{place.skill}"
    if len(groups) > 1:
        figure = drawn(pictures.shares, groups, names=list(groups.name), revision=key)
        alt = "; ".join(
            f"{r.name_}: {r.mended} of {r.tried}" for r in groups.rename(columns={"name": "name_"}).itertuples()
        )
        _bars(figure, key=key, alt=alt)
        st.caption(f"Right in the end, of 100 tried again, with 95 % intervals. {sentences.few(groups)}")
    for said in (sentences.words_said(tries.by_said(here)), sentences.repeated(here)):
        if said:
            st.markdown(words.literal(said))
    fold = st.expander("By slip, and the numbers behind this", key=f"{key}.fold", on_change="rerun")
    if fold.open:
        with fold:
            _tables(groups, here, key)


def by_group(here: pd.DataFrame, place: Place, label: Callable[[str], str] = str) -> pd.DataFrame:
    """Second tries by category, within one by kind of question, within that by slip: ``tried, mended, share, low, high, name``."""
    if place.category:
        by, title = ("misconception", slip_name) if place.skill else ("skill", skill_title)
        found = tries.rates(here, by)
        return found.assign(name=found[by].map(title))
    found = tries.rates(here, "category").set_index("category")
    return found.loc[order(list(found.index))].reset_index().assign(name=lambda f: f.category.map(label))


def by_slip(here: pd.DataFrame) -> pd.DataFrame:
    """The same by the slip behind the first answer, the most frequent first."""
    found = tries.rates(here, "misconception")
    return found.assign(name=found.misconception.map(slip_name))


def slip_name(slip: str) -> str:
    """A slip in words; ``no known slip`` for those without."""
    return slip_title(slip) if slip else "no known slip"


def _tables(groups: pd.DataFrame, here: pd.DataFrame, key: str) -> None:
    slips, said = by_slip(here), tries.by_said(here)
    for title, frame, name in (
        ("By slip behind the first answer", slips, "slips"),
        ("By category or kind of question", groups, "groups"),
        ("By what was said", said.assign(name=said.said), "said"),
    ):
        st.markdown(f"**{title}**")
        table = frame[list(SHARE_COLUMNS)].round(3).rename(columns=SHARE_COLUMNS)
        st.dataframe(table, width="stretch", hide_index=True, key=f"{key}.{name}")
        components.csv(table, f"second-tries-{name}", key=f"{key}.{name}")
    st.caption(f"A share of fewer than {tries.FEW} says little; its interval shows how little.")


def _false_wrong(found: Tries, place: Place) -> None:
    """Giving way to a false "wrong" beside mending after a true one; nothing where no right answer was called wrong."""
    if not found.doubted:
        return
    st.markdown("**Does it give way to a false “wrong”?**", help=glossary.help("giving-way"))
    st.markdown(words.literal(" ".join(filter(None, [sentences.gave_way(found), sentences.beside(found)]))))
    rows = tries.beside(found)
    rows = rows.assign(name=rows.what.map(BESIDE))
    key = f"weaknesses.beside.{place.run}"
    figure = drawn(
        pictures.shares, rows, names=list(rows.name), count="count", of="of", wrong=[i for i, w in enumerate(rows.what) if w == "gave way"],
        title="changed its answer, of 100", revision=key,
    )  # fmt: skip
    alt = "; ".join(f"{r.what}: {r.count_} of {r.of}" for r in rows.rename(columns={"count": "count_"}).itertuples())
    _bars(figure, key=key, alt=alt)
    components.numbers(rows, key=key, columns=BESIDE_COLUMNS)


def _ways_on(place: Place) -> None:
    where = {"run": place.run, "phase": "revision", "category": place.category, "skill": place.skill}
    st.page_link(
        ANSWERS,
        label="Read these second tries",
        icon=":material/forum:",
        query_params={k: v for k, v in where.items() if v},
    )


def _bars(figure: go.Figure, *, key: str, alt: str) -> None:
    """Few bars, without Plotly's tools; their height is kept free before they are drawn."""
    config = {**CONFIG, "displayModeBar": False}
    st.plotly_chart(figure, width="stretch", height=figure.layout.height, key=key, config=config, alt=alt)
