"""The printable report of one run: one HTML file that needs nothing else. html.py writes it from parts.py, svg.py draws
its pictures, style.py is its print sheet, text.py escapes, file.py is for the command line. No streamlit.
"""
