"""Display formats of numbers, times, statuses and runs. No streamlit here."""

from __future__ import annotations

import math
import re
import textwrap
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from studentsim.config import EMBEDDED_0_1_WEIGHTS, RunConfig
from studentsim.labels import category_names, language_models
from studentsim.labels.strategy_styles import strategy_style
from studentsim.plain_text import strip_control_characters
from studentsim.student.embedded.profiles import PROFILES
from studentsim.student.embedded.weight_versions import canonical_weights_name
from studentsim.student_table import StudentTable

MIN_QUESTIONS_FOR_PERCENT = 50
"""With fewer questions a result is written as "7 of 12", not "of 100", which would claim more precision than there is."""

MAX_LABEL_CHARS = 46
"""Characters of a link's label that fit a narrow column or a phone's width."""

DISCLAIMER = "A model student, not your pupils."
EXAM_SCOPE_NOTE = (
    "Its questions were never practised, but they are of the same kinds as the practice questions, with other numbers."
)
"""What an exam of the built-in curriculum measures, and what it does not."""

STATUS_DISPLAY: Mapping[str, tuple[str, str, str]] = {
    "queued": ("waiting for its turn", "gray", ":material/hourglass_empty:"),
    "starting": ("getting ready", "blue", ":material/hourglass_top:"),
    "running": ("learning", "blue", ":material/play_arrow:"),
    "not responding": ("not responding", "orange", ":material/warning:"),
    "paused": ("paused", "gray", ":material/pause:"),
    "cancelled": ("cancelled", "gray", ":material/stop:"),
    "failed": ("stopped by a problem", "orange", ":material/error:"),
    "interrupted": ("interrupted", "orange", ":material/warning:"),
    "damaged": ("damaged", "orange", ":material/broken_image:"),
    "finished": ("finished", "gray", ":material/check:"),
}
"""Status of a run -> label, theme colour, icon."""

ACTIVE_STATUSES = frozenset({"queued", "starting", "running", "not responding"})
"""Statuses in which a run's results may still change."""

STATUSES_WITH_WORKER = ACTIVE_STATUSES - {"queued"}
"""Statuses in which a worker exists: such a run cannot be deleted."""

RESUMABLE_STATUSES = frozenset({"paused", "interrupted", "failed", "not responding"})
"""Statuses from which a run can be resumed after its last complete turn."""

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
    """Label, colour and icon of a status; an unknown one is its own label."""
    return STATUS_DISPLAY.get(status, (status, "gray", ":material/help:"))


def format_status_count(count: int, status: str) -> str:
    """A status's label for a number of runs: ``3 waiting for their turn``."""
    label = status_display(status)[0]
    return f"{count} {label.replace(' its ', ' their ') if count != 1 else label}"


PENDING_REQUEST_LABELS: Mapping[str, str] = {"pause": "pausing …", "cancel": "being cancelled …"}
"""Requests to a run that are not carried out yet."""


def escape_markdown(text: str) -> str:
    """``text`` escaped so that markdown shows it literally, for titles and labels, which always render markdown.

    Shortcodes such as ``:red:`` and links such as ``http://a.b``, ``www.a.b`` and ``a@b.c`` are found after escapes are read: a word
    joiner, which nobody sees, parts them.
    """
    line = strip_control_characters(" ".join(text.split()))
    line = re.sub(r"([\\`*_\[\]<>$~|&])|^([#+-])", lambda m: "\\" + m[0], line)
    line = re.sub(r"^(\d+)(?=[.)])", r"\1\\", line)
    return re.sub(r":(?=[a-zA-Z+_/-]|\d\w*:)|(?i:www)(?=\.)|@", lambda m: m[0] + "\u2060", line)


def truncate_text(text: str, *, max_chars: int = 300, max_lines: int = 6) -> str:
    """The beginning of a long text, cut at a word, its line breaks kept; up to a fifth over the limits it is left whole."""
    if len(text) <= 1.2 * max_chars and text.count("\n") < 1.2 * max_lines:
        return text
    head = "\n".join(text.split("\n")[:max_lines])
    if len(head) > max_chars:
        head = head[:max_chars].rpartition(" ")[0] or head[:max_chars]
    return f"{head.rstrip()} …"


def shorten_label(text: str, max_chars: int = MAX_LABEL_CHARS) -> str:
    """``text`` in at most ``max_chars`` characters, cut at a word: a link's label does not wrap."""
    short = textwrap.shorten(text, max_chars, placeholder=" …")
    return short if len(short) > 2 else f"{text[: max_chars - 1]}…"  # one long word


def format_working(text: str) -> str:
    """A bank's working for display: a fraction that its sum leaves unchanged is written once.

    >>> format_working("Chance of red: 5/11 = 5/11")
    'Chance of red: 5/11'
    """
    return re.sub(r"(?m): (\S+) = \1$", r": \1", text)


def pluralize(count: int, singular: str, plural: str = "") -> str:
    """``1 lesson``, ``12 lessons``, ``1,200 lessons``."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def join_with_and(parts: Sequence[str]) -> str:
    """``a, b and c``; blank for none."""
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def format_seeds(seeds: Collection[int]) -> str:
    """``seed 3``, ``seeds 0 to 4``, ``seeds 1, 3, 4 and 9``; of more than eight with gaps the first and the last.

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
    return f"seeds {join_with_and([str(seed) for seed in distinct])}"


def format_score(correct: int, total: int) -> str:
    """``61 of 100``, or ``7 of 12`` with fewer than ``MIN_QUESTIONS_FOR_PERCENT`` questions."""
    if total < MIN_QUESTIONS_FOR_PERCENT:
        return f"{int(correct)} of {int(total)}"
    return f"{round_percent(correct / total)} of 100"


