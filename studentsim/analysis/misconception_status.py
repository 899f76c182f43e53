"""Verdicts on what became of each misconception ("slip" on the pages): names, rules, and their frame.

The rules are those of ``analysis/misconceptions.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from studentsim.analysis import misconceptions
from studentsim.analysis.misconceptions import MIN_REMAINING_COUNT, MisconceptionHistory
from studentsim.labels.titles import sort_misconceptions


@dataclass(frozen=True)
class MisconceptionVerdict:
    """How a verdict is shown: its name, theme colour and icon, and its rule in a sentence.

    ``is_clear``: whether it is statistically significant. Where it is not, its label adds the last exam's count.
    """

    name: str
    color: str
    icon: str
    rule: str
    is_clear: bool = True

    def format_label(self, count: int, total: int) -> str:
        """``unlearnt``; ``fewer now, 0 of 6``."""
        return self.name if self.is_clear else f"{self.name}, {count} of {total}"


MISCONCEPTION_VERDICTS: Mapping[str, MisconceptionVerdict] = {
    "back": MisconceptionVerdict(
        "came back", "orange", ":material/undo:",
        "Made clearly less in some exam than in one before it, and clearly more again in the last.",
    ),
    "grown": MisconceptionVerdict(
        "more often now", "orange", ":material/trending_up:", "Made clearly more often in the last exam than in the first.",
    ),
    "remains": MisconceptionVerdict(
        "clearly still there", "orange", ":material/close:",
        f"Made at least {MIN_REMAINING_COUNT} times in the last exam, and clearly more often than blind ticks would make it.",
    ),
    "replaced": MisconceptionVerdict(
        "other mistakes instead", "orange", ":material/swap_horiz:",
        "Gone by the rule of those unlearnt, but less than half of what went became right answers: other mistakes, or none of the options, "
        "took its place.",
    ),
    "less": MisconceptionVerdict(
        "less often", "gray", ":material/trending_down:",
        "Made clearly less in the last exam than in the first, but still more often than blind ticks would.",
    ),
    "more": MisconceptionVerdict(
        "more now", "gray", ":material/question_mark:",
        "Made more often in the last exam than in the first, but chance could make that of it.", is_clear=False,
    ),
    "same": MisconceptionVerdict(
        "as at first", "gray", ":material/question_mark:",
        "Made as often in the last exam as in the first, and not clearly more often than blind ticks would make it.", is_clear=False,
    ),
    "seen": MisconceptionVerdict(
        "seen", "gray", ":material/question_mark:",
        "Made in the only exam so far: later ones show what becomes of it.", is_clear=False,
    ),
    "fewer": MisconceptionVerdict(
        "fewer now", "gray", ":material/question_mark:",
        "Made less often in the last exam than in the first, but chance could make that of it: too few questions to call it unlearnt.",
        is_clear=False,
    ),
    "unlearnt": MisconceptionVerdict(
        "unlearnt", "blue", ":material/check:",
        "Made clearly less in the last exam than in the first, there no more often than blind ticks would make it; and at least half of "
        "what went became right answers.",
    ),
}  # fmt: skip
"""Every verdict of ``misconceptions.classify_trend``, those that call for action first."""

CLEARLY_DEFINITION = (
    "Fisher's exact test (against blind ticks: the binomial test), corrected for looking at all slips of the run: where no slip "
    "changes, chance alone makes such a claim in at most 5 of 100 runs."
)
"""What "clearly" means in the rules."""

JUDGED_MISCONCEPTION_COLUMNS = (
    "misconception", "category", "skill", "verdict", "first_made", "first_of", "last_made", "last_of", "last_low", "last_high",
    "most", "series",
)  # fmt: skip


def judge_misconceptions(misconception_counts: pd.DataFrame) -> pd.DataFrame:
    """One row (``JUDGED_MISCONCEPTION_COLUMNS``) a misconception that ever occurred.

    Clear verdicts come first, in the order of ``MISCONCEPTION_VERDICTS``; then the most frequent in the last exam.
    ``misconception_counts`` is ``ExamFindings.misconception_counts``. ``most`` is the largest count of an exam, ``series`` the
    list of counts, an exam each.
    """
    groups = list(misconception_counts.sort_values("turn").groupby(["misconception", "category", "skill"]))
    histories = [_build_history(exams) for _, exams in groups]
    comparisons = misconceptions.count_comparisons(histories)
    rows = []
    for (key, exams), history in zip(groups, histories, strict=True):
        if not any(history.occurrences):
            continue
        last = exams.iloc[-1]
        verdict = misconceptions.classify_trend(history, comparisons)
        counts = (*history.count_in_exam(0), *history.count_in_exam(-1), last.ci_low, last.ci_high)
        rows.append((*key, verdict, *counts, max(history.occurrences), list(history.occurrences)))
    frame = pd.DataFrame(rows, columns=list(JUDGED_MISCONCEPTION_COLUMNS))
    clear_verdicts = [name for name, verdict in MISCONCEPTION_VERDICTS.items() if verdict.is_clear]
    ranks = {name: rank for rank, name in enumerate(clear_verdicts)}
    rank = frame.verdict.map(ranks).fillna(len(ranks))
    frame = sort_misconceptions(frame.assign(rank=rank), "last_made").sort_values("rank", kind="stable")
    return frame.drop(columns="rank").reset_index(drop=True)


def sort_by_frequency(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``judge_misconceptions`` by frequency: first those of 2 or more in the last exam, then the others by ``most``."""
    is_frequent = frame.last_made > 1
    frequent, others = frame[is_frequent], frame[~is_frequent]
    return pd.concat([sort_misconceptions(frequent, "last_made"), sort_misconceptions(others, "most")])


def _build_history(exams: pd.DataFrame) -> MisconceptionHistory:
    """The history from one misconception's rows of ``ExamFindings.misconception_counts``, in the order of the exams."""
    made, offered, right = (tuple(int(n) for n in exams[column]) for column in ("made", "offered", "right"))
    return MisconceptionHistory(made, offered, right, float(exams.blind.iloc[-1]))
