"""Pretraining of the embedded student's weights."""
