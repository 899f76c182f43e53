"""Every SELECT of the product. Each function names the columns of the frame it returns; none of them writes.

Times are seconds since 1970, accuracies and intervals fractions from 0 to 1. Void events (see ``journal.standing``) are
not there. A run's ``status`` is what its journal says last: whether a ``running`` one is alive, runs/ knows.
"""

from studentsim.store.queries.answer_lists import (
    LISTED,
    MARKS,
    NO_SLIP,
    Filter,
    answer_batches,
    answer_cards,
    answer_list,
    answer_tally,
    question_history,
    question_runs,
)
from studentsim.store.queries.answering import (
    answer_counts,
    answers,
    category_accuracy,
    count_answers,
    latest_answers,
    misconceptions,
)
from studentsim.store.queries.compare import exam_categories_of, exam_marks, exams_of, guessing, practice_of
from studentsim.store.queries.live import answered, last_seqs, lessons, newest_answers
from studentsim.store.queries.lookups import looked_at, lookups
from studentsim.store.queries.overview import RunRow, Speed, last_seq, recent_speed, recent_times, run, runs
from studentsim.store.queries.practice_mix import next_mix_of, practice_mix_of
from studentsim.store.queries.progress import epochs, exams, steps, turns, validations, wrong_by_category
from studentsim.store.queries.replay import EXAM_RESULT, LESSON_OVER, moments
from studentsim.store.queries.teaching import doubts, lasting, revisions, teacher_marks
from studentsim.store.queries.weaknesses import (
    answer_sheets,
    disagreements,
    exam_questions,
    exam_slips,
    exam_tallies,
    item_choices,
    practice_slips,
)

__all__ = [
    "EXAM_RESULT",
    "LESSON_OVER",
    "LISTED",
    "MARKS",
    "NO_SLIP",
    "Filter",
    "RunRow",
    "Speed",
    "answer_batches",
    "answer_cards",
    "answer_counts",
    "answer_list",
    "answer_sheets",
    "answer_tally",
    "answered",
    "answers",
    "category_accuracy",
    "count_answers",
    "doubts",
    "epochs",
    "exam_categories_of",
    "exam_marks",
    "disagreements",
    "practice_slips",
    "exam_questions",
    "exam_slips",
    "exam_tallies",
    "exams",
    "exams_of",
    "guessing",
    "item_choices",
    "last_seq",
    "last_seqs",
    "lasting",
    "latest_answers",
    "lessons",
    "looked_at",
    "lookups",
    "moments",
    "misconceptions",
    "newest_answers",
    "next_mix_of",
    "practice_mix_of",
    "practice_of",
    "question_history",
    "question_runs",
    "recent_speed",
    "recent_times",
    "run",
    "revisions",
    "runs",
    "steps",
    "teacher_marks",
    "turns",
    "validations",
    "wrong_by_category",
]
