"""Sentences of the Answers page. Plain text: it may hold what others wrote. No streamlit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.exam import wilson_interval
from studentsim.labels import category_names
from studentsim.labels.formatting import format_interval, format_score, join_with_and, pluralize
from studentsim.labels.titles import find_misconception, misconception_title, skill_title
from studentsim.narration import grades
from studentsim.narration.run_summary import parse_options
from studentsim.store.queries import MAX_LISTED_ANSWERS, UNKNOWN_MISCONCEPTION
from studentsim.ui.answers.counts import AnswerCounts
from studentsim.ui.answers.view import AnswersView, kinds_from_marks

MAX_QUOTED_VALUE_CHARS = 60
"""Characters of a written value that is quoted; for a longer one the option with that value is."""

_LETTER_PREFIX = re.compile(r"(?i)^\W{0,3}[a-j]\s?[).:]\s*(?=\S)")
"""An option letter repeated before the value."""

MIN_NOTABLE_COUNT = 3
"""Wrong answers from which on a misconception, or unanswered questions, are mentioned."""

MARK_LABELS: Mapping[str, str] = {"right": "✓ right", "wrong": "✗ wrong", "unanswered": "✗ no answer"}
"""Labels of an answer's mark: a sign and a word, so that colour is not needed."""

KIND_LABELS: Mapping[str, str] = {
    "right": MARK_LABELS["right"],
    "ticked": MARK_LABELS["wrong"],
    "unanswered": MARK_LABELS["unanswered"],
}
"""The same by ``view.ANSWER_KINDS``: the filter's options."""

PHASE_LABELS: Mapping[str, str] = {"exam": "exam", "study": "practice", "revision": "second tries"}
"""Labels of the phases; ``revision`` are second and further attempts at a practice question."""

PARAMETER_LABELS: Mapping[str, str] = {
    "lesson": "lesson", "phase": "exam or practice", "category": "category", "skill": "skill", "slip": "slip", "mark": "mark",
    "search": "text", "question": "question", "value": "the value",
    "answer": "open answer", "show": "way of showing", "page": "page", "all": "all answers",
}  # fmt: skip
"""Labels of the link's parameters."""


def describe_view(
    view: AnswersView, base_counts: AnswerCounts, shown_counts: AnswerCounts, categories: Sequence[str] = ()
) -> str:
    """The page's first sentence. ``base_counts`` ignores the filters ``mark`` and ``slip``, ``shown_counts`` applies all.

    ``categories`` are all of the run's.
    """
    if not base_counts.answers:
        return "No answers match." if view.active_filters else "This simulation has no answers yet."
    answers_text = answers_phrase(view, base_counts.answers, categories)
    if not base_counts.wrong:
        return f"{_all_phrase(base_counts.answers)} {answers_text} {_is_or_are(base_counts.answers, 'right')}."
    text = f"{base_counts.wrong:,} of {base_counts.answers:,} {answers_text} {_is_or_are(base_counts.wrong, 'wrong')}"
    if view.phase == "exam" and view.lesson is not None and not view.search:
        low, high = wilson_interval(base_counts.wrong, base_counts.answers)
        share_text = f", {format_score(base_counts.wrong, base_counts.answers)}" if base_counts.answers >= 50 else ""
        text += f"{share_text} {format_interval(low, high, base_counts.answers)}"
    return f"{text}{_describe_commonest(view, base_counts)}.{_describe_listed(view, base_counts, shown_counts)}"


def answers_phrase(view: AnswersView, count: int, categories: Sequence[str]) -> str:
    """The view in words: ``exam answers after lesson 20 in probability``; ``categories`` are all of the run's."""
    kind = {"exam": "exam ", "study": "practice "}.get(view.phase, "")
    answers = ("answer", "answers") if view.phase != "revision" else ("second try", "second tries")
    words = [f"{kind}{answers[count != 1]}"]
    if view.lesson is not None:
        words.append(_lesson_phrase(view))
    if view.skill:
        words.append(f"on “{skill_title(view.skill)}”")
    elif view.category:
        words.append(f"in {category_names.inline_category_label(view.category, categories)}")
    if view.question:
        words.append("to one question")
    if view.value:
        words.append("whose letter and value disagree")
    if view.search:
        words.append(f"that mention “{view.search}”")
    return " ".join(words)


