"""Statistics and findings computed from a student's answers. No streamlit here, and no torch."""
