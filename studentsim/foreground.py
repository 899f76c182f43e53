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
from studentsim.cli.figures import mix_lines, result_of
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.records import Answered, Event, ExamFinished, StageStarted, TrainingStep
from studentsim.runs import execute as execution
from studentsim.runs import models, notes, teachers
from studentsim.runs.folder import RunFolder, all_runs
from studentsim.runs.past import past_events
from studentsim.runs.states import observe
from studentsim.runs.students import is_table, student_settings
from studentsim.store.journal import standing
from studentsim.ui import language_models

LISTS = ("categories", "skills")
LEARNING = (
    "learning_rate", "beta", "epochs", "batch", "loss", "reference", "lora_rank", "lora_alpha", "label_smoothing", "sft_weight",
    "rehearsal",
)  # fmt: skip
TEACHING = {
    "feedback": "feedback", "attempts": "attempts", "learn_from": "pairs", "error_rate": "error_rate", "doubts": "doubts",
    "chosen_text": "chosen_text", "marker": "marker", "marker_revision": "marker_revision", "decides": "decides", "writer": "writer",
}  # fmt: skip
"""Options of ``run`` that are settings of its Teaching, by their names there."""
HUB = {
    "revision": "revision", "quantisation": "quantisation", "device": "device", "dtype": "dtype", "option_scores": "scores",
    "exams": "exams", "answers_at_once": "answers_at_once", "pairs_at_once": "pairs_at_once",
    "checkpointing": "gradient_checkpointing", "optimiser": "optimiser", "answer_form": "answer_form",
    "calculator": "calculator",
}  # fmt: skip
"""Options of ``run`` that are settings of its Hub, by their names there."""
SETTINGS = (
    "strategy", "turns", "questions", "exam", "exam_every", "validation", "validation_every", "seed", "exam_seed",
    "student", "weights", "model", "temperature", "bank", "bank_category", "bank_set", "leave_out_doubtful", "mix", "mix_rule", "threshold",
    "name",
    "max_new_tokens", *LISTS, *LEARNING, *TEACHING, *HUB,
)  # fmt: skip
"""Options of ``run`` that are settings of a RunConfig, or of its Learning."""

load_cast: execution.LoadCast | None = None
"""Who plays: None for the real ones. Tests put a fake student here."""

EXIT = {"finished": 0, "paused": 130, "cancelled": 130}


def config_of(preset: str, given: Mapping[str, Any]) -> RunConfig:
    """The settings: the preset's, but for those given (None: not given).

    :raises ConfigError: one of them is wrong.
    """
    given = {key: value for key, value in given.items() if value is not None}
    settings = presets.preset(preset, given.get("model", "embedded")).model_dump()
    settings["learning"] |= {key: given.pop(key) for key in LEARNING if key in given}
    settings["hub"] |= {HUB[key]: given.pop(key) for key in HUB if key in given}
    settings["teaching"] |= {TEACHING[key]: given.pop(key) for key in TEACHING if key in given}
    for key in LISTS:
        if key in given:
            given[key] = tuple(part.strip() for part in given[key].split(",") if part.strip())
    if "mix" in given:
        given["mix"] = parse_mix(given["mix"])
    if is_table(given.get("student", "")):
        given |= student_settings(given["student"])
    return RunConfig.make(**{**settings, **given})


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


def introduce(
    config: RunConfig,
    *,
    trial: bool,
    as_json: bool = False,
    patience: float | None = None,
    on_step: Callable[[str], None] | None = None,
) -> None:
    """Say on stderr what is known of a model of the hub; with ``trial`` load it, and say what it wrote and how long a run takes.

    ``patience`` is the most seconds for the trial (None: as long as it takes); ``on_step`` says each of its steps (None: with the
    seconds from now on).

    :raises StudentsimError: it cannot be used.
    """
    on_step = on_step or step_sayer()
    found = models.estimate(config)
    for sentence in found.sentences(config):
        print(sentence, file=sys.stderr, flush=True)
    if trial:
        tried = models.try_out(config, patience=patience, on_step=on_step)
        for sentence in tried.sentences(config):
            print(sentence, file=sys.stderr, flush=True)
        if as_json:
            print(json.dumps({"revision": found.source.revision, **models.as_json(tried, config)}))


