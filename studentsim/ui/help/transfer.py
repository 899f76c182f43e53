"""Help: what practice of one category does for it and for the others, from the matrices that come with the product."""

from __future__ import annotations

import streamlit as st

from studentsim.transfer.matrix import Matrix, recorded
from studentsim.ui import category_names, charts, components, words
from studentsim.ui import transfer as said
from studentsim.ui.drawn import drawn

TITLE = "What is practised is what is learnt"
COMMAND = "python -m studentsim transfer --student balanced --picture transfer.html"


def link() -> str:
    """The way to this section, for the page's list of sections; blank where nothing is shown."""
    return f"[{TITLE[:1].lower()}{TITLE[1:]}](#transfer), " if shown() else ""


def shown() -> list[Matrix]:
    """The recorded matrices with rehearsal, which are how runs are made; the first is drawn."""
    return [matrix for matrix in recorded() if said.rehearsal(matrix) > 0]


def transfer() -> None:
    """The picture of the first matrix, and in words what it and the others say; nothing where none comes with the product."""
    matrices = shown()
    if not matrices:
        return
    first, *rest = matrices
    more = [matrix for matrix in rest if matrix.alike(first, "seed")]
    st.header(TITLE, anchor="transfer")
    named = said.by_content(first)
    st.markdown(words.literal(said.summary(first, named)))
    labels = {category: category_names.label(category, first.categories) for category in first.categories}
    frame = said.frame(first).replace({"practised": labels, "examined": labels})
    components.picture(
        "How many more of 100 does it answer rightly?",
        drawn(charts.transfer, frame, categories=tuple(labels.values())),
        frame,
        key="help.transfer",
        alt=" ".join(said.verdict(first, category, named) for category in first.categories),
        columns=said.COLUMNS,
    )
    plain = [m for m in recorded() if said.rehearsal(m) == 0 and _alike_otherwise(m, first)]
    told = [said.about(first), said.METHOD, said.seeds(more), category_names.unclear(first.categories)]
    st.caption(words.literal(" ".join(sentence for sentence in told if sentence)))
    if plain:
        st.markdown(words.literal(said.contrast(plain[0])))
    st.markdown("To measure it on another student, or on questions of your own (`--bank`), from the command line:")
    st.code(COMMAND, language=None, wrap_lines=True)


def _alike_otherwise(one: Matrix, other: Matrix) -> bool:
    """Whether two matrices differ in seed and rehearsal at most: another learning rate, say, would be a reason of its own."""
    ways = [{**m.config.get("learning", {}), "rehearsal": 0} for m in (one, other)]
    return one.alike(other, "seed", "learning") and ways[0] == ways[1]
