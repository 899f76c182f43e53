"""The database's tables, by numbered migrations. ``MIGRATIONS[n]`` takes a database from version n to version n + 1.

A released migration is never changed; to change the tables, add one. A migration whose new columns must be filled from
old journals may simply empty the table ``journals``: all are then re-ingested.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from studentsim.errors import DatabaseTooNew

_KEY_COLUMNS_SQL = 'run_id VARCHAR NOT NULL, seq BIGINT NOT NULL, turn INTEGER NOT NULL, "at" DOUBLE NOT NULL'
_METRIC_COLUMNS_SQL = (
    "loss DOUBLE, rewards_chosen DOUBLE, rewards_rejected DOUBLE, rewards_accuracies DOUBLE, rewards_margins DOUBLE, "
    "logps_chosen DOUBLE, logps_rejected DOUBLE"
)


def m001_tables(cursor: duckdb.DuckDBPyConnection) -> None:
    """All tables. No index: DuckDB stores each column's minimum and maximum per block, which serves as well here."""
    cursor.execute(
        "CREATE TABLE journals (run_id VARCHAR NOT NULL, bytes BIGINT NOT NULL, last_seq BIGINT NOT NULL, "
        "rows BIGINT NOT NULL, mark VARCHAR NOT NULL)"
    )
    cursor.execute(
        "CREATE TABLE runs (run_id VARCHAR NOT NULL, name VARCHAR, title VARCHAR, strategy VARCHAR, student VARCHAR, "
        "model VARCHAR, bank VARCHAR, seed BIGINT, exam_seed BIGINT, config VARCHAR, versions VARCHAR, parent VARCHAR, "
        "turns_planned INTEGER, status VARCHAR, stage VARCHAR, stage_items INTEGER, turn INTEGER, started DOUBLE, "
        "updated DOUBLE, seconds DOUBLE, stretch_began DOUBLE, seconds_before DOUBLE, error VARCHAR, message VARCHAR, "
        "remedy VARCHAR, last_seq BIGINT)"
    )
    cursor.execute(
        f"CREATE TABLE answers ({_KEY_COLUMNS_SQL}, phase VARCHAR, question_id VARCHAR, category VARCHAR, skill VARCHAR, "
        'difficulty INTEGER, problem VARCHAR, options VARCHAR, correct VARCHAR, "text" VARCHAR, letter VARCHAR, '
        '"value" VARCHAR, "right" BOOLEAN, misconception VARCHAR, logprob DOUBLE, milliseconds DOUBLE, p_right DOUBLE, '
        "attempt INTEGER, marked_by VARCHAR)"
    )
    cursor.execute(
        f"CREATE TABLE exams ({_KEY_COLUMNS_SQL}, correct INTEGER, questions INTEGER, unanswered INTEGER, low DOUBLE, high DOUBLE, "
        "wrong_by_category VARCHAR, questions_by_category VARCHAR, next_mix VARCHAR, p_right DOUBLE, seconds DOUBLE)"
    )
    cursor.execute(
        f"CREATE TABLE turns ({_KEY_COLUMNS_SQL}, finished BOOLEAN, question_ids VARCHAR, mix VARCHAR, correct INTEGER, "
        f"questions INTEGER, pairs INTEGER, {_METRIC_COLUMNS_SQL}, seconds_study DOUBLE, seconds_training DOUBLE, "
        "seconds_validation DOUBLE, seconds_exam DOUBLE, seconds_total DOUBLE)"
    )
    cursor.execute(f"CREATE TABLE steps ({_KEY_COLUMNS_SQL}, step INTEGER, steps INTEGER, {_METRIC_COLUMNS_SQL})")
    cursor.execute(f"CREATE TABLE validations ({_KEY_COLUMNS_SQL}, pairs INTEGER, {_METRIC_COLUMNS_SQL})")


def m002_recorded(cursor: duckdb.DuckDBPyConnection) -> None:
    """Whether a run came with the product; no earlier run did."""
    cursor.execute("ALTER TABLE runs ADD COLUMN recorded BOOLEAN")
    cursor.execute("UPDATE runs SET recorded = false")


def m003_teaching(cursor: duckdb.DuckDBPyConnection) -> None:
    """The teacher's grades beside the key's, its feedback, and a run's notice. Earlier runs have none: nothing to re-ingest."""
    cursor.execute("ALTER TABLE runs ADD COLUMN notice VARCHAR")
    for column in (
        "said_right BOOLEAN",
        "marker_right BOOLEAN",
        "feedback VARCHAR",
        "feedback_level VARCHAR",
        "doubted BOOLEAN",
    ):
        cursor.execute(f"ALTER TABLE answers ADD COLUMN {column}")