def say_departures(config: RunConfig) -> None:
    """Say on stderr in what a run by the paper's preset is not the paper's, a line each."""
    for departure in language_models.departures(config):
        print(f"Not as in the paper: {departure}", file=sys.stderr, flush=True)


def introduce_teacher(config: RunConfig) -> None:
    """Say on stderr what is known of a marker that is no part of the product, and how good it was when it was made.

    :raises ConfigError: it cannot be had.
    """
    for sentence in teachers.sentences(config):
        print(sentence, file=sys.stderr, flush=True)
    if teachers.names_a_model(config.teaching):
        from studentsim.ui.teaching import check, sentences  # imports pandas

        marker = config.teaching.marker
        found = check.known(Path(marker))
        unknown = (
            f"How often it marks as the key does is not known: python -m studentsim check-teacher --marker {marker}"
        )
        print(sentences.marker_check(found) if found else unknown, file=sys.stderr, flush=True)


def step_sayer() -> Callable[[str], None]:
    """A function that says a step of a trial on stderr as it begins, with the seconds since this one was asked for."""
    began = time.monotonic()

    def say(step: str) -> None:
        print(f"{time.monotonic() - began:4.0f} s  Trying it out: {step} …", file=sys.stderr, flush=True)

    return say


def carry_out(folder: RunFolder, *, as_json: bool) -> None:
    """Carry the run out with a progress bar on stderr, and end the process: 0 finished, 1 failed, 130 paused. Writes.

    :raises StudentsimError: as ``execute``.
    """
    status = play(folder)
    found = result_of(folder)
    if as_json:
        print(json.dumps(found), flush=True)
    else:
        print(f"{folder.run_id}: {status} after {found['seconds']:.0f} s; {_score(found['exams'])}", flush=True)
        if found["choosing"]:
            print(f"How questions were chosen: {found['choosing']}", flush=True)
        for line in mix_lines(folder):
            print(line, flush=True)
    if status == "failed":
        print(f"Error: {found['message']}", file=sys.stderr)
    elif status == "paused":
        why = f"{found['message']} " if found["message"] else ""
        data = folder.path.parent.parent
        print(f"{why}Go on with: python -m studentsim resume {folder.run_id} --data {data}", file=sys.stderr)
    raise typer.Exit(EXIT.get(status, 1))


def play(folder: RunFolder) -> str:
    """Carry the run out with a progress bar on stderr; the status it ends with. Writes.

    :raises StudentsimError: as ``execute``.
    """
    config = folder.config()
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[score]}"), TimeRemainingColumn(),
        console=console, disable=not console.is_terminal,
    )  # fmt: skip
    with bar:
        return execution.execute(
            folder,
            load_cast=load_cast,
            on_event=_painter(bar, config),
            pause_on=(signal.SIGINT, signal.SIGTERM),
        )


def check_feedback(student: str, questions: int) -> dict[str, Any]:
    """Ask, say and ask again, and print the rates with their intervals; the same as plain figures.

    :raises ConfigError: there is no such student.
    """
    from studentsim.second_tries import second_tries
    from studentsim.student.embedded import EmbeddedStudent  # imports torch
    from studentsim.student.model import load_embedded

    config = RunConfig.make(**student_settings(student))
    found = second_tries(EmbeddedStudent(*load_embedded(config.weights), config), questions)
    gain, low, high = found.gain
    print(f"{student}: {found.first_right} of {found.questions} right at first")
    titles = ("Second tries at wrong answers, right after", "Right answers called wrong, right again after")
    for title, rates in zip(titles, (found.after_wrong, found.after_right), strict=True):
        print(title)
        for rate in rates:
            interval = f"{100 * rate.interval[0]:.1f} to {100 * rate.interval[1]:.1f}"
            print(f"  {rate.words:<12} {100 * rate.share:5.1f} % ({interval}), {rate.right} of {rate.tried}")
    print(
        f"A hint, against being asked again with no words: {100 * gain:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})"
    )
    return asdict(found)


