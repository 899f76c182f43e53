"""Every SELECT of the product. Each function names the columns of the frame it returns; none of them writes.

Times are seconds since 1970, accuracies and intervals fractions from 0 to 1. Void events (see ``journal.standing``) are
not there. A run's ``status`` is what its journal says last: whether a ``running`` one is alive, runs/ knows.
"""

from studentsim.store.queries.answering import (
    answer_counts,
    answers,
    category_accuracy,
    count_answers,
    latest_answers,
    misconceptions,
)
from studentsim.store.queries.overview import RunRow, Speed, last_seq, recent_speed, run, runs
from studentsim.store.queries.progress import exams, steps, turns, validations, wrong_by_category

__all__ = [
    "RunRow",
    "Speed",
    "answer_counts",
    "answers",
    "category_accuracy",
    "count_answers",
    "exams",
    "last_seq",
    "latest_answers",
    "misconceptions",
    "recent_speed",
    "run",
    "runs",
    "steps",
    "turns",
    "validations",
    "wrong_by_category",
]
