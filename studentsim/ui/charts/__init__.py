"""Pictures: DataFrame in, plotly Figure out. One file a family; frame.py has what they share. No streamlit here."""

from studentsim.ui.charts.exams import exam_accuracy
from studentsim.ui.charts.frame import CONFIG
from studentsim.ui.charts.mastery import mastery
from studentsim.ui.charts.training import training

__all__ = ["CONFIG", "exam_accuracy", "mastery", "training"]
