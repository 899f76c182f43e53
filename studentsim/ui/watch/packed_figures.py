"""The figures of one run, packed for the browser; each is rebuilt only when its own data changed."""

from __future__ import annotations

from studentsim.analysis import rewards
from studentsim.narration import run_summary
from studentsim.ui import charts
from studentsim.ui.watch import plot
from studentsim.ui.watch.live_run import RunSnapshot


def pack_exam_figure(run: RunSnapshot, *, large: bool = False) -> bytes:
    """Exam accuracy by lesson."""

    def build() -> bytes:
        figure = charts.exam_accuracy_figure(
            run.exams,
            strategy=run.config.strategy,
            turns=run.planned_turns,
            guessing=run.chance_accuracy,
            revision=run.run_id,
        )
        return plot.pack_figure(figure, alt=run_summary.results_headline(run.exams), large=large)

    return run.cache.get_or_compute(f"picture.exams.{large}", (run.last_seqs["exams"], run.chance_accuracy), build)


def pack_practice_figure(run: RunSnapshot) -> bytes:
    """Practice accuracy by lesson."""
    return run.cache.get_or_compute(
        "picture.lessons",
        run.last_seqs["turns"],
        lambda: plot.pack_figure(
            charts.practice_figure(run.lessons, turns=run.planned_turns, revision=run.run_id),
            alt=run.practice_text,
        ),
    )


def pack_category_heatmap(run: RunSnapshot) -> bytes:
    """Exam accuracy by category and lesson."""
    return run.cache.get_or_compute(
        "picture.heatmap",
        run.last_seqs["exams"],
        lambda: plot.pack_figure(
            charts.category_heatmap_figure(
                run.exams_by_category, rows=list(run.categories), turns=run.config.exam_turns(), revision=run.run_id
            ),
            alt=f"Right of 100 by category and exam. {run_summary.results_headline(run.exams, run.last_exam_by_category)}",
        ),
    )


def pack_training_figure(run: RunSnapshot, view_name: str) -> bytes:
    """One view (a key of ``rewards.REWARD_VIEWS``) of the training metrics."""
    return run.cache.get_or_compute(
        f"picture.training.{view_name}",
        (run.last_seqs["training_steps"], run.last_seqs["validations"]),
        lambda: plot.pack_figure(
            charts.training_figure(
                run.steps,
                run.validations,
                rewards.REWARD_VIEWS[view_name],
                turns=run.planned_turns,
                revision=run.run_id,
            ),
            alt=rewards.describe_training(view_name, run.steps, run.validations, run.config.dpo),
        ),
    )
