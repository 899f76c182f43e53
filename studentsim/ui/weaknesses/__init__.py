"""The parts of Weaknesses.

data.py          the run's findings and item analysis, cached
header.py        title, headline and links
heatmap.py       accuracy by category or skill and exam; outcomes of one skill
advice.py        what to practise next
trends.py        misconceptions over the exams
retries.py       success of further attempts
questions.py     item analysis of the exam's questions
"""