def m004_lookups(cursor: duckdb.DuckDBPyConnection) -> None:
    """The candidates that a strategy scored. Earlier runs did not record them: nothing to re-ingest."""
    cursor.execute(
        f"CREATE TABLE lookups ({_KEY_COLUMNS_SQL}, question_id VARCHAR, measure VARCHAR, figure DOUBLE, chosen BOOLEAN)"
    )


def m005_epochs(cursor: duckdb.DuckDBPyConnection) -> None:
    """Metrics of each epoch, and mean logits. Earlier runs have none: nothing to re-ingest."""
    logits = ("logits_chosen DOUBLE", "logits_rejected DOUBLE")
    for table in ("steps", "validations", "turns"):
        for column in logits:
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
    figures = ", ".join((_METRIC_COLUMNS_SQL, *logits)).split(", ")
    columns = ", ".join(f"{name}_{figure}" for name in ("training", "validation") for figure in figures)
    cursor.execute(f"CREATE TABLE epochs ({_KEY_COLUMNS_SQL}, epoch INTEGER, epochs INTEGER, {columns})")


def m006_topic(cursor: duckdb.DuckDBPyConnection) -> None:
    """The topic of a question. Earlier runs have none: nothing to re-ingest."""
    cursor.execute("ALTER TABLE answers ADD COLUMN topic VARCHAR")


def m007_ended(cursor: duckdb.DuckDBPyConnection) -> None:
    """Whether an answer was complete. Earlier runs did not record it: nothing to re-ingest."""
    cursor.execute("ALTER TABLE answers ADD COLUMN ended BOOLEAN")


def m008_rehearsal(cursor: duckdb.DuckDBPyConnection) -> None:
    """The drift of what was not practised. Earlier runs rehearsed nothing: nothing to re-ingest."""
    cursor.execute("ALTER TABLE steps ADD COLUMN rehearsal DOUBLE")
    cursor.execute("ALTER TABLE epochs ADD COLUMN training_rehearsal DOUBLE")


def m009_value_letter(cursor: duckdb.DuckDBPyConnection) -> None:
    """The option that the value beside the letter belongs to. Earlier runs did not record it: nothing to re-ingest."""
    cursor.execute("ALTER TABLE answers ADD COLUMN value_letter VARCHAR")


def m010_option_pairs(cursor: duckdb.DuckDBPyConnection) -> None:
    """Held-out questions' right option against a wrong one. Earlier runs did not measure it: nothing to re-ingest."""
    for column in ("option_accuracies DOUBLE", "option_margins DOUBLE"):
        cursor.execute(f"ALTER TABLE validations ADD COLUMN {column}")


def m011_groups_and_notes(cursor: duckdb.DuckDBPyConnection) -> None:
    """A run's cell in a group, and the user's notes. Earlier runs have neither: nothing to re-ingest."""
    for column in ("group_id VARCHAR", "plan VARCHAR", "group_runs INTEGER", "coordinates VARCHAR"):
        cursor.execute(f"ALTER TABLE runs ADD COLUMN {column}")
    cursor.execute("CREATE TABLE notes (run_id VARCHAR NOT NULL, name VARCHAR, tags VARCHAR, note VARCHAR)")


MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    m001_tables,
    m002_recorded,
    m003_teaching,
    m004_lookups,
    m005_epochs,
    m006_topic,
    m007_ended,
    m008_rehearsal,
    m009_value_letter,
    m010_option_pairs,
    m011_groups_and_notes,
)


def read_schema_version(cursor: duckdb.DuckDBPyConnection) -> int:
    """The schema version of an open database; 0: it has no tables yet.

    :raises DatabaseTooNew: a later version of the product wrote it.
    """
    meta_count = cursor.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta'").fetchone()
    if not meta_count or not meta_count[0]:
        return 0
    row = cursor.execute("SELECT max(version) FROM meta").fetchone()
    version = int(row[0] or 0) if row else 0
    if version > len(MIGRATIONS):
        raise DatabaseTooNew(
            f"The database is of version {version}; this program knows versions up to {len(MIGRATIONS)}.",
            "Use the newer program, or another data folder. Nothing was changed.",
        )
    return version


def migrate_schema(cursor: duckdb.DuckDBPyConnection, version: int) -> None:
    """Migrates the tables from ``version`` to the current one, all or nothing. Writes."""
    cursor.begin()
    try:
        cursor.execute("CREATE TABLE IF NOT EXISTS meta (version INTEGER NOT NULL)")
        for number, migration in enumerate(MIGRATIONS[version:], start=version + 1):
            migration(cursor)
            cursor.execute("DELETE FROM meta")
            cursor.execute("INSERT INTO meta VALUES (?)", [number])
        cursor.commit()
    except BaseException:
        cursor.rollback()
        raise
