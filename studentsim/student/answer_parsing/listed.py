"""Removes lines that repeat the question's options: they choose none."""

from __future__ import annotations

import re

from studentsim.student.answer_parsing.options import ParsedOptions
from studentsim.student.answer_parsing.reasoning import alphanumeric_key

_VERDICT_MARK = re.compile("[✓✔✅☑❌✗✘←]")


def remove_listed_options(reply: str, options: ParsedOptions) -> str:
    """Remove lines that are this question's options in order or reversed: at least three with letters, or the texts of all."""
    if "\n" not in reply:
        return reply
    letters = [c.letter for c in options.choices]
    texts = [alphanumeric_key(c.normalized_text) for c in options.choices]
    lettered_positions = {letter + text: n for n, (letter, text) in enumerate(zip(letters, texts, strict=True))}
    text_positions = {text: n for n, text in enumerate(texts)}
    lines = reply.split("\n")
    normalized_lines = [
        alphanumeric_key(line)
        if len(line) <= 4 * options.longest_option_chars + 60 and not _VERDICT_MARK.search(line)
        else "-"
        for line in lines
    ]
    listed = _find_ordered_runs(normalized_lines, lettered_positions, min(3, len(texts))) | _find_ordered_runs(
        normalized_lines, text_positions, len(texts)
    )
    return "\n".join(line for n, line in enumerate(lines) if n not in listed) if listed else reply


def _find_ordered_runs(lines: list[str], positions: dict[str, int], min_length: int) -> set[int]:
    """Indices of the lines in runs of at least ``min_length`` (and two) options in order; blank lines are ignored."""
    found: set[int] = set()
    run: list[int] = []
    step = 0
    for n, line in enumerate(lines):
        if not line:
            continue
        position = positions.get(line)
        offset = position - positions[lines[run[-1]]] if run and position is not None else 0
        if offset in (1, -1) and (len(run) == 1 or offset == step):
            run.append(n)
            step = offset
        else:
            run = [n] if position is not None else []
        if len(run) >= max(min_length, 2):
            found.update(run)
    return found
