"""Formats and names: numbers, times and states in plain words. No streamlit here."""

from __future__ import annotations

import math
import re
import textwrap
import time
from collections.abc import Collection, Mapping

from studentsim.config import EMBEDDED_0_1, RunConfig
from studentsim.student.embedded_weights import one_name
from studentsim.student.profiles import PROFILES
from studentsim.student_table import StudentTable
from studentsim.ui import category_names, language_models
from studentsim.ui.looks import look

FEWEST = 50
"""With fewer questions than this a result is told as "7 of 12", not "of 100": the digits are not earned."""

LINE = 46
"""Characters of a link's label that fit a narrow column or a phone."""

LIMITS = "A model student, not your pupils."
OF_KNOWN_KINDS = (
    "Its questions were never practised, but they are of the same kinds as the practice questions, with other numbers."
)
"""What an exam of the built-in curriculum measures, and what it doesn't."""

STATUS: Mapping[str, tuple[str, str, str]] = {
    "queued": ("waiting for its turn", "gray", ":material/hourglass_empty:"),
    "starting": ("getting ready", "blue", ":material/hourglass_top:"),
    "running": ("learning", "blue", ":material/play_arrow:"),
    "not responding": ("not responding", "orange", ":material/warning:"),
    "paused": ("paused", "gray", ":material/pause:"),
    "cancelled": ("cancelled", "gray", ":material/stop:"),
    "failed": ("stopped by a problem", "orange", ":material/error:"),
    "interrupted": ("interrupted", "orange", ":material/warning:"),
    "finished": ("finished", "gray", ":material/check:"),
}
"""For each state of a run its words, a theme colour and an icon."""

ALIVE = frozenset({"queued", "starting", "running", "not responding"})
"""States in which figures may still change by themselves."""

AT_WORK = ALIVE - {"queued"}
"""States in which a worker exists: such a run can't be deleted."""

RESUMABLE = frozenset({"paused", "interrupted", "failed", "not responding"})
"""States from which a run can go on after its last complete lesson."""

CANCELLABLE = ALIVE | {"paused", "interrupted"}

STAGES: Mapping[str, str] = {
    "loading": "The student is getting ready",
    "exam": "The student sits an exam",
    "study": "The student practises",
    "revision": "The student tries again what it got wrong",
    "training": "The student learns from its mistakes",
    "validation": "Looking at held-out pairs",
}


def status(name: str) -> tuple[str, str, str]:
    """Words, colour and icon of a state; one unknown here is shown as it is."""
    return STATUS.get(name, (name, "gray", ":material/help:"))


def status_of(count: int, name: str) -> str:
    """The words of a state for so many runs: ``3 waiting for their turn``."""
    told = status(name)[0]
    return f"{count} {told.replace(' its ', ' their ') if count != 1 else told}"


REQUESTS: Mapping[str, str] = {"pause": "pausing …", "cancel": "being cancelled …"}
"""What was asked of a run and is not done yet."""


def literal(text: str) -> str:
    """``text`` so that markdown shows it as it is: for titles and labels, which know no plain text.

    Colons before a word get a word joiner, since shortcodes such as ``:red:`` are replaced after escapes are read.
    """
    line = " ".join(text.split())
    line = re.sub(r"([\\`*_\[\]<>$~|&])|^([#+-])|(?<=^\d)([.)])", lambda m: "\\" + m[0], line)
    return re.sub(r":(?=[a-zA-Z+_-]|\d\w*:)", ":\u2060", line)


def beginning(text: str, *, characters: int = 300, lines: int = 6) -> str:
    """The beginning of a long text, its lines as they are, cut at a word; a text that is hardly longer is left whole."""
    if len(text) <= 1.2 * characters and text.count("\n") < 1.2 * lines:
        return text
    head = "\n".join(text.split("\n")[:lines])
    if len(head) > characters:
        head = head[:characters].rpartition(" ")[0] or head[:characters]
    return f"{head.rstrip()} …"


def shortened(text: str, most: int = LINE) -> str:
    """``text`` in at most so many characters, cut at a word: a link's label does not wrap."""
    short = textwrap.shorten(text, most, placeholder=" …")
    return short if len(short) > 2 else f"{text[: most - 1]}…"  # one long word


def working(text: str) -> str:
    """A working of the bank as people read it: a fraction that its sum leaves as it was is told once.

    >>> working("Chance of red: 5/11 = 5/11")
    'Chance of red: 5/11'
    """
    return re.sub(r"(?m): (\S+) = \1$", r": \1", text)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 lesson``, ``12 lessons``, ``1,200 lessons``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def seeds(numbers: Collection[int]) -> str:
    """``seed 3``, ``seeds 0 to 4``, ``seeds 1, 3, 4 and 9``; of many with gaps the first and the last.

    >>> seeds([0, 1, 2]), seeds([5, 3])
    ('seeds 0 to 2', 'seeds 3 and 5')
    """
    told = sorted(set(numbers))
    if len(told) < 2:
        return f"seed {told[0]}" if told else "no seed"
    if len(told) > 2 and told[-1] - told[0] == len(told) - 1:
        return f"seeds {told[0]} to {told[-1]}"
    if len(told) > 8:
        return f"{len(told)} seeds from {told[0]} to {told[-1]}"
    return f"seeds {', '.join(map(str, told[:-1]))} and {told[-1]}"