def check_open_book(student: str, questions: int) -> dict[str, Any]:
    """Ask with nothing, a fitting passage and another skill's beside the question, and print the differences; the same as plain figures.

    :raises ConfigError: there is no such student.
    """
    from studentsim.open_book import open_book
    from studentsim.student.embedded import EmbeddedStudent  # imports torch
    from studentsim.student.model import load_embedded

    config = RunConfig.make(**student_settings(student))
    found = open_book(EmbeddedStudent(*load_embedded(config.weights), config), questions)
    print(f"{student}: {100 * found.none:.1f} % of {found.questions} right with nothing beside the question")
    for kind, share, gain in (
        ("a fitting passage", found.fitting, found.fitting_gain),
        ("another skill's", found.other, found.other_gain),
    ):
        points = [f"{100 * x:+.1f}" for x in gain]
        print(f"  {kind:<18} {100 * share:5.1f} %, {points[0]} points ({points[1]} to {points[2]})")
    return asdict(found)


def overview(data: Path) -> list[dict[str, Any]]:
    """A row for each run, newest first: run_id, status, title, turn, turns, the last exam's correct and questions, seed, group, and
    the user's tags and note."""
    rows = []
    for folder in reversed(all_runs(data)):
        config, events = folder.config(), standing(past_events(folder))
        said, cell = notes.read(folder), folder.cell
        exams = [e for e in events if e["type"] == "ExamFinished"]
        done = [e["turn"] for e in events if e["type"] == "TurnFinished"]
        rows.append(
            {
                "run_id": folder.run_id,
                "status": observe(folder).status,
                "title": said.name or config.title,
                "turn": max(done, default=-1),
                "turns": config.turns,
                "correct": exams[-1]["correct"] if exams else 0,
                "questions": exams[-1]["questions"] if exams else 0,
                "seed": config.seed,
                "group": cell.group if cell else None,
                "tags": list(said.tags),
                "note": said.note,
            }
        )
    return rows


def score_of(folder: RunFolder) -> str:
    """The first and the last exam of a run in words."""
    return _score(result_of(folder)["exams"])


def _score(exams: list[dict[str, Any]]) -> str:
    if not exams:
        return "no exam was finished"
    first, last = exams[0], exams[-1]
    return f"exam {first['correct']} of {first['questions']} before, {last['correct']} of {last['questions']} in lesson {last['turn']}"


_STAGES = {
    "loading": "the student is getting ready",
    "exam": "exam",
    "study": "practice",
    "revision": "second tries",
    "training": "learning",
    "validation": "held-out pairs",
}


def _painter(bar: Progress, config: RunConfig) -> Callable[[Event], None]:
    """A function that shows events on the bar: one answer, one step of it."""
    exams = config.exam_turns()
    task: TaskID = bar.add_task("…", total=config.turns * config.questions + len(exams) * config.exam, score="")

    def done_before(turn: int) -> int:
        return max(0, turn - 1) * config.questions + sum(t < turn for t in exams) * config.exam

    def paint(event: Event) -> None:
        if isinstance(event, StageStarted):
            stage = _STAGES.get(event.stage, event.stage)
            bar.update(task, description=f"lesson {event.turn} of {config.turns}: {stage}")
            if event.stage in ("loading", "study"):  # a resumed run begins in the midst
                bar.update(task, completed=done_before(event.turn))
        elif isinstance(event, Answered) and event.attempt == 1:
            bar.advance(task)
        elif isinstance(event, TrainingStep):
            bar.update(task, score=f"margin {event.metrics.rewards_margins:.2f}")
        elif isinstance(event, ExamFinished):
            bar.update(task, score=f"{event.correct} of {event.questions}")

    return paint
