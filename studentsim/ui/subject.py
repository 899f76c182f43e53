"""What one is looking at: a run, a race or a comparison. The menu and the ways on lead there again. No streamlit here.

A link names it (``run``, ``race``, ``runs``); a page whose link names none of them (Home, Help) leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studentsim.ui.linked import LONGEST

NEW_RACE = "new"
"""``race=new`` sets a race up, and names none."""


@dataclass(frozen=True)
class Subject:
    """The ``run`` looked at (blank: none), and the ``runs`` that were last seen side by side with it."""

    run: str = ""
    runs: tuple[str, ...] = ()
    race: bool = False
    """Whether they are seen as a race just now."""

    def follow(self, parameters: Mapping[str, str]) -> Subject:
        """What one looks at after a link with these parameters."""
        race, runs = names(parameters.get("race", "")), names(parameters.get("runs", ""))
        run = parameters.get("run", "").strip()
        if race:
            return self if race == (NEW_RACE,) else self.together(race, race=True)
        if runs:
            return self.together(runs)
        return self.alone(run) if 0 < len(run) <= LONGEST else self

    def alone(self, run: str) -> Subject:
        """One run is looked at; those it was seen with are kept."""
        return Subject(run, self.runs if run in self.runs else ())

    def together(self, runs: Sequence[str], *, race: bool = False) -> Subject:
        """Several runs are looked at. Which one, is known only if it was looked at before."""
        if len(runs) == 1:
            return self.alone(runs[0])
        return Subject(self.run if self.run in runs else "", tuple(runs), race)

    def without(self, run: str) -> Subject:
        """After a run turned out not to exist."""
        rest = tuple(other for other in self.runs if other != run)
        return Subject("" if self.run == run else self.run, rest if len(rest) > 1 else (), self.race and len(rest) > 1)

    @property
    def watch(self) -> dict[str, str] | None:
        """Parameters of the link by which Watch shows it; None: there is nothing to show."""
        return {"race": ",".join(self.runs)} if self.race else self.results

    @property
    def results(self) -> dict[str, str] | None:
        """The same for pages of one run."""
        return {"run": self.run} if self.run else None

    @property
    def compare(self) -> dict[str, str] | None:
        """The same for Compare."""
        runs = self.runs or ((self.run,) if self.run else ())
        return {"runs": ",".join(runs)} if runs else None


def names(text: str) -> tuple[str, ...]:
    """The runs that ``a,b`` names, each once; none where it is too long to name any."""
    if len(text) > 20 * LONGEST:
        return ()
    return tuple(dict.fromkeys(name for part in text.split(",") if 0 < len(name := part.strip()) <= LONGEST))
