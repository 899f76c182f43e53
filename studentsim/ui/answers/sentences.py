"""What Answers says. Plain text throughout: it may hold what others wrote. No streamlit here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.exam import wilson
from studentsim.store.queries import LISTED, NO_SLIP
from studentsim.ui import category_names
from studentsim.ui.answers.counts import Count
from studentsim.ui.answers.view import View
from studentsim.ui.sentences import options_of
from studentsim.ui.teaching import judgement
from studentsim.ui.titles import skill_title, slip_of, slip_title
from studentsim.ui.words import interval, plural, score

LONGEST_VALUE = 60
"""Characters of a written value that a sentence repeats; of a longer one the option that it shows is told."""

_MARK = re.compile(r"(?i)^\W{0,3}[a-j]\s?[).:]\s*(?=\S)")
"""A letter that is written once more before the value."""

FEW = 3
"""Wrong answers from the same slip that make it worth a word."""

MARKS: Mapping[str, str] = {"right": "✓ right", "wrong": "✗ wrong", "unanswered": "✗ no answer"}
"""How an answer's mark is written: a sign and a word, so that colour is not needed."""

KINDS: Mapping[str, str] = {"right": MARKS["right"], "ticked": MARKS["wrong"], "unanswered": MARKS["unanswered"]}
"""The same by ``view.KINDS``: the filter's choices."""

PHASES: Mapping[str, str] = {"exam": "exam", "study": "practice", "revision": "second tries"}
"""Where an answer was asked for; ``revision`` are second and further tries at a practice question."""

NAMES: Mapping[str, str] = {
    "lesson": "lesson", "phase": "exam or practice", "category": "category", "skill": "skill", "slip": "slip", "mark": "mark",
    "search": "text", "question": "question", "value": "the value",
    "answer": "open answer", "show": "way of showing", "page": "page", "all": "all answers",
}  # fmt: skip
"""Parameters of a link in plain words."""


def opening(view: View, base: Count, shown: Count, categories: Sequence[str] = ()) -> str:
    """The page's first sentence. ``base`` counts the view without its mark and slip, ``shown`` with them; ``categories`` are all of
    the run's.
    """
    if not base.answers:
        return "No answers match." if view.narrowed else "This simulation has no answers yet."
    if not base.wrong:
        return f"{_all(base.answers)} {subject(view, base.answers, categories)} {_is(base.answers, 'right')}."
    text = f"{base.wrong:,} of {base.answers:,} {subject(view, base.answers, categories)} {_is(base.wrong, 'wrong')}"
    if view.phase == "exam" and view.lesson is not None and not view.search:
        low, high = wilson(base.wrong, base.answers)
        told = f", {score(base.wrong, base.answers)}" if base.answers >= 50 else ""
        text += f"{told} {interval(low, high, base.answers)}"
    return f"{text}{_commonest(view, base)}.{_listed(view, base, shown)}"


def subject(view: View, count: int, categories: Sequence[str]) -> str:
    """What is being counted: ``exam answers after lesson 20 in probability``; ``categories`` are all of the run's."""
    kind = {"exam": "exam ", "study": "practice "}.get(view.phase, "")
    answers = ("answer", "answers") if view.phase != "revision" else ("second try", "second tries")
    words = [f"{kind}{answers[count != 1]}"]
    if view.lesson is not None:
        words.append(_when(view))
    if view.skill:
        words.append(f"on “{skill_title(view.skill)}”")
    elif view.category:
        words.append(f"in {category_names.in_sentence(view.category, categories)}")
    if view.question:
        words.append("to one question")
    if view.value:
        words.append("whose letter and value disagree")
    if view.search:
        words.append(f"that mention “{view.search}”")
    return " ".join(words)


def _when(view: View) -> str:
    if view.phase == "exam":
        return f"after lesson {view.lesson}" if view.lesson else "before any lesson"
    return (
        f"of lesson {view.lesson}" + ("" if view.phase else " and the exam after it")
        if view.lesson
        else "before any lesson"
    )


def _all(count: int) -> str:
    return "The one" if count == 1 else f"All {count:,}"


def _is(count: int, what: str) -> str:
    return f"is {what}" if count == 1 else f"are {what}"


def _commonest(view: View, base: Count) -> str:
    """The commonest slip, where it leads by more than luck, but first that none was ticked, where that is commoner; nothing
    where the slips are few, or one is asked for.
    """
    if view.slip:
        return ""
    slip = leading(view, base)
    if unanswered_first(view, base):
        said = f"; most often no option shows its result, {base.unanswered:,} of {base.wrong:,}"
        return f"{said}; the most frequent slip is “{slip_title(slip)}”, {base.slips[slip]:,}" if slip else said
    if slip:
        return f"; most often “{slip_title(slip)}”, {base.slips[slip]:,} of {base.wrong:,}"
    return "; no slip stands out" if len(base.slips) > 1 and max(base.slips.values()) >= FEW else ""


def leading(view: View, base: Count) -> str:
    """The slip that the opening names: the commonest, where it leads the next by more than luck; else blank."""
    if view.slip or not base.slips:
        return ""
    most, second, *_ = [*base.slips.values(), 0]
    return next(iter(base.slips)) if claims.leads(most, second) else ""


def unanswered_first(view: View, base: Count) -> bool:
    """Whether the opening says that no option showed the result: no slip is as frequent."""
    return not view.slip and base.unanswered >= FEW and base.unanswered > max(base.slips.values(), default=0)


