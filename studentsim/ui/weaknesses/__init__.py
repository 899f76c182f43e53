"""The parts of Weaknesses.

place.py      where in the page one is, as a link
findings.py   what a run's exams show: accuracies, slips, questions (no streamlit)
slips.py      what became of each slip (no streamlit)
items.py      facility, discrimination and distractors of the exam's questions (no streamlit)
practice.py   what to practise next, with its evidence (no streamlit)
sentences.py  what is said
data.py       the caches
heat.py, trends.py, questions.py, advice.py   the parts as they are drawn
"""
