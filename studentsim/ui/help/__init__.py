"""The parts of Help.

words.py   what the simulation can't tell, keys, how to read and cite
parts.py   draws: one term, the search, where the data lies
transfer.py  what practice of one category does for the others, from recorded figures
places.py  where the data lies and how much there is
"""
