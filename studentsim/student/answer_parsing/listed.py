"""The options, written out again before or without an answer: these lines tick none."""

from __future__ import annotations

import re

from studentsim.student.answer_parsing.options import Options
from studentsim.student.answer_parsing.reasoning import squeezed

_JUDGED = re.compile("[✓✔✅☑❌✗✘←]")


def without_list(reply: str, options: Options) -> str:
    """Without lines that are this question's options in order, or in reverse: three with their letters, or the texts of all."""
    if "\n" not in reply:
        return reply
    letters = [c.letter for c in options.choices]
    texts = [squeezed(c.strict) for c in options.choices]
    lettered = {letter + text: n for n, (letter, text) in enumerate(zip(letters, texts, strict=True))}
    bare = {text: n for n, text in enumerate(texts)}
    lines = reply.split("\n")
    said = [
        squeezed(line) if len(line) <= 4 * options.longest + 60 and not _JUDGED.search(line) else "-" for line in lines
    ]
    listed = _runs(said, lettered, min(3, len(texts))) | _runs(said, bare, len(texts))
    return "\n".join(line for n, line in enumerate(lines) if n not in listed) if listed else reply


def _runs(said: list[str], places: dict[str, int], least: int) -> set[int]:
    """The lines of runs of at least so many neighbours in the order of the options; lines that say nothing are passed over."""
    found: set[int] = set()
    run: list[int] = []
    step = 0
    for n, line in enumerate(said):
        if not line:
            continue
        place = places.get(line)
        move = place - places[said[run[-1]]] if run and place is not None else 0
        if move in (1, -1) and (len(run) == 1 or move == step):
            run.append(n)
            step = move
        else:
            run = [n] if place is not None else []
        if len(run) >= max(least, 2):
            found.update(run)
    return found
