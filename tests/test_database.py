"""The database: opened, owned, damaged, mended, migrated; and the journals taken into it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_runs import CONFIG, answered, as_lines, crashed_run, put, turn_of, turn_zero, whole_run

from studentsim.errors import DatabaseBusy, DatabaseTooNew, DataFolderError, JournalError, StoreError
from studentsim.events import AnswerRecorded, RunEnded, RunResumed
from studentsim.store import row_tally, schema, tables
from studentsim.store.database import DATABASE_FILE_NAME, Database, rebuild_database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals
from studentsim.store.journal_lines import encode_line


def contents(database: Database) -> dict[str, list]:
    """Every table but what is remembered about pieces of journals, in a fixed order."""
    return {table: sorted(map(repr, database.query_rows(f"SELECT * FROM {table}"))) for table in tables.TABLE_COLUMNS}


def filled(data: Path, **runs) -> dict[str, list]:
    for run_id, events in (runs or {"r1": crashed_run()}).items():
        put(data, run_id, events)
    with Database.open(data) as database:
        sync_journals(database, data / "runs")
        return contents(database)


# -------------------------------------------------------------------- opening


def test_a_new_database_has_the_columns_that_the_events_fill(tmp_path):
    with Database.open(tmp_path) as database:
        for table, columns in tables.TABLE_COLUMNS.items():
            made = database.query_rows(
                "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = ? ORDER BY ordinal_position",
                [table],
            )
            assert dict(made) == columns, table
        assert database.notices == []


def test_no_statement_reaches_files_the_network_or_the_settings(tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with Database.open(tmp_path) as database:
        for sql in (
            f"SELECT * FROM read_csv('{tmp_path / 'secret.csv'}')",
            "SELECT * FROM read_csv('https://example.org/x.csv')",
            f"ATTACH '{tmp_path / 'other.duckdb'}'",
            "INSTALL httpfs",
            "LOAD sqlite_scanner",
            "SET enable_external_access = true",
            "SET threads = 1",
        ):
            with pytest.raises(StoreError):
                database.query_frame(sql)


def test_the_data_folder_is_made_or_the_fault_is_said(tmp_path):
    with Database.open(tmp_path / "a" / "b"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderError, match="cannot be made"):
        Database.open(tmp_path / "file")
    (tmp_path / "c" / DATABASE_FILE_NAME).mkdir(parents=True)
    with pytest.raises(DataFolderError, match="cannot be opened"):
        Database.open(tmp_path / "c")


HOLD = """
import sys
from studentsim.store.database import Database
database = Database.open(sys.argv[1])
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_process_is_told_which_one_owns_the_database(tmp_path):
    put(tmp_path, "r1", whole_run())
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert owner.stdout.readline() == "open\n"
        for attempt in (Database.open, rebuild_database):
            with pytest.raises(DatabaseBusy, match=rf"process {owner.pid}\b"):
                attempt(tmp_path)
    finally:
        owner.communicate("")
    with Database.open(tmp_path) as database:
        assert sync_journals(database, tmp_path / "runs") == len(whole_run())


# -------------------------------------------------------------------- damage


