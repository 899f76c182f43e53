"""What fuzz.py tries: for each kind how an input is made, and what reads it.

A reader returns whether it refused the input in words. Whatever else it raises is a fault of the program.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import fuzz_inputs
import pyarrow as pa
from fuzz_inputs import choose_and_mutate, dump, make_row, mutate_bytes, mutate_text, mutate_value

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from studentsim import arithmetic  # noqa: E402
from studentsim.config import RunConfig  # noqa: E402
from studentsim.datasets import detection, formula, formula_check, registry, tabular, validation  # noqa: E402
from studentsim.datasets.adapter import build_question_from_row  # noqa: E402
from studentsim.datasets.file_reader import RawRow  # noqa: E402
from studentsim.datasets.option_sizes import count_correct_option_ranks  # noqa: E402
from studentsim.datasets.specs import RECOGNIZABLE_DATASETS  # noqa: E402
from studentsim.errors import StudentsimError  # noqa: E402
from studentsim.types import Answer, Option, Question  # noqa: E402


@dataclass(frozen=True)
class Kind:
    """A kind of input; of each million inputs ``share`` are of it."""

    share: int
    make: Callable[[Random], Any]
    read: Callable[[Any], bool]


def _read_rows(row: Any) -> bool:
    """Every set parses the row, and it is checked as the only row of a file."""
    raw = RawRow(1, row, "", "questions")
    datasets = [*RECOGNIZABLE_DATASETS[:-1], tabular.DATASET.fitted([raw])]
    refused = 0
    for dataset in datasets:
        try:
            build_question_from_row(dataset, raw, category="any")
        except ValueError:
            refused += 1
    recognition = detection.recognize_dataset([[raw]], RECOGNIZABLE_DATASETS)
    dataset = recognition.dataset or tabular.DATASET
    result = validation.validate_rows({"": dataset}, [raw, replace(raw, number=2)])
    report = validation.build_report("x", None, result, [question for _, question in result.row_questions], 2)
    json.dumps(report.to_json())
    return refused == len(datasets)


def _read_file(file: tuple[str, bytes]) -> bool:
    name, content = file
    path = _scratch_folder() / name
    path.write_bytes(content)
    try:
        json.dumps(registry.build_bank_report(str(path)).to_json())
        with suppress(StudentsimError):  # mostly it has too few questions for an exam
            registry.open_bank(str(path), drop_invalid=True)
    except StudentsimError:
        return True
    finally:
        path.unlink()
    return False


@cache
def _scratch_folder() -> Path:
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="studentsim-fuzz-", dir=memory if memory.is_dir() else None))


def remove_scratch_folder() -> None:
    """Remove what the readers of this process wrote. Writes."""
    if _scratch_folder.cache_info().currsize:
        shutil.rmtree(_scratch_folder(), ignore_errors=True)


# ------------------------------------------------------------------ replies


@cache
def _reply_samples() -> tuple[tuple[str, Question, bool], ...]:
    import written_replies

    return tuple((answer.text, answer.question, bool(answer.ended)) for answer in written_replies.replies(60))


OPTION_TEXTS = (
    "12",
    "-1/2",
    r"\frac{1}{2}",
    "2 1/2 hours",
    "$5",
    "Rs. 1,20,000",
    "3 : 4",
    "none of these",
    "√2",
    "20 %",
    "all",
    "c",
)


def _make_reply(rng: Random) -> tuple[str, Question, bool]:
    text, question, ended = rng.choice(_reply_samples())
    if rng.random() < 0.5:
        texts = [
            choose_and_mutate(OPTION_TEXTS, rng) if rng.random() < 0.3 else rng.choice(OPTION_TEXTS) for _ in range(5)
        ]
        options = tuple(Option(letter, text) for letter, text in zip("abcde", texts, strict=True))
        question = replace(question, options=options, problem=mutate_text(question.problem, rng))
        text += "\n" + rng.choice(("", "The answer is ", "\\boxed{", "(", "**")) + rng.choice(texts)
    if rng.random() < 0.3:
        formula_text = choose_and_mutate(fuzz_inputs.FORMULAS, rng)
        question = replace(question, formula=formula_text)
        text = choose_and_mutate(fuzz_inputs.SUMS, rng) + "\n" + text
    return mutate_text(text, rng), question, ended and rng.random() < 0.8


def _read_reply(reply: tuple[str, Question, bool]) -> bool:
    from studentsim.student.answer_parsing.reply import parse_reply_full
    from studentsim.teacher.formula_errors import classify_formula_error

    text, question, ended = reply
    parsed = parse_reply_full(text, question, ended=ended)
    answer = Answer(question.id, text, parsed.letter, parsed.value, 0, 0.0, ended=ended)
    classify_formula_error(question, answer)
    return parsed.letter is None


# ------------------------------------------------------------------ formulas and sums


def _read_formula(text: str) -> bool:
    from studentsim.teacher import formula_steps, written_sums

    node = formula.parse_formula(text)
    value = formula.evaluate_linear_formula(text, formula.extract_numbers(text))
    if node and (tree := formula_steps.build_arithmetic_tree(node)):
        list(formula_steps.iter_step_omissions(tree)), list(formula_steps.iter_operator_replacements(tree))
    calculated = arithmetic.calculate(text)
    formula_check.parse_number_with_decimals(text)
    written_sums.extract_operations(text)
    option = Option("a", text)
    question = Question("q", "b", "c", text, (option, Option("b", "2"), Option("c", "1/2")), "a", "", formula=text)
    formula_check.compare_formula_to_key({"annotated_formula": text, "linear_formula": text, "Problem": text}, question)
    count_correct_option_ranks([question])
    return node is None and value is None and calculated is None


# ------------------------------------------------------------------ links, names and settings


def _make_link(rng: Random) -> dict[str, str]:
    link: Any = mutate_value(rng.choice(fuzz_inputs.LINKS), rng)
    return {str(name): str(value) for name, value in link.items()} if isinstance(link, dict) else {}


def _read_link(link: dict[str, str]) -> bool:
    from studentsim.analysis.weakness_selection import WeaknessesSelection
    from studentsim.labels import formatting
    from studentsim.runs.run_dir import check_run_id
    from studentsim.ui import dataset_picker
    from studentsim.ui.answers.view import AnswersView
    from studentsim.ui.compare.data import parse_selection
    from studentsim.ui.questions.view import QuestionsView
    from studentsim.ui.watch import timeline

    refused = False
    for view_class in (AnswersView, QuestionsView):
        view, invalid = view_class.from_params(link)
        refused = refused or bool(invalid)
        again, invalid_again = view_class.from_params(view.to_params())
        assert again.to_params() == view.to_params() and not invalid_again, "a view's own link is read as another view"
    _ = WeaknessesSelection.from_params(link.get("run", ""), link).params
    timeline.parse_replay_seconds(link.get("replay"))
    parse_selection(list(link.values()), {})
    for text in link.values():
        formatting.escape_markdown(text)
        dataset_picker.bank_title(text)
        try:
            check_run_id(text)
            dataset_picker.validate_path(text)
        except StudentsimError:
            refused = True
    return refused


def _read_name(text: str) -> bool:
    from studentsim.labels import formatting
    from studentsim.plain_text import UNPRINTABLE_PATTERN
    from studentsim.reporting.html_text import escape_html
    from studentsim.store.notes import RunNotes

    assert not UNPRINTABLE_PATTERN.search(formatting.escape_markdown(text))
    formatting.shorten_label(text), formatting.truncate_text(text), escape_html(text)
    try:
        RunNotes.make(name=text, tags=[text], note=text)
    except StudentsimError:
        return True
    return False


@cache
def _settings() -> dict[str, Any]:
    return RunConfig().model_dump(mode="json")


def _read_settings(settings: Any) -> bool:
    from studentsim.config import parse_stored_config
    from studentsim.labels import formatting

    try:
        config = RunConfig.from_json(dump(settings))
    except StudentsimError:
        with suppress(StudentsimError):
            if isinstance(settings, dict):
                parse_stored_config(settings)
        return True
    _ = config.title, formatting.run_title(config), config.exam_turns()
    return False


# ------------------------------------------------------------------ journals


@cache
def _journal_events() -> tuple[dict[str, Any], ...]:
    """The events of a short run, with the same times each time, without leases and checksums."""
    from journals import make_run, plain_event

    folder = make_run(_scratch_folder() / "sample", "it", turns=2, exam_size=6, questions_per_turn=4)
    events = map(plain_event, (folder / "events.jsonl").read_bytes().splitlines())
    return tuple({**event, "timestamp": 1.7e9 + event["seq"]} for event in events)


def _make_journal(rng: Random) -> bytes:
    """Some lines of a journal, of which one or two have changed values or bytes; one may be missing."""
    events = _journal_events()
    start = rng.randrange(len(events))
    chosen = events[start : start + rng.randint(1, 8)] if rng.random() < 0.9 else events
    changed: list[Any] = [
        {**event, "seq": seq} for seq, event in enumerate(chosen)
    ]  # or it is refused for what is missing
    if rng.random() < 0.8:
        at = rng.randrange(len(changed))
        changed[at] = mutate_value(changed[at], rng)
    if rng.random() < 0.1:
        del changed[rng.randrange(len(changed))]
    is_checked = rng.random() < 0.5
    data = b"".join(_to_line(event, seq if is_checked else None) for seq, event in enumerate(changed))
    return mutate_bytes(data, rng) if rng.random() < 0.3 else data


def _to_line(event: Any, seq: int | None) -> bytes:
    """A line of an earlier version, or, with a ``seq``, one of this version's with its lease and checksum."""
    from studentsim.store.journal_lines import encode_line

    if seq is None or not isinstance(event, dict):
        return dump(event).encode() + b"\n"
    try:
        return encode_line(event, seq=seq, epoch=1, timestamp=1.7e9 + seq)
    except (ValueError, TypeError, UnicodeError):  # what JSON or ASCII cannot hold
        return dump(event).encode() + b"\n"


