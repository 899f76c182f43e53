"""The sets of questions that are known, and what their names stand for."""

from __future__ import annotations

from studentsim.bank import (
    agieval,
    aqua,
    arc,
    asdiv,
    gsm8k,
    hendrycks_math,
    mathqa,
    mmlu,
    mmlu_pro,
    plain_table,
    sciq,
)
from studentsim.bank.draft import QuestionSet
from studentsim.errors import BankError

SETS: tuple[QuestionSet, ...] = (
    mathqa.SET, aqua.SET, gsm8k.SET, hendrycks_math.SET, mmlu.SET, mmlu_pro.SET, arc.SET, arc.EASY, arc.CHALLENGE, sciq.SET,
)  # fmt: skip
"""The sets of the hub, by name there and by the look of their rows."""
FILE_SETS: tuple[QuestionSet, ...] = (agieval.SET, asdiv.SET, plain_table.SET)
"""Sets that come as files alone; the most general is the last, so that every other one goes before it."""
READ: tuple[QuestionSet, ...] = tuple(one for one in (*SETS, *FILE_SETS) if one not in (arc.EASY, arc.CHALLENGE))
"""The sets that a file is tried as: ARC's two parts look as the whole does."""


def named(name: str) -> QuestionSet:
    """The set of that name.

    :raises BankError: there is none.
    """
    known = {one.name: one for one in (*SETS, *FILE_SETS)}
    if name not in known:
        raise BankError(f"There is no set {name[:80]!r}.", f"Choose among {', '.join(known)}.")
    return known[name]


def is_set_of_hub(source: str) -> bool:
    """Whether a source is the name of one set of the hub, with a part of it perhaps (``mmlu:stem``)."""
    name, colon, _ = source.partition(":")
    return name in {one.name for one in SETS} and (not colon or name == mmlu.SET.name)


def known() -> str:
    """A sentence on the sets that are known, and how their rows are recognised."""
    looks = "; ".join(f"{one.title} ({one.rows})" for one in READ)
    return f"Known are the rows of {looks}. Names of sets at the hub: {', '.join(one.name for one in SETS)}."
