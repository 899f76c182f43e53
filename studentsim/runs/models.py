"""What is known of a model of the hub, or of a folder, before a run is made with it. No torch.

First what can be told at once: whether it is there or can be had, which version, whether its memory suffices. Then, at a
price of its loading time, a trial in a process of its own: a test answer, and how long the run would take.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from studentsim.config import Hub, RunConfig
from studentsim.errors import BankError, ConfigError, StudentError
from studentsim.runs.spare import environment
from studentsim.selection import DRAWN
from studentsim.student.hub.machine import Machine, machine
from studentsim.student.hub.sizes import Plan, Shape, dtype_of, in_words, plan, why_unknown
from studentsim.student.hub.source import Source, find
from studentsim.student.huggingface.dtype_choice import LEAST_PARAMETERS, choose_dtype, known_speed, why

_TEMPLATES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
TRIAL = ("-m", "studentsim.runs.trial")
"""What Python is given to try a model out."""
WRONG = 0.75
"""Share of practice questions taken to become a pair, for estimates: the source paper's student was wrong in three of four."""

LOOKED_AT = {"log-probability": 2, "log-probability+category": 2, "likely-wrong": DRAWN}
"""Questions that a way of choosing looks at for each it takes, about; the others look at none."""


@dataclass(frozen=True)
class Estimate:
    """A model on this machine, reckoned without loading it."""

    source: Source
    machine: Machine
    dtype: str
    parameters: int
    plan: Plan
    why: str = ""
    """Why it computes in that dtype, a clause; blank where nothing was to be chosen."""

    def sentences(self, config: RunConfig) -> list[str]:
        """What a user should know before the run is made."""
        source, here = self.source, self.machine
        held = {"nf4": "held in NF4", "8bit": "held in 8 bit"}.get(config.hub.quantisation, "not quantised")
        told = [
            f"{source.name}, version {source.revision[:18]}: {in_words(self.parameters)} parameters, {held}, "
            f"computing in {self.dtype} on {here.name}{f': {self.why}' if self.why else ''}.",
            f"Memory: about {_gb(self.plan.need)} needed, {_gb(here.available)} free of {_gb(here.total)}; "
            f"{self.plan.answers_at_once} answers and {self.plan.pairs_at_once} pairs at once"
            f"{', layers computed twice to save memory' if self.plan.checkpointing else ''}.",
        ]
        if source.folder is None:
            told.append(f"It will be downloaded first: about {_gb(2 * self.parameters)}.")
        if self.plan.need > here.available:
            told.append("That is more than is free just now: close other programs first.")
        if here.device == "cpu" and self.parameters > 1e9:
            told.append("Without a GPU a model of this size takes minutes for each answer.")
        return told


@dataclass(frozen=True)
class Trial:
    """A model tried out: what it wrote on one question, and seconds for each part."""

    said: str
    """What was loaded, and how."""
    problem: str
    text: str
    letter: str | None
    loading: float
    """Seconds to load model and questions, once a run."""
    answer: float
    """Seconds an answer in practice, in a full batch; ``exam`` in an exam, ``choice`` to tell how sure the student is."""
    exam: float
    choice: float
    pair: float
    """Seconds a pair, all epochs together."""
    memory: float
    """Most memory in use, in bytes."""
    longest: int = 0
    """Tokens of the longest prompt of the run's questions, which was tried too; 0: it was not."""
    read: int = 0
    """How many of these the model reads: a longer prompt loses its middle."""

    def seconds(self, config: RunConfig) -> float:
        """Estimated seconds of the whole run."""
        attempts = 1 + WRONG * (config.teaching.attempts - 1)
        lesson = config.questions * (self.answer * attempts + (WRONG * self.pair if config.strategy != "none" else 0))
        lesson += LOOKED_AT.get(config.strategy, 0) * config.questions * self.choice
        return self.loading + config.turns * lesson + len(config.exam_turns()) * config.exam * self.exam

    def sentences(self, config: RunConfig) -> list[str]:
        """The trial in words."""
        ticked = f"read as {self.letter})" if self.letter else "read as unanswered"
        return [
            f"Tried out: {self.said}, {_gb(self.memory)} in use.{self._length()}",
            f"Test answer ({ticked}): {' '.join(self.text.split())[:300] or '(nothing)'}",
            f"The run will take about {_duration(self.seconds(config))}: {self.answer:.2f} s an answer, {self.exam:.2f} s in exams, "
            f"{self.pair:.2f} s a pair.",
        ]

    def _length(self) -> str:
        """The longest prompt, in words."""
        if not self.longest:
            return ""
        cut = f", of which it reads {self.read:,}: the longest lose their middle" if self.read < self.longest else ""
        return f" The longest question of all was tried too: {self.longest:,} tokens{cut}."


def check_model(config: RunConfig) -> RunConfig:
    """The settings with the model's version written in, what it computes in on a processor, and today's date where its prompts hold
    one.

    What it computes in decides the last bits of everything: so it is chosen once, and a run that goes on elsewhere keeps it.

    :raises ConfigError: there is no such model, or it must not be used, or this machine is too small for it.
    """
    found = estimate(config)
    here, need = found.machine, found.plan.need
    if need > here.total:
        remedy = (
            "Choose a smaller model."
            if config.hub.quantisation == "nf4"
            else "Choose quantisation nf4, or a smaller model."
        )
        raise ConfigError(
            f"The model {config.model} needs about {_gb(need)} of memory, and {here.name} has {_gb(here.total)}.",
            remedy,
            field="model",
        )
    printed = today() if prints_date(found.source.folder) else ""
    pinned = {"revision": found.source.revision, "prompt_date": config.hub.prompt_date or printed}
    if here.device == "cpu":  # what a GPU is able to do is not known without asking torch
        pinned["dtype"] = found.dtype
    return config.model_copy(update={"hub": config.hub.model_copy(update=pinned)})


