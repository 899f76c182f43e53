"""A strategy: how it chooses, what it is called, what the pages say of it, and the properties that other parts ask for.

To add one, see docs/adding.md. Texts are shown to teachers; a blank one is replaced where it is shown by what is true of any strategy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from studentsim.selection.context import SelectionContext
from studentsim.selection.quotas import QuestionPicker, pick_first
from studentsim.types import Question

LAST = 1000
"""The ``order`` of strategies that give none."""


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One strategy. With nothing but ``id``, ``label``, ``summary`` and ``when_to_use`` it selects at random.

    It chooses by ``pick`` within the categories' quotas (``quotas.fill_quotas``), or by a ``select`` of its own.
    """

    id: str
    """Its name in settings, journals and on the command line; never changed."""
    label: str
    """What the pages call it."""
    summary: str
    """One sentence: what it does."""
    when_to_use: str
    """One sentence."""
    order: int = LAST
    """Its place in lists; equal ones by id. It also decides line style and colour; without one it comes last, and the styles of all with
    a number stay."""
    color_slot: int | None = None
    """A slot of the theme's colours (0 to 5, 8 or 10) instead of the one that its place gives it; see labels/strategy_styles.py."""

    pick: QuestionPicker = pick_first
    """Picks the questions within a quota."""
    select: Callable[[SelectionContext], list[Question]] | None = None
    """Chooses all of a turn's questions, ``context.count`` different ones, in place of quotas and ``pick``."""
    follows_mistakes: bool = False
    """Whether its quotas are ``ExamFinished.next_mix``, the mix of the last exam's mistakes."""
    heeds_mix: bool = True
    """Whether the user's own mix replaces its quotas."""
    within_mix: str | None = None
    """Under the user's own mix the id of the strategy that remains within a category; "": none. None: itself."""
    trains: bool = True
    """Whether the student is trained on its mistakes."""
    measure: Literal["", "confidence", "p_correct"] = ""
    """The student's score that it asks for; a student without ``p_correct`` is refused."""
    uses_threshold: bool = False
    """Whether it takes a question if its ``confidence`` is below the setting ``threshold``."""
    candidates_per_question: int = 0
    """About how many questions it scores for each that it takes."""
    embedded_question_seconds: float | None = None
    """Measured seconds a practice question of the embedded student, scoring included (docs/log.md). None: estimated."""

    is_default: bool = False
    """Whether a run has it if none is named; lists to choose from begin with it. Exactly one strategy."""
    is_baseline: bool = False
    """Whether others are compared with it; the first in order that is there."""
    is_control: bool = False
    """Whether it shows what happens without the teaching that is studied."""
    in_paper: bool = False
    """Whether the source paper (P0) compares it."""
    recorded_seeds: Mapping[str, int] = field(default_factory=dict)
    """Name of a recorded study (runs/demo.py) -> its number of seeds there."""

    short_label: str = ""
    """For a line's end in a figure; blank: the id."""
    mix_caption: str = ""
    """On the form: what decides the categories."""
    custom_mix_caption: str = ""
    """On the form, under the user's own mix: what it still decides, or why it heeds none. Markdown."""
    mix_source: str = ""
    """On Watch and in the report: what decided the categories."""
    practice_caveat: str = ""
    """Why its practice questions are no fair sample, without a full stop."""
    rule: str = ""
    """How it decides by the scores, as a sentence; for strategies with a ``measure`` and no threshold."""
    preferred: str = ""
    """The questions that it takes of those scored, as in "it took those …"; as for ``rule``."""

    def __post_init__(self) -> None:
        if self.uses_threshold and self.measure != "confidence":
            raise ValueError(f"strategy {self.id!r} uses the threshold, but its measure is {self.measure!r}")
