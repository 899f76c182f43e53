"""What Weaknesses says, claiming only what the exams bear. Plain text, no markdown. No streamlit here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from studentsim.analysis import claims
from studentsim.ui import sentences, words
from studentsim.ui.titles import (
    commonest_first,
    is_formula_error,
    of_questions,
    skill_title,
    slip_title,
)
from studentsim.ui.weaknesses.findings import Findings
from studentsim.ui.weaknesses.items import FEWEST_SHEETS, give_or_take
from studentsim.ui.weaknesses.place import Place
from studentsim.ui.weaknesses.practice import behind, commonest, silent_in_last, told
from studentsim.ui.weaknesses.slips import CLEARLY, VERDICTS

NO_EXAM = "There is no exam result yet: the first exam comes before any lesson, and this page is made from exams."
MOST_NAMED = 3
SLIPS_NAMED = 2
KINDS_NAMED = 6


def opening(found: Findings) -> str:
    """The page's first sentence: how it stands, where it is weakest, and the commonest slip there."""
    if found.exams.empty:
        return NO_EXAM
    return f"{sentences.headline(found.exams)} {_weakest(found)}".strip()


def _weakest(found: Findings) -> str:
    last = found.in_last(found.categories).sort_values("accuracy")
    if len(last) < 2:
        return ""
    weak, same = _weak(found)
    if not weak:
        row = _lowest(last)
        if row is None:
            return "No category is behind by more than luck."
        text = f"No category is behind by more than luck; the lowest is {found.title(row.row)}, {_score(row)} {_interval(row)}"
        behind_it = _behind_it(behind_wrong(found, str(row.row)))
        return f"{text}; {behind_it}." if behind_it else f"{text}."
    names = [f"{found.title(row.row)}, {_score(row)} {_interval(row)}" for row in (weak[0], *same[: MOST_NAMED - 1])]
    where = f"It is weakest in {'; in '.join(names)}"
    if same:
        return f"{where}: {'these two' if len(names) == 2 else 'these'} can't be told apart."
    behind_it = _behind_it(behind_wrong(found, str(weak[0].row)))
    return f"{where}; {behind_it}." if behind_it else f"{where}."


def _weak(found: Findings) -> tuple[list[Any], list[Any]]:
    """The last exam's rows of the categories behind by more than luck, weakest first; those not told from the weakest."""
    last = found.in_last(found.categories).sort_values("accuracy")
    weak = [row for row in last.itertuples() if behind(row, found)] if len(last) > 1 else []
    return weak, [row for row in weak[1:] if not claims.change(_count(weak[0]), _count(row), of=len(weak) - 1)]


def _lowest(last: pd.DataFrame) -> Any | None:
    """The one row that is lowest; None where several are, or nothing is wrong."""
    rows = last.sort_values("accuracy")
    tie = len(rows) > 1 and rows.accuracy.iloc[0] == rows.accuracy.iloc[1]
    return None if tie or rows.accuracy.iloc[0] == 1 else rows.iloc[0]


def _count(row: Any) -> tuple[int, int]:
    return int(row.correct), int(row.questions)


def weakest(found: Findings) -> str:
    """The category that the opening names as the weakest or the lowest one; blank where it names none, or several."""
    last = found.in_last(found.categories).sort_values("accuracy")
    weak, same = _weak(found)
    if same or len(last) < 2:
        return ""
    row = weak[0] if weak else _lowest(last)
    return "" if row is None else str(row.row)


@dataclass(frozen=True)
class BehindWrong:
    """What is behind the ``wrong`` answers of a category in the last exam: its most frequent ``slips`` (several: a tie), each
    ``made`` so often, and how often nothing was ticked.
    """

    wrong: int
    slips: tuple[str, ...]
    made: int
    silent: int

    @property
    def unanswered_first(self) -> bool:
        """Whether no single slip is as frequent as a result that no option shows."""
        return self.silent > max(self.made, 1)


def behind_wrong(found: Findings, category: str) -> BehindWrong:
    """What is behind a category's wrong answers; slips count from the second time on."""
    row = found.in_last(found.categories).set_index("row").loc[category]
    top = commonest(found, category=category, most=None)
    most = top[top.made == top.made.max()]
    return BehindWrong(
        wrong=int(row.questions - row.correct), slips=tuple(map(str, most.misconception)),
        made=int(most.made.iloc[0]) if len(most) else 0, silent=silent_in_last(found, "category", category),
    )  # fmt: skip


