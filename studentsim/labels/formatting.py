"""Formats and names: numbers, times and states in plain words. No streamlit here."""

from __future__ import annotations

import math
import re
import textwrap
import time
from collections.abc import Collection, Mapping

from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig
from studentsim.labels import category_names, language_models
from studentsim.labels.strategy_styles import strategy_style
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.embedded.weight_versions import canonical_weights_name
from studentsim.student_table import StudentTable

MIN_QUESTIONS_FOR_PERCENT = 50
"""With fewer questions than this a result is told as "7 of 12", not "of 100": the digits are not earned."""

MAX_LABEL_CHARS = 46
"""Characters of a link's label that fit a narrow column or a phone."""

DISCLAIMER = "A model student, not your pupils."
EXAM_SCOPE_NOTE = (
    "Its questions were never practised, but they are of the same kinds as the practice questions, with other numbers."
)
"""What an exam of the built-in curriculum measures, and what it doesn't."""

STATUS_DISPLAY: Mapping[str, tuple[str, str, str]] = {
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

ACTIVE_STATUSES = frozenset({"queued", "starting", "running", "not responding"})
"""States in which figures may still change by themselves."""

STATUSES_WITH_WORKER = ACTIVE_STATUSES - {"queued"}
"""States in which a worker exists: such a run can't be deleted."""

RESUMABLE_STATUSES = frozenset({"paused", "interrupted", "failed", "not responding"})
"""States from which a run can go on after its last complete lesson."""

CANCELLABLE_STATUSES = ACTIVE_STATUSES | {"paused", "interrupted"}

STAGE_LABELS: Mapping[str, str] = {
    "loading": "The student is getting ready",
    "exam": "The student sits an exam",
    "study": "The student practises",
    "revision": "The student tries again what it got wrong",
    "training": "The student learns from its mistakes",
    "validation": "Looking at held-out pairs",
}


def status_display(status: str) -> tuple[str, str, str]:
    """Words, colour and icon of a state; one unknown here is shown as it is."""
    return STATUS_DISPLAY.get(status, (status, "gray", ":material/help:"))


def format_status_count(count: int, status: str) -> str:
    """The words of a state for so many runs: ``3 waiting for their turn``."""
    label = status_display(status)[0]
    return f"{count} {label.replace(' its ', ' their ') if count != 1 else label}"


PENDING_REQUEST_LABELS: Mapping[str, str] = {"pause": "pausing …", "cancel": "being cancelled …"}
"""What was asked of a run and is not done yet."""


def escape_markdown(text: str) -> str:
    """``text`` so that markdown shows it as it is: for titles and labels, which know no plain text.

    Colons before a word get a word joiner, since shortcodes such as ``:red:`` are replaced after escapes are read.
    """
    line = " ".join(text.split())
    line = re.sub(r"([\\`*_\[\]<>$~|&])|^([#+-])|(?<=^\d)([.)])", lambda m: "\\" + m[0], line)
    return re.sub(r":(?=[a-zA-Z+_-]|\d\w*:)", ":\u2060", line)


def truncate_text(text: str, *, max_chars: int = 300, max_lines: int = 6) -> str:
    """The beginning of a long text, its lines as they are, cut at a word; a text that is hardly longer is left whole."""
    if len(text) <= 1.2 * max_chars and text.count("\n") < 1.2 * max_lines:
        return text
    head = "\n".join(text.split("\n")[:max_lines])
    if len(head) > max_chars:
        head = head[:max_chars].rpartition(" ")[0] or head[:max_chars]
    return f"{head.rstrip()} …"


def shorten_label(text: str, max_chars: int = MAX_LABEL_CHARS) -> str:
    """``text`` in at most so many characters, cut at a word: a link's label does not wrap."""
    short = textwrap.shorten(text, max_chars, placeholder=" …")
    return short if len(short) > 2 else f"{text[: max_chars - 1]}…"  # one long word


def format_working(text: str) -> str:
    """A working of the bank as people read it: a fraction that its sum leaves as it was is told once.

    >>> format_working("Chance of red: 5/11 = 5/11")
    'Chance of red: 5/11'
    """
    return re.sub(r"(?m): (\S+) = \1$", r": \1", text)


def pluralize(count: int, singular: str, plural: str = "") -> str:
    """``1 lesson``, ``12 lessons``, ``1,200 lessons``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def format_seeds(seeds: Collection[int]) -> str:
    """``seed 3``, ``format_seeds 0 to 4``, ``format_seeds 1, 3, 4 and 9``; of many with gaps the first and the last.

    >>> format_seeds([0, 1, 2]), format_seeds([5, 3])
    ('seeds 0 to 2', 'seeds 3 and 5')
    """
    distinct = sorted(set(seeds))
    if len(distinct) < 2:
        return f"seed {distinct[0]}" if distinct else "no seed"
    if len(distinct) > 2 and distinct[-1] - distinct[0] == len(distinct) - 1:
        return f"seeds {distinct[0]} to {distinct[-1]}"
    if len(distinct) > 8:
        return f"{len(distinct)} seeds from {distinct[0]} to {distinct[-1]}"
    return f"seeds {', '.join(map(str, distinct[:-1]))} and {distinct[-1]}"


def format_score(correct: int, total: int) -> str:
    """``61 of 100``, or ``7 of 12`` where there are too few questions to speak of hundreds."""
    if total < MIN_QUESTIONS_FOR_PERCENT:
        return f"{int(correct)} of {int(total)}"
    return f"{round_percent(correct / total)} of 100"


def format_mean_score(accuracy: float, total: int) -> str:
    """The same of a mean over runs, 0 to 1, of so many questions each; rounded once, as in the pictures: through a whole number of
    questions it could come out as another.

    >>> format_mean_score(0.4148, 240), format_mean_score(22 / 36, 12), format_mean_score(0.5, 12)
    ('41 of 100', '7.3 of 12', '6 of 12')
    """
    return (
        f"{round_percent(accuracy)} of 100"
        if total >= MIN_QUESTIONS_FOR_PERCENT
        else f"{round(accuracy * total, 1):g} of {int(total)}"
    )


def format_interval(low: float, high: float, total: int = MIN_QUESTIONS_FOR_PERCENT) -> str:
    """``(55 to 67)`` from fractions; said "of 100" where the score itself is not."""
    bounds = f"{round_percent(low)} to {round_percent(high)}"
    return f"({bounds})" if total >= MIN_QUESTIONS_FOR_PERCENT else f"({bounds} of 100)"


def append_interval(score_text: str, low: float, high: float, total: int) -> str:
    """``score_text``, which gives a ``format_score``, with its 95 % interval: ``61 of 100 (55 to 67)``, or, from few questions,
    ``24 of 38, which is 47 to 77 of 100``: counts and hundreds are not mixed."""
    if total >= MIN_QUESTIONS_FOR_PERCENT:
        return f"{score_text} {format_interval(low, high)}"
    return f"{score_text}, which is {round_percent(low)} to {round_percent(high)} of 100"


def round_percent(fraction: float) -> int:
    """A fraction 0 to 1 as a whole number out of 100; a half goes up, as at school.

    >>> round_percent(25 / 40), round_percent(27 / 40)
    (63, 68)
    """
    return math.floor(100 * float(fraction) + 0.5 + 1e-9)


def format_duration(seconds: float) -> str:
    """``45 seconds``, ``2 minutes``, ``1 hour 5 minutes``; coarser as it grows, since it is an estimate."""
    seconds = max(0.0, float(seconds))
    if seconds < 90:
        return pluralize(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    if minutes < 90:
        return pluralize(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    return pluralize(hours, "hour") + (f" {pluralize(minutes, 'minute')}" if minutes else "")


def format_duration_range(low: float, high: float) -> str:
    """``20 to 47 seconds``, ``50 seconds to 2 minutes``; where both are told alike, ``2 minutes``."""
    first, last = format_duration(low), format_duration(high)
    if first == last:
        return last
    number, _, unit = first.partition(" ")
    same_unit = unit.rstrip("s") == last.partition(" ")[2].rstrip("s")
    return f"{number if same_unit else first} to {last}"


def student_title(config: RunConfig) -> str:
    """The student's title, or the model's name."""
    if config.model != "embedded":
        return language_models.model_title(config.model)
    if table := config.student_table:  # a form's, and another version's, is not validated
        table_title = (
            table.get("title") if isinstance(table, Mapping) else table.title if isinstance(table, StudentTable) else ""
        )
        return str(table_title or config.student)
    profile = PROFILES.get(config.student)
    return profile.title if profile else config.student


def student_version_label(config: RunConfig) -> str:
    """``student_title of version 0.1`` for a run of the embedded student as it was then, ``135 M parameters, from 4-bit weights`` for a
    model of the catalogue; blank for all others.
    """
    if config.model != "embedded":
        return language_models.describe_model(config.model)
    old = canonical_weights_name(config.weights) == EMBEDDED_0_1_WEIGHTS
    return "student of version 0.1" if old else ""


def strategy_label(config: RunConfig) -> str:
    """How a run's questions are chosen: ``follow the mistakes``, ``own mix (physics 50 %, geometry 30 %, …)``."""
    categories = category_names.bank_categories(
        config.bank, config.mix or ()
    )  # a mix may hold some of the bank's categories alone
    return config.describe_selection(
        lambda strategy: strategy_style(strategy).name.lower(),
        lambda category: category_names.inline_category_label(category, categories),
    )


def run_title(config: RunConfig) -> str:
    """What a run is called on the pages: its own name, or its student and way of choosing in plain words."""
    return config.name or f"{student_title(config)}: {strategy_label(config)}"


def run_subtitle(config: RunConfig) -> str:
    """Student, way of choosing and seed, to stand under a title that is a name of the user's own; blank under any other."""
    return f"{student_title(config)}: {strategy_label(config)} · seed {config.seed}" if config.name else ""


def capitalize_first(text: str) -> str:
    """``text`` with a capital at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


def format_time_ago(seconds: float) -> str:
    """``just now``, ``5 minutes format_time_ago``, ``3 days format_time_ago``."""
    if seconds < 60:
        return "just now"
    for size, one in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{pluralize(int(seconds // size), one)} ago"
    return "just now"


def recorded_label(started: float, versions: Mapping[str, str]) -> str:
    """``recorded_label 3 July 2026, version 0.1.0``: when and with which version a run that came with the product was made."""
    version = versions.get("studentsim", "")
    day = time.strftime("%d %B %Y", time.gmtime(started)).lstrip("0")
    return f"recorded {day}" + (f", version {version}" if version else "")
