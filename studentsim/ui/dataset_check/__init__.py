"""The parts of Check questions.

choose.py      which questions: a run's, a public set, a path, an upload
work.py        the check in a process of its own, and how far it is
report.py      what was found: a sentence, what is doubtful, letters, categories
sentences.py   what a report says, in words
listing.py     every doubtful row, and the list as CSV
"""
