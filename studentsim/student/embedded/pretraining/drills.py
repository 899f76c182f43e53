"""Arithmetic drills for pretraining: expressions without a word problem, which teach the student to copy any number.

A number is one token for each three digits, so there are two thousand such tokens, most of them rare in the curriculum's questions; a
student could not copy tokens that it had seen a few times only (docs/log.md). In drills all are equally common. A drill's solution is
always correct, whatever the level.
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
"""With words of the curriculum only: the tokenizer has no others."""

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

MAX_SOLUTION_CHARS = 120
"""A solution is shorter than this."""

STEP_LABELS = ("The first", "The second", "The third", "The last")


def make_drill(rng: Random) -> tuple[str, str]:
    """A problem and its solution, with numbers of one to six digits."""
    while True:
        numbers = {name: _random_number(rng) for name in "abc"}
        steps = rng.choice(SUM_TEMPLATES).split("|")
        template = "\n".join(f"{label}: {step}" for label, step in zip(STEP_LABELS, steps, strict=False))
        solution = render_solution(template, numbers)
        if solution is not None and len(solution.text) < MAX_SOLUTION_CHARS:
            return rng.choice(PROBLEM_TEMPLATES).format(**numbers), solution.text


def _random_number(rng: Random) -> int:
    return rng.randrange(1, rng.choice((100, 1000, 1000, 1000, 10_000, 100_000)))
