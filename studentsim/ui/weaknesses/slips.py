"""What became of each slip, as it is told: a word or two and the rule behind it. The rules are ``analysis/misconceptions.py``'s."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import misconceptions
from studentsim.analysis.misconceptions import ENOUGH, Course
from studentsim.ui.titles import commonest_first


@dataclass(frozen=True)
class Verdict:
    """What is said of a slip: a word or two, a theme colour and icon, and the rule in one sentence; ``clear``: whether more than luck
    is behind it. Where it is not, the last exam's count is said beside the name: nothing is claimed.
    """

    name: str
    color: str
    icon: str
    rule: str
    clear: bool = True

    def told(self, made: int, of: int) -> str:
        """``unlearnt``; ``fewer now, 0 of 6``."""
        return self.name if self.clear else f"{self.name}, {made} of {of}"


VERDICTS: Mapping[str, Verdict] = {
    "back": Verdict(
        "came back", "orange", ":material/undo:",
        "Made clearly less in some exam than in one before it, and clearly more again in the last.",
    ),
    "grown": Verdict(
        "more often now", "orange", ":material/trending_up:", "Made clearly more often in the last exam than in the first.",
    ),
    "remains": Verdict(
        "clearly still there", "orange", ":material/close:",
        f"Made at least {ENOUGH} times in the last exam, and clearly more often than blind ticks would make it.",
    ),
    "replaced": Verdict(
        "other mistakes instead", "orange", ":material/swap_horiz:",
        "Gone by the rule of those unlearnt, but less than half of what went became right answers: other mistakes, or none of the options, "
        "took its place.",
    ),
    "less": Verdict(
        "less often", "gray", ":material/trending_down:",
        "Made clearly less in the last exam than in the first, but still more often than blind ticks would.",
    ),
    "more": Verdict(
        "more now", "gray", ":material/question_mark:",
        "Made more often in the last exam than in the first, but luck could make that of it.", clear=False,
    ),
    "same": Verdict(
        "as at first", "gray", ":material/question_mark:",
        "Made as often in the last exam as in the first, and not clearly more often than blind ticks would make it.", clear=False,
    ),
    "seen": Verdict(
        "seen", "gray", ":material/question_mark:",
        "Made in the only exam so far: later ones show what becomes of it.", clear=False,
    ),
    "fewer": Verdict(
        "fewer now", "gray", ":material/question_mark:",
        "Made less often in the last exam than in the first, but luck could make that of it: too few questions to call it unlearnt.",
        clear=False,
    ),
    "unlearnt": Verdict(
        "unlearnt", "blue", ":material/check:",
        "Made clearly less in the last exam than in the first, there no more often than blind ticks would make it; and at least half of "
        "what went became right answers.",
    ),
}  # fmt: skip
"""Every verdict of ``misconceptions.verdict``, those that ask for something to be done first."""

CLEARLY = (
    "Fisher's exact test (against blind ticks: the binomial test), corrected for looking at all slips of the run: where no slip "
    "changes, luck alone makes such a claim in at most 5 of 100 runs."
)
"""What "clearly" means in the rules."""

COLUMNS = (
    "misconception", "category", "skill", "verdict", "first_made", "first_of", "last_made", "last_of", "last_low", "last_high",
    "most", "series",
)  # fmt: skip


def standing(made: pd.DataFrame) -> pd.DataFrame:
    """One row a slip that was ever made: what is clear first, those that ask for something to be done before the others; then by how
    often it was made last.

    ``made`` is ``Findings.made``. ``most`` is the largest count of an exam, ``series`` the list of counts, exam by exam.
    """
    slips = list(made.sort_values("turn").groupby(["misconception", "category", "skill"]))
    courses = [_course(exams) for _, exams in slips]
    of = misconceptions.family(courses)
    rows = []
    for ((slip, category, skill), exams), course in zip(slips, courses, strict=True):
        if not any(course.made):
            continue
        last = exams.iloc[-1]
        rows.append(
            (slip, category, skill, misconceptions.verdict(course, of), *course.count(0), *course.count(-1), last.low, last.high,
             max(course.made), list(course.made))
        )  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    places = {name: place for place, name in enumerate(n for n, verdict in VERDICTS.items() if verdict.clear)}
    rank = frame.verdict.map(places).fillna(len(places))
    frame = commonest_first(frame.assign(rank=rank), "last_made").sort_values("rank", kind="stable")
    return frame.drop(columns="rank").reset_index(drop=True)


def most_frequent(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``standing`` in the order in which the first sentence names them: those made twice or more in the last exam, then those made
    most in any exam.
    """
    now = frame.last_made > 1
    return pd.concat([commonest_first(frame[now], "last_made"), commonest_first(frame[~now], "most")])


def _course(exams: pd.DataFrame) -> Course:
    """One slip's rows of ``Findings.made``, in the order of the exams."""
    made, offered, right = (tuple(int(n) for n in exams[column]) for column in ("made", "offered", "right"))
    return Course(made, offered, right, float(exams.blind.iloc[-1]))
