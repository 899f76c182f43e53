"""The pictures of one run, packed for the browser; each is made anew only when its own figures changed."""

from __future__ import annotations

from studentsim.ui import charts, rewards, sentences
from studentsim.ui.watch import plot, practice
from studentsim.ui.watch.pulse import Snapshot


def exams(run: Snapshot, *, large: bool = False) -> bytes:
    """Exam accuracy by lesson."""

    def made() -> bytes:
        figure = charts.exam_accuracy(
            run.exams, strategy=run.config.strategy, turns=run.turns, guessing=run.guessing, revision=run.run_id
        )
        return plot.packed(figure, alt=sentences.headline(run.exams), large=large)

    return run.once(f"picture.exams.{large}", (run.seqs["exams"], run.guessing), made)


def lessons(run: Snapshot) -> bytes:
    """How the practice of each lesson went."""
    return run.once(
        "picture.lessons",
        run.seqs["turns"],
        lambda: plot.packed(
            charts.practice(run.lessons, turns=run.turns, revision=run.run_id),
            alt=practice.sentence(run.lessons, run.config.strategy, own_mix=bool(run.config.mix)),
        ),
    )


def heatmap(run: Snapshot) -> bytes:
    """Every category in every exam."""
    return run.once(
        "picture.heatmap",
        run.seqs["exams"],
        lambda: plot.packed(
            charts.category_heatmap(
                run.cells, rows=categories(run), turns=run.config.exam_turns(), revision=run.run_id
            ),
            alt=f"Right of 100 by category and exam. {sentences.headline(run.exams, run.weak)}",
        ),
    )


def categories(run: Snapshot) -> list[str]:
    """Those that the exams ask about, in the bank's order."""
    return list(dict.fromkeys(run.cells.row))


def training(run: Snapshot, view: str) -> bytes:
    """One view (a key of ``rewards.VIEWS``) of what happens while it learns."""
    return run.once(
        f"picture.training.{view}",
        (run.seqs["steps"], run.seqs["validations"]),
        lambda: plot.packed(
            charts.training(run.steps, run.validations, rewards.VIEWS[view], turns=run.turns, revision=run.run_id),
            alt=rewards.sentence(view, run.steps, run.validations, run.config.learning),
        ),
    )
