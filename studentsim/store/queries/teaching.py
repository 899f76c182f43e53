"""Queries of a run's teacher: grading errors, attempts after feedback, and whether the student gives way to a false "wrong".

Frames are empty, or without errors, for a teacher who grades by the key and allows one attempt. Counts are of questions, not
of attempts, unless stated.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from studentsim.store.database import Database

_PRACTICE_CONDITION = "phase IN ('study', 'revision')"


def fetch_grading_errors(db: Database, run_id: str) -> pd.DataFrame:
    """``turn, answers, false_right, false_wrong, marker_answers, marker_false_right, marker_false_wrong``: graded practice
    answers (all attempts), and how many grades contradict the key: the assigned ones, and the grader model's (``marker_…``).
    Answers challenged on purpose are left out.
    """
    return db.query_frame(
        "SELECT turn, count(*) AS answers, "
        "count(*) FILTER (assigned_correct AND NOT is_correct) AS false_right, "
        "count(*) FILTER (NOT assigned_correct AND is_correct) AS false_wrong, "
        "count(grader_correct) AS marker_answers, "
        "count(*) FILTER (grader_correct AND NOT is_correct) AS marker_false_right, "
        "count(*) FILTER (NOT grader_correct AND is_correct) AS marker_false_wrong "
        f"FROM answers WHERE run_id = ? AND {_PRACTICE_CONDITION} AND assigned_correct IS NOT NULL AND NOT coalesce(challenged, false) "
        "GROUP BY turn ORDER BY turn",
        [run_id],
    )


def fetch_revisions(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """``run_id, turn, category, skill, misconception, feedback_level, tried, mended``: questions wrong at the first attempt
    and tried again, by that attempt's misconception (null: none known) and the level of the first feedback ("": none);
    ``mended`` counts those right at the last attempt. Right and wrong are by the key.
    """
    return db.query_frame(
        "WITH first AS (SELECT run_id, turn, question_id, category, skill, misconception, feedback_level, min(seq) AS seq "
        "  FROM answers WHERE list_contains(?, run_id) AND phase = 'study' AND attempt = 1 AND NOT is_correct GROUP BY ALL), "
        "last AS (SELECT run_id, turn, question_id, arg_max(is_correct, attempt) AS mended FROM answers "
        "  WHERE list_contains(?, run_id) AND phase = 'revision' GROUP BY run_id, turn, question_id) "
        "SELECT f.run_id, f.turn, f.category, f.skill, f.misconception, coalesce(f.feedback_level, '') AS feedback_level, "
        "count(*) AS tried, count(*) FILTER (l.mended) AS mended "
        "FROM first f JOIN last l USING (run_id, turn, question_id) GROUP BY ALL "
        "ORDER BY f.run_id, f.turn, f.category, f.skill, f.misconception, feedback_level",
        [list(run_ids), list(run_ids)],
    )


def fetch_challenges(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """``run_id, turn, on_purpose, challenged, flipped``: right first attempts that were graded wrong, on purpose or in error,
    and tried again, and how many of those were wrong at the last attempt: the student gave way.
    """
    return db.query_frame(
        "WITH first AS (SELECT run_id, turn, question_id, coalesce(challenged, false) AS on_purpose FROM answers "
        "  WHERE list_contains(?, run_id) AND phase = 'study' AND attempt = 1 AND is_correct AND NOT assigned_correct), "
        "last AS (SELECT run_id, turn, question_id, arg_max(is_correct, attempt) AS stayed_right FROM answers "
        "  WHERE list_contains(?, run_id) AND phase = 'revision' GROUP BY run_id, turn, question_id) "
        "SELECT f.run_id, f.turn, f.on_purpose, count(*) AS challenged, count(*) FILTER (NOT l.stayed_right) AS flipped "
        "FROM first f JOIN last l USING (run_id, turn, question_id) GROUP BY ALL ORDER BY f.run_id, f.turn, f.on_purpose",
        [list(run_ids), list(run_ids)],
    )


def fetch_retention(db: Database, run_ids: Sequence[str]) -> pd.DataFrame:
    """``run_id, mended, questions, correct``: results in the next exam of the skills that were tried again.

    A skill tried again since the exam before counts as ``mended`` where at least half of its retried questions became right;
    ``questions`` and ``correct`` are that skill's in the next exam. An observation, not an experiment: a skill that is
    easily mended may be an easy one.
    """
    return db.query_frame(
        "WITH taken AS (SELECT run_id, turn FROM exams WHERE list_contains(?, run_id)), "
        "first AS (SELECT run_id, turn, question_id, skill FROM answers "
        "  WHERE list_contains(?, run_id) AND phase = 'study' AND attempt = 1 AND NOT is_correct AND skill IS NOT NULL), "
        "last AS (SELECT run_id, turn, question_id, arg_max(is_correct, attempt) AS mended FROM answers "
        "  WHERE list_contains(?, run_id) AND phase = 'revision' GROUP BY run_id, turn, question_id), "
        "tried AS (SELECT f.run_id, f.skill, l.mended, "
        "  (SELECT min(t.turn) FROM taken t WHERE t.run_id = f.run_id AND t.turn >= f.turn) AS exam "
        "  FROM first f JOIN last l USING (run_id, turn, question_id)), "
        "skills AS (SELECT run_id, skill, exam, avg(mended::INT) >= 0.5 AS mended FROM tried "
        "  WHERE exam IS NOT NULL GROUP BY run_id, skill, exam) "
        "SELECT k.run_id, k.mended, count(*) AS questions, count(*) FILTER (a.is_correct) AS correct "
        "FROM skills k JOIN answers a ON a.run_id = k.run_id AND a.turn = k.exam AND a.skill = k.skill AND a.phase = 'exam' "
        "GROUP BY ALL ORDER BY k.run_id, k.mended DESC",
        [list(run_ids)] * 3,
    )
