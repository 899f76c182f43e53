"""What people see. Pages are thin scripts in pages/; everything they are made of is here.

shell.py       the frame of every page, and how errors look
data.py        the app's one engine; runs as they stand; the only caches
cards.py       what data hands to a page
live.py        the parts of Watch          form.py, form_mix.py  the parts of New simulation
components.py  pieces that recur
charts.py      DataFrame -> Figure         looks.py   a strategy's name, colour, line and marker
words.py, sentences.py, rewards.py         what is said, from the data
mix.py, estimate.py, weak.py               small sums
"""
