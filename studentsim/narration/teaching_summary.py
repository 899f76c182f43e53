"""Sentences on the teacher's grades, second tries and challenged answers, claiming only what the counts bear. Plain text."""

from __future__ import annotations

import pandas as pd

from studentsim.analysis import claims
from studentsim.analysis.accuracy_bounds import MIN_RELIABLE_ANSWERS
from studentsim.analysis.grader_evaluation import GraderEvaluation
from studentsim.analysis.tries import RetryResults
from studentsim.exam import wilson_interval
from studentsim.labels.formatting import append_interval, format_score, pluralize
from studentsim.labels.teacher_settings import FEEDBACK_CONTENT_LABELS

RETRY_CAVEAT = (
    "This compares kinds of question, not chance: a kind that is easily mended may simply be an easy one. It does not show that the "
    "second try did it."
)
NO_RETRIES_NOTE = "Nobody has tried a question again yet: that begins with lesson 1, where an answer is called wrong."


def format_rate(count: int, total: int) -> str:
    """A share and its 95 % interval: ``45 of 100 (31 to 60)``, ``7 of 12, which is 32 to 81 of 100``; from very few no interval."""
    if total < MIN_RELIABLE_ANSWERS:
        return f"{count} of {total}, too few to say more"
    return append_interval(format_score(count, total), *wilson_interval(count, total), total)


def describe_retries(results: RetryResults) -> str:
    """How many of all second tries succeeded."""
    if not results.tried:
        return NO_RETRIES_NOTE
    again = f"The student tried {pluralize(results.tried, 'question')} again that it had got wrong."
    return f"{again} Right in the end: {format_rate(results.corrected, results.tried)}."


def describe_latest_lesson(lessons: pd.DataFrame) -> str:
    """How many of the last turn's second tries succeeded; ``lessons`` is ``tries.retry_rates_by_lesson``."""
    if lessons.empty:
        return ""
    last = lessons.iloc[-1]
    return f"In lesson {int(last.turn)} it was {int(last.mended)} of {int(last.tried)}."


def describe_teacher_errors(grade_counts: pd.DataFrame) -> str:
    """How often the teacher's grade was not the key's; ``grade_counts`` is ``queries.fetch_grading_errors``."""
    answers = int(grade_counts.answers.sum())
    if not answers:
        return "The teacher has not marked any practice answer yet."
    false_right, false_wrong = int(grade_counts.false_right.sum()), int(grade_counts.false_wrong.sum())
    if not false_right + false_wrong:
        return f"Of {pluralize(answers, 'practice answer')}, the teacher marked every one as the key does."
    errors = f"{pluralize(false_right, 'wrong one')} called right, {pluralize(false_wrong, 'right one')} called wrong"
    rate = format_rate(false_right + false_wrong, answers)
    return f"The teacher marked {pluralize(answers, 'practice answer')}. Not as the key does: {rate}; {errors}."


def describe_grader_errors(grade_counts: pd.DataFrame) -> str:
    """How often a trained grader disagreed with the key, whoever decided; blank where there was none."""
    answers = int(grade_counts.marker_answers.sum())
    if not answers:
        return ""
    false_right, false_wrong = int(grade_counts.marker_false_right.sum()), int(grade_counts.marker_false_wrong.sum())
    if not false_right + false_wrong:
        return f"The trained marker judged {answers:,} of them, each as the key does."
    errors = f"{pluralize(false_right, 'wrong one')} taken for right, {pluralize(false_wrong, 'right one')} for wrong"
    rate = format_rate(false_right + false_wrong, answers)
    return f"The trained marker judged {answers:,} of them. Not as the key does: {rate}; {errors}."


