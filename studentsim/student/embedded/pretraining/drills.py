"""Sums without a story: what teaches the embedded student to write any number down, whatever its skill's own numbers are.

A number is one token for each three digits, so there are two thousand of them, and most are rare in the curriculum's questions. A
student that had met a number's token a few times only could not copy it (docs/log.md). Here all are equally common. Levels mean
nothing in a drill: it is always right.
"""

from __future__ import annotations

from random import Random

from studentsim.curriculum.schema import render_solution

PROBLEM_TEMPLATES = (
    "Work with {a}, {b} and {c}.",
    "The numbers are {a}, {b} and {c}. What is the total?",
    "Find the total of ${a}, {b}% and {c} cm.",
    "Take {a}, {b} and {c}. What is the answer?",
)
"""In words that the curriculum has too: the tokenizer knows its words alone."""

SUM_TEMPLATES = (
    "{a} + {b} = [x]|{x} + {c} = [y]",
    "{b} + {a} = [x]|{x} - {c} = [y]",
    "{a} × {b} ÷ 100 = [x]|{a} + {x} = [y]|{y} × {c} ÷ 100 = [z]|{y} + {z} = [end]",
    "{a} × {b} + {a} × {c} + {b} × {c} = [x]|{x} × 2 = [y]",
    "{a} + {b} + {c} = [x]|{x} ÷ 2 = [y]",
    "{c} - {b} = [x]|{a} × {x} = [y]|{y} ÷ 10 = [z]",
    "{a} × 100 = [x]|{b} × {c} = [y]|{x} + {y} = [z]",
    "{a} × {b} = [x]|{c} + {a} = [y]|{x} + {y} = [z]|{z} ÷ 2 = [end]",
    "{b} ÷ 10 = [x]|{x} + {c} = [y]|{y} × {a} = [z]",
)

MAX_WORKING_CHARS = 120
"""Characters of a working."""

STEP_LABELS = ("The first", "The second", "The third", "The last")


def make_drill(rng: Random) -> tuple[str, str]:
    """A problem and its working, with numbers of one to six digits."""
    while True:
        numbers = {name: _random_number(rng) for name in "abc"}
        steps = rng.choice(SUM_TEMPLATES).split("|")
        working = render_solution("\n".join(f"{s}: {sum}" for s, sum in zip(STEP_LABELS, steps, strict=False)), numbers)
        if working is not None and len(working.text) < MAX_WORKING_CHARS:
            return rng.choice(PROBLEM_TEMPLATES).format(**numbers), working.text


def _random_number(rng: Random) -> int:
    return rng.randrange(1, rng.choice((100, 1000, 1000, 1000, 10_000, 100_000)))
