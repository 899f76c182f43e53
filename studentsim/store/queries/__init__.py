"""Every SELECT of the product. Each function names the columns of the frame it returns; none of them writes.

Times are in seconds since 1970, accuracies and intervals are fractions 0 to 1. Void events (``journal.effective_events``)
are not in the tables. A run's ``status`` is its journal's last: whether a ``running`` one is alive, ``runs/status.py`` says.
"""

from studentsim.store.queries.answer_lists import (
    ANSWER_OUTCOMES,
    MAX_LISTED_ANSWERS,
    UNKNOWN_MISCONCEPTION,
    AnswerFilter,
    fetch_answer_counts,
    fetch_answer_list,
    fetch_answers_by_seq,
    fetch_question_history,
    fetch_question_runs,
    iter_answer_batches,
)
from studentsim.store.queries.compare import (
    fetch_chance_accuracy,
    fetch_exam_categories,
    fetch_exam_correctness,
    fetch_exams_of_runs,
    fetch_practice_of_runs,
)
from studentsim.store.queries.live import (
    EXAM_RESULT_STAGE,
    TURN_FINISHED_STAGE,
    count_phase_answers,
    fetch_event_times,
    fetch_finished_turns,
    fetch_last_seqs,
    fetch_latest_answers,
    fetch_newest_answers,
)
from studentsim.store.queries.overview import (
    RunRow,
    RunTimings,
    fetch_recent_durations,
    fetch_recent_timings,
    fetch_run,
    fetch_runs,
)
from studentsim.store.queries.practice_mix import fetch_next_mix, fetch_practice_mix
from studentsim.store.queries.progress import (
    fetch_epochs,
    fetch_exams,
    fetch_selection_score_summary,
    fetch_training_steps,
    fetch_turns,
    fetch_validations,
    fetch_wrong_by_category,
)
from studentsim.store.queries.teaching import fetch_challenges, fetch_grading_errors, fetch_retention, fetch_revisions
from studentsim.store.queries.weaknesses import (
    fetch_answer_sheets,
    fetch_exam_counts,
    fetch_exam_misconceptions,
    fetch_exam_questions,
    fetch_item_choices,
    fetch_letter_value_mismatches,
    fetch_practice_misconceptions,
)
