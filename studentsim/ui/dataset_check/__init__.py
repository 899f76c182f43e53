"""The Check questions page.

choose.py      which questions: a run's, a public dataset, a path, an upload
work.py        the check in a child process, and its progress
report.py      the findings: a sentence, the issues, letters, categories
sentences.py   the report's sentences
listing.py     every doubtful row, and the list as CSV
"""
