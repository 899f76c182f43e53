"""Files made from runs: the printable report, figures as SVG, archives. No streamlit."""
