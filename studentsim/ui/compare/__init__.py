"""The parts of Compare.

groups.py       which runs are runs of one way, and what each is called
intervals.py    how sure a mean or a difference is, over questions and over runs
differences.py  one way against another on the same exam
curves.py       frames for the pictures
mix.py          what each way practised, beside its exams' mistakes
settings.py     settings in plain words, and where runs differ in them
paper.py        the source paper's published curves
sentences.py    what is said; captions.py what stands under the pictures
data.py         what the page asks for; choice.py which runs; parts.py draws
"""
