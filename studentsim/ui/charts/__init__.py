"""Figures: DataFrame in, plotly Figure out, or an ``SvgSketch`` for small ones. frame.py has what they share. No streamlit."""

from studentsim.ui.charts.compare import category_accuracy_figure, comparison_figure
from studentsim.ui.charts.coverage import coverage_figure
from studentsim.ui.charts.exams import exam_accuracy_figure
from studentsim.ui.charts.frame import PLOTLY_CONFIG, wrap_label
from studentsim.ui.charts.heatmap import category_heatmap_figure
from studentsim.ui.charts.mix import mix_by_lesson_figure, mix_by_strategy_figure
from studentsim.ui.charts.outcomes import outcomes_figure
from studentsim.ui.charts.practice import practice_figure
from studentsim.ui.charts.race import race_figure
from studentsim.ui.charts.sparklines import exams_sparkline, mastery_sketch, misconception_trend_sketch
from studentsim.ui.charts.study import study_figure
from studentsim.ui.charts.training import training_figure
from studentsim.ui.charts.transfer import transfer_figure

__all__ = [
    "PLOTLY_CONFIG",
    "category_accuracy_figure",
    "category_heatmap_figure",
    "comparison_figure",
    "coverage_figure",
    "exam_accuracy_figure",
    "mastery_sketch",
    "mix_by_lesson_figure",
    "mix_by_strategy_figure",
    "practice_figure",
    "race_figure",
    "misconception_trend_sketch",
    "exams_sparkline",
    "study_figure",
    "outcomes_figure",
    "training_figure",
    "transfer_figure",
    "wrap_label",
]
