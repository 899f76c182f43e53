"""The parts of Compare.

data.py           the runs, the selection in the link, and the cached comparison
choice.py         the selection of runs and groups
group_summary.py  groups of runs that were started together, in words
parts.py          the figures, tables and links, from top to bottom
captions.py       captions and notes
mix.py            what each strategy practised, beside the mistakes in its exams
retries.py        success of second attempts, one row a run
next_steps.py     more seeds, and the download
"""
