"""What answers show: figures and findings computed from what a student wrote. No streamlit here, and no torch."""
