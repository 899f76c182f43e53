"""Files that are too large, no files at all, or wrong in ways nobody foresaw: refused in words, in time, each fault at its row."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from journals import make_run
from question_rows import load_questions

from studentsim import files
from studentsim.child_process import child_environment
from studentsim.datasets import adapter, formula, tabular_options, validation
from studentsim.datasets.limits import MAX_COLUMNS, MAX_ROW_CHARS, MAX_ROWS
from studentsim.datasets.published import arc, mathqa
from studentsim.datasets.registry import build_bank_report
from studentsim.errors import BankError, ConfigError
from studentsim.runs.model_info import check_model
from studentsim.settings import ModelLoadingSettings
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.student.huggingface.resolve import resolve_model

GSM8K = {"question": "How many are 2 and 3?", "answer": "#### 5"}
MATHQA = {
    "Problem": "p of 3", "Rationale": "r", "options": "a ) 1 , b ) 2 , c ) 3 , d ) 4 , e ) 5", "correct": "a", "category": "gain",
}  # fmt: skip


def saved(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_bytes(
        content
        if isinstance(content, bytes)
        else (content if isinstance(content, str) else json.dumps(content)).encode()
    )
    return str(path)


# ------------------------------------------------------------------ quadratic readers


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.json", lambda: {f"f{n}": 1 for n in range(400_000)}, "Row 1: it has 400,000 fields, more than 1,000"),
        ("a.json", lambda: "{" + ",".join(f'"f{n}":1' for n in range(400_000)) + ',"z":1,"z":1}', "the field 'z' twice"),
        ("a.json", lambda: {f"r{n}": GSM8K for n in range(MAX_ROWS + 1)}, "more than 200,000 rows"),
        ("a.csv", lambda: ",".join(["question", "answer", *map(str, range(50_000))]) + "\nq,5\n", "has 50,002 columns, more than 1,000"),
        ("a.json", lambda: [{**GSM8K, "x": ["y" * 9_000] * 30}], "it has 270,0.. characters, more than 200,000"),
        ("a.json", lambda: "[" + "{}," * 2_600_000 + "{}]", "has about 5,200,002 values, more than 5,000,000"),
        ("a.jsonl", lambda: "{}\n" * 2_100_000, "has about 2,100,000 lines, more than 2,000,000"),
        ("a.csv", lambda: "question,answer\n" + "a,b\n" * 300_000, "more than 200,000 rows"),
        ("a.json", lambda: [GSM8K, {**GSM8K, "x": {str(n): n for n in range(MAX_COLUMNS)}}], "Row 2: it has 1,003 fields"),
    ],
)  # fmt: skip
def test_what_is_too_large_is_refused_with_the_value_in_time(tmp_path: Path, name: str, content: Any, problem: str):
    path, started = saved(tmp_path, name, content()), time.process_time()
    with pytest.raises(BankError, match=problem) as refused:
        load_questions(path)
    assert time.process_time() - started < 20 and len(str(refused.value)) < 1000


def test_a_row_that_is_too_large_is_a_doubtful_row_among_others(tmp_path: Path):
    report = build_bank_report(saved(tmp_path, "a.json", [GSM8K, {**GSM8K, "x": "y" * MAX_ROW_CHARS}, GSM8K]))
    assert [(issue.row, issue.kind) for issue in report.doubts] == [(2, "unreadable"), (3, "doubled question")]
    assert "'x' has 200,000 characters, more than 20,000" in report.doubts[0].why


def seconds_of(read: Any, *arguments: Any) -> float:
    started = time.process_time()
    try:
        read(*arguments)
    except ValueError:
        pass
    return time.process_time() - started


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (arc._parse_inline_options, "x" + "(B)" * 6_600), (arc._parse_inline_options, "x" + " " * 19_000),
        (mathqa.parse_options, "a" + " " * 19_000 + "b"), (mathqa.parse_options, "a ) 1" + " ," * 9_000),
        (tabular_options._parse_text_literals, "['" + "\\'" * 9_900), (tabular_options._parse_text_literals, "['a'" + "'b' \"" * 4_000),
        (lambda text: adapter.normalize_whitespace(text), (" " * 100 + "\n") * 190),
    ],
)  # fmt: skip
def test_the_longest_field_is_read_in_an_instant_whatever_it_holds(read: Any, text: str):
    assert seconds_of(read, text) < 0.2


def test_twenty_thousand_equal_rows_take_as_long_as_others(tmp_path: Path):
    rows = [MATHQA] * 20_000 + [{**MATHQA, "correct": "b"}]
    started = time.process_time()
    report = build_bank_report(saved(tmp_path, "a.json", rows))
    assert time.process_time() - started < 20
    assert report.issue_counts["contradiction"] == 20_001
    assert {d.why for d in report.doubts} == {
        "here '1' is right, in row 20001 it is not",
        "here '2' is right, in row 1 it is not",
    }


def test_of_three_keys_each_names_a_row_that_differs():
    rows = [{**MATHQA, "correct": letter} for letter in "aabca"]
    result = validation.validate_rows({"": mathqa.DATASET}, [adapter.RawRow(n, row) for n, row in enumerate(rows, 1)])
    assert [issue.why.partition(" in ")[2] for issue in result.issues] == [
        f"row {n} it is not" for n in (3, 3, 1, 1, 3)
    ]


# ------------------------------------------------------------------ no traceback


@pytest.mark.parametrize(
    "linear", ["const_nan|", "inf|", "add(n0,const_inf)|", "max(const_nan,n0)|", "n0|power(#0,n0)|", "#0|", "|||"]
)
def test_a_formula_that_is_no_number_does_not_end_the_check(tmp_path: Path, linear: str):
    rows = [{**MATHQA, "Problem": f"p of {'9' * 400} and {n}", "linear_formula": linear} for n in range(3)]
    report = build_bank_report(saved(tmp_path, "a.json", rows))
    assert report.questions == 3 and report.annotation == {"unknown": 3}
    assert formula.evaluate_linear_formula(linear, [float("inf"), float("nan")]) is None


@pytest.mark.parametrize("content", [",", ",,\n,,\n", "\ufeff,", "sep=,\n", 'sep=,\n,\n"",\n'])
def test_a_table_of_nothing_is_refused(tmp_path: Path, content: str):
    with pytest.raises(BankError):
        load_questions(saved(tmp_path, "a.csv", content))


def test_a_fault_of_this_program_is_one_row_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(row: Any, *rest: Any) -> None:
        raise RecursionError("too deep") if row.number == 2 else KeyError("x")

    path = saved(tmp_path, "a.json", [{**MATHQA, "Problem": str(n)} for n in range(3)])
    monkeypatch.setattr(validation, "find_equal_value_options", lambda *_: 1 / 0)
    report = build_bank_report(path)
    assert report.questions == 3 and {d.why for d in report.doubts} == {
        "it cannot be read (ZeroDivisionError: division by zero)"
    }
    monkeypatch.setattr(adapter, "assign_split", lambda text: fail(adapter.RawRow(2, {})))
    report = build_bank_report(path)
    assert report.issue_counts["unreadable"] == 3 and "RecursionError: too deep" in report.doubts[0].why
    with pytest.raises(BankError, match="Row 1: it cannot be read .RecursionError"):
        load_questions(path)


# ------------------------------------------------------------------ regular files alone


def test_of_a_folder_every_file_must_be_a_file(tmp_path: Path):
    saved(tmp_path, "good.json", [GSM8K])
    (tmp_path / "loop.json").symlink_to("loop.json")
    with pytest.raises(BankError, match="loop.json cannot be read: Too many levels of symbolic links"):
        load_questions(tmp_path)
    (tmp_path / "loop.json").unlink()
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(BankError, match="pipe.csv is no file"):
        load_questions(tmp_path)
    (tmp_path / "pipe.csv").unlink()
    (tmp_path / "folder.json").symlink_to(".")
    with pytest.raises(BankError, match="folder.json is no file"):
        load_questions(tmp_path)


def test_names_of_files_that_cannot_be_shown_are_told_apart(tmp_path: Path):
    for name in ("a\x1b.json", "a\u202e.json", "b\udcff.json"):
        (tmp_path / name).write_text(json.dumps([GSM8K, {}]))
    report = build_bank_report(str(tmp_path))
    assert sorted({issue.part for issue in report.doubts}) == ["a\ufffd.json", "a\ufffd.json'", "b\ufffd.json"]
    json.dumps(report.to_json()).encode()


def test_what_never_ends_is_not_read(tmp_path: Path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    for special in (path, Path("/dev/zero"), tmp_path):
        with pytest.raises(OSError):
            files.read_regular_file(special)
    (tmp_path / "whole").write_bytes(b"0123456789")
    assert files.read_regular_file(tmp_path / "whole", start=3, max_bytes=4) == b"3456"
    assert files.read_regular_file(tmp_path / "whole", start=8) == b"89"
    assert files.read_regular_file(tmp_path / "whole", start=99) == b""


@pytest.mark.skipif(not Path("/proc/kmsg").exists(), reason="no /proc")
@pytest.mark.parametrize("source", ["/proc/kmsg", "/proc/self/mem", "/proc/kcore"])
def test_a_file_of_the_kernel_is_no_bank(source: str):
    code = f"from studentsim.datasets.registry import open_bank; open_bank({source!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment(), capture_output=True, text=True, timeout=60
    )
    assert done.stderr.splitlines()[-1].startswith("studentsim.errors.BankError")


# ------------------------------------------------------------------ folders of models


def model_folder(folder: Path, **config: Any) -> Path:
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    (folder / "model.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\0" * 16)
    values = {
        "model_type": "llama",
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 256,
    }
    (folder / "config.json").write_text(json.dumps({**values, **config}))
    return folder


@pytest.mark.parametrize("value", [[1], "x", 3, {"quant_method": "gptq"}])
def test_a_quantised_model_is_refused_however_it_says_so(tmp_path: Path, value: Any):
    with pytest.raises(ConfigError, match="stored quantised") as refused:
        resolve_model(str(model_folder(tmp_path, quantization_config=value)))
    assert refused.value.field == "model"


@pytest.mark.parametrize("name", ["pipe.json", "pipe.txt", "pipe.safetensors"])
def test_a_pipe_among_a_model_s_files_is_named(tmp_path: Path, name: str):
    os.mkfifo(model_folder(tmp_path) / name)
    with pytest.raises(ConfigError, match=f"{name}: it is no regular file") as refused:
        resolve_model(str(tmp_path))
    assert refused.value.field == "model"


@pytest.mark.parametrize(
    "config",
    [
        {"text_config": [1]},
        {"hidden_size": 10**400},
        {"hidden_size": None},
        {"num_hidden_layers": {}},
    ],
)
def test_a_model_of_impossible_size_is_refused(tmp_path: Path, config: dict[str, Any]):
    from studentsim.config import RunConfig

    model_loading = ModelLoadingSettings(dtype="float32")
    with pytest.raises(ConfigError) as refused:
        check_model(RunConfig(model=str(model_folder(tmp_path, **config)), model_loading=model_loading))
    assert refused.value.field == "model"


# ------------------------------------------------------------------ journals


@pytest.mark.parametrize(
    "changes",
    [
        {"p_correct": "x"}, {"timestamp": float("nan")}, {"category": ["x"], "logprob": {}}, {"attempt": 10**30}, {"is_correct": "maybe"},
        {"question_id": None}, {"options": "\ud800", "text": 7},
    ],
)  # fmt: skip
def test_an_event_of_nonsense_leaves_all_other_runs_and_the_page_alone(tmp_path: Path, changes: dict[str, Any]):
    for run_id in ("bad", "good"):
        make_run(tmp_path, run_id, turns=1, exam_size=6, questions_per_turn=4)
    path = tmp_path / "runs" / "bad" / "events.jsonl"
    lines = path.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if '"AnswerRecorded"' in line)
    lines[at] = json.dumps({**json.loads(lines[at]), **changes})
    path.write_text("\n".join(lines) + "\n")
    with Database.open(tmp_path) as database:
        ingest.sync_journals(database, tmp_path / "runs")
        assert "good" in set(queries.fetch_runs(database).run_id)
        assert all(notice.startswith("The run bad cannot be shown whole.") for notice in database.notices)


def test_a_name_that_a_journal_brings_is_clean_in_the_tables(tmp_path: Path):
    run = make_run(tmp_path, "it", name="NAME", turns=1, exam_size=6, questions_per_turn=4)
    path = run / "events.jsonl"
    path.write_text(path.read_text().replace('"NAME"', '"N\\u001b[31m\\u202eE"'))
    with Database.open(tmp_path) as database:
        ingest.sync_journals(database, tmp_path / "runs")
        (row,) = queries.fetch_runs(database).itertuples()
    assert row.name == row.title == "N\ufffd[31m\ufffdE"
