"""Evaluations of the embedded student outside a run: intended levels, feedback, open book."""
