"""A run in the foreground: the command line's settings, progress bar and JSON."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from studentsim import presets
from studentsim.cli.figures import build_run_result, describe_category_mix
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.events import Answered, Event, ExamFinished, StageStarted, TrainingStep
from studentsim.labels import language_models
from studentsim.runs import executor, grader_info, model_info, notes
from studentsim.runs.history import read_past_events
from studentsim.runs.run_dir import RunFolder, list_runs
from studentsim.runs.status import read_run_state
from studentsim.runs.student_profile import is_table_path, resolve_student_settings
from studentsim.store.journal import effective_events

COMMA_SEPARATED_OPTIONS = ("categories", "skills")
DPO_OPTIONS = (
    "learning_rate", "beta", "epochs", "batch", "loss", "reference", "lora_rank", "lora_alpha", "label_smoothing", "sft_weight",
    "rehearsal",
)  # fmt: skip
TEACHER_OPTIONS = {
    "feedback": "feedback", "attempts": "attempts", "learn_from": "pairs", "error_rate": "error_rate", "doubts": "doubts",
    "chosen_text": "chosen_text", "marker": "marker", "marker_revision": "marker_revision", "decides": "decides", "writer": "writer",
}  # fmt: skip
"""Options of ``run`` that are settings of its Teaching, by their names there."""
MODEL_LOADING_OPTIONS = {
    "revision": "revision", "quantisation": "quantisation", "device": "device", "dtype": "dtype", "option_scores": "scores",
    "exams": "exams", "answers_at_once": "answers_at_once", "pairs_at_once": "pairs_at_once",
    "checkpointing": "gradient_checkpointing", "optimiser": "optimiser", "answer_form": "answer_form",
    "calculator": "calculator",
}  # fmt: skip
"""Options of ``run`` that are settings of its Hub, by their names there."""
RUN_OPTIONS = (
    "strategy", "turns", "questions", "exam", "exam_every", "validation", "validation_every", "seed", "exam_seed",
    "student", "weights", "model", "temperature", "bank", "bank_category", "bank_set", "leave_out_doubtful", "mix", "mix_rule", "threshold",
    "name",
    "max_new_tokens", *COMMA_SEPARATED_OPTIONS, *DPO_OPTIONS, *TEACHER_OPTIONS, *MODEL_LOADING_OPTIONS,
)  # fmt: skip
"""Options of ``run`` that are settings of a RunConfig, or of its Learning."""

components_builder: executor.ComponentsBuilder | None = None
"""Who plays: None for the real ones. Tests put a fake student here."""

EXIT_CODES = {"finished": 0, "paused": 130, "cancelled": 130}


def build_config(preset: str, options: Mapping[str, Any]) -> RunConfig:
    """The settings: the preset's, but for those given (None: not given).

    :raises ConfigError: one of them is wrong.
    """
    options = {key: value for key, value in options.items() if value is not None}
    settings = presets.get_preset(preset, options.get("model", "embedded")).model_dump()
    settings["learning"] |= {key: options.pop(key) for key in DPO_OPTIONS if key in options}
    settings["hub"] |= {MODEL_LOADING_OPTIONS[key]: options.pop(key) for key in MODEL_LOADING_OPTIONS if key in options}
    settings["teaching"] |= {TEACHER_OPTIONS[key]: options.pop(key) for key in TEACHER_OPTIONS if key in options}
    for key in COMMA_SEPARATED_OPTIONS:
        if key in options:
            options[key] = tuple(part.strip() for part in options[key].split(",") if part.strip())
    if "mix" in options:
        options["mix"] = parse_mix(options["mix"])
    if is_table_path(options.get("student", "")):
        options |= resolve_student_settings(options["student"])
    return RunConfig.make(**{**settings, **options})


def parse_mix(text: str) -> dict[str, float]:
    """``general=20,physics=80`` as shares in percent by category.

    :raises ConfigError: it cannot be read so.
    """
    mix: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
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
    """Say on stderr what is known of a model of the hub; with ``trial`` load it, and say what it wrote and how long a run takes.

    ``timeout_seconds`` is the most seconds for the trial (None: as long as it takes); ``on_progress`` says each of its steps (None: with the
    seconds from now on).

    :raises StudentsimError: it cannot be used.
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
    """Say on stderr in what a run by the paper's preset is not the paper's, a line each."""
    for departure in language_models.preset_departures(config):
        print(f"Not as in the paper: {departure}", file=sys.stderr, flush=True)


def print_grader_summary(config: RunConfig) -> None:
    """Say on stderr what is known of a marker that is no part of the product, and how good it was when it was made.

    :raises ConfigError: it cannot be had.
    """
    for sentence in grader_info.describe_grader(config):
        print(sentence, file=sys.stderr, flush=True)
    if grader_info.has_external_grader(config.teaching):
        from studentsim.analysis import grader_evaluation
        from studentsim.narration import teaching_summary  # imports pandas

        grader = config.teaching.marker
        accuracy_check = grader_evaluation.load_evaluation(Path(grader))
        unknown_message = (
            f"How often it marks as the key does is not known: python -m studentsim check-teacher --marker {grader}"
        )
        print(
            teaching_summary.describe_grader_evaluation(accuracy_check) if accuracy_check else unknown_message,
            file=sys.stderr,
            flush=True,
        )


def make_step_printer() -> Callable[[str], None]:
    """A function that says a step of a trial on stderr as it begins, with the seconds since this one was asked for."""
    started_at = time.monotonic()

    def print_step(step: str) -> None:
        print(f"{time.monotonic() - started_at:4.0f} s  Trying it out: {step} …", file=sys.stderr, flush=True)

    return print_step