def _behind_it(it: BehindWrong) -> str:
    """The most frequent slips, told only after the unanswered ones where those are more; blank where nothing is frequent."""
    wrong = words.plural(it.wrong, "wrong answer")
    titles = [f"“{slip_title(slip)}”" for slip in it.slips[:SLIPS_NAMED]]
    more = len(it.slips) - len(titles)
    named = _and([*titles, *([f"{more} other{'s' if more > 1 else ''}"] if more else [])]) if titles else ""
    slips = f"slip is {named}" if len(it.slips) == 1 else f"slips are {named}"
    each = f"{'each ' if len(it.slips) > 1 else ''}{it.made}"
    if it.unanswered_first:
        text = f"there it most often gives a result that no option shows, {it.silent} of {wrong}"
        return f"{text}; the most frequent {slips}, {each}" if named else text
    return f"there its commonest {slips}, {each} of {wrong}" if named else ""


def opened(found: Findings, place: Place) -> str:
    """The first sentence of an opened category or skill: how it stands in the last exam, and where it began."""
    frame = found.skills if place.skill else found.categories
    name = place.skill or place.category
    rows = frame[(frame.row == name)].sort_values("turn")
    last, first = rows.iloc[-1], rows.iloc[0]
    title = f"“{skill_title(name)}”" if place.skill else words.capital(found.label(name))
    text = f"{title}: {told(last)} {after(int(last.turn))}"
    if len(rows) < 2:
        return f"{text}."
    began = words.score(int(first.correct), int(first.questions))
    changed = claims.change(_count(first), _count(last), of=frame.row.nunique())
    return f"{text}; it began at {began}." if changed else f"{text}; it began at {began}, which is no clear change yet."


def slips(found: Findings, frame: pd.DataFrame) -> str:
    """What became of how many slips (rows of ``Findings.slips``): first what is clear, then how the counts stand of which luck may
    be the reason.
    """
    if frame.empty:
        return "No wrong answer of these exams shows a slip that the questions' author named."
    counts = frame.verdict.value_counts()
    if len(found.turns) < 2:
        return (
            f"{words.plural(len(frame), 'slip')} seen in the first exam. What becomes of them, later exams will show."
        )
    parts = [f"{counts[name]} {one if counts[name] == 1 else many}" for name, one, many in _FATES if counts.get(name)]
    standing = _and([f"{counts[name]} {said}" for name, said in _UNCLEAR.items() if counts.get(name)] or [""])
    if parts:
        text = f"Of {words.plural(len(frame), 'slip')} ever seen here, {_and(parts)}."
        rest = len(frame) - sum(int(counts.get(name, 0)) for name, *_ in _FATES)
        text += f" On the other{'s' if rest > 1 else ''} the answers don't decide: {standing}." if rest else ""
    elif len(frame) == 1:
        text = f"This slip has neither clearly gone nor clearly stayed: {trend(frame.iloc[0], found.turns)}"
    else:
        text = f"None of these {len(frame)} slips has clearly gone or clearly stayed, since each rests on few questions: {standing}."
    return " ".join(filter(None, [text, _together(found, frame)]))


def _together(found: Findings, frame: pd.DataFrame) -> str:
    """How often all of the run's slips were made, first and last; blank for a part of them, and where there are few."""
    if len(frame) < len(found.slips) or len(frame) < 2:
        return ""
    asked = [int(found.exams.questions.iloc[exam]) for exam in (0, -1)]
    made = [int(frame.first_made.sum()), int(frame.last_made.sum())]
    change = claims.change((made[0], asked[0]), (made[1], asked[1]))
    said = {1: "more by more than luck", -1: "fewer by more than luck", 0: "a difference that luck could make"}[change]
    told = (
        f"in {made[0]} of {words.plural(asked[0], 'answer')} of the first exam, in {made[1]} of {asked[1]} of the last"
    )
    return f"All slips together: {told}, {said}."


_UNCLEAR = {"fewer": "fewer now", "more": "more now", "same": "as often as at first"}
_FATES = (
    ("unlearnt", "was unlearnt", "were unlearnt"),
    ("less", "is made less often", "are made less often"),
    ("replaced", *2 * ("gave way to other mistakes on the same questions",)),
    ("remains", "is clearly still there", "are clearly still there"),
    ("grown", "is made more often now", "are made more often now"),
    ("back", "came back", "came back"),
)


