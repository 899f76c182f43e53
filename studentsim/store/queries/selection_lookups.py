"""Queries of the candidates that a strategy scored before it chose a turn's questions."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from studentsim.store.database import Database


def fetch_selection_score_summary(db: Database, thresholds: Mapping[str, float]) -> pd.DataFrame:
    """One row for each run and turn with candidates; ``thresholds`` maps each run's id to its threshold (0 to 1).

    ``run_id, turn, measure, looked_at`` (candidates)``, chosen`` (of those)``, passed, chosen_passed`` (how many of either have
    a score below the threshold, the log-probability rule; null where the score is not a confidence)``, share`` (passed of
    candidates, 0 to 1)``, mean`` (score of the candidates)``, mean_chosen``; by run and turn.
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
