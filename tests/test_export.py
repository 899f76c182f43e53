"""A run taken away as files."""

from __future__ import annotations

import csv
import json

import answer_queries
import pandas as pd
import pyarrow as pa
import pytest
from store_runs import CONFIG, answered, crashed_run, put, turn_zero, whole_run

from studentsim.errors import DataFolderError, UnknownRun
from studentsim.store import table_writers, tables
from studentsim.store.database import Database
from studentsim.store.export import escape_formula_cells, export_run
from studentsim.store.ingest import sync_journals


def test_all_tables_are_written_twice_and_the_settings(tmp_path):
    put(tmp_path, "r1", whole_run())
    files = export_run(tmp_path, "r1", tmp_path / "out")
    written = (*tables.EVENT_TABLES, "practice_mix")
    names = {f"{table}.{kind}" for table in written for kind in ("csv", "parquet")} | {"config.json"}
    assert {file.name for file in files} == names == {file.name for file in (tmp_path / "out").iterdir()}
    assert json.loads((tmp_path / "out" / "config.json").read_text()) == json.loads(CONFIG.model_dump_json())


def test_the_run_s_own_folder_will_do(tmp_path):
    path = put(tmp_path, "r1", whole_run())
    assert export_run(path.parent, "r1", tmp_path / "out")


def test_an_export_holds_what_the_database_holds(tmp_path):
    put(tmp_path, "r1", crashed_run())
    export_run(tmp_path, "r1", tmp_path / "out")
    with Database.open(tmp_path) as database:
        sync_journals(database, database.runs_folder)
        for table in tables.EVENT_TABLES:
            kept = database.query_frame(f"SELECT * FROM {table} ORDER BY seq").to_json(orient="records")
            for frame in (
                pd.read_parquet(tmp_path / "out" / f"{table}.parquet"),
                pd.read_csv(tmp_path / "out" / f"{table}.csv", dtype={"value": str}),
            ):
                assert list(frame.columns) == list(tables.TABLE_COLUMNS[table])
                assert json.loads(frame.to_json(orient="records")) == json.loads(kept), table
        assert len(answer_queries.fetch_answers(database, "r1")) == len(pd.read_csv(tmp_path / "out" / "answers.csv"))


HARMLESS = ["4", "a = b", "½", "", " =x", "<script>"]
FORMULAS = ['=HYPERLINK("http://x","y")', "+1", "-5", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=1+1\nsecond, line"]


def test_no_text_reaches_a_spreadsheet_as_a_formula(tmp_path):
    texts = HARMLESS + FORMULAS
    put(tmp_path, "r1", [*turn_zero(), *(answered(1, "study", n, text=t, value=t) for n, t in enumerate(texts))])
    export_run(tmp_path, "r1", tmp_path / "out")
    with (tmp_path / "out" / "answers.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["phase"] == "study"]
    for column in ("text", "value"):
        assert [row[column] for row in rows] == HARMLESS + ["'" + text for text in FORMULAS]
    assert {row["logprob"] for row in rows} == {"-1.5"}  # a number below nought stays a number
    parquet = pd.read_parquet(tmp_path / "out" / "answers.parquet")
    assert list(parquet[parquet["phase"] == "study"]["text"]) == texts


def test_making_cells_safe_leaves_numbers_gaps_and_the_frame_itself_alone():
    frame = pd.DataFrame({"n": [-1, 2], "x": [-0.5, None], "b": [True, False], "t": ["-a", None], "mixed": [-3, "=x"]})
    safe = escape_formula_cells(frame)
    assert list(safe["n"]) == [-1, 2] and safe["x"][0] == -0.5 and list(safe["b"]) == [True, False]
    assert safe["t"][0] == "'-a" and pd.isna(safe["t"][1]) and list(safe["mixed"]) == [-3, "'=x"]
    assert frame["t"][0] == "-a"


@pytest.mark.parametrize("sign", "＝＋－＠")
def test_full_width_signs_count_as_the_others(sign):
    text = f"{sign}HYPERLINK(x)"
    assert list(escape_formula_cells(pd.DataFrame({"t": [text, f"a{text}"]}))["t"]) == [f"'{text}", f"a{text}"]
    assert f"'{text}".encode() in table_writers.to_csv_bytes([pa.table({"t": [text]})])


def test_nothing_is_overwritten(tmp_path):
    put(tmp_path, "r1", whole_run())
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    with pytest.raises(DataFolderError, match="not empty"):
        export_run(tmp_path, "r1", tmp_path / "full")
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["notes.txt"]
    with pytest.raises(DataFolderError, match="cannot be made"):
        export_run(tmp_path, "r1", tmp_path / "full" / "notes.txt")
    (tmp_path / "empty").mkdir()
    assert export_run(tmp_path, "r1", tmp_path / "empty")


@pytest.mark.parametrize("run_id", ["nobody", "", ".", "..", "../runs/r1", "r1/../r1"])
def test_an_unknown_run_makes_no_folder(tmp_path, run_id):
    put(tmp_path, "r1", whole_run())
    with pytest.raises(UnknownRun):
        export_run(tmp_path, run_id, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_cut_short_is_exported_as_far_as_it_went(tmp_path):
    path = put(tmp_path, "r1", whole_run())
    path.write_bytes(path.read_bytes()[:-7])
    put(tmp_path, "r2", [])
    assert export_run(tmp_path, "r1", tmp_path / "one")
    export_run(tmp_path, "r2", tmp_path / "two")
    assert pd.read_csv(tmp_path / "two" / "answers.csv").empty