def run_and_exit(folder: RunFolder, *, as_json: bool) -> None:
    """Carry the run out with a progress bar on stderr, and end the process: 0 finished, 1 failed, 130 paused. Writes.

    :raises StudentsimError: as ``execute``.
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
    """Carry the run out with a progress bar on stderr; the status it ends with. Writes.

    :raises StudentsimError: as ``execute``.
    """
    config = folder.read_config()
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[score]}"), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
    with bar:
        return executor.execute(
            folder,
            build_components=components_builder,
            on_event=_make_progress_callback(bar, config),
            pause_on=(signal.SIGINT, signal.SIGTERM),
        )


def print_feedback_evaluation(student: str, questions: int) -> dict[str, Any]:
    """Ask, say and ask again, and print the rates with their intervals; the same as plain figures.

    :raises ConfigError: there is no such student.
    """
    from studentsim.evaluation.feedback_eval import evaluate_feedback
    from studentsim.student.embedded.model import load_embedded_model
    from studentsim.student.embedded.student import EmbeddedStudent  # imports torch

    config = RunConfig.make(**resolve_student_settings(student))
    evaluation = evaluate_feedback(EmbeddedStudent(*load_embedded_model(config.weights), config), questions)
    gain, low, high = evaluation.gain
    print(f"{student}: {evaluation.first_right} of {evaluation.questions} right at first")
    titles = ("Second tries at wrong answers, right after", "Right answers called wrong, right again after")
    for title, rates in zip(titles, (evaluation.after_wrong, evaluation.after_right), strict=True):
        print(title)
        for rate in rates:
            interval = f"{100 * rate.interval[0]:.1f} to {100 * rate.interval[1]:.1f}"
            print(f"  {rate.words:<12} {100 * rate.accuracy:5.1f} % ({interval}), {rate.right} of {rate.tried}")
    print(
        f"A hint, against being asked again with no words: {100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    )
    return asdict(evaluation)


def print_open_book_evaluation(student: str, questions: int) -> dict[str, Any]:
    """Ask with nothing, a fitting passage and another skill's beside the question, and print the differences; the same as plain figures.

    :raises ConfigError: there is no such student.
    """
    from studentsim.evaluation.open_book_eval import evaluate_open_book
    from studentsim.student.embedded.model import load_embedded_model
    from studentsim.student.embedded.student import EmbeddedStudent  # imports torch

    config = RunConfig.make(**resolve_student_settings(student))
    evaluation = evaluate_open_book(EmbeddedStudent(*load_embedded_model(config.weights), config), questions)
    print(f"{student}: {100 * evaluation.none:.1f} % of {evaluation.questions} right with nothing beside the question")
    for kind, accuracy, gain in (
        ("a fitting passage", evaluation.fitting, evaluation.fitting_gain),
        ("another skill's", evaluation.other, evaluation.other_gain),
    ):
        points = [f"{100 * x:+.1f}" for x in gain]
        print(f"  {kind:<18} {100 * accuracy:5.1f} %, {points[0]} points ({points[1]} to {points[2]})")
    return asdict(evaluation)


def summarize_runs(data: Path) -> list[dict[str, Any]]:
    """A row for each run, newest first: run_id, status, title, turn, turns, the last exam's correct and questions, seed, group, and
    the user's tags and note."""
    rows = []
    for folder in reversed(list_runs(data)):
        config, events = folder.read_config(), effective_events(read_past_events(folder))
        notes_of_run, cell = notes.read_notes(folder), folder.cell
        exams = [e for e in events if e["type"] == "ExamFinished"]
        finished_turns = [e["turn"] for e in events if e["type"] == "TurnFinished"]
        rows.append(
            {
                "run_id": folder.run_id,
                "status": read_run_state(folder).status,
                "title": notes_of_run.name or config.title,
                "turn": max(finished_turns, default=-1),
                "turns": config.turns,
                "correct": exams[-1]["correct"] if exams else 0,
                "questions": exams[-1]["questions"] if exams else 0,
                "seed": config.seed,
                "group": cell.group if cell else None,
                "tags": list(notes_of_run.tags),
                "note": notes_of_run.note,
            }
        )
    return rows


def describe_score(folder: RunFolder) -> str:
    """The first and the last exam of a run in words."""
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
    """A function that shows events on the bar: one answer, one step of it."""
    exams = config.exam_turns()
    task: TaskID = bar.add_task("…", total=config.turns * config.questions + len(exams) * config.exam, score="")

    def count_done_before(turn: int) -> int:
        return max(0, turn - 1) * config.questions + sum(t < turn for t in exams) * config.exam

    def update_bar(event: Event) -> None:
        if isinstance(event, StageStarted):
            stage = _STAGE_LABELS.get(event.stage, event.stage)
            bar.update(task, description=f"lesson {event.turn} of {config.turns}: {stage}")
            if event.stage in ("loading", "study"):  # a resumed run begins in the midst
                bar.update(task, completed=count_done_before(event.turn))
        elif isinstance(event, Answered) and event.attempt == 1:
            bar.advance(task)
        elif isinstance(event, TrainingStep):
            bar.update(task, score=f"margin {event.metrics.rewards_margins:.2f}")
        elif isinstance(event, ExamFinished):
            bar.update(task, score=f"{event.correct} of {event.questions}")

    return update_bar
