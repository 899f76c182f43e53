"""What stands under the pictures of Compare: how they are drawn, how sure they are, what was left out. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.ui import lookups, words
from studentsim.ui.charts.compare import BANDS
from studentsim.ui.compare import settings
from studentsim.ui.compare.differences import Difference
from studentsim.ui.compare.groups import Group, Run
from studentsim.ui.compare.sentences import lower


def picture(frame: pd.DataFrame, *, of: str = "turn") -> str:
    """A picture in words, for those who cannot see it: each way's last figure (or its weakest category)."""
    told = []
    for label, rows in frame.groupby("label", sort=False):
        row = rows.iloc[-1] if of == "turn" else rows.sort_values("accuracy").iloc[0]
        where = f"after {words.plural(int(row.turn), 'lesson')}" if of == "turn" else f"least in {row.category}"
        told.append(
            f"{label}: {words.hundred(row.accuracy)} of 100 {where} ({words.hundred(row.low)} to {words.hundred(row.high)})"
        )
    return "; ".join(told)


def how_drawn(groups: Sequence[Group]) -> str:
    """What bands and lines mean."""
    drawn = "Bands" if len(groups) <= BANDS else "Bars, at the last exam"
    text = f"{drawn}: 95 % intervals. With other questions, the result could well lie anywhere in them."
    if any(g.variant for g in groups):
        text += (
            " Of several that choose alike, each further one has a colour, line and mark of its own on this page; the tables have the "
            "marks."
        )
    several = [g for g in groups if len(g.runs) > 1]
    if not several:
        return text
    counts = ", ".join(f"{lower(g.label)} {len(g.runs)}" for g in several)
    return (
        f"{text} Thin lines are single runs, the thick one their mean ({counts} runs); its interval allows for other questions and for "
        "other runs, and so is wide for few of them."
    )


def hardly_chose(groups: Sequence[Group], looked_at: pd.DataFrame) -> list[str]:
    """A sentence for each way whose rule nearly all questions passed, or nearly none: it hardly chose, whatever its name says."""
    notes = []
    for group in groups:
        own = looked_at[looked_at.run_id.isin([run.run_id for run in group.runs])]
        if said := lookups.warning(lookups.from_frame(own)):
            notes.append(f"{group.label}: {lower(said)}")
    return notes


def few(categories: pd.DataFrame) -> str:
    """How many questions a category rests on."""
    asked = categories.questions // categories.runs
    low, high = int(asked.min()), int(asked.max())
    count = f"{low}" if low == high else f"{low} to {high}"
    text = f"Each category has {count} of the exam's questions. Where the bars of two ways overlap much, they cannot be told apart."
    return (
        f"{text} Bars of several runs allow for other runs as well, and so may be wider."
        if (categories.runs > 1).any()
        else text
    )


def published(source: str, questions: int, *, overlap: bool) -> str:
    """What the paper's curves are, and why their level says nothing about ours."""
    among = (
        " Even among themselves they cannot be told apart: at every lesson the four intervals overlap."
        if overlap
        else ""
    )
    return (
        f"Thin dotted lines with open marks: published, {source}. Another model (gemma-2b-it), other questions (MathQA), "
        f"{questions} in each exam, one run each: do not compare their level with ours. Bars: 95 % intervals of {questions} "
        f"questions.{among}"
    )


def method(told: Sequence[Difference]) -> str:
    """How the differences' intervals were made, for whom it concerns."""
    parts = ["Paired by question: both sat the same questions with the same luck."]
    if any(d.p_value is not None for d in told):
        parts.append("One run each: Bonett and Price's interval for paired shares; p is McNemar's, exact.")
    if any(d.p_value is None for d in told):
        parts.append(
            "Several runs: the variances over questions and over runs added (Satterthwaite's degrees of freedom)."
        )
    if told and told[0].of > 1:
        parts.append(f"The {told[0].of} intervals are widened (Bonferroni) so that all hold together with 95 %.")
    return " ".join(parts)


def alike(groups: Sequence[Group]) -> str:
    """The settings that matter most and are the same in all."""
    differ = set(settings.differing([g.config for g in groups]))
    told = ("student", "strategy", "questions", "exam", "exam_seed", "learning.learning_rate")
    if differ & set(settings.THE_WAY):
        differ |= set(settings.THE_WAY)
    same = [f"{settings.NAMES[n]}: {settings.said(n, groups[0].config)}" for n in told if n not in differ]
    return f"The same in all: {'; '.join(same)}." if same and len(groups) > 1 else ""


def left_out(runs: Sequence[Run], unknown: Sequence[str], too_many: int) -> list[str]:
    """What of the choice is not shown, and why."""
    notes = []
    if unknown:
        notes.append(
            f"{words.plural(len(unknown), 'run')} named in the link {'is' if len(unknown) == 1 else 'are'} not here: deleted, "
            f"or the link is wrong ({', '.join(u[:40] for u in unknown[:3])}{' …' if len(unknown) > 3 else ''})."
        )
    if too_many:
        notes.append(f"{words.plural(too_many, 'more run')} of the link left out: one picture bears no more lines.")
    if runs:
        notes.append(
            f"Left out: {words.plural(len(runs), 'run')} with the same settings and the same seed as another one. It is the same "
            "draw of luck over again, and would make the result look surer than it is."
        )
    return notes
