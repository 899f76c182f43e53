"""The transfer matrix: each category practised alone, from the same start; what each category gains by it.

matrix.py  the table of gains with its intervals, and its JSON; what the pages import
study.py   carries the runs out, one a category, and keeps each in the data folder

    python -m studentsim transfer --student balanced --turns 12 --exam 600

"Transfer" is meant as in transfer of learning: what practice in one task does for another.
"""
