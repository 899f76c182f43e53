"""What people see. Pages are thin scripts in pages/; everything they are made of is here.

shell.py       the frame of every page, and how errors look
data.py        the app's one engine; runs as they stand; the caches they need
cards.py       what data hands to a page
components.py  pieces that recur
charts/        DataFrame -> Figure         looks.py   a strategy's name, colour, line and marker
words.py, sentences.py, rewards.py         what is said, from the data
one folder a page (new/, watch/ …)         its parts, its own data and its own sentences
"""
