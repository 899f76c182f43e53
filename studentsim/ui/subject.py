"""The runs that a session views: one run, a race or a comparison. The menu links to them. No streamlit.

A link names them (``run``, ``race``, ``runs``); a page whose link has none of these (Home, Help) leaves them unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studentsim.ui.url_state import MAX_VALUE_CHARS

NEW_RACE = "new"
"""``race=new`` opens the form for a new race."""


@dataclass(frozen=True)
class ViewedRuns:
    """The viewed ``run`` (blank: none), and the ``runs`` last viewed together with it."""

    run: str = ""
    runs: tuple[str, ...] = ()
    race: bool = False
    """Whether ``runs`` are viewed as a race."""

    def apply_link(self, parameters: Mapping[str, str]) -> ViewedRuns:
        """The viewed runs after following a link with these parameters."""
        race, runs = parse_run_ids(parameters.get("race", "")), parse_run_ids(parameters.get("runs", ""))
        run = parameters.get("run", "").strip()
        if race:
            return self if race == (NEW_RACE,) else self.with_runs(race, as_race=True)
        if runs:
            return self.with_runs(runs)
        return self.with_run(run) if 0 < len(run) <= MAX_VALUE_CHARS else self

    def with_run(self, run: str) -> ViewedRuns:
        """With one viewed run; ``runs`` stay if it is among them."""
        return ViewedRuns(run, self.runs if run in self.runs else ())

    def with_runs(self, runs: Sequence[str], *, as_race: bool = False) -> ViewedRuns:
        """With several viewed runs; the single one stays if it is among them."""
        if len(runs) == 1:
            return self.with_run(runs[0])
        return ViewedRuns(self.run if self.run in runs else "", tuple(runs), as_race)

    def without_run(self, run: str) -> ViewedRuns:
        """Without a run that turned out not to exist."""
        rest = tuple(other for other in self.runs if other != run)
        return ViewedRuns(
            "" if self.run == run else self.run, rest if len(rest) > 1 else (), self.race and len(rest) > 1
        )

    @property
    def watch_params(self) -> dict[str, str] | None:
        """Link parameters for Watch; None: nothing is viewed."""
        return {"race": ",".join(self.runs)} if self.race else self.results_params

    @property
    def results_params(self) -> dict[str, str] | None:
        """Link parameters for pages of one run; None: none is viewed."""
        return {"run": self.run} if self.run else None

    @property
    def compare_params(self) -> dict[str, str] | None:
        """Link parameters for Compare; None: nothing is viewed."""
        runs = self.runs or ((self.run,) if self.run else ())
        return {"runs": ",".join(runs)} if runs else None


def parse_run_ids(text: str) -> tuple[str, ...]:
    """The run ids in ``a,b``, each once; empty where the text is too long."""
    if len(text) > 20 * MAX_VALUE_CHARS:
        return ()
    return tuple(dict.fromkeys(name for part in text.split(",") if 0 < len(name := part.strip()) <= MAX_VALUE_CHARS))
