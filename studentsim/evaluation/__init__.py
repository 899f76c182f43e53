"""Evaluations of the student and its teaching outside a run: intended levels, feedback, open book."""
