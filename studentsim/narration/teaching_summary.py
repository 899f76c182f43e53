"""What is said of a teacher's marks, of second tries and of doubts; claims only what the counts bear. Plain text."""

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
    """``45 total 100 (31 to 60)``; from few ``7 total 12, which is 32 to 81 total 100``; from very few the count alone."""
    if total < MIN_RELIABLE_ANSWERS:
        return f"{count} of {total}, too few to say more"
    return append_interval(format_score(count, total), *wilson_interval(count, total), total)


def describe_retries(results: RetryResults) -> str:
    """How second tries went, all of them together."""
    if not results.tried:
        return NO_RETRIES_NOTE
    again = f"The student tried {pluralize(results.tried, 'question')} again that it had got wrong."
    return f"{again} Right in the end: {format_rate(results.corrected, results.tried)}."


def describe_latest_lesson(lessons: pd.DataFrame) -> str:
    """How the last lesson's second tries went (``tries.retry_rates_by_lesson``)."""
    if lessons.empty:
        return ""
    last = lessons.iloc[-1]
    return f"In lesson {int(last.turn)} it was {int(last.mended)} of {int(last.tried)}."


def describe_teacher_errors(grade_counts: pd.DataFrame) -> str:
    """How often the teacher's mark was not the key's (``queries.teacher_marks``)."""
    answers = int(grade_counts.answers.sum())
    if not answers:
        return "The teacher has not marked any practice answer yet."
    right, wrong = int(grade_counts.false_right.sum()), int(grade_counts.false_wrong.sum())
    if not right + wrong:
        return f"Of {pluralize(answers, 'practice answer')}, the teacher marked every one as the key does."
    split = f"{pluralize(right, 'wrong one')} called right, {pluralize(wrong, 'right one')} called wrong"
    marked = f"The teacher marked {pluralize(answers, 'practice answer')}."
    return f"{marked} Not as the key does: {format_rate(right + wrong, answers)}; {split}."


def describe_grader_errors(grade_counts: pd.DataFrame) -> str:
    """How often a trained marker judged otherwise than the key, whoever decided; blank where there was none."""
    answers = int(grade_counts.marker_answers.sum())
    if not answers:
        return ""
    right, wrong = int(grade_counts.marker_false_right.sum()), int(grade_counts.marker_false_wrong.sum())
    if not right + wrong:
        return f"The trained marker judged {answers:,} of them, each as the key does."
    split = f"{pluralize(right, 'wrong one')} taken for right, {pluralize(wrong, 'right one')} for wrong"
    return f"The trained marker judged {answers:,} of them. Not as the key does: {format_rate(right + wrong, answers)}; {split}."


def describe_giving_way(results: RetryResults) -> str:
    """How many right answers were given up after a false "wrong"; blank where none was called wrong."""
    if not results.challenged:
        return ""
    deliberate = results.challenges[results.challenges.on_purpose]
    on_purpose, in_error = int(deliberate.doubted.sum()), results.challenged - int(deliberate.doubted.sum())
    parts = [(on_purpose, "on purpose"), (in_error, "in error")]
    why = ", ".join(f"{n} {how}" if on_purpose and in_error else how for n, how in parts if n)
    was = "was" if results.challenged == 1 else "were"
    called = f"{pluralize(results.challenged, 'right answer')} {was} called wrong ({why}) and asked for again."
    return f"{called} Given up: {format_rate(results.gave_way, results.challenged)}."


def compare_feedback_effects(results: RetryResults) -> str:
    """Giving way to a false "wrong" beside mending after true words: which is the more frequent, as far as the counts bear it."""
    if not (results.tried and results.challenged):
        return ""
    direction = claims.significant_change((results.corrected, results.tried), (results.gave_way, results.challenged))
    if direction < 0:
        return "True words mend more often than false ones mislead, by more than luck."
    if direction > 0:
        return "False words mislead more often than true ones mend, by more than luck."
    return "Whether true words mend more often than false ones mislead cannot be told from so few."


def explanation_caveat(frame: pd.DataFrame) -> str:
    """What a right second try is worth after words that held the right working (``revisions``); blank where none did."""
    if not (frame.feedback_level == "explanation").any():
        return ""
    return "The full explanation holds the right working: a right second try after it may just repeat it. The exams tell what was learnt."


def describe_retries_by_feedback(frame: pd.DataFrame) -> str:
    """How much the words helped, where they held different things (``tries.retry_rates_by_feedback``); blank where they all held the same."""
    if len(frame) < 2:
        return ""
    parts = [
        f"after {_feedback_phrase(row.feedback_level)} {format_rate(row.mended, row.tried)}"
        for row in frame.itertuples()
    ]
    return f"By what was said: {'; '.join(parts)}. Where a question has no hint of its own, it is only called wrong."


def describe_retention(frame: pd.DataFrame) -> str:
    """Whether what was mended is right in the next exam (``queries.lasting``); without its caveat, which belongs below it."""
    counts = frame.groupby("mended")[["correct", "questions"]].sum()
    if counts.empty:
        return (
            "Whether it lasts cannot be told yet: no exam has asked kinds of question that were tried again before it."
        )
    parts = []
    for done, what in ((True, "kinds of question mostly mended before it"), (False, "kinds mostly not mended")):
        if done in counts.index:
            row = counts.loc[done]
            parts.append(f"on {what}, {format_rate(int(row.correct), int(row.questions))}")
    return f"Right answers in the next exam: {'; '.join(parts)}."


def few_tries_note(frame: pd.DataFrame) -> str:
    """Said under a picture of shares some of which rest on few."""
    if not (frame.tried < MIN_RELIABLE_ANSWERS).any():
        return ""
    return f"Pale, with an open mark: fewer than {MIN_RELIABLE_ANSWERS} tries, which say little."


def describe_grader_evaluation(evaluation: GraderEvaluation) -> str:
    """How good the shipped marker is, in a sentence or two."""
    answers = f"{evaluation.written_answers.answers:,} answers it had never seen"
    text = f"Checked against the key on {answers}, it marked {_format_exact_share(evaluation.written_answers)} as the key does"
    if not evaluation.has_hard_cases:
        return f"{text}."
    return f"{text}; of {evaluation.hard_cases.answers:,.0f} hard cases, made to mislead it, {_format_exact_share(evaluation.hard_cases)}."


def _format_exact_share(row: pd.Series) -> str:
    """A share with the decimal that thousands of answers earn: ``99.4 of 100 (99.1 to 99.7)``."""
    return f"{100 * row.share:.1f} of 100 ({100 * row.low:.1f} to {100 * row.high:.1f})"


def _feedback_phrase(level: str) -> str:
    return {"": "nothing", "mark": "a mere “wrong”"}.get(level, FEEDBACK_CONTENT_LABELS.get(level, level))
