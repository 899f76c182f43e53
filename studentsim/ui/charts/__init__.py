"""Pictures: DataFrame in, plotly Figure out, or a Sketch where they are small. frame.py has what they share. No streamlit here."""

from studentsim.ui.charts.compare import by_category, compare
from studentsim.ui.charts.coverage import coverage
from studentsim.ui.charts.exams import exam_accuracy
from studentsim.ui.charts.frame import CONFIG, wrapped
from studentsim.ui.charts.heatmap import category_heatmap, hatched
from studentsim.ui.charts.mix import mix_by_lesson, mix_by_way
from studentsim.ui.charts.practice import practice
from studentsim.ui.charts.race import race
from studentsim.ui.charts.slips import ticked
from studentsim.ui.charts.small import mastery, slip_trend, spark
from studentsim.ui.charts.study import study
from studentsim.ui.charts.training import training
from studentsim.ui.charts.transfer import transfer

__all__ = [
    "CONFIG",
    "by_category",
    "category_heatmap",
    "compare",
    "coverage",
    "exam_accuracy",
    "hatched",
    "mastery",
    "mix_by_lesson",
    "mix_by_way",
    "practice",
    "race",
    "slip_trend",
    "spark",
    "study",
    "ticked",
    "training",
    "transfer",
    "wrapped",
]
