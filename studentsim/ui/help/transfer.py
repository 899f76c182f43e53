"""Help: what practice of one category does for it and for the others, from the bundled matrices."""

from __future__ import annotations

import streamlit as st

from studentsim.analysis import transfer_summary
from studentsim.labels import category_names, formatting
from studentsim.transfer.matrix import TransferMatrix, load_bundled_matrices
from studentsim.ui import charts, components, literal
from studentsim.ui.figure_cache import cached_figure

SECTION_TITLE = "What is practised is what is learnt"
TRANSFER_COMMAND = "python -m studentsim transfer --student balanced --picture transfer.html"


def section_link() -> str:
    """A markdown link to this section, for the page's list of sections; blank where there is no matrix."""
    return f"[{formatting.lowercase_first(SECTION_TITLE)}](#transfer), " if rehearsal_matrices() else ""


def rehearsal_matrices() -> list[TransferMatrix]:
    """The bundled matrices with rehearsal, which is the runs' default; the first has the figure."""
    return [matrix for matrix in load_bundled_matrices() if transfer_summary.rehearsal_strength(matrix) > 0]


def render_transfer() -> None:
    """The first matrix as a figure, and sentences on all of them; nothing where none is bundled."""
    matrices = rehearsal_matrices()
    if not matrices:
        return
    first, *rest = matrices
    other_seeds = [matrix for matrix in rest if matrix.has_same_settings(first, "seed")]
    st.header(SECTION_TITLE, anchor="transfer")
    name_category = transfer_summary.inline_category_namer(first)
    literal.markdown(transfer_summary.describe_transfer(first, name_category))
    labels = {category: category_names.category_label(category, first.categories) for category in first.categories}
    frame = transfer_summary.transfer_frame(first).replace({"practised": labels, "examined": labels})
    components.render_figure(
        "How many more of 100 does it answer rightly?",
        cached_figure(charts.transfer_figure, frame, categories=tuple(labels.values())),
        frame,
        key="help.transfer",
        alt=" ".join(
            transfer_summary.describe_category_transfer(first, category, name_category) for category in first.categories
        ),
        columns=transfer_summary.TRANSFER_COLUMN_TITLES,
    )
    without_rehearsal = [
        matrix
        for matrix in load_bundled_matrices()
        if transfer_summary.rehearsal_strength(matrix) == 0 and _differ_only_in_rehearsal(matrix, first)
    ]
    notes = [
        transfer_summary.describe_matrix_setup(first),
        transfer_summary.METHOD_NOTE,
        transfer_summary.describe_other_seeds(other_seeds),
        category_names.explain_category_names(first.categories),
    ]
    literal.caption(" ".join(sentence for sentence in notes if sentence))
    if without_rehearsal:
        literal.markdown(transfer_summary.describe_without_rehearsal(without_rehearsal[0]))
    st.markdown("To measure it on another student, or on questions of your own (`--bank`), from the command line:")
    literal.code(TRANSFER_COMMAND)


def _differ_only_in_rehearsal(matrix: TransferMatrix, other: TransferMatrix) -> bool:
    """Whether two matrices differ in seed and rehearsal at most, so that no other setting explains their difference."""
    dpo, other_dpo = ({**m.config.get("dpo", {}), "rehearsal": 0} for m in (matrix, other))
    return matrix.has_same_settings(other, "seed", "dpo") and dpo == other_dpo
