"""Is any table of levels a student? Ten random tables, the two leanings, and the open book, on the shipped weights.

    python bench/levels.py                     all of it, a few minutes
    python bench/levels.py --questions 60      rougher

For each table: the gap between the measured accuracy of each category and the table's, and the share of well formed answers.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parent.parent))

from studentsim.config import RunConfig
from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS
from studentsim.evaluation.feedback_eval import get_exam_questions
from studentsim.evaluation.open_book_eval import evaluate_open_book
from studentsim.evaluation.profile_eval import evaluate_profile
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.pretraining.data import CARELESS_SHARE
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.student_table import StudentTable
from studentsim.types import CATEGORIES


def random_table(seed: int) -> StudentTable:
    """A level for every skill, 0 to 100, and a leaning."""
    rng = Random(f"table-{seed}")
    leaning = rng.choice(("careless", "concept", "mixed"))
    centre = {c: rng.uniform(10, 90) for c in CATEGORIES}
    skills = {s.id: min(100.0, max(0.0, centre[s.category] + rng.uniform(-25, 25))) for s in SKILLS.values()}
    return StudentTable(title=f"Table {seed}", leaning=leaning, skills={k: round(v, 1) for k, v in skills.items()})


def tables(count: int, questions: int) -> dict[str, object]:
    """The gaps (points) of ``count`` random tables."""
    gaps, formed = [], []
    for seed in range(count):
        found = evaluate_profile(
            RunConfig.make(student=f"table-{seed}", student_table=random_table(seed)), questions, seed=seed
        )
        own = [100 * (row.accuracy - row.intended) for row in found.category_results]
        gaps += own
        formed.append(found.well_formed_share)
        print(
            f"table {seed}: gaps {', '.join(f'{g:+.1f}' for g in own)}; {100 * found.well_formed_share:.1f} % well formed",
            flush=True,
        )
    absolute = [abs(g) for g in gaps]
    mean, largest = sum(absolute) / len(absolute), max(absolute)
    print(f"mean absolute gap {mean:.2f} points, largest {largest:.1f}; at least {100 * min(formed):.2f} % well formed")
    return {"mean": mean, "largest": largest, "well_formed": min(formed)}


def flat(level: float, leaning: str = "mixed") -> RunConfig:
    """The settings of a student who is at this level (percent) everywhere."""
    table = StudentTable(leaning=leaning, categories=dict.fromkeys(CATEGORIES, level))
    return RunConfig.make(student=f"level-{level:g}", student_table=table)


def ladder(questions: int) -> dict[float, float]:
    """Accuracy (percent) of students at one level everywhere."""
    found = {}
    for level in (0, 5, 10, 20, 30, 50, 70, 80, 90, 95, 100):
        rows = evaluate_profile(flat(level), questions).category_results
        found[level] = 100 * sum(r.correct for r in rows) / sum(r.questions for r in rows)
    print("level: measured", {level: round(share, 1) for level, share in found.items()}, flush=True)
    return found


def kinds(questions: int) -> dict[str, float]:
    """Share (0 to 1) of careless slips among wrong answers, on skills that have slips of both kinds, by leaning."""
    both = {s.id for s in SKILLS.values() if {slip.kind for slip in s.misconceptions} == {"careless", "concept"}}
    found = {}
    for leaning in CARELESS_SHARE:
        student = EmbeddedStudent(*load_embedded_model(), flat(30, leaning))
        asked = {q.id: q for c in CATEGORIES for q in get_exam_questions(c, questions) if q.skill in both}
        seen: Counter[str] = Counter()
        for answer in student.answer(list(asked.values()), seed_key=("kinds", 0)):
            option = asked[answer.question_id].option(answer.letter)
            if option is not None and option.misconception:
                seen[MISCONCEPTIONS[option.misconception].kind] += 1
        found[leaning] = seen["careless"] / seen.total()
        print(
            f"{leaning}: {100 * found[leaning]:.1f} % of {seen.total()} slips careless, meant {100 * CARELESS_SHARE[leaning]:.0f} %",
            flush=True,
        )
    return found


def books(questions: int) -> dict[float, object]:
    """What an open book does at low levels."""
    found = {}
    for level in (10, 20, 30, 60):
        result = evaluate_open_book(EmbeddedStudent(*load_embedded_model(), flat(level)), questions)
        found[level] = result.__dict__
        fitting, other = (
            f"{100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
            for gain, low, high in (result.fitting_gain, result.other_gain)
        )
        print(
            f"open book at {level} %, {result.questions} questions: fitting {fitting}, another skill's {other}",
            flush=True,
        )
    return found


def main() -> None:
    """All checks; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=200, help="in each category")
    parser.add_argument("--tables", type=int, default=10)
    parser.add_argument("--only", choices=("tables", "ladder", "kinds", "books"))
    args = parser.parse_args()
    checks = {
        "ladder": lambda: ladder(min(100, args.questions)),
        "tables": lambda: tables(args.tables, args.questions),
        "kinds": lambda: kinds(args.questions),
        "books": lambda: books(-(-args.questions * 5 // 3)),
    }
    print(json.dumps({name: check() for name, check in checks.items() if args.only in (None, name)}))


if __name__ == "__main__":
    main()
