"""Sentences on a dataset's check. No streamlit. ``report`` is ``BankReport.to_json()`` after a round trip through JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studentsim.analysis import claims
from studentsim.datasets import detection_text
from studentsim.datasets.formula_check import MATCHES_KEY, MATCHES_NO_OPTION, MATCHES_OTHER_OPTION, NOT_COMPARABLE
from studentsim.datasets.option_sizes import format_size_rank
from studentsim.datasets.splits import EXAM_PERCENT
from studentsim.labels import formatting

Report = Mapping[str, Any]

LETTER_BIAS_TOLERANCE = 0.03
"""Excess over the even share (0 to 1) from which on a letter's or a size's bias is reported."""
ISSUE_TITLES = {
    "unreadable": "cannot be read",
    "key": "right answer missing",
    "right twice": "right answer stands twice",
    "doubled options": "two wrong options alike",
    "doubled question": "same question again",
    "contradiction": "two answers to one question",
    "annotation other": "formula leads elsewhere",
    "annotation none": "formula leads nowhere",
}
"""Short titles of ``ISSUE_KINDS``."""


def describe_report(report: Report) -> str:
    """The page's first sentence."""
    rows, doubtful = report["rows"], report["doubtful_rows"]
    if not doubtful:
        return f"Nothing doubtful was found in {formatting.pluralize(rows, 'row')}."
    text = f"{doubtful:,} of {formatting.pluralize(rows, 'row')} {'is' if doubtful == 1 else 'are'} doubtful"
    share = formatting.round_percent(doubtful / rows)
    if rows < 100:
        return f"{text}."
    return f"{text} ({share if share else 'fewer than 1'} of 100)."


def describe_contents(report: Report) -> str:
    """How many questions the dataset has, by split, and how many rows give none."""
    count, kinds = report["questions"], len(report["categories"])
    splits = report["splits"]
    parts = (("study", "to practise"), ("exam", "for exams"), ("validation", "for held-out pairs"))
    text = (
        f"{formatting.pluralize(count, 'question')} can be asked, in {formatting.pluralize(kinds, 'category', 'categories')}: "
        f"{', '.join(f'{splits.get(split, 0):,} {what}' for split, what in parts)}."
    )
    if count and not splits.get("exam"):
        text += f" None fell to the exams, which get about {EXAM_PERCENT} of 100: without them nothing can be measured. Add questions."
    if report["without_question"]:
        rows_text = formatting.pluralize(report["without_question"], "row")
        text += f" {rows_text} give none: their answer holds no number that could be moved."
    if report["same_text"]:
        text += f" {formatting.pluralize(report['same_text'], 'question')} share their text with another."
    return text


def describe_recognition(report: Report) -> str:
    """The detected format, how certain it is, and alternatives; blank for a Hub dataset."""
    return " ".join(detection_text.describe_recognitions(report["recognised"]))


def describe_topics(report: Report) -> str:
    """The topics with their counts; blank without topics."""
    if not report["topics"]:
        return ""
    counts = [f"{topic} {count:,}" for topic, count in report["topics"].items()]
    rest = report["questions"] - sum(report["topics"].values())
    return f"Questions by topic: {', '.join(counts)}{f'; {rest:,} have none' if rest else ''}."


def describe_value_duplicates(report: Report) -> str:
    """How often two options have the correct value, written differently; blank for never."""
    count = report["right_by_value"]
    if not count:
        return ""
    rows_text = formatting.pluralize(count, "row")
    return f"In {rows_text} the right answer stands twice by its value, written in two ways (as 1/3 and 2/6 would be)."


def describe_options(report: Report) -> str:
    """How many options the questions have, and the chance accuracy."""
    counts = {int(number): count for number, count in report["option_counts"].items()}
    if not counts:
        return ""
    total = sum(counts.values())
    guessing = sum(count / number for number, count in counts.items()) / total
    if len(counts) == 1:
        text = f"All have {next(iter(counts))} options"
    else:
        text = ", ".join(f"{count:,} have {number} options" for number, count in counts.items())
    return f"{text}. Guessing would give {formatting.round_percent(guessing)} of 100."


def describe_letter_bias(report: Report) -> str:
    """Whether one letter is correct more often than chance, and the score of always choosing it."""
    letters = report["letters"]
    if not letters:
        return ""
    best = max(letters, key=lambda entry: entry["accuracy"])
    score_text = (
        f"always ticking {best['letter']} would score {formatting.format_score(best['right'], report['questions'])}"
    )
    even = sum(count / int(number) for number, count in report["option_counts"].items()) / report["questions"]
    is_clear = claims.is_above_chance((best["right"], report["questions"]), even, comparisons=len(letters))
    if best["accuracy"] - even <= LETTER_BIAS_TOLERANCE:
        return f"No letter gives itself away: even {score_text}, guessing {formatting.round_percent(even)} of 100."
    if not is_clear:
        opening = "No letter is right clearly more often than chance would have it"
        return f"{opening}: {score_text}, guessing {formatting.round_percent(even)} of 100."
    return f"Mind the letters: {score_text}, where guessing gives {formatting.round_percent(even)} of 100."


def describe_size_bias(report: Report) -> str:
    """Whether the correct option's rank by size gives it away; blank where it does not, or too few questions have numeric options."""
    sizes = report.get("sizes")
    if not sizes:
        return ""
    correct_by_rank, total = sizes["right"], sizes["questions"]
    option_count = len(correct_by_rank)
    rank = max(range(option_count), key=correct_by_rank.__getitem__)
    correct, even = correct_by_rank[rank], 1 / option_count
    is_clear = claims.is_above_chance((correct, total), even, comparisons=option_count)
    if correct / total - even <= LETTER_BIAS_TOLERANCE or not is_clear:
        return ""
    scope = f" of the {total:,} questions whose {option_count} options are different numbers"
    return (
        f"Mind the sizes: always ticking the {format_size_rank(rank, option_count)} would score "
        f"{formatting.format_score(correct, total)}{'' if total == report['questions'] else scope}, where "
        f"guessing gives {formatting.round_percent(even)} of 100. A gain in exams need not be one in mathematics."
    )


def describe_annotation(report: Report) -> str:
    """How often MathQA's annotated formulas lead to the key; blank for datasets without them."""
    counts = report["annotation"]
    if not counts:
        return ""
    total = sum(counts.values())
    outcomes = [
        f"{formatting.format_score(counts[kind], total)} lead to {target}"
        for kind, target in _ANNOTATION_TARGETS.items()
        if counts.get(kind)
    ]
    return (
        f"Its rows have a worked formula, the annotation. Of {total:,}: {', '.join(outcomes)}. Where formula and key disagree, "
        "one of them is wrong; which, only a person can tell."
    )


_ANNOTATION_TARGETS = {
    MATCHES_KEY: "the right option",
    MATCHES_OTHER_OPTION: "another option",
    MATCHES_NO_OPTION: "no option at all",
    NOT_COMPARABLE: "nothing that can be compared",
}
