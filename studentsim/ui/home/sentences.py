"""What Home says of the recorded study, from its figures. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.analysis import claims
from studentsim.ui import category_names
from studentsim.ui.compare.differences import Difference
from studentsim.ui.compare.groups import Group
from studentsim.ui.compare.sentences import amount, bounds
from studentsim.ui.looks import look
from studentsim.ui.words import hundred, interval, mean_score, plural, score, student

CONTROLS = ("none", "fixed")


GUESSING = 0.2
"""What guessing gives, 0 to 1, on questions of five options: the recorded studies' and the curriculum's."""


def gap(student: str, start: pd.DataFrame) -> str:
    """How uneven the ``student`` is before any lesson: its weakest category against the rest. Blank where none stands out.

    ``start`` has ``category, correct, questions`` of the exam before any lesson. Claims a gap only where luck would seldom make the
    lowest of so many categories so low (``claims.behind``).
    """
    asked = start[start.questions > 0]
    if len(asked) < 2:
        return ""
    weakest = asked.loc[(asked.correct / asked.questions).idxmin()]
    whole, part = (int(asked.correct.sum()), int(asked.questions.sum())), (int(weakest.correct), int(weakest.questions))
    if not claims.behind(part, whole, of=len(asked)):
        return ""
    rest = score(whole[0] - part[0], whole[1] - part[1])
    where = category_names.in_sentence(weakest.category, start.category)
    fewer = " That is fewer than guessing gives: it does not guess, and each of its slips leads to a wrong option."
    return (
        f"This student ({student}) begins with a gap: before any lesson it has {score(*part)} questions right in {where}, and {rest} in "
        f"the other categories.{fewer if part[0] < GUESSING * part[1] else ''}"
    )


def finding(exams: pd.DataFrame, told: Difference | None = None, taught: Sequence[Difference] = ()) -> str:
    """What the study shows: the untaught student, the taught ones, and whether the ways of choosing can be told apart.

    ``exams`` is ``curves.means``'s frame, a way of choosing by its mean over runs; ``told`` the two ways that it was made to compare,
    ``taught`` each way of teaching against none. Claims a difference only where its interval leaves out 0 (``Difference.clear``).
    """
    last = exams.loc[exams.groupby("strategy").turn.idxmax()].sort_values("accuracy")
    ways, control = last[~last.strategy.isin(CONTROLS)], last[last.strategy == "none"]
    if ways.empty:
        return ""
    lessons = plural(int(last.turn.max()), "lesson")
    rest = " ".join(filter(None, [_difference(told) if told else "", _fixed(last)]))
    if control.empty:
        return f"After {lessons} of practice this student answers {_reach(ways)}. {rest}".strip()
    left = (
        f"Without teaching, this student answers {_told(control.iloc[0])} never-practised questions rightly after "
        f"{lessons}."
    )
    return f"{left} {_against_none(ways, taught)} {rest}".strip()


def _against_none(ways: pd.DataFrame, taught: Sequence[Difference]) -> str:
    """How the ways of teaching (rows rise) stand against none: those that are ahead by their names, unless all are."""
    if not taught:
        return f"Taught, it answers {_reach(ways)}; without an exam in common, whether that is more cannot be told."
    told = {d.group.strategy: claims.direction(d.low, d.high) for d in taught}
    ahead, unclear, fewer = (ways[ways.strategy.map(told) == way] for way in (1, 0, -1))
    if len(ahead) == len(ways):
        return f"Taught, it reaches {_reach(ahead)}."
    parts = []
    if len(ahead):
        brought = [f"to {_told(row)} by *{look(row.strategy).name}*" for _, row in ahead.iterrows()]
        parts.append(f"It is brought {_and(brought)}.")
    if len(unclear):
        parts.append(f"{_named(unclear)} cannot be told apart from no teaching.")
    if len(fewer):
        parts.append(f"{_named(fewer)} {'does' if len(fewer) == 1 else 'do'} worse than no teaching.")
    return " ".join(parts)


def small_model(groups: Sequence[Group]) -> str:
    """Who SmolLM2 is, and what it was asked, from its runs' settings."""
    config = groups[0].config
    seeds = sorted({len(group.runs) for group in groups})
    each = plural(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    return (
        "*SmolLM2*, a small language model (135 million parameters, from 4-bit weights), reads each question with its options and "
        f"writes its answer. Here it practised MathQA, {plural(config.turns, 'lesson')} of {plural(config.questions, 'question')}, "
        f"{plural(len(groups), 'way')} of choosing with {each} each, and sat an exam of {plural(config.exam, 'question')}."
    )


def _told(row: pd.Series) -> str:
    asked = int(row.questions // row.runs)
    return f"{mean_score(row.accuracy, asked)} {interval(row.low, row.high, asked)}"


def _named(rows: pd.DataFrame) -> str:
    """``*Mixed bag*, 77 of 100 (72 to 82), and *Where it is unsure*, 78 of 100 (73 to 83),``"""
    told = [f"*{look(row.strategy).name}*, {_told(row)}," for _, row in rows.iterrows()]
    return " and ".join(filter(None, [" ".join(told[:-1]), told[-1]]))


def _and(parts: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _reach(rows: pd.DataFrame) -> str:
    """``58 to 66 of 100``, from the lowest way to the highest."""
    low, high = hundred(rows.accuracy.min()), hundred(rows.accuracy.max())
    if len(rows) == 1 or low == high:
        return _told(rows.iloc[-1])
    return f"{low} to {high} of 100, depending on how its practice is chosen"


def _difference(d: Difference) -> str:
    this, other = (f"*{group.look.name}*" for group in (d.group, d.reference))
    counts = (len(d.group.runs), len(d.reference.runs))
    runs = f"{plural(counts[0], 'run')} of each" if counts[0] == counts[1] else f"{counts[0]} and {counts[1]} runs"
    basis = f"{bounds(d)}; {runs}{', each with a seed of its own' if max(counts) > 1 else ''}"
    if not d.clear:
        return f"{this} and {other} cannot be told apart: {amount(d, of='the first')} ({basis})."
    text = f"{this} gets {amount(d)} right than {other} ({basis})."
    return text if d.over_runs else f"{text} One run of a way cannot tell it from the luck of the draw."


def _fixed(last: pd.DataFrame) -> str:
    """How the same questions over and over end."""
    rows = last[last.strategy == "fixed"]
    if rows.empty:
        return ""
    return f"*{look('fixed').name}* ends at {_told(rows.iloc[0])}."


def basis(groups: Sequence[Group]) -> str:
    """What the study rests on: student, exam, runs and seeds, from the runs' settings."""
    config = groups[0].config
    each = "; ".join(f"{g.look.name.lower()} {', '.join(str(run.config.seed) for run in g.runs)}" for g in groups)
    return (
        f"Real simulations of this product: the same student ({student(config)}), the same exam of {plural(config.exam, 'question')}, "
        f"{plural(config.turns, 'lesson')} of {plural(config.questions, 'question')}. Seeds: {each}. They came with the product, so that "
        "there is something true to look at before your own."
    )