def score(correct: int, questions: int) -> str:
    """``61 of 100``, or ``7 of 12`` where there are too few questions to speak of hundreds."""
    if questions < FEWEST:
        return f"{int(correct)} of {int(questions)}"
    return f"{hundred(correct / questions)} of 100"


def mean_score(accuracy: float, questions: int) -> str:
    """The same of a mean over runs, 0 to 1, of so many questions each; rounded once, as in the pictures: through a whole number of
    questions it could come out as another.

    >>> mean_score(0.4148, 240), mean_score(22 / 36, 12), mean_score(0.5, 12)
    ('41 of 100', '7.3 of 12', '6 of 12')
    """
    return (
        f"{hundred(accuracy)} of 100"
        if questions >= FEWEST
        else f"{round(accuracy * questions, 1):g} of {int(questions)}"
    )


def interval(low: float, high: float, questions: int = FEWEST) -> str:
    """``(55 to 67)`` from fractions; said "of 100" where the score itself is not."""
    bounds = f"{hundred(low)} to {hundred(high)}"
    return f"({bounds})" if questions >= FEWEST else f"({bounds} of 100)"


def bounded(told: str, low: float, high: float, questions: int) -> str:
    """``told``, which gives a ``score``, with its 95 % interval: ``61 of 100 (55 to 67)``, or, from few questions,
    ``24 of 38, which is 47 to 77 of 100``: counts and hundreds are not mixed."""
    if questions >= FEWEST:
        return f"{told} {interval(low, high)}"
    return f"{told}, which is {hundred(low)} to {hundred(high)} of 100"


def hundred(fraction: float) -> int:
    """A fraction 0 to 1 as a whole number out of 100; a half goes up, as at school.

    >>> hundred(25 / 40), hundred(27 / 40)
    (63, 68)
    """
    return math.floor(100 * float(fraction) + 0.5 + 1e-9)


def duration(seconds: float) -> str:
    """``45 seconds``, ``2 minutes``, ``1 hour 5 minutes``; coarser as it grows, since it is an estimate."""
    seconds = max(0.0, float(seconds))
    if seconds < 90:
        return plural(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    if minutes < 90:
        return plural(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    return plural(hours, "hour") + (f" {plural(minutes, 'minute')}" if minutes else "")


def durations(low: float, high: float) -> str:
    """``20 to 47 seconds``, ``50 seconds to 2 minutes``; where both are told alike, ``2 minutes``."""
    first, last = duration(low), duration(high)
    if first == last:
        return last
    number, _, unit = first.partition(" ")
    alike = unit.rstrip("s") == last.partition(" ")[2].rstrip("s")
    return f"{number if alike else first} to {last}"


def student(config: RunConfig) -> str:
    """The student's title, or the model's name."""
    if config.model != "embedded":
        return language_models.title(config.model)
    if table := config.student_table:  # a form's, and another version's, is not validated
        told = (
            table.get("title") if isinstance(table, Mapping) else table.title if isinstance(table, StudentTable) else ""
        )
        return str(told or config.student)
    profile = PROFILES.get(config.student)
    return profile.title if profile else config.student


def student_version(config: RunConfig) -> str:
    """``student of version 0.1`` for a run of the embedded student as it was then, ``135 M parameters, from 4-bit weights`` for a
    model of the catalogue; blank for all others.
    """
    if config.model != "embedded":
        return language_models.about(config.model)
    old = one_name(config.weights) == EMBEDDED_0_1
    return "student of version 0.1" if old else ""


def way(config: RunConfig) -> str:
    """How a run's questions are chosen: ``follow the mistakes``, ``own mix (physics 50 %, geometry 30 %, …)``."""
    among = category_names.of_bank(config.bank, config.mix or ())  # a mix may hold some of the bank's categories alone
    return config.way(
        lambda strategy: look(strategy).name.lower(),
        lambda category: category_names.in_sentence(category, among),
    )


def title(config: RunConfig) -> str:
    """What a run is called on the pages: its own name, or its student and way of choosing in plain words."""
    return config.name or f"{student(config)}: {way(config)}"


def who(config: RunConfig) -> str:
    """Student, way of choosing and seed, to stand under a title that is a name of the user's own; blank under any other."""
    return f"{student(config)}: {way(config)} · seed {config.seed}" if config.name else ""


def capital(text: str) -> str:
    """``text`` with a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def ago(seconds: float) -> str:
    """``just now``, ``5 minutes ago``, ``3 days ago``."""
    if seconds < 60:
        return "just now"
    for size, one in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{plural(int(seconds // size), one)} ago"
    return "just now"


def recorded(started: float, versions: Mapping[str, str]) -> str:
    """``recorded 3 July 2026, version 0.1.0``: when and with which version a run that came with the product was made."""
    version = versions.get("studentsim", "")
    day = time.strftime("%d %B %Y", time.gmtime(started)).lstrip("0")
    return f"recorded {day}" + (f", version {version}" if version else "")
