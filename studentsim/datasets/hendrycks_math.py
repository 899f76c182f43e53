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

from studentsim.datasets.adapter import (
    DatasetSpec,
    HubDataset,
    ParsedRow,
    get_field,
    get_text_field,
    label_options,
    normalize_whitespace,
    require_text_field,
)
from studentsim.datasets.distractors import make_number_formatter, parse_decimal, sample_distractors, shuffle_options
from studentsim.datasets.file_reader import RawRow
from studentsim.rng import derive_rng

MAX_DISTRACTOR_DISTANCE = 5
"""How far a number of the answer is moved, at most (P3)."""
SUBJECTS = (
    "algebra", "counting_and_probability", "geometry", "intermediate_algebra", "number_theory", "prealgebra", "precalculus",
)  # fmt: skip
DIFFICULTY_BY_LEVEL = {"Level 1": 1, "Level 2": 1, "Level 3": 2, "Level 4": 3, "Level 5": 3}
"""Ours of the set's own levels; a few rows have ``Level ?``."""
_NUMBER = re.compile(r"\d{1,3}(?:(?:,\\!|\{,\})\d{3})+(?:\.\d{1,9})?|\d{1,15}(?:\.\d{1,9})?")
_GROUPED_NUMBER = re.compile(r"(?:-|\\?\$)*\d{1,3}(?:,\d{3})+(?:\.\d{1,9})?")
_THOUSANDS_SEPARATORS = (r",\!", "{,}", ",")
_UNBRACED_FRACTION = re.compile(r"(\\[dt]?frac)\s*(\d)\s*(\d)(?!\d)")


def parse_row(row: RawRow, seed: int = 0) -> ParsedRow | None:
    """What a row of MATH says, with options made up; None where its answer holds no number.

    :raises ValueError: a field is not sound, or the solution has no box.
    """
    problem = normalize_whitespace(require_text_field(row.values, "problem"))
    solution = normalize_whitespace(require_text_field(row.values, "solution"))
    correct_text = _UNBRACED_FRACTION.sub(r"\1{\2}{\3}", extract_boxed_answer(solution))
    rng = derive_rng("options", "math", seed, problem)
    numbers = list((_GROUPED_NUMBER if _GROUPED_NUMBER.fullmatch(correct_text) else _NUMBER).finditer(correct_text))
    if not numbers:
        return None
    chosen_number = rng.choice(numbers)
    number_text = chosen_number[0].lstrip("-$\\")
    start, end = chosen_number.end() - len(number_text), chosen_number.end()
    format_number = make_number_formatter(
        number_text, next((s for s in _THOUSANDS_SEPARATORS if s in number_text), ",")
    )
    distractors = [
        correct_text[:start] + format_number(number) + correct_text[end:]
        for number in sample_distractors(parse_decimal(number_text), MAX_DISTRACTOR_DISTANCE, rng)
    ]
    options = label_options(shuffle_options(correct_text, distractors, rng)[0])
    return ParsedRow(
        problem=problem,
        options=options,
        correct_label=next(label for label, text in options if text == correct_text),
        category=get_text_field(row.values, "type", "subject", "category"),
        rationale=solution,
        difficulty=DIFFICULTY_BY_LEVEL.get(_level_name(row.values)),
        id_text=correct_text,
    )


def _level_name(values: Mapping[str, Any]) -> str:
    """``Level 3``, also where a row has the number alone, as a number or as text."""
    found = get_field(values, "level")
    return found if isinstance(found, str) and not found.isdigit() else f"Level {str(found)[:9]}"


def extract_boxed_answer(solution: str) -> str:
    r"""What stands in the last ``\boxed{…}`` of a solution, its braces balanced; ``\boxed 5`` and ``\fbox{5}`` count too.

    :raises ValueError: there is none, or its braces do not close.
    """
    box_start = max(solution.rfind("\\boxed"), solution.rfind("\\fbox"))
    if box_start < 0:
        raise ValueError(r"'solution' has no \boxed answer")
    rest = solution[box_start:].split("box", 1)[1].removeprefix("ed").lstrip()
    if not rest.startswith("{"):
        return re.split(r"[\s$]", rest, maxsplit=1)[0].rstrip(".,") or _raise_blank_answer()
    depth = 0
    for index, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if depth == 0:
            return rest[1:index].strip() or _raise_blank_answer()
    raise ValueError(r"the braces of \boxed in 'solution' do not close")


def _raise_blank_answer() -> str:
    raise ValueError(r"the \boxed answer in 'solution' is blank")


DATASET = DatasetSpec(
    name="math",
    title="MATH",
    row_description=r"problem, level, type or subject, solution (with a \boxed answer)",
    id_prefix="math",
    hub=HubDataset("EleutherAI/hendrycks_math", SUBJECTS),
    known_columns=frozenset({"problem", "level", "type", "solution", "subject", "answer", "unique_id"}),
    matches_row=lambda values: get_field(values, "problem") is not None and get_field(values, "solution") is not None,
    parse_row=parse_row,
)
