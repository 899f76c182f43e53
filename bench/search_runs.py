"""How ``small_model_search.py`` carries a cell out: a run like any other (``runs/execute.py``), on questions dealt anew, and its figures.

Search and confirmation examine different questions. A bank's own exam is too small for both (MathQA's dev split: some 750 that
are not doubtful), so questions for study make up what is missing, and are then not studied by anybody.
"""

from __future__ import annotations

import gc
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean, variance
from typing import Any

from search_cells import Cell

from studentsim import presets
from studentsim.analysis.intervals import half_width
from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import open_bank
from studentsim.datasets.splits import normalize_problem_text
from studentsim.exam import paired_difference_interval
from studentsim.runs import executor, preflight
from studentsim.runs.run_dir import RunFolder, create_folder_atomically, ensure_data_folder
from studentsim.simulation import Components
from studentsim.store.journal import effective_events, read_events
from studentsim.student.protocols import Student
from studentsim.types import Answer, Question

CONFIRMED = 600
"""Exam questions of the confirmation."""
SEARCHED = 300
"""Exam questions of the search."""
MINIMUM_STUDIED = 24
"""Questions that must be left for study."""


@dataclass(frozen=True)
class Protocol:
    """What all cells of a search have in common."""

    model: str
    bank: str
    """MathQA's file; the curriculum needs none."""
    questions: int = 24
    validation: int = 16
    searched: int = SEARCHED
    confirmed: int = CONFIRMED
    more: Mapping[str, Any] | None = None
    """Further settings of every run, laid over the rest: ``{"model_loading": {"dtype": "bfloat16"}}``."""

    def config(self, cell: Cell, *, lessons: int, seed: int, confirming: bool) -> RunConfig:
        """The run of a cell. Its exam has all questions of its part, whatever the exam's seed."""
        own = {
            "model": self.model, "bank": self.bank if cell.bank == "mathqa" else "curriculum",
            "drop_invalid": cell.bank == "mathqa", "strategy": "random", "seed": seed, "turns": lessons,
            "questions_per_turn": self.questions, "exam_size": self.confirmed if confirming else self.searched, "exam_every": lessons,
            "validation": self.validation, "name": cell.name, "model_loading": {"exam_mode": "scored"},
        }  # fmt: skip
        layers = (presets.get_preset("default", self.model).model_dump(), own, cell.settings(), self.more or {})
        settings: dict[str, Any] = {}
        for layer in layers:
            for key, value in layer.items():
                settings[key] = {**settings[key], **value} if isinstance(settings.get(key), dict) else value
        return RunConfig.make(**settings)


def dealt(bank: Bank, *, confirming: bool, searched: int = SEARCHED, confirmed: int = CONFIRMED) -> Bank:
    """The same bank with the exam of the search or of the confirmation; nobody studies a question of either.

    Questions of the bank's own exam come first, in an order by their words' hash; no problem is in two of the parts.

    :raises SystemExit: the bank is too small.
    """

    def in_order(questions: Sequence[Question]) -> list[Question]:
        return sorted(questions, key=lambda q: hashlib.sha256(normalize_problem_text(q.problem).encode()).digest())

    kept = {normalize_problem_text(q.problem) for q in bank.validation}
    by_problem: dict[str, Question] = {}
    for question in (*in_order(bank.exam), *in_order(bank.study)):
        if normalize_problem_text(question.problem) not in kept:
            by_problem.setdefault(normalize_problem_text(question.problem), question)
    examined = list(by_problem.values())[: searched + confirmed]
    taken = {normalize_problem_text(q.problem) for q in examined}
    study = [q for q in bank.study if normalize_problem_text(q.problem) not in taken]
    if len(examined) < searched + confirmed or len(study) < MINIMUM_STUDIED:
        raise SystemExit(
            f"The bank {bank.name!r} is too small for exams of {searched} and {confirmed} different questions."
        )
    exam = examined[:confirmed] if confirming else examined[confirmed:]
    return Bank.from_questions(bank.name, [*study, *bank.validation, *(replace(q, split="exam") for q in exam)])


def load_cast(config: RunConfig, protocol: Protocol, *, confirming: bool) -> Components:
    """As ``casting.build_components``, with the questions dealt anew."""
    import torch

    from studentsim import factory
    from studentsim.parallel import available_cores
    from studentsim.student.huggingface.loading import load_model
    from studentsim.student.huggingface.student import HubStudent

    torch.set_num_threads(min(64, available_cores()))
    bank = dealt(
        open_bank(config.bank, drop_invalid=config.drop_invalid),
        confirming=confirming,
        searched=protocol.searched,
        confirmed=protocol.confirmed,
    )
    student = HubStudent(load_model(config), config)
    learner = factory.build_trainer(student, config, factory.build_rehearsal(config, bank))
    remember_first_exam(
        student, (config.model, config.model_loading.model_dump_json(), config.bank, confirming, len(bank.exam))
    )
    return Components(bank, student, factory.build_teacher(config), learner)


_FIRST_EXAMS: dict[tuple[object, ...], list[Answer]] = {}


