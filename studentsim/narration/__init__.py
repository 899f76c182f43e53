"""Sentences from a run's figures, claiming only what these bear. No streamlit."""
