"""What a bank's report says, in words. No streamlit. ``report`` is ``BankReport.to_json()``, as JSON hands it over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studentsim.analysis import claims
from studentsim.bank import recognition_text
from studentsim.bank.annotation import KEY, NONE, OTHER, UNKNOWN
from studentsim.bank.dealing import EXAM_SHARE
from studentsim.bank.option_sizes import place_name
from studentsim.ui import words

Report = Mapping[str, Any]

EVEN = 0.03
"""How much more than its even share a letter may have before it is spoken of."""
TITLES = {
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


def opening(report: Report) -> str:
    """The page's first sentence."""
    rows, doubtful = report["rows"], report["doubtful_rows"]
    if not doubtful:
        return f"Nothing doubtful was found in {words.plural(rows, 'row')}."
    told = f"{doubtful:,} of {words.plural(rows, 'row')} {'is' if doubtful == 1 else 'are'} doubtful"
    share = words.hundred(doubtful / rows)
    if rows < 100:
        return f"{told}."
    return f"{told} ({share if share else 'fewer than 1'} of 100)."


def holds(report: Report) -> str:
    """What it is, and how many questions it gives."""
    count, kinds = report["questions"], len(report["categories"])
    splits = report["splits"]
    parts = (("study", "to practise"), ("exam", "for exams"), ("validation", "for held-out pairs"))
    text = (
        f"{words.plural(count, 'question')} can be asked, in {words.plural(kinds, 'category', 'categories')}: "
        f"{', '.join(f'{splits.get(split, 0):,} {what}' for split, what in parts)}."
    )
    if count and not splits.get("exam"):
        text += f" None fell to the exams, which get about {EXAM_SHARE} of 100: without them nothing can be measured. Add questions."
    if report["without_question"]:
        text += f" {words.plural(report['without_question'], 'row')} give none: their answer holds no number that could be moved."
    if report["same_text"]:
        text += f" {words.plural(report['same_text'], 'question')} share their text with another."
    return text


def recognised(report: Report) -> str:
    """What the file was taken for, how sure that is, and what else it might be; blank for a set of the hub."""
    return " ".join(recognition_text.sentences(report["recognised"]))


def topics(report: Report) -> str:
    """The topics with their counts; blank where there are none."""
    if not report["topics"]:
        return ""
    told = [f"{topic} {count:,}" for topic, count in report["topics"].items()]
    rest = report["questions"] - sum(report["topics"].values())
    return f"Questions by topic: {', '.join(told)}{f'; {rest:,} have none' if rest else ''}."


def by_value(report: Report) -> str:
    """How often the right answer stands twice by value alone; blank where it never does."""
    count = report["right_by_value"]
    if not count:
        return ""
    return f"In {words.plural(count, 'row')} the right answer stands twice by its value, written in two ways (as 1/3 and 2/6 would be)."


def options(report: Report) -> str:
    """How many options the questions have, and what guessing would reach."""
    counts = {int(number): count for number, count in report["option_counts"].items()}
    if not counts:
        return ""
    total = sum(counts.values())
    guessing = sum(count / number for number, count in counts.items()) / total
    if len(counts) == 1:
        told = f"All have {next(iter(counts))} options"
    else:
        told = ", ".join(f"{count:,} have {number} options" for number, count in counts.items())
    return f"{told}. Guessing would give {words.hundred(guessing)} of 100."


def letters(report: Report) -> str:
    """Whether one letter is right more often than others, and what always ticking it would score."""
    found = report["letters"]
    if not found:
        return ""
    best = max(found, key=lambda one: one["accuracy"])
    score = f"always ticking {best['letter']} would score {words.score(best['right'], report['questions'])}"
    even = sum(count / int(number) for number, count in report["option_counts"].items()) / report["questions"]
    more = claims.above_chance((best["right"], report["questions"]), even, of=len(found))
    if best["accuracy"] - even <= EVEN:
        return f"No letter gives itself away: even {score}, guessing {words.hundred(even)} of 100."
    if not more:
        return f"No letter is right clearly more often than luck would have it: {score}, guessing {words.hundred(even)} of 100."
    return f"Mind the letters: {score}, where guessing gives {words.hundred(even)} of 100."


def sizes(report: Report) -> str:
    """Whether the right option's place by size gives it away; blank where too few questions have numbers as options, or it does not."""
    found = report.get("sizes")
    if not found:
        return ""
    right, asked = found["right"], found["questions"]
    place = max(range(len(right)), key=right.__getitem__)
    even = 1 / len(right)
    if right[place] / asked - even <= EVEN or not claims.above_chance((right[place], asked), even, of=len(right)):
        return ""
    every = (
        ""
        if asked == report["questions"]
        else f" of the {asked:,} questions whose {len(right)} options are different numbers"
    )
    return (
        f"Mind the sizes: always ticking the {place_name(place, len(right))} would score {words.score(right[place], asked)}{every}, where "
        f"guessing gives {words.hundred(even)} of 100. A gain in exams need not be one in mathematics."
    )


def annotation(report: Report) -> str:
    """How often MathQA's worked formulas lead to the key; blank where a set has none."""
    found = report["annotation"]
    if not found:
        return ""
    total = sum(found.values())
    told = [
        f"{words.score(found.get(kind, 0), total)} lead to {what}" for kind, what in _LEADS.items() if found.get(kind)
    ]
    return (
        f"Its rows have a worked formula, the annotation. Of {total:,}: {', '.join(told)}. Where formula and key disagree, "
        "one of them is wrong; which, only a person can tell."
    )


_LEADS = {
    KEY: "the right option",
    OTHER: "another option",
    NONE: "no option at all",
    UNKNOWN: "nothing that can be compared",
}