def remember_first_exam(student: Student, key: tuple[object, ...]) -> None:
    """Let a student that has learnt nothing yet answer a scored exam as the one before it did: of one model and bank all do alike.

    Its first exam is a fifth of a short run's time. Taken back when it is asked for practice, which comes before the first lesson.
    """
    answer = student.answer

    def answers(questions: Sequence[Question], *, seed_key: Sequence[object], **how: Any) -> Iterator[Answer]:
        if seed_key[0] != "exam":
            student.answer = answer  # type: ignore[method-assign]
            yield from answer(questions, seed_key=seed_key, **how)
            return
        if key not in _FIRST_EXAMS:
            _FIRST_EXAMS[key] = list(answer(questions, seed_key=seed_key, **how))
        asked = {q.id for q in questions}
        assert asked == {a.question_id for a in _FIRST_EXAMS[key]}, "the exam is another one"
        yield from _FIRST_EXAMS[key]

    student.answer = answers  # type: ignore[method-assign]


def carry_out(
    work: Path,
    run_id: str,
    cell: Cell,
    protocol: Protocol,
    *,
    lessons: int,
    seed: int,
    confirming: bool = False,
    within: Callable[[RunFolder], Any],
    load: Callable[..., Components] = load_cast,
) -> RunFolder | None:
    """Carry a cell's run out, or on where it was interrupted; None where it paused. ``within`` makes the context that asks it to pause.

    :raises SystemExit: it failed.
    """
    root = ensure_data_folder(work)
    folder = RunFolder(root / run_id)
    if not (folder.path / "config.json").is_file():
        config = preflight.check_student(protocol.config(cell, lessons=lessons, seed=seed, confirming=confirming))
        create_folder_atomically(root, run_id, {"config.json": config.model_dump_json()})
    folder.clear_request()
    events = read_events(folder.journal_path) if folder.journal_path.exists() else []
    if not (events and events[-1].get("status") == "finished"):
        with within(folder):
            status = executor.execute(
                folder, build_components=lambda config: load(config, protocol, confirming=confirming)
            )
        gc.collect()
        if status == "failed":
            raise SystemExit(f"{run_id} failed: {read_events(folder.journal_path)[-1].get('message')}")
        if status != "finished":
            return None
    return folder


def figures(folder: RunFolder, cell: Cell) -> dict[str, Any]:
    """What a finished run shows, as plain JSON; see the keys. ``heldout_logp`` is the right texts' mean summed log-probability."""
    events = effective_events(read_events(folder.journal_path))
    before, after = marks(events, 0), marks(events, max(e["turn"] for e in events))
    looked = [e for e in events if e["type"] == "ValidationFinished"]
    last, first = (looked[-1], looked[0]) if looked else ({}, {})
    low, high = gain_interval(before, [after])
    return {
        "cell": cell.levels(), "name": cell.name, "run_id": folder.run_id, "seed": folder.read_config().seed,
        "lessons": folder.read_config().turns, "questions": len(before),
        "before": sum(before.values()), "after": sum(after.values()),
        "gain": (sum(after.values()) - sum(before.values())) / len(before), "low": low, "high": high,
        "reward_accuracy": last.get("metrics", {}).get("rewards_accuracies"),
        "option_reward_accuracy": last.get("option_accuracies"),
        "heldout_logp": last.get("metrics", {}).get("logps_chosen"),
        "heldout_logp_first": first.get("metrics", {}).get("logps_chosen"),
        "pairs": sum(e["pairs"] for e in events if e["type"] == "TurnFinished"),
        "seconds": events[-1]["seconds"], "dtype": folder.read_config().model_loading.dtype,
    }  # fmt: skip


def marks(events: Sequence[Mapping[str, Any]], turn: int) -> dict[str, bool]:
    """Question and whether it was answered rightly, in the exam after that turn."""
    told = (e for e in events if e["type"] == "AnswerRecorded" and e["phase"] == "exam" and e["turn"] == turn)
    return {e["question_id"]: e["is_correct"] for e in told}


def gain_interval(before: Mapping[str, bool], after: Sequence[Mapping[str, bool]]) -> tuple[float, float]:
    """The 95 % interval of the gain (a fraction, -1 to 1) on the same questions, by one or several runs.

    One: Bonett and Price's of paired proportions (``exam.paired_difference_interval``). Several: the questions' mean gains over the runs
    tell     the luck of the questions, the runs' mean gains over the questions that of the runs; both variances are added (``half_width``).
    """
    if len(after) == 1:
        gained = sum(after[0][q] and not before[q] for q in before)
        lost = sum(before[q] and not after[0][q] for q in before)
        return paired_difference_interval(gained, lost, len(before))
    by_question = [fmean(run[q] for run in after) - before[q] for q in before]
    by_run = [fmean(run[q] - before[q] for q in before) for run in after]
    parts = [(variance(by_question) / len(before), len(before) - 1), (variance(by_run) / len(after), len(after) - 1)]
    gain, half = fmean(by_run), half_width([(float(v), float(df)) for v, df in parts])
    return max(-1.0, gain - half), min(1.0, gain + half)


def results_of(path: Path) -> list[dict[str, Any]]:
    """The lines of a file of results; a half-written last line does not count."""
    if not path.exists():
        return []
    whole = path.read_text().rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines() if line.strip()]


def add_result(path: Path, found: Mapping[str, Any]) -> None:
    """Add a line, in the place of whatever half line a kill left. Writes, to the disk."""
    with path.open("ab+") as file:
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
        file.write(json.dumps(found).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
