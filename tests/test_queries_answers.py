"""The SELECTs of Answers and the files to take away, on a run whose answers are known."""

from __future__ import annotations

import io
import json
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa
import pytest
from answer_runs import FORMULA, SKILLS, make_answers_run

from studentsim.store import queries, table_writers
from studentsim.store.database import Database
from studentsim.store.ingest import sync_journals
from studentsim.store.queries import AnswerFilter

RUN = "study"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, pd.DataFrame]:
    """The database, and the run's answers as its journal has them."""
    folder = tmp_path_factory.mktemp("data")
    make_answers_run(folder, RUN)
    make_answers_run(folder, "other", lessons=2)
    database = Database.open(folder)
    sync_journals(database, folder / "runs")
    lines = [json.loads(line) for line in (folder / "runs" / RUN / "events.jsonl").read_text().splitlines()]
    yield database, pd.DataFrame([line for line in lines if line["type"] == "AnswerRecorded"])
    database.close()


def seqs(told: tuple[Database, pd.DataFrame], **wanted: object) -> list[int]:
    return queries.fetch_answer_list(told[0], RUN, AnswerFilter(**wanted))["seq"].to_pylist()


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ({}, lambda a: a.is_correct.notna()),
        ({"phase": "exam"}, lambda a: a.phase == "exam"),
        ({"turn": 0}, lambda a: a.turn == 0),
        ({"turn": 2, "phase": "study"}, lambda a: (a.turn == 2) & (a.phase == "study")),
        ({"category": "gain"}, lambda a: a.category == "gain"),
        ({"skill": "average-of-three"}, lambda a: a.skill == "average-of-three"),
        ({"outcome": "right"}, lambda a: a.is_correct),
        ({"outcome": "wrong"}, lambda a: ~a.is_correct),
        ({"outcome": "unanswered"}, lambda a: a.letter.isna()),
        ({"misconception": "sale-price-discount-only"}, lambda a: a.misconception == "sale-price-discount-only"),
        ({"misconception": queries.UNKNOWN_MISCONCEPTION}, lambda a: ~a.is_correct & a.misconception.isna()),
        ({"search": "INTEREST"}, lambda a: a.problem.str.contains("interest", case=False) | a.text.str.contains("interest", case=False)),
        ({"search": "100%' OR 1=1 --"}, lambda a: a.problem.str.contains("no such text")),
        ({"category": "general", "outcome": "wrong", "search": "average"}, lambda a: (a.category == "general") & ~a.is_correct),
    ],
)  # fmt: skip
def test_each_filter_lets_through_what_it_says(told, wanted, expected):
    answers = told[1]
    assert seqs(told, **wanted) == answers[expected(answers)].seq.tolist()


def test_a_list_is_short_and_says_what_is_needed(told):
    table = queries.fetch_answer_list(told[0], RUN, AnswerFilter(), limit=5)
    assert table.num_rows == 5
    assert table.column_names == [
        "seq", "turn", "phase", "category", "skill", "mark", "problem", "value", "misconception",
    ]  # fmt: skip
    assert set(table["mark"].to_pylist()) <= set(queries.ANSWER_OUTCOMES)
    assert max(len(text) for text in table["problem"].to_pylist()) <= queries.answer_lists.PROBLEM_PREVIEW_CHARS


def test_a_list_is_in_order_even_where_the_database_is_not(tmp_path: Path):
    make_answers_run(tmp_path, RUN)
    with Database.open(tmp_path) as database:
        sync_journals(database, tmp_path / "runs")
        database.run_transaction(
            lambda cursor: cursor.execute("CREATE OR REPLACE TABLE answers AS SELECT * FROM answers ORDER BY problem")
        )
        given = queries.fetch_answer_list(database, RUN, AnswerFilter())["seq"].to_pylist()
    assert given == sorted(given) and len(given) == 104


def test_the_tally_adds_up_to_all_answers(told):
    tally, answers = queries.fetch_answer_counts(told[0], RUN), told[1]
    assert list(tally.columns) == [
        "turn",
        "phase",
        "category",
        "skill",
        "misconception",
        "mark",
        "value_differs",
        "answers",
    ]
    assert tally.answers.sum() == len(answers)
    assert tally[tally.mark == "right"].answers.sum() == answers.is_correct.sum()
    assert tally[tally.mark == "unanswered"].answers.sum() == answers.letter.isna().sum()
    some = queries.fetch_answer_counts(told[0], RUN, search="average", question_id=str(answers.question_id.iloc[0]))
    assert some.answers.sum() < tally.answers.sum()


def test_a_card_is_the_whole_answer(told):
    wanted = told[1].iloc[2]
    (row,) = queries.fetch_answers_by_seq(told[0], RUN, [int(wanted.seq), 10**9])
    assert row["text"] == FORMULA and row["letter"] is None and row["is_correct"] is False
    assert json.loads(row["options"]) == wanted.options
    assert queries.fetch_answers_by_seq(told[0], "nobody", [1]) == []


