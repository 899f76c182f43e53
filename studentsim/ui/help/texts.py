"""Texts of the Help page besides the glossary. No streamlit."""

from __future__ import annotations

from studentsim import __version__
from studentsim.analysis.paper_curves import PAPER_TITLE

LIMITATIONS: tuple[tuple[str, str], ...] = (
    ("It says nothing about a real pupil, class or school.",
     "It compares ways of practising on a model of a learner. Take what it shows as a question to try out, not as a finding about "
     "children."),
    ("Its slips are those written into its questions.",
     "The built-in curriculum has typical misconceptions for each skill, and the student was made from them. A slip that nobody wrote "
     "down cannot come up."),
    ("It knows the built-in curriculum and nothing else.",
     "The small student that comes with the program reads the wording of these questions. It is not a chat model and cannot be asked "
     "anything else."),
    ("One simulation is one random draw.",
     "Another seed gives another curve. A difference between two single runs speaks of these runs; a way of choosing is distinguished from "
     "chance only by several seeds of each. Compare says which of the two it can claim."),
    ("The exam measures the exam.",
     "240 questions tell a result to about 6 of 100 either way, 40 only to about 15. A category has a sixth of them: about 15 either "
     "way."),
    ("New questions are of known kinds.",
     "The exam's questions were never practised, but they are of the same kinds as the practice questions: for the built-in curriculum "
     "42 skills, often in the same wording with other numbers. A better exam means that it solves these kinds, not that it carries what "
     "it learnt over to others."),
    ("It learns from examples alone.",
     "No explanation, no question back, no motivation, no tiredness, no forgetting over days. Its lessons follow one another without "
     "a pause."),
    ("It cannot guess cleverly.",
     "The student sees no options. It works out a value and ticks the option that shows it, or none; pupils rule options out."),
    ("Sums are done for it.",
     "A calculator does the arithmetic, so careless sums, which make up much of real pupils' mistakes, are not in it."),
)  # fmt: skip
"""What the simulation cannot show, each with its reason."""

KEYBOARD_SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("Tab, Shift + Tab", "to the next or previous button, link or field"),
    ("Enter or Space", "press it, open or close a fold, turn a switch"),
    ("Arrow keys", "move a slider, walk through choices and through the cells of a table"),
    ("Esc", "close what has opened: a menu, a large picture"),
    ("R", "draw the page again with the newest figures"),
    ("Double click on a picture", "undo its zoom; drag to zoom in"),
)
"""Keys that work on every page."""

PRESENTATION_SHORTCUTS: tuple[tuple[str, str], ...] = (
    ("P", "pause what is shown"),
    ("G", "go on, or replay what is over"),
    ("1 to 5", "before a race begins: a hand for the first, second … racer, and the last number for nobody clearly"),
    ("Backspace", "take the last hand back"),
    ("Esc", "leave this view"),
)
"""Keys of Watch's presentation view, defined by its buttons (ui/watch/presentation.py)."""

READING_NOTES = (
    "**Numbers behind this**, under each picture, opens the table that it shows, with the field's own names, and gives it as CSV. "
    "Intervals are Wilson's at 95 %; those of means and differences say under the table how they were made. Rewards, margins and "
    "log-probabilities are TRL's, step by step. A run's whole story, every answer and every step, is its journal, and `export` writes "
    "it as CSV and Parquet."
)

CITATION_NOTE = (
    f"studentsim {__version__}. Give the run's settings (they stand in its `config.json`), the number of seeds, and the exam's size; the "
    "same settings and seed repeat a run exactly. It carries on the protocol of the paper "
    f"“{PAPER_TITLE}”."
)


DATA_CARE_STEPS: tuple[tuple[str, str, str], ...] = (
    ("Back up:",
     "copy the folder `runs`. The journals in it are all there is to keep; the database is made anew from them. On another computer, "
     "put it into the data folder there.", ""),
    ("Make the database anew,", "should it ever be damaged (close the app first):", "python -m studentsim rebuild-db"),
    ("Take one simulation away", "as CSV and Parquet, with its settings. Its id stands in the link of its page, after `run=`:",
     "python -m studentsim export RUN --to DIR"),
    ("Delete:", "“More” beside a simulation on Home has “Delete”. By hand: remove its folder from `runs`; it is gone from all pages at the "
     "next look, and nothing else refers to it.", ""),
)  # fmt: skip
"""How to look after the data: the task, how, and the command if there is one."""


def format_bytes(byte_count: int) -> str:
    """A size in words: ``12 KB``, ``3.4 MB``."""
    for unit, divisor in (("GB", 1e9), ("MB", 1e6)):
        if byte_count >= divisor:
            return f"{byte_count / divisor:.1f} {unit}"
    return f"{max(1, round(byte_count / 1e3))} KB" if byte_count else "nothing yet"
