"""What one is looking at: a run, a race or a comparison. The menu and the ways on lead there again. No streamlit here.

A link names it (``run``, ``race``, ``runs``); a page whose link names none of them (Home, Help) leaves it as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studentsim.ui.url_state import MAX_VALUE_CHARS

NEW_RACE = "new"
"""``race=new`` sets a race up, and names none."""


@dataclass(frozen=True)
class ViewedRuns:
    """The ``run`` looked at (blank: none), and the ``runs`` that were last seen side by side with it."""

    run: str = ""
    runs: tuple[str, ...] = ()
    race: bool = False
    """Whether they are seen as a race just now."""

    def apply_link(self, parameters: Mapping[str, str]) -> ViewedRuns:
        """What one looks at after a link with these parameters."""
        race, runs = parse_run_ids(parameters.get("race", "")), parse_run_ids(parameters.get("runs", ""))
        run = parameters.get("run", "").strip()
        if race:
            return self if race == (NEW_RACE,) else self.with_runs(race, as_race=True)
        if runs:
            return self.with_runs(runs)
        return self.with_run(run) if 0 < len(run) <= MAX_VALUE_CHARS else self

    def with_run(self, run: str) -> ViewedRuns:
        """One run is looked at; those it was seen with are kept."""
        return ViewedRuns(run, self.runs if run in self.runs else ())

    def with_runs(self, runs: Sequence[str], *, as_race: bool = False) -> ViewedRuns:
        """Several runs are looked at. Which one, is known only if it was looked at before."""
        if len(runs) == 1:
            return self.with_run(runs[0])
        return ViewedRuns(self.run if self.run in runs else "", tuple(runs), as_race)

    def without_run(self, run: str) -> ViewedRuns:
        """After a run turned out not to exist."""
        rest = tuple(other for other in self.runs if other != run)
        return ViewedRuns(
            "" if self.run == run else self.run, rest if len(rest) > 1 else (), self.race and len(rest) > 1
        )

    @property
    def watch_params(self) -> dict[str, str] | None:
        """Parameters of the link by which Watch shows it; None: there is nothing to show."""
        return {"race": ",".join(self.runs)} if self.race else self.results_params

    @property
    def results_params(self) -> dict[str, str] | None:
        """The same for pages of one run."""
        return {"run": self.run} if self.run else None

    @property
    def compare_params(self) -> dict[str, str] | None:
        """The same for Compare."""
        runs = self.runs or ((self.run,) if self.run else ())
        return {"runs": ",".join(runs)} if runs else None


def parse_run_ids(text: str) -> tuple[str, ...]:
    """The runs that ``a,b`` names, each once; none where it is too long to name any."""
    if len(text) > 20 * MAX_VALUE_CHARS:
        return ()
    return tuple(dict.fromkeys(name for part in text.split(",") if 0 < len(name := part.strip()) <= MAX_VALUE_CHARS))
