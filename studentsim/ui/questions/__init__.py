"""The parts of Questions. What its links may say stands in view.py.

view.py       the link                         known.py     one question by its id, without the whole bank
bank.py       all questions as a frame, made once by a process of its own and kept in the data folder
coverage.py   how many questions there are of each kind (no streamlit)
sentences.py  what is said (no streamlit)
filters.py, listing.py, card.py, skill.py, overview.py   the parts as they are drawn
"""
