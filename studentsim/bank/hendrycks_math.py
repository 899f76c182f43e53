r"""MATH: competition problems with solutions in LaTeX, turned into multiple choice as P3 did.

Hendrycks et al. 2021, "Measuring Mathematical Problem Solving With the MATH Dataset", MIT,
https://github.com/hendrycks/math and https://huggingface.co/datasets/EleutherAI/hendrycks_math. Released as one JSON file a
problem; rows in one file are read too:

    {"problem": "…", "level": "Level 3", "type": "Algebra", "solution": "… is $\boxed{\frac{1}{2}}$."}

MATH-500 (Lightman et al. 2023, https://huggingface.co/datasets/HuggingFaceH4/MATH-500) calls the type ``subject`` and
numbers the levels 1 to 5.

The right option is what stands in the last box. The others have one of its numbers moved by up to 5, the same number in
all three: were it now this one and now that, the right option would be the one that most others resemble. Answers without
a number ("\text{even}") give no question. All depends on the seed and the row's problem alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studentsim import luck
from studentsim.bank.draft import Draft, Hub, QuestionSet, column, field, lettered, prose, text_field
from studentsim.bank.near import like, near, plain, shuffled
from studentsim.bank.reading import Row

REACH = 5
"""How far a number of the answer is moved, at most (P3)."""
SUBJECTS = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra", "precalculus",
)  # fmt: skip
DIFFICULTY = {"Level 1": 1, "Level 2": 1, "Level 3": 2, "Level 4": 3, "Level 5": 3}
"""Ours of the set's own levels; a few rows have ``Level ?``."""
_NUMBER = re.compile(r"\d{1,3}(?:(?:,\\!|\{,\})\d{3})+(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?")
_THOUSANDS = re.compile(r"(?:-|\\?\$)*\d{1,3}(?:,\d{3})+(?:\.\d{1,9})?")
_SEPARATORS = (r",\!", "{,}", ",")
_TIGHT_FRACTION = re.compile(r"(\\[dt]?frac)\s*(\d)\s*(\d)(?!\d)")


def draft(row: Row, seed: int = 0) -> Draft | None:
    """What a row of MATH says, with options made up; None where its answer holds no number.

    :raises ValueError: a field is not sound, or the solution has no box.
    """
    problem = prose(field(row.values, "problem"))
    solution = prose(field(row.values, "solution"))
    right = _TIGHT_FRACTION.sub(r"\1{\2}{\3}", boxed(solution))
    rng = luck.stream("options", "math", seed, problem)
    numbers = list((_THOUSANDS if _THOUSANDS.fullmatch(right) else _NUMBER).finditer(right))
    if not numbers:
        return None
    place = rng.choice(numbers)
    written = place[0].lstrip("-$\\")
    start, end = place.end() - len(written), place.end()
    write = like(written, next((s for s in _SEPARATORS if s in written), ","))
    wrong = [right[:start] + write(number) + right[end:] for number in near(plain(written), REACH, rng)]
    options = lettered(shuffled(right, wrong, rng)[0])
    return Draft(
        problem=problem,
        options=options,
        key=next(label for label, text in options if text == right),
        category=text_field(row.values, "type", "subject", "category"),
        rationale=solution,
        difficulty=DIFFICULTY.get(_level(row.values)),
        identity=right,
    )


def _level(values: Mapping[str, Any]) -> str:
    """``Level 3``, also where a row has the number alone, as a number or as text."""
    found = column(values, "level")
    return found if isinstance(found, str) and not found.isdigit() else f"Level {str(found)[:9]}"


def boxed(solution: str) -> str:
    r"""What stands in the last ``\boxed{…}`` of a solution, its braces balanced; ``\boxed 5`` and ``\fbox{5}`` count too.

    :raises ValueError: there is none, or its braces do not close.
    """
    at = max(solution.rfind("\\boxed"), solution.rfind("\\fbox"))
    if at < 0:
        raise ValueError(r"'solution' has no \boxed answer")
    rest = solution[at:].split("box", 1)[1].removeprefix("ed").lstrip()
    if not rest.startswith("{"):
        return re.split(r"[\s$]", rest, maxsplit=1)[0].rstrip(".,") or _no_answer()
    depth = 0
    for place, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return rest[1:place].strip() or _no_answer()
    raise ValueError(r"the braces of \boxed in 'solution' do not close")


def _no_answer() -> str:
    raise ValueError(r"the \boxed answer in 'solution' is blank")


SET = QuestionSet(
    name="math",
    title="MATH",
    rows=r"problem, level, type or subject, solution (with a \boxed answer)",
    prefix="math",
    hub=Hub("EleutherAI/hendrycks_math", SUBJECTS),
    columns=frozenset({"problem", "level", "type", "solution", "subject", "answer", "unique_id"}),
    fits=lambda values: column(values, "problem") is not None and column(values, "solution") is not None,
    draft=draft,
)
