r"""MATH: competition problems with solutions in LaTeX, converted to multiple choice (``distractors.py``).

Source: Hendrycks et al. 2021, "Measuring Mathematical Problem Solving With the MATH Dataset", MIT,
https://github.com/hendrycks/math and https://huggingface.co/datasets/EleutherAI/hendrycks_math. Released as one JSON file per
problem; rows in one file are read too:

    {"problem": "…", "level": "Level 3", "type": "Algebra", "solution": "… is $\boxed{\frac{1}{2}}$."}

MATH-500 (Lightman et al. 2023, https://huggingface.co/datasets/HuggingFaceH4/MATH-500) calls the type ``subject`` and
numbers the levels 1 to 5.

The correct option is the content of the solution's last box. In the distractors one of its numbers is moved by up to 5, the same
number in all three: if it varied, the correct option would be the one that the others resemble most. Answers without a number
("\text{even}") give no question. Options depend on the seed and the problem's text alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_field,
    get_text_field,
    has_fields,
    require_clean_text,
)
from studentsim.datasets.distractors import build_number_options
from studentsim.datasets.file_reader import RawRow
from studentsim.rng import derive_rng

MAX_DISTRACTOR_DISTANCE = 5
"""Largest distance by which a number of the answer is moved (P3.5)."""
SUBJECTS = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra", "precalculus",
)  # fmt: skip
DIFFICULTY_BY_LEVEL = {"Level 1": 1, "Level 2": 1, "Level 3": 2, "Level 4": 3, "Level 5": 3}
"""Our difficulty for each of MATH's levels; a few rows have ``Level ?``."""
_NUMBER = re.compile(r"\d{1,3}(?:(?:,\\!|\{,\})\d{3})+(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?")
_GROUPED_NUMBER = re.compile(r"(?:-|\\?\$)*\d{1,3}(?:,\d{3})+(?:\.\d{1,9})?")
_THOUSANDS_SEPARATORS = (r",\!", "{,}", ",")
_UNBRACED_FRACTION = re.compile(r"(\\[dt]?frac)\s*(\d)\s*(\d)(?!\d)")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow | None:
    """Parse a row and make up its distractors; None if its answer contains no number.

    :raises ValueError: a field is wrong, or the solution has no box.
    """
    problem = require_clean_text(row.values, "problem")
    solution = require_clean_text(row.values, "solution")
    correct_text = _UNBRACED_FRACTION.sub(r"\1{\2}{\3}", extract_boxed_answer(solution))
    rng = derive_rng("options", "math", seed, problem)
    numbers = list((_GROUPED_NUMBER if _GROUPED_NUMBER.fullmatch(correct_text) else _NUMBER).finditer(correct_text))
    if not numbers:
        return None
    moved_number = rng.choice(numbers)
    number_text = moved_number[0].lstrip("-$\\")
    options, correct_label = build_number_options(
        correct_text,
        MAX_DISTRACTOR_DISTANCE,
        rng,
        number_span=(moved_number.end() - len(number_text), moved_number.end()),
        thousands_separator=next((s for s in _THOUSANDS_SEPARATORS if s in number_text), ","),
    )
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=correct_label,
        category=get_text_field(row.values, "type", "subject", "category"),
        rationale=solution,
        difficulty=DIFFICULTY_BY_LEVEL.get(_level_name(row.values)),
        id_text=correct_text,
    )


def _level_name(values: Mapping[str, Any]) -> str:
    """``Level 3``, also if the row has only the number, as a number or as text."""
    level = get_field(values, "level")
    return level if isinstance(level, str) and not level.isdigit() else f"Level {str(level)[:9]}"


def extract_boxed_answer(solution: str) -> str:
    r"""The content of a solution's last ``\boxed{…}``, with balanced braces; ``\boxed 5`` and ``\fbox{5}`` count too.

    :raises ValueError: there is none, it is blank, or its braces do not close.
    """
    box_start = max(solution.rfind("\\boxed"), solution.rfind("\\fbox"))
    if box_start < 0:
        raise ValueError(r"'solution' has no \boxed answer")
    rest = solution[box_start:].split("box", 1)[1].removeprefix("ed").lstrip()
    answer = _braced_content(rest) if rest.startswith("{") else re.split(r"[\s$]", rest, maxsplit=1)[0].rstrip(".,")
    if not answer:
        raise ValueError(r"the \boxed answer in 'solution' is blank")
    return answer


def _braced_content(text: str) -> str:
    depth = 0
    for index, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return text[1:index].strip()
    raise ValueError(r"the braces of \boxed in 'solution' do not close")


DATASET = DatasetSpec(
    name="math",
    title="MATH",
    order=4,
    description="Competition maths in seven subjects. The wrong options are made up from the right one.",
    row_description=r"problem, level, type or subject, solution (with a \boxed answer)",
    id_prefix="math",
    hub=HubDataset("EleutherAI/hendrycks_math", SUBJECTS),
    known_columns=frozenset({"problem", "level", "type", "solution", "subject", "answer", "unique_id"}),
    matches_row=has_fields("problem", "solution"),
    parse_row=parse_row,
)
