"""What the database tells of the questions that were looked at before a lesson's were chosen."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from studentsim.store.database import Database


def fetch_selection_scores(db: Database, run_id: str) -> pd.DataFrame:
    """One row a question looked at: ``turn, question_id, measure, figure, chosen``, by turn, the least figure first.

    ``measure`` says what the figure (0 to 1) is: ``confidence`` of the likeliest candidate answer, or ``p_correct``.
    """
    return db.query_frame(
        "SELECT turn, question_id, measure, figure, chosen FROM lookups WHERE run_id = ? ORDER BY turn, figure, question_id",
        [run_id],
    )


def fetch_selection_score_summary(db: Database, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """One row a lesson in which questions were looked at, of the runs named, whose thresholds (0 to 1) are given: ``run_id, turn,
    measure, looked_at`` (how many), ``chosen`` (of those), ``passed, chosen_passed`` (how many of either have a figure below
    the threshold, by the log-probability rule; null where the figure is not the rule's), ``share`` (passed of looked at, 0
    to 1), ``mean`` (of all figures), ``mean_chosen``; by run and turn.
    """
    rule = "WHEN measure = 'confidence' THEN count(*) FILTER (figure < threshold"
    return db.query_frame(
        "SELECT run_id, turn, measure, count(*) AS looked_at, count(*) FILTER (chosen) AS chosen, "
        f"CASE {rule}) END AS passed, CASE {rule} AND chosen) END AS chosen_passed, passed / looked_at AS share, "
        "avg(figure) AS mean, avg(figure) FILTER (chosen) AS mean_chosen "
        "FROM lookups JOIN (SELECT unnest(?) AS run_id, unnest(?) AS threshold) USING (run_id) "
        "GROUP BY run_id, turn, measure ORDER BY run_id, turn",
        [list(thresholds), list(thresholds.values())],
    )