def today() -> str:
    """The date (ISO) that prompts of a run made now are to print."""
    return date.today().isoformat()


def prints_date(folder: Path | None) -> bool:
    """Whether the chat template in a model's folder prints today's date. A model that is not here yet may: then it is taken to do so."""
    files = [folder / name for name in _TEMPLATES if (folder / name).is_file()] if folder else []
    return any("strftime_now" in file.read_text(encoding="utf-8", errors="replace") for file in files) or not files


def estimate(config: RunConfig) -> Estimate:
    """The model on this machine. Asks the hub, for some seconds, where the model is not here.

    What ``hub.dtype`` leaves open is measured once on a processor, which takes some seconds (``student/huggingface/dtype_choice.py``).

    :raises ConfigError: as ``check_model``, but for the memory.
    """
    source = find(config.model, config.hub.revision)
    shape = Shape.of(source.config)
    if shape is None:
        problem, remedy = why_unknown(str(source.config.get("model_type", "unknown")))
        raise ConfigError(f"The model {config.model} {problem}.", remedy, field="model")
    here = machine(config.hub.device)
    parameters = source.parameters or shape.parameters
    dtype, reason = _dtype(config.hub, here, shape, parameters)
    settled = config.model_copy(update={"hub": config.hub.model_copy(update={"dtype": dtype})})
    return Estimate(source, here, dtype, parameters, plan(settled, shape, parameters, here), reason)


def _dtype(hub: Hub, here: Machine, shape: Shape, parameters: int) -> tuple[str, str]:
    """What a model computes in here, and a clause that says why, where that is known."""
    if here.device != "cpu" or hub.quantisation != "none":
        return dtype_of(hub, here.device), ""
    if hub.dtype == "auto":
        choice = choose_dtype(shape, parameters)
        return choice.dtype, choice.reason
    speed = known_speed(shape) if hub.dtype != "float16" else None
    return hub.dtype, why(speed) if speed and parameters >= LEAST_PARAMETERS else ""


def try_out(config: RunConfig, *, patience: float | None = None, on_step: Callable[[str], None] | None = None) -> Trial:
    """Load the model in a process of its own, let it answer and learn a little. Takes as long as loading it does.

    ``patience`` is the most seconds to wait (None: as long as a download takes); ``on_step`` hears what is tried now.

    :raises ConfigError, BankError, StudentError: it cannot be loaded, or not used; says why.
    """
    found, code, words, late = _carried_out(config.model_dump_json(), patience, on_step or (lambda _: None))
    if late:
        raise StudentError(
            f"The model {config.model} did not answer within {patience:.0f} seconds.", "Choose a smaller one, or a GPU."
        )
    if "kind" not in found:
        why = "its memory did not suffice" if code in (-9, 137) else (words.strip()[-300:] or "no word")
        raise StudentError(f"The model {config.model} cannot be tried out: {why}.", "Choose a smaller one.")
    if found["kind"]:
        kind = {"ConfigError": ConfigError, "BankError": BankError}.get(found["kind"], StudentError)
        extra = {"field": found["field"]} if kind is ConfigError else {}
        raise kind(found["problem"], found["remedy"], **extra)
    return Trial(**found["trial"])


def _carried_out(
    asked: str, patience: float | None, on_step: Callable[[str], None]
) -> tuple[dict[str, Any], int, str, bool]:
    """The last thing that the trial's process says, its exit code, its words on stderr, and whether it was too late."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    found: dict[str, Any] = {}
    late = threading.Event()
    with subprocess.Popen([sys.executable, *TRIAL], **pipes, text=True, env=environment()) as child:
        watch = threading.Timer(patience or 0, lambda: (late.set(), child.kill()))
        words: list[str] = []
        listener = threading.Thread(target=lambda: words.append(child.stderr.read()), daemon=True)
        listener.start()
        if patience is not None:
            watch.start()
        try:
            with contextlib.suppress(BrokenPipeError):  # it died at once; its exit says why
                child.stdin.write(asked)
                child.stdin.close()
            for line in child.stdout:
                if told := _told(line):
                    found = told
                if "step" in told:
                    on_step(told["step"])
        except BaseException:  # whoever listens has had enough: nobody waits for the trial's end
            child.kill()
            raise
        finally:
            watch.cancel()
        code = child.wait()
        listener.join(timeout=1)
    return found, code, "".join(words), late.is_set()


def _told(line: str) -> dict[str, Any]:
    """The object that a line holds; an empty one for what a library prints, be it a number."""
    with contextlib.suppress(ValueError):
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    return {}


def as_json(trial: Trial, config: RunConfig) -> dict[str, object]:
    """The trial's figures with the run's estimated seconds."""
    return {**asdict(trial), "run_seconds": trial.seconds(config)}


def _gb(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