def _listed(view: View, base: Count, shown: Count) -> str:
    """What of it is listed below, where that is not all."""
    if view.slip == NO_SLIP:
        return f" Listed: the {shown.answers:,} with no known slip."
    if view.slip:
        return f" Listed: the {shown.answers:,} with the slip “{slip_title(view.slip)}”."
    if view.mark and shown.answers != (base.wrong if view.mark == "wrong" else base.answers):
        return f" Listed: the {shown.answers:,} {' or '.join(_LISTED[kind] for kind in view.kinds)}."
    return ""


_LISTED = {"right": "that are right", "ticked": "with a wrong option ticked", "unanswered": "without an answer"}


def left_out(names: Sequence[str]) -> str:
    """Said where a link's values could not be meant."""
    told = [NAMES.get(name, name) for name in names]
    listed = told[0] if len(told) == 1 else f"{', '.join(told[:-1])} and {told[-1]}"
    return f"What this link says of {listed} could not be understood and was left out."


def value_of(view: View, name: str, categories: Sequence[str]) -> str:
    """A filter's value in plain words, for the links that remove it; ``categories`` are all of the run's."""
    value = getattr(view, name)
    return {
        "lesson": f"lesson {value}" if value else "before any lesson",
        "phase": PHASES.get(str(value), str(value)),
        "category": category_names.label(str(value), categories),
        "skill": skill_title(str(value)),
        "slip": slip_title(str(value)),
        "mark": " or ".join(KINDS[kind] for kind in view.kinds),
        "value": "letter and value disagree",
        "search": f"“{value}”",
        "question": "one question",
    }.get(name, str(value))


def too_many(count: int) -> str:
    """Said where a list is longer than what is listed."""
    return f"The first {LISTED:,} of {count:,} are listed. Narrow the filter to see others, or download them all."


# ------------------------------------------------------------------ one answer


def attempt(row: Mapping[str, Any] | pd.Series) -> str:
    """One attempt at a question in a few words, for links: ``✗ exam after 4``."""
    sign = "✓" if row["mark"] == "right" else "✗"
    if row["phase"] == "exam":
        when = f"exam after {row['turn']}" if row["turn"] else "first exam"
    else:
        when = f"practice {row['turn']}"
    again = f", try {row['attempt']}" if row["attempt"] > 1 else ""
    return f"{sign} {when}{again}"


def history(marks: pd.DataFrame) -> str:
    """How one question went over a run's lessons: ``Asked 3 times in this simulation: wrong, wrong, right.``"""
    if len(marks) == 1:
        return "It was asked once in this simulation."
    rights = (marks.mark == "right").tolist()
    again = int((marks.attempt > 1).sum())
    told = f"{plural(again, 'second try', 'second tries')} among them" if again else ""
    text = f"Asked {len(rights)} times in this simulation{f' ({told})' if told else ''}: "
    changes = sum(a != b for a, b in zip(rights, rights[1:], strict=False))
    if not changes:
        return f"{text}{'right' if rights[0] else 'wrong'} every time."
    if changes == 1:
        first = marks.iloc[rights.index(not rights[0])]
        now, before = ("right", "wrong") if rights[-1] else ("wrong", "right")
        return f"{text}{before} at first, {now} since {_place(first)}."
    if len(rights) <= 6:
        return f"{text}{', '.join('right' if r else 'wrong' for r in rights)}."
    return f"{text}right {sum(rights)} times, {'right' if rights[-1] else 'wrong'} the last time."


def _place(row: pd.Series) -> str:
    if row.phase == "exam":
        return f"the exam after {plural(int(row.turn), 'lesson')}" if row.turn else "the first exam"
    return (
        f"the {judgement.ordinal(row).lower()} in lesson {row.turn}"
        if row.attempt > 1
        else f"the practice of lesson {row.turn}"
    )


def mark(row: Mapping[str, Any]) -> str:
    """The teacher's judgement, and what it rests on."""
    by = "by the answer key" if row["marked_by"] == "key" else f"by {row['marked_by']}"
    if row["right"]:
        return f"Marked right {by}."
    if not row["letter"]:
        return f"Marked wrong {by}: no option shows the result of its working, so nothing was ticked."
    return f"Marked wrong {by}: {row['letter']} was ticked, {row['correct']} is right."


def disagreement(row: Mapping[str, Any]) -> str:
    """That the value written beside the letter is another option's, and which counts; blank where they agree, or it is not known.

    ``It ticked a) 2200 but wrote 980, which is b). The letter counts.``
    """
    letter, other = row["letter"], row["value_letter"]
    if not letter or not other or letter == other:
        return ""
    texts = {option["letter"]: option["text"] for option in options_of(row)}
    wrote = _MARK.sub("", row["value"] or "").strip(" .")
    wrote = wrote if 0 < len(wrote) <= LONGEST_VALUE else texts.get(other, other)
    return f"It ticked {letter}) {texts.get(letter, '')} but wrote {wrote}, which is {other}). The letter counts."


def slip_behind(row: Mapping[str, Any]) -> tuple[str, str]:
    """The slip that led to a wrong answer: its title, and what went wrong in plain words (may be empty)."""
    if row["right"]:
        return "", ""
    slip = slip_of(row["misconception"])
    if slip:
        return slip.title, slip.explanation
    if row["misconception"]:
        return str(row["misconception"]), ""
    return "", "No known slip leads to this result: it may be a slip of the pen, or a guess."
