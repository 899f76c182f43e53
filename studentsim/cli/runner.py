"""A run in the foreground: its config from the command line's options, its progress bar and its printed results."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.progress import Progress, TaskID, TimeRemainingColumn

from studentsim import presets
from studentsim.cli.base import make_progress_bar, split_commas
from studentsim.cli.figures import build_run_result, describe_category_mix
from studentsim.cli.setting_options import nest_settings
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, RunError, StudentsimError, first_line
from studentsim.events import AnswerRecorded, Event, ExamFinished, StageStarted, TrainingStep
from studentsim.labels import language_models
from studentsim.runs import executor, grader_info, model_info, notes
from studentsim.runs.history import read_past_events
from studentsim.runs.run_dir import RunFolder, list_runs
from studentsim.runs.status import damaged_state, read_run_state
from studentsim.runs.student_profile import is_table_path, resolve_student_settings
from studentsim.store.journal import effective_events

COMMA_SEPARATED_OPTIONS = ("categories", "skills", "difficulties", "lora_targets")
components_builder: executor.ComponentsBuilder | None = None
"""Builds a run's student and teacher; None: the real ones. Tests put a fake student here."""

EXIT_CODES = {"finished": 0, "paused": 130, "cancelled": 130}


def build_config(preset: str, options: Mapping[str, Any]) -> RunConfig:
    """The preset's config with the given options (None: not given).

    :raises ConfigError: an option is invalid.
    """
    given = {key: value for key, value in options.items() if value is not None}
    for key in COMMA_SEPARATED_OPTIONS:
        if key in given:
            given[key] = split_commas(given[key])
    if "difficulties" in given:
        given["difficulties"] = _parse_difficulties(given["difficulties"])
    if "mix" in given:
        given["mix"] = parse_mix(given["mix"])
    if is_table_path(given.get("student", "")):
        given |= resolve_student_settings(given["student"])
    base = presets.get_preset(preset, given.get("model", "embedded")).model_dump()
    return RunConfig.make(**nest_settings(given, base))


def _parse_difficulties(parts: Sequence[str]) -> tuple[int, ...]:
    """:raises ConfigError: a part is no whole number."""
    try:
        return tuple(map(int, parts))
    except ValueError as error:
        raise ConfigError(
            f"The difficulties are {','.join(parts)!r}.", "Write them so: 1,2", field="difficulties"
        ) from error


def parse_mix(text: str) -> dict[str, float]:
    """``general=20,physics=80`` as shares in percent by category.

    :raises ConfigError: a part has no share, or a category is named twice.
    """
    mix: dict[str, float] = {}
    for part in split_commas(text):
        category, _, share = (piece.strip() for piece in part.partition("="))
        try:
            value = float(share)
        except ValueError as error:
            raise ConfigError(
                f"{part!r} is no share of a mix.", "Write it so: general=20,physics=80", field="mix"
            ) from error
        if category in mix:
            raise ConfigError(f"The mix names {category!r} twice.", "Name each category once.", field="mix")
        mix[category] = value
    return mix