def test_a_question_s_history_follows_the_lessons(told):
    answers = told[1]
    wanted = answers[answers.phase == "exam"].question_id.iloc[5]
    history = queries.fetch_question_history(told[0], RUN, wanted)
    assert history.seq.tolist() == answers[answers.question_id == wanted].seq.tolist()
    assert history.turn.tolist() == [0, 2, 4]


def test_a_question_is_found_in_every_run_that_asked_it(told):
    wanted = told[1][told[1].phase == "exam"].question_id.iloc[0]
    runs = queries.fetch_question_runs(told[0], wanted).set_index("run_id")
    assert set(runs.index) == {RUN, "other"}
    assert (runs.loc[RUN, "answers"], runs.loc["other", "answers"]) == (3, 2)
    assert queries.fetch_question_runs(told[0], "' OR 1=1--").empty


def test_batches_are_the_whole_view_in_order_and_stop_at_the_limit(told):
    pieces = list(queries.iter_answer_batches(told[0], RUN, AnswerFilter(phase="exam"), limit=1000, batch_size=10))
    assert [piece.num_rows for piece in pieces] == [10] * 7 + [2]
    assert pa.concat_tables(pieces)["seq"].to_pylist() == told[1][told[1].phase == "exam"].seq.tolist()
    assert (
        sum(p.num_rows for p in queries.iter_answer_batches(told[0], RUN, AnswerFilter(), limit=25, batch_size=10))
        == 25
    )
    (nothing,) = queries.iter_answer_batches(told[0], RUN, AnswerFilter(category="astrology"), limit=10)
    assert nothing.num_rows == 0 and "problem" in nothing.column_names


# ------------------------------------------------------------------ files


def pieces(told: tuple[Database, pd.DataFrame]) -> list[pa.Table]:
    return list(queries.iter_answer_batches(told[0], RUN, AnswerFilter(), limit=1000, batch_size=50))


def test_a_csv_reads_back_and_holds_no_formula(told):
    data = table_writers.to_csv_bytes(pieces(told))
    frame = pd.read_csv(io.BytesIO(data), encoding="utf-8-sig", keep_default_na=False)
    assert frame.seq.tolist() == told[1].seq.tolist()
    assert frame.text[2] == "'" + FORMULA
    assert frame.problem.tolist() == told[1].problem.tolist()
    assert not frame.map(lambda v: isinstance(v, str) and v.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))).any(
        axis=None
    )


def test_a_parquet_file_has_everything_as_it_is(told):
    frame = pd.read_parquet(io.BytesIO(table_writers.to_parquet_bytes(pieces(told))))
    assert frame.text.tolist() == told[1].text.tolist()
    assert frame.logprob.tolist() == told[1].logprob.tolist()


def test_an_excel_file_has_texts_as_texts(told):
    headings = {"seq": "answer", "text": "what it wrote", "is_correct": "right", "letter": "ticked", "logprob": "log"}
    data = table_writers.to_excel_bytes(
        pieces(told), sheet_name="answers", headings=headings, formatters={"letter": lambda v: v and v.upper()}
    )
    sheet = openpyxl.load_workbook(io.BytesIO(data))["answers"]
    rows = list(sheet.values)
    assert rows[0] == tuple(headings.values()) and len(rows) == len(told[1]) + 1
    assert [row[0] for row in rows[1:]] == told[1].seq.tolist()
    cell = sheet.cell(4, 2)
    assert (cell.value, cell.data_type, cell.quotePrefix) == (FORMULA, "s", True)
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    assert rows[3][3] is None and rows[4][3] in ("A", "B", "C", "D", "E")
    assert rows[1][4] == -4.25 and isinstance(rows[1][2], bool)


def test_an_excel_file_never_holds_more_than_a_sheet_can(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(table_writers, "EXCEL_MAX_ROWS", 3)
    table = pa.table({"a": ["x" * 40_000, "\x0b_x0041_", "c", "d", "e"]})
    sheet = openpyxl.load_workbook(
        io.BytesIO(table_writers.to_excel_bytes([table, table], sheet_name="s", headings={"a": "A"}))
    )["s"]
    values = [row[0] for row in sheet.values]
    assert len(values) == 4 and len(values[1]) == table_writers.EXCEL_MAX_CELL_CHARS


def test_every_formula_start_is_marked_in_a_csv_and_nothing_else():
    texts = ["=1", "+1", "-1", "@a", "\ta", "\ra", "\na", "a\n=1", "1=1", "", None, "'=1"]
    lines = pd.read_csv(
        io.BytesIO(table_writers.to_csv_bytes([pa.table({"t": texts, "n": range(12)})])), keep_default_na=False
    )
    marked = ["'=1", "'+1", "'-1", "'@a", "'\ta", "'\ra", "'\na"]
    assert lines.iloc[:, 0].str.replace("\r\n", "\n").tolist()[: len(marked)] == [
        m.replace("\r\n", "\n") for m in marked
    ]
    assert lines.iloc[:, 0].tolist()[-5:] == ["a\n=1", "1=1", "", "", "'=1"]


def test_the_test_runs_use_real_skills():
    from studentsim.curriculum.generator import SKILLS as known

    assert set(SKILLS) <= set(known)