@cache
def _database() -> Any:
    from studentsim.store.database import Database

    folder = _scratch_folder() / "data"
    (folder / "runs" / "it").mkdir(parents=True)
    return Database(folder / "fuzz.duckdb", folder / "runs")


def _read_journal(data: bytes) -> bool:
    """Into tables, as the database takes them in; one in fifty through the database itself."""
    from studentsim.errors import JournalError
    from studentsim.store import ingest, journal, tables

    path = _scratch_folder() / "events.jsonl"
    path.write_bytes(data)
    try:
        events = journal.read_events(path)
    except JournalError:
        return True
    try:
        rows = tables.build_event_rows("it", journal.effective_events(events))
        tables.reduce_run("it", None, events)
        refused = not any(rows.values())
    except (JournalError, pa.ArrowException):
        refused = True
    if len(data) % 50 == 0:
        database = _database()
        (database.runs_folder / "it" / "events.jsonl").write_bytes(data)
        database.file_signatures.clear()
        database.own_notices.clear()
        ingest.sync_journals(database, database.runs_folder)
    return refused


# ------------------------------------------------------------------ models' and graders' files, students' tables


def _make_model(rng: Random) -> tuple[bytes, bytes, bytes, bytes]:
    values = fuzz_inputs.MODEL_CONFIG, fuzz_inputs.SAFETENSORS_HEADER, fuzz_inputs.EVALUATION
    texts = [
        dump(mutate_value(value, rng) if rng.random() < 0.6 else value).encode("utf-8", "replace") for value in values
    ]
    config, header, evaluation = (mutate_bytes(text, rng) if rng.random() < 0.2 else text for text in texts)
    length = len(header) if rng.random() < 0.9 else rng.randrange(2**40)
    table = mutate_text(fuzz_inputs.TABLE, rng).encode("utf-8", "replace")
    return config, length.to_bytes(8, "little") + header + b"\0" * 64, evaluation, table