def print_model_summary(
    config: RunConfig,
    *,
    trial: bool,
    as_json: bool = False,
    timeout_seconds: float | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> None:
    """Prints on stderr what is known of a language model; with ``trial`` also loads it, and prints an answer and a run's time.

    ``timeout_seconds`` limits the trial (None: no limit); ``on_progress`` is called with each of its steps (None: print them
    with the seconds from now on). ``as_json`` prints the trial's result as JSON on stdout.

    :raises StudentsimError: the model cannot be used.
    """
    on_progress = on_progress or make_step_printer()
    estimate = model_info.estimate_model(config)
    for sentence in estimate.describe(config):
        print(sentence, file=sys.stderr, flush=True)
    if trial:
        benchmark = model_info.run_benchmark_subprocess(
            config, timeout_seconds=timeout_seconds, on_progress=on_progress
        )
        for sentence in benchmark.describe(config):
            print(sentence, file=sys.stderr, flush=True)
        if as_json:
            print(json.dumps({"revision": estimate.source.revision, **model_info.benchmark_json(benchmark, config)}))


def print_paper_departures(config: RunConfig) -> None:
    """Prints on stderr how a run by the paper's preset departs from the paper, a line each."""
    for departure in language_models.preset_departures(config):
        print(f"Not as in the paper: {departure}", file=sys.stderr, flush=True)


def print_grader_summary(config: RunConfig) -> None:
    """Prints on stderr what is known of a grader that does not ship, and how it was evaluated; nothing for others.

    :raises ConfigError: the grader cannot be found.
    """
    for sentence in grader_info.describe_grader(config):
        print(sentence, file=sys.stderr, flush=True)
    if grader_info.has_external_grader(config.teacher):
        from studentsim.analysis import grader_evaluation
        from studentsim.narration import teaching_summary  # imports pandas

        grader = config.teacher.grader
        evaluation = grader_evaluation.load_evaluation(Path(grader))
        unknown_message = (
            f"How often it marks as the key does is not known: python -m studentsim evaluate-grader --grader {grader}"
        )
        message = teaching_summary.describe_grader_evaluation(evaluation) if evaluation else unknown_message
        print(message, file=sys.stderr, flush=True)


def make_step_printer() -> Callable[[str], None]:
    """A function that prints a trial's step on stderr as it begins, with the seconds since ``make_step_printer`` was called."""
    started_at = time.monotonic()

    def print_step(step: str) -> None:
        print(f"{time.monotonic() - started_at:4.0f} s  Trying it out: {step} …", file=sys.stderr, flush=True)

    return print_step


def run_and_exit(folder: RunFolder, *, as_json: bool) -> None:
    """Executes the run with a progress bar, prints its result and exits: 0 finished, 1 failed, 130 paused. Writes.

    :raises StudentsimError: as for ``executor.execute``.
    :raises typer.Exit: always.
    """
    status = run_with_progress_bar(folder)
    result = build_run_result(folder)
    if as_json:
        print(json.dumps(result), flush=True)
    else:
        print(
            f"{folder.run_id}: {status} after {result['seconds']:.0f} s; {_describe_exam_scores(result['exams'])}",
            flush=True,
        )
        if result["choosing"]:
            print(f"How questions were chosen: {result['choosing']}", flush=True)
        for line in describe_category_mix(folder):
            print(line, flush=True)
    if status == "failed":
        print(f"Error: {result['message']}", file=sys.stderr)
    elif status == "paused":
        reason = f"{result['message']} " if result["message"] else ""
        data = folder.path.parent.parent
        print(f"{reason}Go on with: python -m studentsim resume {folder.run_id} --data {data}", file=sys.stderr)
    raise typer.Exit(EXIT_CODES.get(status, 1))


def run_with_progress_bar(folder: RunFolder) -> str:
    """Executes the run with a progress bar on stderr; returns the status it ends with. Writes.

    :raises StudentsimError: as for ``executor.execute``.
    """
    config = folder.read_config()
    with make_progress_bar("{task.fields[score]}", TimeRemainingColumn()) as bar:
        return executor.execute(
            folder,
            build_components=components_builder,
            on_event=_make_progress_callback(bar, config),
            pause_on=(signal.SIGINT, signal.SIGTERM),
        )


def summarize_runs(data: Path) -> list[dict[str, Any]]:
    """A row for each run, newest first: ``run_id, status, title, turn, turns, correct, questions`` (of the last exam)``, seed,
    group``, the user's ``tags`` and ``note``, and ``problem``: what is wrong with it and what can be done (blank: nothing is).

    Of a run whose settings or journal cannot be read, ``turns`` and ``seed`` are None.

    :raises DataFolderError: the data folder cannot be read.
    """
    return [_summarize_run(folder) for folder in reversed(list_runs(data))]


def _summarize_run(folder: RunFolder) -> dict[str, Any]:
    state = read_run_state(folder)
    notes_of_run, cell = notes.read_notes(folder), folder.cell
    row = {
        "run_id": folder.run_id, "status": state.status, "title": notes_of_run.name or folder.run_id, "turn": -1, "turns": None,
        "correct": 0, "questions": 0, "seed": None, "group": cell.group if cell else None, "tags": list(notes_of_run.tags),
        "note": notes_of_run.note, "problem": "",
    }  # fmt: skip
    try:
        config, events = folder.read_config(), effective_events(read_past_events(folder))
        exams = [e for e in events if e["type"] == "ExamFinished"]
        finished_turns = [e["turn"] for e in events if e["type"] == "TurnFinished"]
        row |= {"title": notes_of_run.name or config.title, "turns": config.turns, "seed": config.seed}
        row |= {"turn": max(finished_turns, default=-1)}
        row |= {key: exams[-1][key] if exams else 0 for key in ("correct", "questions")}
    except StudentsimError as error:
        state = damaged_state(folder, error)
    except Exception as error:  # whatever its files hold must not hide the other runs
        state = damaged_state(folder, RunError(f"Its files are not understood ({first_line(error)})."))
    if state.status == "damaged":
        row |= {"status": "damaged", "problem": f"{state.message} {state.remedy}".strip()}
    return row


def describe_score(folder: RunFolder) -> str:
    """The scores of a run's first and last exam in words."""
    return _describe_exam_scores(build_run_result(folder)["exams"])


def _describe_exam_scores(exams: list[dict[str, Any]]) -> str:
    if not exams:
        return "no exam was finished"
    first, last = exams[0], exams[-1]
    return f"exam {first['correct']} of {first['questions']} before, {last['correct']} of {last['questions']} in lesson {last['turn']}"


_STAGE_LABELS = {
    "loading": "the student is getting ready",
    "exam": "exam",
    "study": "practice",
    "revision": "second tries",
    "training": "learning",
    "validation": "held-out pairs",
}


def _make_progress_callback(bar: Progress, config: RunConfig) -> Callable[[Event], None]:
    """A function that shows events on the bar, which advances by one for each first attempt."""
    exams = config.exam_turns()
    task: TaskID = bar.add_task(
        "…", total=config.turns * config.questions_per_turn + len(exams) * config.exam_size, score=""
    )

    def count_done_before(turn: int) -> int:
        return max(0, turn - 1) * config.questions_per_turn + sum(t < turn for t in exams) * config.exam_size

    def update_bar(event: Event) -> None:
        if isinstance(event, StageStarted):
            stage = _STAGE_LABELS.get(event.stage, event.stage)
            bar.update(task, description=f"lesson {event.turn} of {config.turns}: {stage}")
            if event.stage in ("loading", "study"):  # a resumed run starts in the middle
                bar.update(task, completed=count_done_before(event.turn))
        elif isinstance(event, AnswerRecorded) and event.attempt == 1:
            bar.advance(task)
        elif isinstance(event, TrainingStep):
            bar.update(task, score=f"margin {event.metrics.rewards_margins:.2f}")
        elif isinstance(event, ExamFinished):
            bar.update(task, score=f"{event.correct} of {event.questions}")

    return update_bar