def half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def first_block(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[8192 + 50 : 8192 + 3050] = b"\xff" * 3000
    path.write_bytes(data)


def sqlite_file(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE runs (run_id)")
    other.close()


DAMAGE = {
    "cut to half": half,
    "a block overwritten": first_block,
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("run_id,turn\n" * 2000),
    "noise": lambda path: path.write_bytes(b"\x00\xff" * 20_000),
    "SQLite": sqlite_file,
    "not this product's": lambda path: (
        path.unlink(),
        duckdb.connect(path).execute("CREATE TABLE runs (a INT)").close(),
    ),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_database_is_put_aside_made_anew_and_said(tmp_path, damage):
    before = filled(tmp_path)
    DAMAGE[damage](tmp_path / DATABASE_FILE_NAME)
    spoilt = (tmp_path / DATABASE_FILE_NAME).read_bytes()
    with Database.open(tmp_path) as database:
        assert contents(database) == before
        (notice,) = database.notices
        assert "made anew" in notice and f"{DATABASE_FILE_NAME}.damaged-1" in notice
        assert sync_journals(database, tmp_path / "runs") == 0
    assert (tmp_path / f"{DATABASE_FILE_NAME}.damaged-1").read_bytes() == spoilt


def test_a_database_that_is_damaged_a_second_time_leaves_the_first_one_where_it_was(tmp_path):
    before = filled(tmp_path)
    for number in (1, 2):
        half(tmp_path / DATABASE_FILE_NAME)
        spoilt = (tmp_path / DATABASE_FILE_NAME).read_bytes()
        with Database.open(tmp_path) as database:
            assert contents(database) == before
        assert (tmp_path / f"{DATABASE_FILE_NAME}.damaged-{number}").read_bytes() == spoilt
    with Database.open(tmp_path) as database:
        assert database.notices == []


def test_damage_met_only_when_reading_is_mended_then_and_there(tmp_path):
    put(tmp_path, "r1", [*turn_zero(), *(answered(1, "study", n, text=f"{n}" * 300) for n in range(4000))])
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        before = contents(database)
        database.query_rows("CHECKPOINT")
        texts = "SELECT max(block_id) FROM pragma_storage_info('answers') WHERE column_name = 'text' AND block_id >= 0"
        block = database.query_rows(texts)[0][0]
    with (tmp_path / DATABASE_FILE_NAME).open("r+b") as file:  # three headers of 4 KB, then blocks of 256 KB
        file.seek(3 * 4096 + block * 2**18 + 1000)
        file.write(b"\xff" * 3000)
    with Database.open(tmp_path) as database:
        assert database.notices == []
        assert contents(database) == before
        assert len(database.notices) == 1 and "made anew" in database.notices[0]
        database.run_transaction(lambda cursor: cursor.execute("DELETE FROM training_steps"))


WAL = """
import os, sys
from studentsim.store.database import Database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals
data = sys.argv[1]
database = Database.open(data)
database.run_transaction(lambda cursor: None)
sync_journals(database, data + "/runs")
os._exit(0)
"""


@pytest.mark.parametrize("cut", [False, True])
def test_a_damaged_log_loses_nothing(tmp_path, cut):
    for number in range(4):
        put(tmp_path, f"r{number}", crashed_run())
    subprocess.run([sys.executable, "-c", WAL, str(tmp_path)], check=True)
    log = tmp_path / f"{DATABASE_FILE_NAME}.wal"
    data = bytearray(log.read_bytes())
    if cut:
        del data[len(data) * 2 // 3 :]
    else:
        data[len(data) // 2 : len(data) // 2 + 20] = b"\xff" * 20
    log.write_bytes(data)
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        after = contents(database)
    (tmp_path / DATABASE_FILE_NAME).unlink()
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        assert contents(database) == after


READ_AGAIN = "The run {}'s rows in the database did not match its journal; they were read again."


@pytest.mark.parametrize("table", [*tables.JOURNAL_TABLES, "event_logs"])
def test_rows_lost_in_silence_are_noticed_at_the_next_start(tmp_path, table):
    before = filled(tmp_path, r1=crashed_run(), r2=whole_run())
    with Database.open(tmp_path) as database:
        lost = f"DELETE FROM {table} WHERE run_id = 'r1'" + (" AND seq % 3 = 0" if table == "answers" else "")
        database.run_transaction(lambda cursor: cursor.execute(lost))
    with Database.open(tmp_path) as database:
        assert database.notices == [READ_AGAIN.format("r1")]
        sync_journals(database, tmp_path / "runs")
        assert contents(database) == before
        assert database.verify_rows() == []


def changed(kind: str, name: str) -> str:
    """SQL of another value of a column."""
    if kind == "VARCHAR":
        return f"coalesce({name}, '') || ' '"
    return f"NOT coalesce({name}, false)" if kind == "BOOLEAN" else f"coalesce({name}, 0) + 1"


EVERY_COLUMN = [
    (table, name, changed(kind, name))
    for table in tables.JOURNAL_TABLES
    for name, kind in tables.TABLE_COLUMNS[table].items()
] + [("event_logs", name, changed(kind, name)) for name, kind in row_tally.EVENT_LOG_COLUMNS.items()]


def test_a_value_edited_in_the_database_is_noticed_whichever_it_is(tmp_path):
    """Each column of each table: one row's value is another, as many rows as before."""
    before = filled(tmp_path, r1=crashed_run(), r2=whole_run())
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        for table, name, value in EVERY_COLUMN:
            database.run_transaction(
                lambda cursor, table=table, name=name, value=value: cursor.execute(
                    f"UPDATE {table} SET {name} = {value} WHERE rowid = (SELECT min(rowid) FROM {table} WHERE run_id = 'r1')"
                )
            )
            expected = ["r1", "r1 "] if name == "run_id" and table != "runs" else ["r1"]
            assert database.verify_rows() == expected, (table, name)
            assert {READ_AGAIN.format(run_id) for run_id in expected} <= set(database.notices)
            sync_journals(database, tmp_path / "runs")
            assert contents(database) == before and database.verify_rows() == [], (table, name)


def test_values_that_changed_places_and_rows_there_twice_are_noticed(tmp_path):
    before = filled(tmp_path)
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        for sql in (
            "UPDATE answers SET letter = value, value = letter WHERE seq = 3",
            "INSERT INTO answers SELECT * FROM answers WHERE seq = 3",
            "DELETE FROM answers WHERE seq = 3; INSERT INTO answers SELECT * FROM answers WHERE seq = 4",
            "UPDATE turns SET finished = false WHERE turn = 1",
        ):
            database.run_transaction(lambda cursor, sql=sql: cursor.execute(sql))
            assert database.verify_rows() == ["r1"], sql
            assert contents(database) == before


def test_a_run_that_grows_is_verified_in_the_midst(tmp_path):
    """As a worker writes while the app verifies: at no byte of the journal do its rows look amiss."""
    path = put(tmp_path, "r1", crashed_run())
    whole = path.read_bytes()
    with Database.open(tmp_path) as database:
        for end in range(0, len(whole) + 700, 700):
            path.write_bytes(whole[:end])
            sync_journals(database, tmp_path / "runs")
            assert database.verify_rows() == [] and database.notices == []


def test_the_app_verifies_by_itself_after_a_while(tmp_path):
    before = filled(tmp_path)
    with Database.open(tmp_path) as database:
        database.run_transaction(lambda cursor: cursor.execute("UPDATE exams SET correct = correct + 1"))
    with Database.open(tmp_path) as database:
        database.start_verification(0.01)
        database._verification.join(20)
        assert database.notices == [READ_AGAIN.format("r1")] and contents(database) == before
    with Database.open(tmp_path) as database:
        database.start_verification(1000)
        timer = database._verification
    timer.join(5)
    assert not timer.is_alive()


def test_another_version_of_duckdb_may_hash_otherwise_and_gets_a_database_of_its_own(tmp_path):
    before = filled(tmp_path)
    with Database.open(tmp_path) as database:
        database.run_transaction(lambda cursor: cursor.execute("UPDATE meta SET duckdb = '1.0.0'"))
    with Database.open(tmp_path) as database:
        assert "made anew" in database.notices[0]
        sync_journals(database, tmp_path / "runs")
        assert contents(database) == before and database.verify_rows() == []


def test_a_log_without_its_database_is_put_aside(tmp_path):
    (tmp_path / f"{DATABASE_FILE_NAME}.wal").write_bytes(b"left behind" * 50)
    with Database.open(tmp_path) as database:
        assert contents(database)["runs"] == []


def test_a_database_that_shut_itself_is_opened_again(tmp_path, monkeypatch):
    put(tmp_path, "r1", whole_run())
    with Database.open(tmp_path) as database:
        calls = []

        def shut_once(cursor):
            calls.append(1)
            if len(calls) == 1:
                raise duckdb.FatalException("database has been invalidated because of a previous fatal error")
            return cursor.execute("SELECT 7").fetchone()[0]

        assert database.run_transaction(shut_once) == 7
        assert sync_journals(database, tmp_path / "runs") == len(whole_run())
        with pytest.raises(StoreError, match="could not be used"):
            database.run_transaction(lambda cursor: cursor.execute("SELECT nonsense"))
        assert len(calls) == 2


FULL_DISK = """
import json, resource, sys
from studentsim.errors import StoreError, DataFolderError
from studentsim.store.database import Database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals
data = sys.argv[1]
database = Database.open(data)
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
try:
    sync_journals(database, data + "/runs")
    print("written")
except (StoreError, DataFolderError) as error:
    print("refused:", error.remedy)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sync_journals(database, data + "/runs")
print(database.query_rows("SELECT count(*) FROM answers")[0][0], len(database.notices))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a limit on the size of files")
def test_a_full_disk_at_a_commit_loses_nothing(tmp_path):
    put(tmp_path, "r1", [*turn_zero(), *(answered(1, "study", n, text=os.urandom(300).hex()) for n in range(2000))])
    out = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True)
    assert out.stdout.splitlines()[-1] == "2004 0", out.stdout + out.stderr
    assert "refused" in out.stdout


# -------------------------------------------------------------------- versions


def test_a_change_of_the_tables_raises_the_version():
    digest = hashlib.sha256(json.dumps(tables.TABLE_COLUMNS).encode()).hexdigest()[:16]
    assert (schema.SCHEMA_VERSION, digest) == (13, "2bf29e6d94181f89"), "raise SCHEMA_VERSION in store/schema.py"


def test_an_older_database_is_put_aside_and_made_anew(tmp_path):
    before = filled(tmp_path)
    with Database.open(tmp_path) as database:
        database.run_transaction(lambda cursor: cursor.execute("UPDATE meta SET version = 3"))
        database.run_transaction(lambda cursor: cursor.execute("ALTER TABLE answers DROP COLUMN is_correct"))
    old = (tmp_path / DATABASE_FILE_NAME).read_bytes()
    aside = tmp_path / f"{DATABASE_FILE_NAME}.version-3"
    with Database.open(tmp_path) as database:
        assert aside.name in database.notices[0]
        sync_journals(database, database.runs_folder)
        assert contents(database) == before
    assert aside.read_bytes() == old
    with Database.open(tmp_path) as database:
        assert database.notices == []


def test_tables_are_created_whole_or_not_at_all(tmp_path, monkeypatch):
    put(tmp_path, "r1", whole_run())
    with monkeypatch.context() as patch:
        patch.setattr(schema, "_EVENT_LOGS_SQL", "nonsense")
        with pytest.raises(StoreError):
            Database.open(tmp_path)
    with Database.open(tmp_path) as database:
        sync_journals(database, database.runs_folder)
        assert database.query_rows("SELECT count(*) FROM runs")[0][0] == 1


def test_a_newer_database_is_refused_and_left_as_it_was(tmp_path):
    filled(tmp_path)
    with Database.open(tmp_path) as database:
        database.run_transaction(lambda cursor: cursor.execute("UPDATE meta SET version = 99"))
    before = (tmp_path / DATABASE_FILE_NAME).read_bytes()
    for attempt in (Database.open, rebuild_database):
        with pytest.raises(DatabaseTooNew, match="version 99"):
            attempt(tmp_path)
    assert (tmp_path / DATABASE_FILE_NAME).read_bytes() == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["runs", DATABASE_FILE_NAME]


# -------------------------------------------------------------------- many threads


def test_many_threads_with_cursors_of_their_own_get_right_answers(tmp_path):
    put(tmp_path, "r1", whole_run())
    wrong, errors = [], []
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")

        def read(number: int) -> None:
            try:
                for n in range(25):
                    frame = database.query_frame("SELECT ?::INT + i AS x FROM range(100) t(i)", [number * 1000 + n])
                    if frame["x"].sum() != 100 * (number * 1000 + n) + 4950:
                        wrong.append(number)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for number in range(5):
            put(tmp_path, f"more-{number}", crashed_run())
            sync_journals(database, tmp_path / "runs")
        for thread in threads:
            thread.join()
    assert not wrong and not errors


def test_many_threads_may_sync_at_once(tmp_path):
    expected = filled(tmp_path / "other")
    (tmp_path / "data").mkdir()
    put(tmp_path / "data", "r1", crashed_run())
    counts = []
    with Database.open(tmp_path / "data") as database:
        threads = [
            threading.Thread(target=lambda: counts.append(sync_journals(database, database.runs_folder)))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(counts) == len(crashed_run())
        assert contents(database) == expected


def test_readers_wait_while_the_database_is_mended(tmp_path):
    before = filled(tmp_path)
    with Database.open(tmp_path) as database:
        inside, go_on = threading.Event(), threading.Event()

        def reader() -> None:
            with database.cursor():
                inside.set()
                go_on.wait(10)

        reading = threading.Thread(target=reader)
        reading.start()
        inside.wait(10)
        failed = []

        def shut_once(cursor):
            if not failed:
                failed.append(1)
                threading.Timer(0.05, go_on.set).start()
                raise duckdb.FatalException("invalidated")
            return "done"

        assert database.run_transaction(shut_once) == "done" and go_on.is_set()
        reading.join()
        assert contents(database) == before


# -------------------------------------------------------------------- taking journals in


def test_what_a_crash_left_half_done_is_not_in_the_tables(tmp_path):
    put(tmp_path, "r1", crashed_run())
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        assert database.query_rows("SELECT turn, count(*) FROM answers GROUP BY turn ORDER BY turn") == [
            (0, 4),
            (1, 3),
            (2, 7),
            (3, 3),
        ]
        assert database.query_rows("SELECT turn, finished FROM turns ORDER BY turn") == [(t, True) for t in range(4)]
        assert database.query_rows("SELECT count(*) FROM training_steps")[0][0] == 6
        assert database.query_rows("SELECT mix FROM turns WHERE turn = 2") == [('{"general": 2, "gain": 1}',)]


def test_a_run_with_no_event_yet_is_queued(tmp_path):
    path = put(tmp_path, "r1", [])
    for missing in (False, True):
        if missing:
            path.unlink()
        with Database.open(tmp_path) as database:
            sync_journals(database, tmp_path / "runs")
            assert database.query_rows("SELECT status, last_seq, name, turns_planned FROM runs") == [
                ("queued", -1, "small", 3)
            ]
    put(tmp_path, "r1", list(turn_zero())[:1])
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        assert database.query_rows("SELECT status, last_seq, started FROM runs") == [("running", 0, 1000.0)]


def test_nothing_new_costs_no_statement(tmp_path, monkeypatch):
    put(tmp_path, "r1", whole_run())
    with Database.open(tmp_path) as database:
        assert sync_journals(database, tmp_path / "runs", "r1") == len(whole_run())
        monkeypatch.setattr(database, "run_transaction", lambda use: pytest.fail("asked the database"))
        monkeypatch.setattr(database, "query_rows", lambda *_: pytest.fail("asked the database"))
        assert sync_journals(database, tmp_path / "runs", "r1") == 0


def test_a_journal_that_shrank_or_was_exchanged_is_read_again(tmp_path):
    path = put(tmp_path, "r1", whole_run())
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        for start, events in (
            (5e3, list(turn_zero())),
            (6e3, whole_run(4)),
            (7e3, [*turn_zero(), *turn_of(1)]),
            (8e3, []),
        ):
            put(tmp_path, "r1", events, start=start)
            sync_journals(database, tmp_path / "runs")
            assert database.query_rows("SELECT count(*) FROM answers")[0][0] == sum(
                isinstance(e, AnswerRecorded) for e in events
            )
            assert database.query_rows("SELECT started FROM runs WHERE status <> 'queued'") == (
                [(start,)] if events else []
            )
        shutil.rmtree(path.parent)
        sync_journals(database, tmp_path / "runs", "r1")
        assert not any(contents(database).values())


def test_a_deleted_run_is_forgotten(tmp_path):
    put(tmp_path, "r1", whole_run())
    put(tmp_path, "r2", whole_run())
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        shutil.rmtree(tmp_path / "runs" / "r1")
        sync_journals(database, tmp_path / "runs")
        assert database.query_rows("SELECT DISTINCT run_id FROM answers") == [("r2",)]
        assert database.query_rows("SELECT run_id FROM runs") == [("r2",)]
        put(tmp_path, "r1", whole_run())
        assert sync_journals(database, tmp_path / "runs") == len(whole_run())


def test_a_bad_journal_does_not_stop_the_others_and_is_said_once(tmp_path):
    path = put(tmp_path, "bad", whole_run())
    lines = path.read_bytes().splitlines(keepends=True)
    lines[5] = b"{damaged\n"
    path.write_bytes(b"".join(lines))
    strange = put(tmp_path, "strange", [])
    strange.write_text(
        json.dumps({"type": "AnswerRecorded", "turn": 1, "seq": 0, "timestamp": 1.0, "logprob": "many"}) + "\n"
    )
    put(tmp_path, "unset", []).with_name("config.json").write_text("{not json")
    put(tmp_path, "sound", whole_run())
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        sync_journals(database, tmp_path / "runs")
        assert database.query_rows("SELECT last_seq FROM runs WHERE run_id = 'sound'") == [(len(whole_run()) - 1,)]
        assert database.query_rows("SELECT last_seq FROM runs WHERE run_id = 'bad'") == [(4,)]
        assert len(database.notices) == 3
        assert any("Line 6" in notice for notice in database.notices)


MISFITS = {
    "text for a number": ("AnswerRecorded", '"p_correct":0.25', '"p_correct":"x"'),
    "a number in words": ("AnswerRecorded", '"p_correct":0.25', '"p_correct":"0.25"'),
    "a list for a number": ("AnswerRecorded", '"milliseconds":2.5', '"milliseconds":[2.5]'),
    "a huge integer for a double": ("AnswerRecorded", '"logprob":-1.5', f'"logprob":{10**400}'),
    "a huge integer": ("AnswerRecorded", '"difficulty":1', f'"difficulty":{2**31}'),
    "a fraction for an integer": ("AnswerRecorded", '"difficulty":1', '"difficulty":1.5'),
    "text for a truth": ("AnswerRecorded", '"is_correct":false', '"is_correct":"false"'),
    "a huge turn": ("AnswerRecorded", '"turn":3', f'"turn":{10**30}'),
    "a huge turn to resume": ("RunResumed", '"turn":1', f'"turn":{10**30}'),
    "no time": ("StageStarted", '"timestamp":', '"timestamp":NaN,"was":'),
    "endless time": ("AnswerRecorded", '"timestamp":', '"timestamp":1e400,"was":'),
    "text for a count": ("StageStarted", '"items":4', '"items":"four"'),
    "no figures": ("TrainingStep", '"metrics":', '"metrics":[1],"was":'),
    "no questions": ("TurnStarted", '"question_ids":', '"question_ids":null,"was":'),
    "questions that are no ids": ("TurnStarted", '"question_ids":', '"question_ids":[[1]],"was":'),
    "no seconds": ("TurnFinished", '"seconds":', '"seconds":7,"was":'),
    "text for seconds": ("RunEnded", '"seconds":', '"seconds":"long","was":'),
    "settings that are none": ("RunStarted", '"config":', '"config":[[]],"was":'),
    "a seed in words": ("RunStarted", '"seed":', '"seed":"seven","was":'),
}


@pytest.mark.parametrize("kind", MISFITS)
def test_a_value_that_does_not_fit_its_column_is_named_with_its_run(tmp_path, kind):
    type_of_event, old, new = MISFITS[kind]
    path = put(tmp_path, "hurt", crashed_run())
    path.write_text(path.read_text().replace(", ", ",").replace(": ", ":"))
    lines = path.read_text().splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if f'"{type_of_event}"' in line and old in line)
    lines[place] = lines[place].replace(old, new)
    path.write_text("".join(lines))
    put(tmp_path, "sound", crashed_run())
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        sync_journals(database, tmp_path / "runs")
        (notice,) = database.notices
        assert notice.startswith("The run hurt cannot be shown whole.") and f"({type_of_event})" in notice, notice
        assert len(notice) < 700
        last_seqs = dict(database.query_rows("SELECT run_id, last_seq FROM runs"))
        assert last_seqs["sound"] == len(crashed_run()) - 1
        assert last_seqs.get("hurt", -1) == place - 1  # what stands before is shown, to the line
        assert database.verify_rows() == []
    if type_of_event in ("RunStarted", "StageStarted", "RunEnded", "RunResumed"):  # not exported
        export_run(tmp_path, "hurt", tmp_path / "to")
    else:
        with pytest.raises(JournalError, match=type_of_event):
            export_run(tmp_path, "hurt", tmp_path / "to")


def test_infinite_figures_are_none(tmp_path):
    path = put(tmp_path, "r1", whole_run())
    path.write_text(path.read_text().replace('"logprob": -1.5', '"logprob": 1e400'))
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        assert database.notices == []
        assert database.query_rows("SELECT DISTINCT logprob FROM answers") == [(None,)]


def test_settings_of_a_queued_run_that_do_not_fit_are_said(tmp_path):
    for number, changes in enumerate(({"seed": "x"}, {"turns": 10**30}, {"strategy": []}, {"turns": None})):
        path = put(tmp_path, f"r{number}", []).with_name("config.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    (tmp_path / "runs" / "r0" / "cell.json").write_text('{"group": "g", "runs": 1e999, "coordinates": 5}')
    put(tmp_path, "sound", [])
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        assert {"sound"} <= {row[0] for row in database.query_rows("SELECT run_id FROM runs")}
        assert any("r0" in notice and "seed" in notice for notice in database.notices)
        assert any("r1" in notice for notice in database.notices)


def test_an_event_of_a_later_version_is_passed_over(tmp_path):
    path = put(tmp_path, "r1", whole_run())
    last = len(whole_run())
    with path.open("ab") as file:
        fields = {"type": "Praised", "turn": 3, "words": "well done"}
        file.write(encode_line(fields, seq=last, epoch=0, timestamp=9.0))
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        assert database.query_rows("SELECT last_seq, status FROM runs") == [(last, "finished")]
        assert database.notices == []


@pytest.mark.parametrize("run_id", ["../runs/r1", "' OR 1=1--", "", ".", "..", "x" * 5000, "r1\0", "/etc"])
def test_a_link_to_no_run_takes_nothing_in(tmp_path, run_id):
    put(tmp_path, "r1", whole_run())
    with Database.open(tmp_path) as database:
        assert sync_journals(database, tmp_path / "runs", run_id) == 0


def test_a_run_of_an_unknown_version_still_shows_what_it_says_of_itself():
    row = tables.build_queued_run_row("r", {"name": "old", "strategy": "category", "a_setting_of_the_future": 5}, 1.0)
    assert (row["title"], row["strategy"], row["turns_planned"]) == ("old", "category", CONFIG.model_copy().turns + 17)


@pytest.mark.parametrize("end", ["paused", "failed"])
def test_time_at_work_leaves_the_pause_out(tmp_path, end):
    before = [*turn_zero(), RunEnded(0, end, 12.0, "study", "StudentError", "It broke.", "Mend it.")]
    lines = as_lines([*before, RunResumed(0), *turn_of(1)])
    for line in lines[len(before) :]:
        line["timestamp"] += 500
    state = tables.reduce_run("r1", None, lines[: len(before)])
    assert (state["status"], state["seconds"]) == (end, 12.0)
    state = tables.reduce_run("r1", state, lines[len(before) :])
    assert (state["status"], state["turn"], state["error"]) == ("running", 1, None)
    assert state["seconds"] == 12.0 + len(list(turn_of(1)))


@st.composite
def journals(draw) -> list:
    """Runs with crashes and resumes anywhere, also back beyond finished turns."""
    events, done = list(turn_zero())[: draw(st.integers(1, 9))], -1
    if len(events) == 9:
        done = 0
    for _ in range(draw(st.integers(0, 5))):
        if draw(st.booleans()):
            turn = list(turn_of(done + 1)) if done >= 0 else list(turn_zero())[1:]
            part = turn[: draw(st.integers(1, len(turn)))]
            events += part
            done += part == turn
        if not draw(st.booleans()):
            done = draw(st.integers(-1, done))
            events.append(RunResumed(done))
        elif events[-1].__class__.__name__ != "TurnFinished":
            events.append(RunResumed(done))
    return events


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_however_a_journal_grows_the_tables_become_what_a_rebuild_makes(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("growing")
    path = put(folder, "r1", data.draw(journals()))
    whole = path.read_bytes()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    with Database.open(folder) as database:
        for end in [*cuts, len(whole)]:
            path.write_bytes(whole[:end])
            sync_journals(database, folder / "runs")
            assert database.verify_rows() == []
        database.file_signatures.clear()
        sync_journals(database, folder / "runs")
        grown = contents(database)
        assert database.notices == []
    assert rebuild_database(folder) == 1
    with Database.open(folder) as database:
        assert sync_journals(database, folder / "runs") == 0
        assert contents(database) == grown


def test_rebuilding_gives_the_same_tables_and_counts_the_runs(tmp_path):
    before = filled(tmp_path, r1=crashed_run(), r2=whole_run())
    assert rebuild_database(tmp_path) == 2
    with Database.open(tmp_path) as database:
        assert contents(database) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == ["runs", DATABASE_FILE_NAME]


def test_a_folder_that_is_no_data_folder_gets_no_database(tmp_path):
    (tmp_path / "passwd").write_text("")
    with pytest.raises(DataFolderError, match="no data folder"):
        rebuild_database(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["passwd"]
    (tmp_path / "empty").mkdir()
    assert rebuild_database(tmp_path / "empty") == 0