def format_mean_score(accuracy: float, total: int) -> str:
    """``format_score`` of a mean accuracy (0 to 1) over runs of ``total`` questions each.

    Rounded once, as in the figures: rounding to a whole number of questions first could give another result.

    >>> format_mean_score(0.4148, 240), format_mean_score(22 / 36, 12), format_mean_score(0.5, 12)
    ('41 of 100', '7.3 of 12', '6 of 12')
    """
    return (
        f"{round_percent(accuracy)} of 100"
        if total >= MIN_QUESTIONS_FOR_PERCENT
        else f"{round(accuracy * total, 1):g} of {int(total)}"
    )


def format_interval(low: float, high: float, total: int = MIN_QUESTIONS_FOR_PERCENT) -> str:
    """``(55 to 67)`` from fractions; ``(55 to 67 of 100)`` beside a score that is not out of 100."""
    bounds = format_bounds(low, high)
    return f"({bounds})" if total >= MIN_QUESTIONS_FOR_PERCENT else f"({bounds} of 100)"


def format_bounds(low: float, high: float) -> str:
    """``55 to 67`` from fractions."""
    return f"{round_percent(low)} to {round_percent(high)}"


def append_interval(score_text: str, low: float, high: float, total: int) -> str:
    """``score_text``, made with ``format_score``, with its 95 % interval: ``61 of 100 (55 to 67)``, or from few questions
    ``24 of 38, which is 47 to 77 of 100``, so that counts and percentages are not mixed.
    """
    if total >= MIN_QUESTIONS_FOR_PERCENT:
        return f"{score_text} {format_interval(low, high)}"
    return f"{score_text}, which is {format_bounds(low, high)} of 100"


def format_result(row: Any, what: str = "") -> str:
    """The score and interval of a row with ``correct, questions, ci_low, ci_high``; ``what`` follows the score."""
    return append_interval(format_score(row.correct, row.questions) + what, row.ci_low, row.ci_high, int(row.questions))


def round_percent(fraction: float) -> int:
    """A fraction 0 to 1 as a whole number out of 100; halves are rounded up.

    >>> round_percent(25 / 40), round_percent(27 / 40)
    (63, 68)
    """
    return math.floor(100 * float(fraction) + 0.5 + 1e-9)


def format_duration(seconds: float) -> str:
    """``45 seconds``, ``2 minutes``, ``1 hour 5 minutes``: coarser for longer durations, which are estimates."""
    seconds = max(0.0, float(seconds))
    if seconds < 90:
        return pluralize(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    if minutes < 90:
        return pluralize(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    return pluralize(hours, "hour") + (f" {pluralize(minutes, 'minute')}" if minutes else "")


def format_duration_range(low: float, high: float) -> str:
    """``20 to 47 seconds``, ``50 seconds to 2 minutes``; ``2 minutes`` where both have the same text."""
    first, last = format_duration(low), format_duration(high)
    if first == last:
        return last
    number, _, unit = first.partition(" ")
    same_unit = unit.rstrip("s") == last.partition(" ")[2].rstrip("s")
    return f"{number if same_unit else first} to {last}"


def student_title(config: RunConfig) -> str:
    """The student's title, or the model's name."""
    if config.model != "embedded":
        return strip_control_characters(language_models.model_title(config.model))
    if table := config.student_table:  # a form's or another version's is not validated
        table_title = (
            table.get("title") if isinstance(table, Mapping) else table.title if isinstance(table, StudentTable) else ""
        )
        return strip_control_characters(str(table_title or config.student))
    profile = PROFILES.get(config.student)
    return profile.title if profile else strip_control_characters(config.student)


def student_version_label(config: RunConfig) -> str:
    """``student of version 0.1`` for the embedded student with those weights, ``135 M parameters, from 4-bit weights`` for a
    model of the catalogue; blank for all others.
    """
    if config.model != "embedded":
        return language_models.describe_model(config.model)
    old = canonical_weights_name(config.weights) == EMBEDDED_0_1_WEIGHTS
    return "student of version 0.1" if old else ""


def strategy_label(config: RunConfig) -> str:
    """How a run's questions are chosen: ``follow the mistakes``, ``own mix (physics 50 %, geometry 30 %, …)``."""
    # a mix may hold only some of the bank's categories
    categories = category_names.bank_categories(config.bank, config.mix or ())
    return config.describe_selection(
        lambda strategy: strategy_style(strategy).name.lower(),
        lambda category: category_names.inline_category_label(category, categories),
    )


def run_title(config: RunConfig) -> str:
    """A run's title on the pages: its own name, or its student and strategy."""
    return strip_control_characters(config.name or f"{student_title(config)}: {strategy_label(config)}")


def run_subtitle(config: RunConfig) -> str:
    """Student, strategy and seed, shown under a title that is the user's own name; blank under any other."""
    return f"{student_title(config)}: {strategy_label(config)} · seed {config.seed}" if config.name else ""


def capitalize_first(text: str) -> str:
    """``text`` with its first letter capitalised, the rest unchanged."""
    return text[:1].upper() + text[1:]


def lowercase_first(text: str) -> str:
    """``text`` with a small first letter, for use within a sentence."""
    return text[:1].lower() + text[1:]


def format_time_ago(seconds: float) -> str:
    """``just now``, ``5 minutes ago``, ``3 days ago``."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{pluralize(int(seconds // size), unit)} ago"
    return "just now"


def recorded_label(started: float, versions: Mapping[str, str]) -> str:
    """``recorded 3 July 2026, version 0.1.0``: when (seconds since 1970) and with which version a shipped run was recorded."""
    version = versions.get("studentsim", "")
    day = time.strftime("%d %B %Y", time.gmtime(started)).lstrip("0")
    return f"recorded {day}" + (f", version {version}" if version else "")
