"""The parts of Help.

words.py   what the simulation can't tell, keys, how to read and cite
parts.py   draws: one term, the search, where the data lies
places.py  where the data lies and how much there is
"""
