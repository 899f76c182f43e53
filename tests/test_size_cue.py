"""bench/size_cue.py: what the size of options alone would give, on planted answers."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "bench"))
from size_cue import SizeCue, size_cue  # noqa: E402

LETTERS = "abcde"


def answer(rng: Random, *, place: int, ticks: str) -> dict:
    """A question whose right value is at this place by size; ``ticks``: ``knows``, ``place`` (that one, always) or ``guesses``."""
    numbers = sorted(rng.sample(range(1000), 5))
    order = rng.sample(range(5), 5)
    options = [{"letter": letter, "text": f"{numbers[i]} km"} for letter, i in zip(LETTERS, order, strict=True)]
    correct = LETTERS[order.index(place)]
    letter = {"knows": correct, "place": LETTERS[order.index(1)], "guesses": rng.choice(LETTERS)}[ticks]
    return {"options": options, "correct": correct, "letter": letter, "is_correct": letter == correct}


def exam(ticks: str, count: int = 400) -> SizeCue:
    rng = Random(7)
    return size_cue(answer(rng, place=rng.choice([0, 1, 1, 1, 2, 3, 4]), ticks=ticks) for _ in range(count))


def test_who_ticks_one_place_by_size_is_right_by_it_alone_and_who_knows_or_guesses_is_not():
    place, knows, guesses = exam("place"), exam("knows"), exam("guesses")
    assert place.right == place.best == pytest.approx(place.by_size)
    assert knows.right == 400 and knows.by_size < 130
    assert abs(guesses.by_size - 80) < 8


def test_questions_without_five_different_numbers_do_not_count():
    rng = Random(1)
    one = answer(rng, place=2, ticks="knows")
    one["options"][0]["text"] = "none of these"
    assert size_cue([one]) == SizeCue(0, 0, 0.0, 0) == size_cue([])