def kinds(found: Findings) -> str:
    """What the last exam's wrong answers came from: known slips, other options, nothing ticked."""
    last = found.in_last(found.made)
    made = int(last.made.sum()) if len(last) else 0
    exam = found.exams.iloc[-1]
    wrong = int(exam.questions - exam.correct)
    if not wrong:
        return "The last exam has no wrong answer."
    silent = int(exam.unanswered)
    if told := _by_formula(last):
        return (
            f"Of the last exam's {words.plural(wrong, 'wrong answer')}, {made} can be sorted by what went wrong: {told}. Of "
            f"{wrong - made - silent} it cannot be known, and on {silent} nothing was ticked. What went wrong is known where a slip "
            "leads to the option, or where the question's annotated formula and the sums of the working tell it."
        )
    if made == wrong > 1:
        return f"All of the last exam's {wrong} wrong answers show a known slip (a misconception)."
    return (
        f"Of the last exam's {words.plural(wrong, 'wrong answer')}, {made} show a known slip (a misconception), "
        f"{wrong - made - silent} another wrong option, and on {silent} nothing was ticked."
    )


def _by_formula(last: pd.DataFrame) -> str:
    """The last exam's sorted answers by kind, commonest first; blank where none was sorted by a formula."""
    if not len(last) or not last[last.misconception.map(is_formula_error)].made.sum():
        return ""
    sums = last[last.made > 0].groupby("misconception", as_index=False).made.sum()
    shown = commonest_first(sums, "made").head(KINDS_NAMED)
    named = [f"“{slip_title(row.misconception)}” {row.made}" for row in shown.itertuples()]
    return ", ".join(
        [*named, *([f"other slips {sums.made.sum() - shown.made.sum()}"] if len(sums) > len(shown) else [])]
    )


def trend(row: object, turns: list[int]) -> str:
    """``5 of 6 in the first exam, 1 of 6 in the last.``"""
    if len(turns) < 2:
        return f"{row.last_made} of {of_questions(row.misconception, row.last_of)}."  # type: ignore[attr-defined]
    return f"{row.first_made} of {row.first_of} in the first exam, {row.last_made} of {row.last_of} in the last."  # type: ignore[attr-defined]


def items(sheets: int, own: int) -> str:
    """What the item figures rest on."""
    if not sheets:
        return "There is no answer sheet yet."
    others = f"{words.plural(own, 'exam')} of this run" + (
        f" and {sheets - own} of other runs with the same exam" if sheets > own else ""
    )
    if sheets < FEWEST_SHEETS:
        return (
            f"From {words.plural(sheets, 'answer sheet')}: {others}. Discrimination needs at least {FEWEST_SHEETS}; "
            "more runs with the same exam give them."
        )
    return (
        f"From {words.plural(sheets, 'answer sheet')}: {others}. Discrimination is then known to about {give_or_take(sheets):.1f} "
        "either way at best: sheets of one student, exam after exam, are alike."
    )


def history(letters: list[str], turns: list[int], correct: str) -> str:
    """How a question went, exam by exam: ``first exam: wrong (b) · after lesson 2: right``"""
    said = []
    for turn, letter in zip(turns, letters, strict=True):
        how = "right" if letter == correct else f"wrong ({letter})" if letter else "nothing ticked"
        said.append(f"{f'after lesson {turn}' if turn else 'first exam'}: {how}")
    return " · ".join(said)


def item(row: pd.Series) -> str:
    """One question's figures: how often right on all sheets, and how well it tells them apart."""
    if not row.sheets:
        return "No answer sheet holds this question."
    bounds = f"{row.facility:.2f}, {row.low:.2f} to {row.high:.2f}"
    right = f"Right on {row.correct} of {words.plural(int(row.sheets), 'sheet')} (facility {bounds})"
    if pd.isna(row.discrimination):
        return f"{right}."
    return f"{right}; discrimination {row.discrimination:.2f}."


def rules() -> list[tuple[str, str]]:
    """Each verdict's name with its rule, and what they call clear."""
    return [*((verdict.name, verdict.rule) for verdict in VERDICTS.values()), ("clearly", CLEARLY)]


def _score(row: object) -> str:
    return words.score(int(row.correct), int(row.questions))  # type: ignore[attr-defined]


def _interval(row: object) -> str:
    return f"({words.hundred(row.low)} to {words.hundred(row.high)} of 100)"  # type: ignore[attr-defined]


def after(turn: int) -> str:
    """``after 12 lessons``"""
    return f"after {words.plural(turn, 'lesson')}" if turn else "before any lesson"


def _and(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