def _read_model(files: tuple[bytes, bytes, bytes, bytes]) -> bool:
    from studentsim.analysis import grader_evaluation
    from studentsim.runs import grader_info, model_info
    from studentsim.settings import ModelLoadingSettings, TeacherSettings
    from studentsim.student_table import read_student_table

    folder, refused = _scratch_folder() / "model", 0
    folder.mkdir(exist_ok=True)
    names = ("config.json", "model.safetensors", "check.json", "table.toml")
    for name, content in zip(names, files, strict=True):
        (folder / name).write_bytes(content)
    grader_evaluation.load_evaluation(folder)
    config = RunConfig(model=str(folder), model_loading=ModelLoadingSettings(dtype="float32"))
    for read in (
        lambda: model_info.estimate_model(config).describe(config),
        lambda: grader_info.find_grader(TeacherSettings.model_construct(grader=str(folder), grader_revision="")),
        lambda: read_student_table(folder / "table.toml"),
    ):
        try:
            read()
        except StudentsimError:
            refused += 1
    return refused == 3


KINDS: dict[str, Kind] = {
    "rows": Kind(250_000, make_row, _read_rows),
    "files": Kind(60_000, fuzz_inputs.make_question_file, _read_file),
    "replies": Kind(240_000, _make_reply, _read_reply),
    "formulas": Kind(
        180_000,
        lambda rng: choose_and_mutate((*fuzz_inputs.FORMULAS, *fuzz_inputs.SUMS, *OPTION_TEXTS), rng),
        _read_formula,
    ),
    "links": Kind(90_000, _make_link, _read_link),
    "names": Kind(60_000, lambda rng: choose_and_mutate((*fuzz_inputs.NASTY_TEXTS, "Class 7b"), rng), _read_name),
    "settings": Kind(30_000, lambda rng: mutate_value(_settings(), rng), _read_settings),
    "journals": Kind(70_000, _make_journal, _read_journal),
    "models": Kind(20_000, _make_model, _read_model),
}
