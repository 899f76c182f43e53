"""The parts of Questions.

view.py       the link's parameters
page.py       the page from top to bottom
bank.py       all questions as a frame, exported once by a child process and cached in the data folder
filters.py, listing.py, card.py, skill.py, overview.py   what is rendered
sentences.py  texts (no streamlit)
"""
