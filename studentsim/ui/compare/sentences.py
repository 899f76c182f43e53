"""What Compare says, from the figures, claiming only what those bear. No streamlit here."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from studentsim.ui import words
from studentsim.ui.compare import settings
from studentsim.ui.compare.differences import Difference
from studentsim.ui.compare.groups import NOT_THE_WAY, Group, Run

MOST_TOLD = 3
"""Clear differences in the opening sentence at most; the table has all."""


def opening(told: Sequence[Difference], *, alive: bool) -> str:
    """The sentence the page opens with: who got how many more right than the reference, and how sure that is."""
    first = told[0]
    over = f"Over {_runs_of_all(told)}, a" if all(d.over_runs for d in told) else "A"
    so_far = "So far: a" if alive and over == "A" else over
    start = f"{so_far}fter {words.plural(first.turn, 'lesson')}, on the same {first.questions} exam questions, "
    if first.turn == 0:
        start = f"{so_far[:-1]}{'b' if so_far[-1] == 'a' else 'B'}efore any lesson, on the same {first.questions} exam questions, "
    if len(told) == 1:
        return f"{start}{_one(first)}."
    return f"{start}{_several(told)}."


def caveats(groups: Sequence[Group], told: Sequence[Difference]) -> list[str]:
    """What the opening sentence must not be taken for."""
    notes = []
    singles = [g for g in _compared(groups, told) if len(g.runs) == 1]
    if told and told[0].turn == 0:
        notes.append("Nobody has been taught yet: what differs here differed from the start.")
    elif told and len(singles) == len(_compared(groups, told)):
        notes.append(
            "This is one run each. It tells these runs apart, but one run each cannot tell a way of choosing from the luck of the "
            "draw: run each again with other seeds, and compare them all here."
        )
    elif told and singles:
        names = " and of ".join(lower(g.label) for g in singles)
        notes.append(
            f"There is only one run of {names}, so what belongs to its way of choosing and what to the luck of the draw "
            "cannot be told apart: run it again with other seeds."
        )
    if told and (slow := _behind(_compared(groups, told), told[0].turn)):
        notes.append(
            f"Compared after {words.plural(told[0].turn, 'lesson')}, the last exam that all of them have sat: "
            f"{' and '.join(lower(run.label) for run in slow[:3])} {'has' if len(slow) == 1 else 'have'} come no further."
        )
    also = also_differ(_compared(groups, told) or groups)
    if also:
        names = ", ".join(settings.NAMES[name] for name in also)
        notes.append(
            f"They differ in more than how questions are chosen ({names}), so the way of choosing alone need not be the reason."
        )
    if note := _other_versions(_compared(groups, told) or groups):
        notes.append(note)
    return notes


def _other_versions(groups: Sequence[Group]) -> str:
    """That students whose weights differ began differently; blank where all had the same."""
    weights = {settings.flat(g.config)["weights"] for g in groups if g.config.model == "embedded"}
    if len(weights) < 2:
        return ""
    return (
        "Their students are of different versions, so they did not begin alike: look at how much each gained, not only at where "
        "it ended."
    )


def also_differ(groups: Sequence[Group]) -> list[str]:
    """Settings in which groups of different ways of choosing differ besides; empty where only those differ, or all chose alike."""
    names = settings.differing([g.config for g in groups])
    rest = [n for n in names if n not in (*NOT_THE_WAY, *settings.THE_WAY, "exam", "exam_seed", "bank")]
    return rest if set(settings.THE_WAY) & set(names) or len(rest) > 1 else []


def not_comparable(groups: Sequence[Group]) -> str:
    """Why groups that sat different exams cannot be set against one another, and what to do."""
    exams = {g.exam for g in groups}
    if len(exams) < 2:
        return ""
    (banks, sizes, seeds) = ({e[i] for e in exams} for i in range(3))
    reasons = []
    if len(banks) > 1:
        reasons.append(f"questions from {_listed(banks)}")
    if len(sizes) > 1:
        reasons.append(f"exams of {_listed(sizes)} questions")
    if len(seeds) > 1:
        reasons.append(f"exam seeds {_listed(seeds)}")
    return (
        f"These runs sat different exams ({'; '.join(reasons)}): other questions, other luck. Levels of different exams cannot be "
        "compared. Start runs with the same exam seed and size to compare them."
    )


def nothing_shared(groups: Sequence[Group], *, alive: bool) -> str:
    """Why nothing can be said yet of groups with the same exam."""
    if alive:
        then = waiting(groups) or "Each sits its first before any lesson, and this page fills by itself."
        return f"They have no exam in common yet. {then}"
    return "They have no exam in common, so nothing can be said of their difference. Resume those that stopped early, on Watch."


def waiting(groups: Sequence[Group]) -> str:
    """How many runs wait in the queue, and what for; blank where none does."""
    count = sum(run.status == "queued" for group in groups for run in group.runs)
    if not count:
        return ""
    if count == 1:
        return "1 run waits in the queue. It starts by itself when another simulation is done."
    return f"{words.plural(count, 'run')} wait in the queue. They start by themselves when other simulations are done."


def one_way(group: Group, exams: pd.DataFrame) -> str:
    """The opening where there is only one way of teaching: how it stands, and that comparing needs another."""
    if exams.empty:
        then = f" {told}" if (told := waiting([group])) else ""
        return f"{group.label}: no exam result yet.{then} Choose a second simulation to compare it with."
    last = exams.iloc[-1]
    asked = int(last.questions // last.runs)
    score = words.mean_score(last.accuracy, asked)
    result = f"{score} never-practised questions right {words.interval(last.low, last.high, asked)}"
    over = f", the mean of {int(last.runs)} runs" if last.runs > 1 else ""
    when = f"After {words.plural(int(last.turn), 'lesson')}" if last.turn else "Before any lesson"
    return f"{when} {lower(group.label)} has {result}{over}. Choose a simulation of another way to compare it with, or start one."


def table_row(d: Difference) -> dict[str, object]:
    """One difference for the table, in whole numbers of 100."""
    return {
        "label": d.group.label,
        "reference": d.reference.label,
        "lessons": d.turn,
        "gained": round(100 * d.gained, 1),
        "low": round(100 * d.low, 1),
        "high": round(100 * d.high, 1),
        "verdict": ("more" if d.gained > 0 else "fewer") if d.clear else "cannot be told apart",
        "runs": f"{len(d.group.runs)} and {len(d.reference.runs)}",
        "questions": d.questions,
        "only_this": d.only_this,
        "only_other": d.only_other,
        "p_value": None if d.p_value is None else round(d.p_value, 4),
    }


def lower(label: str) -> str:
    """A label within a sentence."""
    return label[:1].lower() + label[1:]


# ------------------------------------------------------------------ pieces


def _one(d: Difference) -> str:
    this, other = lower(d.group.label), lower(d.reference.label)
    if not d.clear:
        return f"{this} and {other} cannot be told apart: {amount(d, of=this)} ({bounds(d)})"
    return f"{this} got {amount(d)} right than {other} ({bounds(d)})"


def _several(told: Sequence[Difference]) -> str:
    """Differences from one reference: the clear ones with their size, then those that cannot be told from it."""
    first = told[0]
    reference = f"{lower(first.reference.label)} ({words.mean_score(first.reference_accuracy, first.questions)})"
    clear = sorted((d for d in told if d.clear), key=lambda d: -abs(d.gained))
    unclear = [d for d in told if not d.clear]
    if not clear:
        listed = "; ".join(f"{lower(d.group.label)}, {bounds(d)}" for d in unclear)
        return f"none can be told apart from {reference}: {listed}"
    mixed = not all(d.over_runs for d in told)  # else the sentence begins with over how many runs
    parts = [
        f"{lower(d.group.label)} got {amount(d)} right "
        f"({bounds(d)}{f', over {_runs(d)}' if mixed and d.over_runs else ''})"
        for d in clear[:MOST_TOLD]
    ]
    if len(clear) > MOST_TOLD:
        parts.append(
            f"{words.plural(len(clear) - MOST_TOLD, 'more differs', 'more differ')} clearly, in the table below"
        )
    if unclear:
        parts.append(f"{_names(unclear)} cannot be told apart from it")
    return f"compared with {reference}, {'; '.join(parts)}"


def _names(told: Sequence[Difference]) -> str:
    """``a, b and c``, of the groups that are compared with the reference."""
    names = [lower(d.group.label) for d in told]
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _base(questions: int) -> int:
    return 100 if questions >= words.FEWEST else questions


def amount(d: Difference, *, of: str = "") -> str:
    """``6 more of 100``, ``2 fewer of 12``: how many more questions this group got right than the reference.

    To a tenth where whole numbers would not be the difference of the two levels as they are told and drawn: 83 and 77 of 100 and
    ``5.4 more``. With ``of``, whose gain it is: ``6 more of 100 right for mixed bag``, or, rounded to none, ``as many of 100 right``.
    """
    base = _base(d.questions)
    exact = base * abs(d.gained)
    count = math.floor(exact + 0.5 + 1e-9)  # a half goes up, as in ``words.hundred``
    apart = _level(d.accuracy, d.questions) - _level(d.reference_accuracy, d.questions)
    whole = abs(apart - math.copysign(count, d.gained)) < 0.05
    told = str(count) if whole or round(exact, 1) == 0 else f"{exact:.1f}"
    none = told == "0"
    if of and none:
        return f"as many of {base} right"
    return f"{told} {'more' if d.gained >= 0 or none else 'fewer'} of {base}{f' right for {of}' if of else ''}"


def _level(accuracy: float, questions: int) -> float:
    """The number that ``words.mean_score`` tells."""
    return words.hundred(accuracy) if questions >= words.FEWEST else round(accuracy * questions, 1)


def bounds(d: Difference) -> str:
    """``6 to 18 more``, ``2 fewer to 9 more``: whole numbers; never rounded to the other side of 0 or onto it where clear."""
    base = _base(d.questions)
    low, high = round(base * d.low), round(base * d.high)
    if d.clear and d.gained > 0:
        return f"{max(1, low)} to {max(1, high)} more"
    if d.clear:
        return f"{max(1, -high)} to {max(1, -low)} fewer"
    return f"{abs(min(low, 0))} fewer to {max(high, 0)} more"


def _runs(d: Difference) -> str:
    this, other = len(d.group.runs), len(d.reference.runs)
    return f"{this} runs of each" if this == other else f"{this} and {other} runs"


def _runs_of_all(told: Sequence[Difference]) -> str:
    if len({_runs(d) for d in told}) == 1:
        return _runs(told[0])
    counts = [len(group.runs) for d in told for group in (d.group, d.reference)]
    return f"{min(counts)} to {max(counts)} runs of each"


def _behind(groups: Sequence[Group], turn: int) -> list[Run]:
    """The runs that keep the comparison back: those whose next exam is still to come, where others are beyond it."""
    runs = [run for group in groups for run in group.runs]
    slow = [r for r in runs if not any(turn < t <= r.turn for t in r.config.exam_turns())]
    return slow if len(slow) < len(runs) else []


def _compared(groups: Sequence[Group], told: Sequence[Difference]) -> list[Group]:
    if not told:
        return []
    chosen = {id(d.group) for d in told} | {id(told[0].reference)}
    return [g for g in groups if id(g) in chosen]


def _listed(values: set[object]) -> str:
    return " and ".join(sorted(map(str, values)))
