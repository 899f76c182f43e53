"""What became of each slip, unlearnt, still there, grown, come back: rules that claim only what the intervals bear. No streamlit here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from studentsim.ui import evidence
from studentsim.ui.titles import commonest_first

ENOUGH = 3
"""A slip made less often than this in an exam is hardly there: it can't remain, be back, or have been unlearnt since."""


@dataclass(frozen=True)
class Verdict:
    """What is said of a slip: a word or two, a theme colour and icon, and the rule in one sentence."""

    name: str
    color: str
    icon: str
    rule: str


VERDICTS: Mapping[str, Verdict] = {
    "back": Verdict(
        "came back", "orange", ":material/undo:",
        f"Made at least {ENOUGH} times in an exam, clearly less in a later one, and clearly more again in the last.",
    ),
    "grown": Verdict(
        "more often now", "orange", ":material/trending_up:",
        f"Made at least {ENOUGH} times in the last exam, more often than blind ticks would make it, and clearly more often than in the "
        "first.",
    ),
    "remains": Verdict(
        "clearly still there", "orange", ":material/close:",
        f"Made at least {ENOUGH} times in the last exam, and more often than blind ticks would make it, by more than luck.",
    ),
    "replaced": Verdict(
        "other mistakes instead", "orange", ":material/swap_horiz:",
        "Gone by the rule of those unlearnt, but less than half of what went became right answers: other mistakes, or none of the options, "
        "took its place.",
    ),
    "less": Verdict(
        "less often", "gray", ":material/trending_down:",
        f"Made at least {ENOUGH} times in the first exam and clearly less in the last, but still more often than blind ticks would.",
    ),
    "seen": Verdict(
        "seen, undecided", "gray", ":material/question_mark:",
        "Made in the last exam, but neither clearly more often than blind ticks could make it nor clearly less than in the first.",
    ),
    "unlearnt": Verdict(
        "unlearnt", "blue", ":material/check:",
        f"Made at least {ENOUGH} times in the first exam and clearly less in the last, there no more often than blind ticks "
        "would make it; and at least half of what went became right answers.",
    ),
    "unseen": Verdict(
        "not seen, undecided", "gray", ":material/horizontal_rule:",
        "Not made in the last exam, but in the first one too seldom to call it unlearnt.",
    ),
}  # fmt: skip
"""Every verdict, those that ask for something to be done first. "Clearly": the 95 % interval of the difference leaves out 0."""

BY_LUCK = 0.025
"""Share of slips that would look clearly changed one way although nothing changed."""

COLUMNS = (
    "misconception", "category", "skill", "verdict", "first_made", "first_of", "last_made", "last_of", "last_low", "last_high",
    "most", "series",
)  # fmt: skip


def standing(made: pd.DataFrame) -> pd.DataFrame:
    """One row a slip that was ever made, by verdict and then by how often it was made last.

    ``made`` is ``Findings.made``. ``most`` is the largest count of an exam, ``series`` the list of counts, exam by exam.
    """
    rows = []
    for (slip, category, skill), exams in made.sort_values("turn").groupby(["misconception", "category", "skill"]):
        if not exams.made.any():
            continue
        first, last = exams.iloc[0], exams.iloc[-1]
        rows.append(
            (slip, category, skill, verdict(exams), int(first.made), int(first.offered), int(last.made), int(last.offered),
             last.low, last.high, int(exams.made.max()), exams.made.astype(int).tolist())
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    rank = frame.verdict.map({name: i for i, name in enumerate(VERDICTS)})
    frame = commonest_first(frame.assign(rank=rank), "last_made").sort_values("rank", kind="stable")
    return frame.drop(columns="rank").reset_index(drop=True)


def verdict(exams: pd.DataFrame) -> str:
    """The verdict on one slip: ``turn, made, offered, right, blind, low, high``, an exam a row, in order."""
    first, last = exams.iloc[0], exams.iloc[-1]
    if _came_back(exams):
        return "back"
    if last.made >= ENOUGH and last.low > last.blind:
        return "grown" if clearly_less(first, last) else "remains"
    if first.made >= ENOUGH and clearly_less(last, first):
        if last.made / last.offered > last.blind:
            return "less"
        return "unlearnt" if 2 * (last.right - first.right) >= first.made - last.made else "replaced"
    return "seen" if last.made else "unseen"


def clearly_less(one: pd.Series, other: pd.Series) -> bool:
    """Whether a slip was made less often in ``one`` exam than in ``other``, by more than luck."""
    return evidence.clearly_less((int(one.made), int(one.offered)), (int(other.made), int(other.offered)))


def _came_back(exams: pd.DataFrame) -> bool:
    """Whether some exam between lies clearly below both an earlier one and the last."""
    rows = [row for _, row in exams.iterrows()]
    last = rows[-1]
    if last.made < ENOUGH or len(rows) < 3:
        return False
    return any(
        clearly_less(low, last) and any(high.made >= ENOUGH and clearly_less(low, high) for high in rows[:i])
        for i, low in enumerate(rows[:-1])
    )