def _lesson_phrase(view: AnswersView) -> str:
    if view.phase == "exam":
        return f"after lesson {view.lesson}" if view.lesson else "before any lesson"
    if not view.lesson:
        return "before any lesson"
    return f"of lesson {view.lesson}" + ("" if view.phase else " and the exam after it")


def _all_phrase(count: int) -> str:
    return "The one" if count == 1 else f"All {count:,}"


def _is_or_are(count: int, adjective: str) -> str:
    return f"is {adjective}" if count == 1 else f"are {adjective}"


def _describe_commonest(view: AnswersView, base_counts: AnswerCounts) -> str:
    """The leading misconception, and before it that no option was chosen, where that is more frequent; blank where misconceptions
    are few, or one is filtered for.
    """
    if view.slip:
        return ""
    misconception = leading_misconception(view, base_counts)
    text = ""
    if misconception:
        text = f"“{misconception_title(misconception)}”, {base_counts.misconceptions[misconception]:,}"
    if is_unanswered_commonest(view, base_counts):
        unanswered = f"; most often no option shows its result, {base_counts.unanswered:,} of {base_counts.wrong:,}"
        return f"{unanswered}; the most frequent slip is {text}" if text else unanswered
    if text:
        return f"; most often {text} of {base_counts.wrong:,}"
    counts = base_counts.misconceptions.values()
    return "; no slip stands out" if len(counts) > 1 and max(counts) >= MIN_NOTABLE_COUNT else ""


def leading_misconception(view: AnswersView, base_counts: AnswerCounts) -> str:
    """The most frequent misconception, if it is significantly ahead of the next; else blank."""
    if view.slip or not base_counts.misconceptions:
        return ""
    most, second, *_ = [*base_counts.misconceptions.values(), 0]
    return next(iter(base_counts.misconceptions)) if claims.is_significantly_ahead(most, second) else ""


def is_unanswered_commonest(view: AnswersView, base_counts: AnswerCounts) -> bool:
    """Whether unanswered questions are more frequent than any misconception, and enough to mention."""
    return (
        not view.slip
        and base_counts.unanswered >= MIN_NOTABLE_COUNT
        and base_counts.unanswered > max(base_counts.misconceptions.values(), default=0)
    )


def _describe_listed(view: AnswersView, base_counts: AnswerCounts, shown_counts: AnswerCounts) -> str:
    """Which of the answers are listed, where that is not all."""
    if view.slip == UNKNOWN_MISCONCEPTION:
        return f" Listed: the {shown_counts.answers:,} with no known slip."
    if view.slip:
        return f" Listed: the {shown_counts.answers:,} with the slip “{misconception_title(view.slip)}”."
    if view.mark and shown_counts.answers != (base_counts.wrong if view.mark == "wrong" else base_counts.answers):
        return (
            f" Listed: the {shown_counts.answers:,} {' or '.join(_KIND_CLAUSES[kind] for kind in view.answer_kinds)}."
        )
    return ""


_KIND_CLAUSES = {"right": "that are right", "ticked": "with a wrong option ticked", "unanswered": "without an answer"}


def describe_ignored_params(names: Sequence[str]) -> str:
    """That the link's parameters of these names are invalid and ignored."""
    labels = [PARAMETER_LABELS.get(name, name) for name in names]
    return f"What this link says of {join_with_and(labels)} could not be understood and was left out."


def filter_value_label(filter_name: str, value: str | int, categories: Sequence[str]) -> str:
    """A filter's value in words; ``categories`` are all of the run's."""
    return {
        "lesson": f"lesson {value}" if value else "before any lesson",
        "phase": PHASE_LABELS.get(str(value), str(value)),
        "category": category_names.category_label(str(value), categories),
        "skill": skill_title(str(value)),
        "slip": misconception_title(str(value)),
        "mark": " or ".join(KIND_LABELS[kind] for kind in kinds_from_marks(str(value).split(","))),
        "value": "letter and value disagree",
        "search": f"“{value}”",
        "question": "one question",
    }.get(filter_name, str(value))


