"""What came of a drill's tries, and the table of all drills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

EQUAL, SAID, SILENT, TRACEBACK = "equal", "said", "silent", "traceback"
"""All tables are those of an uninterrupted run; a status or message says what is wrong and what to do; neither; or a raw exception."""
OUTCOMES = (EQUAL, SAID, SILENT, TRACEBACK)


@dataclass
class DrillResult:
    """The outcomes of one fault's tries. ``fault`` names it, with its number in the list of faults where it has one."""

    fault: str
    outcomes: Counter[str] = field(default_factory=Counter)
    details: list[str] = field(default_factory=list)
    """What went wrong, a line a try that was silent or raised."""
    leaked_processes: int = 0

    def add(self, outcome: str, detail: str = "") -> None:
        """One try's outcome."""
        self.outcomes[outcome] += 1
        if outcome in (SILENT, TRACEBACK):
            self.details.append(f"{self.fault}: {outcome}: {detail}")

    @property
    def is_good(self) -> bool:
        """Whether nothing was silent, raised or left processes behind."""
        return not (self.outcomes[SILENT] or self.outcomes[TRACEBACK] or self.leaked_processes)


def format_row(result: DrillResult) -> str:
    """``fault | tries | equal | said | silent | traceback | leaked processes``"""
    counts = [str(result.outcomes[outcome]) for outcome in OUTCOMES]
    return " | ".join([result.fault, str(result.outcomes.total()), *counts, str(result.leaked_processes)])


def all_good(results: Iterable[DrillResult]) -> bool:
    """Whether every drill is good."""
    return all(result.is_good for result in results)
