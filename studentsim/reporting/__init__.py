"""What is taken away from runs as files: the printable report, pictures as SVG, archives. No streamlit."""
