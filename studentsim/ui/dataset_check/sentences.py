"""What a bank's report says, in words. No streamlit. ``report`` is ``BankReport.to_json()``, as JSON hands it over."""

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
"""How much more than its even share a letter may have before it is spoken of."""
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
"""Each kind of doubt in a few words."""


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
    """What it is, and how many questions it gives."""
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
        text += f" {formatting.pluralize(report['without_question'], 'row')} give none: their answer holds no number that could be moved."
    if report["same_text"]:
        text += f" {formatting.pluralize(report['same_text'], 'question')} share their text with another."
    return text


def describe_recognition(report: Report) -> str:
    """What the file was taken for, how sure that is, and what else it might be; blank for a set of the hub."""
    return " ".join(detection_text.describe_recognitions(report["recognised"]))


def describe_topics(report: Report) -> str:
    """The topics with their counts; blank where there are none."""
    if not report["topics"]:
        return ""
    counts = [f"{topic} {count:,}" for topic, count in report["topics"].items()]
    rest = report["questions"] - sum(report["topics"].values())
    return f"Questions by topic: {', '.join(counts)}{f'; {rest:,} have none' if rest else ''}."


def describe_value_duplicates(report: Report) -> str:
    """How often the right answer stands twice by value alone; blank where it never does."""
    count = report["right_by_value"]
    if not count:
        return ""
    return f"In {formatting.pluralize(count, 'row')} the right answer stands twice by its value, written in two ways (as 1/3 and 2/6 would be)."


def describe_options(report: Report) -> str:
    """How many options the questions have, and what guessing would reach."""
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
    """Whether one letter is right more often than others, and what always ticking it would score."""
    found = report["letters"]
    if not found:
        return ""
    best = max(found, key=lambda one: one["accuracy"])
    score_text = (
        f"always ticking {best['letter']} would score {formatting.format_score(best['right'], report['questions'])}"
    )
    even = sum(count / int(number) for number, count in report["option_counts"].items()) / report["questions"]
    is_clear = claims.is_above_chance((best["right"], report["questions"]), even, comparisons=len(found))
    if best["accuracy"] - even <= LETTER_BIAS_TOLERANCE:
        return f"No letter gives itself away: even {score_text}, guessing {formatting.round_percent(even)} of 100."
    if not is_clear:
        return f"No letter is right clearly more often than luck would have it: {score_text}, guessing {formatting.round_percent(even)} of 100."
    return f"Mind the letters: {score_text}, where guessing gives {formatting.round_percent(even)} of 100."


def describe_size_bias(report: Report) -> str:
    """Whether the right option's place by size gives it away; blank where too few questions have numbers as options, or it does not."""
    found = report.get("sizes")
    if not found:
        return ""
    right, total = found["right"], found["questions"]
    position = max(range(len(right)), key=right.__getitem__)
    even = 1 / len(right)
    if right[position] / total - even <= LETTER_BIAS_TOLERANCE or not claims.is_above_chance(
        (right[position], total), even, comparisons=len(right)
    ):
        return ""
    every = (
        ""
        if total == report["questions"]
        else f" of the {total:,} questions whose {len(right)} options are different numbers"
    )
    return (
        f"Mind the sizes: always ticking the {format_size_rank(position, len(right))} would score {formatting.format_score(right[position], total)}{every}, where "
        f"guessing gives {formatting.round_percent(even)} of 100. A gain in exams need not be one in mathematics."
    )


def describe_annotation(report: Report) -> str:
    """How often MathQA's worked formulas lead to the key; blank where a set has none."""
    found = report["annotation"]
    if not found:
        return ""
    total = sum(found.values())
    outcomes = [
        f"{formatting.format_score(found.get(kind, 0), total)} lead to {what}"
        for kind, what in _ANNOTATION_OUTCOMES.items()
        if found.get(kind)
    ]
    return (
        f"Its rows have a worked formula, the annotation. Of {total:,}: {', '.join(outcomes)}. Where formula and key disagree, "
        "one of them is wrong; which, only a person can tell."
    )


_ANNOTATION_OUTCOMES = {
    MATCHES_KEY: "the right option",
    MATCHES_OTHER_OPTION: "another option",
    MATCHES_NO_OPTION: "no option at all",
    NOT_COMPARABLE: "nothing that can be compared",
}