def describe_truncated_list(count: int) -> str:
    """That only the first of ``count`` answers are listed."""
    return f"The first {MAX_LISTED_ANSWERS:,} of {count:,} are listed. Narrow the filter to see others, or download them all."


# ------------------------------------------------------------------ one answer


def attempt_label(row: Mapping[str, Any] | pd.Series) -> str:
    """An attempt's link label: ``✗ exam after 4``."""
    sign = "✓" if row["mark"] == "right" else "✗"
    if row["phase"] == "exam":
        when = f"exam after {row['turn']}" if row["turn"] else "first exam"
    else:
        when = f"practice {row['turn']}"
    again = f", try {row['attempt']}" if row["attempt"] > 1 else ""
    return f"{sign} {when}{again}"


def describe_history(attempts: pd.DataFrame) -> str:
    """One question's outcomes over a run: ``Asked 3 times in this simulation: wrong, wrong, right.``"""
    if len(attempts) == 1:
        return "It was asked once in this simulation."
    outcomes = ["right" if mark == "right" else "wrong" for mark in attempts.mark]
    retries = int((attempts.attempt > 1).sum())
    retries_note = f" ({pluralize(retries, 'second try', 'second tries')} among them)" if retries else ""
    text = f"Asked {len(outcomes)} times in this simulation{retries_note}: "
    first, last = outcomes[0], outcomes[-1]
    changes = sum(a != b for a, b in zip(outcomes, outcomes[1:], strict=False))
    if not changes:
        return f"{text}{first} every time."
    if changes == 1:
        return f"{text}{first} at first, {last} since {_attempt_time_phrase(attempts.iloc[outcomes.index(last)])}."
    if len(outcomes) <= 6:
        return f"{text}{', '.join(outcomes)}."
    return f"{text}right {outcomes.count('right')} times, {last} the last time."


def _attempt_time_phrase(row: pd.Series) -> str:
    if row.phase == "exam":
        return f"the exam after {pluralize(int(row.turn), 'lesson')}" if row.turn else "the first exam"
    if row.attempt > 1:
        return f"the {grades.attempt_ordinal(row).lower()} in lesson {row.turn}"
    return f"the practice of lesson {row.turn}"


def describe_grade(row: Mapping[str, Any]) -> str:
    """The grade, who gave it, and why."""
    grader = "by the answer key" if row["graded_by"] == "key" else f"by {row['graded_by']}"
    if row["is_correct"]:
        return f"Marked right {grader}."
    if not row["letter"]:
        return f"Marked wrong {grader}: no option shows the result of its working, so nothing was ticked."
    return f"Marked wrong {grader}: {row['letter']} was ticked, {row['correct']} is right."


def describe_value_mismatch(row: Mapping[str, Any]) -> str:
    """That the written value is another option's than the letter; blank where they agree, or either is unknown.

    ``It ticked a) 2200 but wrote 980, which is b). The letter counts.``
    """
    letter, other = row["letter"], row["value_letter"]
    if not letter or not other or letter == other:
        return ""
    texts = {option["letter"]: option["text"] for option in parse_options(row)}
    written = _LETTER_PREFIX.sub("", row["value"] or "").strip(" .")
    written = written if 0 < len(written) <= MAX_QUOTED_VALUE_CHARS else texts.get(other, other)
    return f"It ticked {letter}) {texts.get(letter, '')} but wrote {written}, which is {other}). The letter counts."


def explain_misconception(row: Mapping[str, Any]) -> tuple[str, str]:
    """The misconception behind a wrong answer: its title and its explanation, either may be blank."""
    if row["is_correct"]:
        return "", ""
    misconception = find_misconception(row["misconception"])
    if misconception:
        return misconception.title, misconception.explanation
    if row["misconception"]:
        return str(row["misconception"]), ""
    return "", "No known slip leads to this result: it may be a slip of the pen, or a guess."