def describe_giving_way(results: RetryResults) -> str:
    """How many correct answers the student gave up after they were graded wrong; blank where none was."""
    if not results.challenged:
        return ""
    deliberate = results.challenges[results.challenges.on_purpose]
    on_purpose, in_error = int(deliberate.challenged.sum()), results.challenged - int(deliberate.challenged.sum())
    parts = [(on_purpose, "on purpose"), (in_error, "in error")]
    reasons = ", ".join(f"{n} {reason}" if on_purpose and in_error else reason for n, reason in parts if n)
    were = "was" if results.challenged == 1 else "were"
    gave_way = format_rate(results.gave_way, results.challenged)
    return f"{pluralize(results.challenged, 'right answer')} {were} called wrong ({reasons}) and asked for again. Given up: {gave_way}."


def compare_feedback_effects(results: RetryResults) -> str:
    """Whether true feedback corrects more often than false feedback misleads (two-sided test); blank without both."""
    if not (results.tried and results.challenged):
        return ""
    direction = claims.significant_change((results.corrected, results.tried), (results.gave_way, results.challenged))
    if direction < 0:
        return "True words mend more often than false ones mislead, by more than chance."
    if direction > 0:
        return "False words mislead more often than true ones mend, by more than chance."
    return "So few do not show whether true words mend more often than false ones mislead."


def explanation_caveat(frame: pd.DataFrame) -> str:
    """That a second try after a full explanation may just copy it; blank where no ``revisions`` row had one."""
    if not (frame.feedback_level == "explanation").any():
        return ""
    return "The full explanation holds the right working: a right second try after it may just repeat it. The exams tell what was learnt."


def describe_retries_by_feedback(frame: pd.DataFrame) -> str:
    """Second-try success by feedback level; ``frame`` is ``tries.retry_rates_by_feedback``. Blank for one level alone."""
    if len(frame) < 2:
        return ""
    parts = [
        f"after {_feedback_phrase(row.feedback_level)} {format_rate(row.mended, row.tried)}"
        for row in frame.itertuples()
    ]
    return f"By what was said: {'; '.join(parts)}. Where a question has no hint of its own, it is only called wrong."


def describe_retention(frame: pd.DataFrame) -> str:
    """Whether corrected kinds of question are right in the next exam; ``frame`` is ``queries.fetch_retention``. Without its caveat."""
    counts = frame.groupby("mended")[["correct", "questions"]].sum()
    if counts.empty:
        return "Whether it lasts is not known yet: no exam has asked kinds of question that were tried again before it."
    parts = []
    for mended, group in ((True, "kinds of question mostly mended before it"), (False, "kinds mostly not mended")):
        if mended in counts.index:
            row = counts.loc[mended]
            parts.append(f"on {group}, {format_rate(int(row.correct), int(row.questions))}")
    return f"Right answers in the next exam: {'; '.join(parts)}."


def few_tries_note(frame: pd.DataFrame) -> str:
    """The legend of pale points under a figure; blank where every share rests on enough tries."""
    if not (frame.tried < MIN_RELIABLE_ANSWERS).any():
        return ""
    return f"Pale, with an open mark: fewer than {MIN_RELIABLE_ANSWERS} tries, which say little."


def describe_grader_evaluation(evaluation: GraderEvaluation) -> str:
    """How often the shipped grader agrees with the key, on written answers and on hard cases."""
    answers = f"{evaluation.written_answers.answers:,} answers it had never seen"
    text = f"Checked against the key on {answers}, it marked {_format_exact_share(evaluation.written_answers)} as the key does"
    if not evaluation.has_hard_cases:
        return f"{text}."
    hard_cases = f"{evaluation.hard_cases.answers:,.0f} hard cases, made to mislead it"
    return f"{text}; of {hard_cases}, {_format_exact_share(evaluation.hard_cases)}."


def _format_exact_share(row: pd.Series) -> str:
    """A share from thousands of answers, with one decimal: ``99.4 of 100 (99.1 to 99.7)``."""
    return f"{100 * row.share:.1f} of 100 ({100 * row.ci_low:.1f} to {100 * row.ci_high:.1f})"


def _feedback_phrase(level: str) -> str:
    return {"": "nothing", "mark": "a mere “wrong”"}.get(level, FEEDBACK_CONTENT_LABELS.get(level, level))
