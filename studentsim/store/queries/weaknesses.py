"""Queries of where a student is weak: exams by category and skill, their questions, and answer sheets for item analysis.

Finished exams alone: an unfinished one does not count yet.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.store.database import Database
from studentsim.store.queries.answer_lists import VALUE_DIFFERS_SQL

MAX_ANSWER_SHEETS = 200
"""Most answer sheets used for item analysis: this run's own, then the newest."""

_FINISHED_EXAM_CONDITION = (
    "run_id = $run AND phase = 'exam' AND attempt = 1 AND turn IN (SELECT turn FROM exams WHERE run_id = $run)"
)


def fetch_exam_counts(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, category, skill, correct, questions, unanswered`` of every finished exam; ``skill`` is null where the bank has none."""
    return db.query_frame(
        "SELECT turn, category, skill, count(*) FILTER (is_correct) AS correct, count(*) AS questions, "
        f"count(*) FILTER (letter IS NULL) AS unanswered FROM answers WHERE {_FINISHED_EXAM_CONDITION} GROUP BY ALL ORDER BY ALL",
        {"run": run_id},
    )


def fetch_exam_misconceptions(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, category, skill, misconception, wrong``: wrong answers of finished exams by their misconception."""
    return db.query_frame(
        "SELECT turn, category, skill, misconception, count(*) AS wrong FROM answers "
        f"WHERE {_FINISHED_EXAM_CONDITION} AND NOT is_correct AND misconception IS NOT NULL GROUP BY ALL ORDER BY ALL",
        {"run": run_id},
    )


def fetch_letter_value_mismatches(db: Database, run_id: str) -> pd.DataFrame:
    """``phase, turn, answers, disagree, value_right, letter_right``: answers whose value belongs to another option than their
    letter (``disagree``), and of these how many are right by the value, or by the letter. Finished exams, and first attempts
    in practice.
    """
    return db.query_frame(
        f"SELECT phase, turn, count(*) AS answers, count(*) FILTER ({VALUE_DIFFERS_SQL}) AS disagree, "
        f"count(*) FILTER ({VALUE_DIFFERS_SQL} AND value_letter = correct) AS value_right, "
        f"count(*) FILTER ({VALUE_DIFFERS_SQL} AND letter = correct) AS letter_right FROM answers "
        f"WHERE ({_FINISHED_EXAM_CONDITION}) OR (run_id = $run AND phase = 'study') GROUP BY ALL ORDER BY ALL",
        {"run": run_id},
    )


def fetch_practice_misconceptions(db: Database, run_id: str) -> pd.DataFrame:
    """``misconception`` (blank: none known)``, wrong``: wrong first attempts in practice by their misconception."""
    return db.query_frame(
        "SELECT coalesce(misconception, '') AS misconception, count(*) AS wrong FROM answers "
        "WHERE run_id = $run AND phase = 'study' AND NOT is_correct GROUP BY ALL ORDER BY ALL",
        {"run": run_id},
    )


def fetch_exam_questions(db: Database, run_id: str) -> pd.DataFrame:
    """One row a question of the run's finished exams: ``question_id, category, skill, difficulty, problem, options`` (JSON
    text)``, correct``, and the lists ``turns`` and ``letters`` (blank: unanswered), an entry an exam.
    """
    constant_columns = ("category", "skill", "difficulty", "problem", "options", "correct")
    return db.query_frame(
        f"SELECT question_id, {', '.join(f'any_value({name}) AS {name}' for name in constant_columns)}, "
        "list(turn ORDER BY turn) AS turns, list(coalesce(letter, '') ORDER BY turn) AS letters "
        f"FROM answers WHERE {_FINISHED_EXAM_CONDITION} GROUP BY question_id ORDER BY question_id",
        {"run": run_id},
    )


def fetch_answer_sheets(db: Database, run_id: str, *, limit: int = MAX_ANSWER_SHEETS) -> list[tuple[str, int, int]]:
    """Answer sheets of the same exam (bank, exam seed and number of questions): ``(run_id, turn, correct)``, this run's own
    first, then the newest.

    Sheets with equal results count once: all runs of one student have the same first sheet.
    """
    return db.query_rows(
        "WITH this AS (SELECT r.bank, r.exam_seed, x.questions FROM runs r JOIN exams x USING (run_id) WHERE run_id = $run LIMIT 1), "
        "sheets AS (SELECT x.*, r.started, x.run_id = $run AS own FROM exams x JOIN runs r USING (run_id) JOIN this "
        "ON r.bank = this.bank AND r.exam_seed = this.exam_seed AND x.questions = this.questions) "
        "SELECT arg_max(run_id, (own, started, -turn)), arg_max(turn, (own, started, -turn)), correct FROM sheets "
        "GROUP BY correct, unanswered, wrong_by_category, coalesce(p_correct::VARCHAR, run_id || ' ' || turn) "
        "ORDER BY max(own) DESC, max(started) DESC, 1, 2 LIMIT $limit",
        {"run": run_id, "limit": limit},
    )


def fetch_item_choices(db: Database, run_id: str, sheets: Sequence[tuple[str, int, int]]) -> pd.DataFrame:
    """The options chosen on those sheets: ``question_id, letter`` (blank: none)``, is_right, sheets, own`` (those of this
    run)``, rest, rest_squares`` (sums over the sheets of the right answers to all other questions, and of their squares).
    """
    runs, turns, totals = (list(column) for column in zip(*sheets, strict=True)) if sheets else ([], [], [])
    return db.query_frame(
        "SELECT question_id, letter, is_right, count(*) AS sheets, count(*) FILTER (run_id = $run) AS own, "
        "sum(total - is_right::INTEGER)::DOUBLE AS rest, sum((total - is_right::INTEGER) ** 2)::DOUBLE AS rest_squares "
        "FROM (SELECT a.run_id, question_id, coalesce(letter, '') AS letter, coalesce(is_correct, false) AS is_right, total "
        "FROM answers a JOIN (SELECT unnest($runs::VARCHAR[]) AS run_id, unnest($turns::INTEGER[]) AS turn, "
        "unnest($totals::INTEGER[]) AS total) s ON s.run_id = a.run_id AND s.turn = a.turn "
        "WHERE phase = 'exam' AND attempt = 1) GROUP BY question_id, letter, is_right ORDER BY ALL",
        {"run": run_id, "runs": runs, "turns": turns, "totals": totals},
    )
