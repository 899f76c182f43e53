"""What Home says of the recorded study, from its figures. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.analysis import claims
from studentsim.ui.compare.differences import Difference
from studentsim.ui.compare.groups import Group
from studentsim.ui.compare.sentences import amount, bounds
from studentsim.ui.looks import look
from studentsim.ui.words import hundred, interval, mean_score, plural, score, student

CONTROLS = ("none", "fixed")


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
    return (
        f"This student ({student}) begins with a gap: before any lesson it has {score(*part)} questions right in {weakest.category}, "
        f"and {rest} in the other categories."
    )


def finding(exams: pd.DataFrame, told: Difference | None = None) -> str:
    """What the study shows: the untaught student, the taught ones, and whether the ways of choosing can be told apart.

    ``exams`` is ``curves.means``'s frame, a way of choosing by its mean over runs; ``told`` the two ways that it was made to
    compare. Claims a difference only where an interval of the difference leaves out 0, or two 95 % intervals do not meet.
    """
    last = exams.loc[exams.groupby("strategy").turn.idxmax()].sort_values("accuracy")
    taught, control = last[~last.strategy.isin(CONTROLS)], last[last.strategy == "none"]
    if taught.empty:
        return ""
    lessons = plural(int(last.turn.max()), "lesson")
    rest = " ".join(filter(None, [_ways(taught, told), _fixed(last)]))
    if control.empty:
        return f"After {lessons} of practice this student answers {_reach(taught)}. {rest}".strip()
    untaught = control.iloc[0]
    ahead = taught[taught.low > untaught.high]
    left = (
        f"Without teaching, this student answers {_told(untaught)} never-practised questions rightly after {lessons}."
    )
    if ahead.empty:
        return f"{left} No way of teaching made a clear difference yet: all intervals meet."
    who = "Taught, it" if len(ahead) == len(taught) else f"In {len(ahead)} of {len(taught)} ways of teaching it"
    return f"{left} {who} reaches {_reach(ahead)}. {rest}".strip()


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


def _reach(rows: pd.DataFrame) -> str:
    """``58 to 66 of 100``, from the lowest way to the highest."""
    low, high = hundred(rows.accuracy.min()), hundred(rows.accuracy.max())
    if len(rows) == 1 or low == high:
        return _told(rows.iloc[-1])
    return f"{low} to {high} of 100, depending on how its practice is chosen"


def _ways(taught: pd.DataFrame, told: Difference | None) -> str:
    """The two ways that were to be compared; without them, whether the best way is clearly ahead of the worst (rows rise)."""
    if told is not None:
        return _difference(told)
    if len(taught) < 2:
        return ""
    worst, best = taught.iloc[0], taught.iloc[-1]
    if best.low > worst.high:
        return f"*{look(best.strategy).name}* is clearly ahead of *{look(worst.strategy).name}*."
    return "Which way of choosing is best, one run of each can't tell: their intervals overlap."


def _difference(d: Difference) -> str:
    this, other = (f"*{group.look.name}*" for group in (d.group, d.reference))
    counts = (len(d.group.runs), len(d.reference.runs))
    runs = f"{plural(counts[0], 'run')} of each" if counts[0] == counts[1] else f"{counts[0]} and {counts[1]} runs"
    basis = f"{bounds(d)}; {runs}{', each with a seed of its own' if max(counts) > 1 else ''}"
    if not d.clear:
        return f"{this} and {other} cannot be told apart: {amount(d.gained, d.questions)} for the first ({basis})."
    text = f"{this} gets {amount(d.gained, d.questions)} right than {other} ({basis})."
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
