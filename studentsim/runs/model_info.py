"""Inspects a model of the hub or of a folder before a run is created with it. No torch here.

``estimate_model`` says without loading it whether it is available, in which version, and how much memory it needs;
``run_benchmark_subprocess`` loads it in a child process for a test answer and an estimate of the run's time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from studentsim.child_process import raise_reported_error, run_json_child
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, StudentError, first_line
from studentsim.files import read_regular_file
from studentsim.selection.registry import find_strategy
from studentsim.settings import ModelLoadingSettings
from studentsim.student.huggingface.dtype_choice import (
    MIN_MEASURED_PARAMETERS,
    choose_dtype,
    describe_speedup,
    get_measured_speedup,
)
from studentsim.student.huggingface.hardware import Hardware, detect_hardware
from studentsim.student.huggingface.memory import (
    MemoryPlan,
    ModelShape,
    explain_unsupported_type,
    format_parameter_count,
    plan_memory,
    resolve_dtype_name,
)
from studentsim.student.huggingface.resolve import ResolvedModel, resolve_model

_TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json", "tokenizer_config.json")
BENCHMARK_ARGUMENTS = ("-m", "studentsim.runs.benchmark")
"""Python's arguments for the benchmark's process."""
EXPECTED_WRONG_SHARE = 0.75
"""Expected share of practice questions that become a pair. P0: its student was wrong in three of four."""


@dataclass(frozen=True)
class ModelEstimate:
    """A model on this machine, estimated without loading it."""

    source: ResolvedModel
    machine: Hardware
    dtype: str
    parameters: int
    plan: MemoryPlan
    dtype_reason: str = ""
    """Why it computes in that dtype, as a clause; blank if there was no choice."""

    def describe(self, config: RunConfig) -> list[str]:
        """Sentences for the user about version, memory and speed."""
        source, hardware = self.source, self.machine
        quantisation = {"nf4": "held in NF4", "8bit": "held in 8 bit"}.get(
            config.model_loading.quantisation, "not quantised"
        )
        sentences = [
            f"{source.name}, version {source.revision[:18]}: {format_parameter_count(self.parameters)} parameters, {quantisation}, "
            f"computing in {self.dtype} on {hardware.name}{f': {self.dtype_reason}' if self.dtype_reason else ''}.",
            f"Memory: about {_format_gb(self.plan.peak_bytes)} needed, {_format_gb(hardware.available_bytes)} free of "
            f"{_format_gb(hardware.total_bytes)}; {self.plan.generation_batch_size} answers and {self.plan.micro_batch_size} pairs at once"
            f"{', layers computed twice to save memory' if self.plan.gradient_checkpointing else ''}.",
        ]
        if source.folder is None:
            sentences.append(f"It will be downloaded first: about {_format_gb(2 * self.parameters)}.")
        if self.plan.peak_bytes > hardware.available_bytes:
            sentences.append("That is more than is free just now: close other programs first.")
        if hardware.device == "cpu" and self.parameters > 1e9:
            sentences.append("Without a GPU a model of this size takes minutes for each answer.")
        return sentences


@dataclass(frozen=True)
class SpeedTrial:
    """A benchmark of a model: its answer to one question, and the seconds of each part. Field names are stored as JSON."""

    said: str
    """Describes the loaded model."""
    problem: str
    text: str
    letter: str | None
    loading: float
    """Seconds to load model and questions, once per run."""
    answer: float
    """Seconds per answer in practice, in a full batch; ``exam``: in an exam; ``choice``: to compute its confidence."""
    exam: float
    choice: float
    pair: float
    """Seconds per preference pair, all epochs together."""
    memory: float
    """Peak memory in bytes."""
    longest: int = 0
    """Tokens of the longest prompt of the run's questions; 0: it was not tried."""
    read: int = 0
    """Tokens of it that the model reads: a prompt that is too long loses its middle."""

    def estimate_run_seconds(self, config: RunConfig) -> float:
        """Estimated seconds of the whole run."""
        attempts = 1 + EXPECTED_WRONG_SHARE * (config.teacher.attempts - 1)
        turn_seconds = config.questions_per_turn * (
            self.answer * attempts + (EXPECTED_WRONG_SHARE * self.pair if config.trains else 0)
        )
        candidates = find_strategy(config.strategy).candidates_per_question
        turn_seconds += candidates * config.questions_per_turn * self.choice
        return self.loading + config.turns * turn_seconds + len(config.exam_turns()) * config.exam_size * self.exam

    def describe(self, config: RunConfig) -> list[str]:
        """Sentences for the user about the benchmark and the run's time."""
        parsed = f"read as {self.letter})" if self.letter else "read as unanswered"
        return [
            f"Tried out: {self.said}, {_format_gb(self.memory)} in use.{self._describe_longest_prompt()}",
            f"Test answer ({parsed}): {' '.join(self.text.split())[:300] or '(nothing)'}",
            f"The run will take about {_format_duration(self.estimate_run_seconds(config))}: {self.answer:.2f} s an answer, "
            f"{self.exam:.2f} s in exams, {self.pair:.2f} s a pair.",
        ]

    def _describe_longest_prompt(self) -> str:
        if not self.longest:
            return ""
        truncation = (
            f", of which it reads {self.read:,}: the longest lose their middle" if self.read < self.longest else ""
        )
        return f" The longest question of all was tried too: {self.longest:,} tokens{truncation}."


def check_model(config: RunConfig) -> RunConfig:
    """The settings with the model's version, its dtype on a CPU, and today's date if its prompts contain one.

    The dtype changes the last bits of all results: so it is chosen once, and kept if the run resumes elsewhere.

    :raises ConfigError: there is no such model, it must not be used, or it needs more memory than this machine has.
    """
    model_estimate = estimate_model(config)
    hardware, required_bytes = model_estimate.machine, model_estimate.plan.peak_bytes
    if required_bytes > hardware.total_bytes:
        remedy = (
            "Choose a smaller model."
            if config.model_loading.quantisation == "nf4"
            else "Choose quantisation nf4, or a smaller model."
        )
        raise ConfigError(
            f"The model {config.model} needs about {_format_gb(required_bytes)} of memory, "
            f"and {hardware.name} has {_format_gb(hardware.total_bytes)}.",
            remedy,
            field="model",
        )
    prompt_date = today_iso() if template_prints_date(model_estimate.source.folder) else ""
    hub_update = {
        "revision": model_estimate.source.revision,
        "prompt_date": config.model_loading.prompt_date or prompt_date,
    }
    if hardware.device == "cpu":  # only torch knows what a GPU supports
        hub_update["dtype"] = model_estimate.dtype
    return config.model_copy(update={"model_loading": config.model_loading.model_copy(update=hub_update)})


def today_iso() -> str:
    """Today's date in ISO format, for prompts of a run created now."""
    return date.today().isoformat()


def template_prints_date(folder: Path | None) -> bool:
    """Whether the chat template in a model's folder prints today's date; True if there is no folder or no template yet."""
    files = [folder / name for name in _TEMPLATE_FILES if (folder / name).is_file()] if folder else []
    return any("strftime_now" in read_regular_file(file).decode(errors="replace") for file in files) or not files


def estimate_model(config: RunConfig) -> ModelEstimate:
    """Estimate a model's version, dtype and memory on this machine. Asks the hub if the model is not downloaded.

    A dtype of ``auto`` is measured once on a CPU, which takes some seconds (``student/huggingface/dtype_choice.py``).

    :raises ConfigError: as ``check_model``, but for the memory.
    """
    source = resolve_model(config.model, config.model_loading.revision)
    try:
        shape = ModelShape.from_config(source.config)
    except (TypeError, ValueError, AttributeError, ArithmeticError) as error:
        problem = f"The config.json of the model {config.model} cannot be understood: {first_line(error)}."
        raise ConfigError(problem, "Download the model again.", field="model") from error
    if shape is None:
        problem, remedy = explain_unsupported_type(str(source.config.get("model_type", "unknown")))
        raise ConfigError(f"The model {config.model} {problem}.", remedy, field="model")
    hardware = detect_hardware(config.model_loading.device)
    parameters = source.parameters or shape.parameters
    dtype, reason = _resolve_dtype(config.model_loading, hardware, shape, parameters)
    resolved_config = config.model_copy(
        update={"model_loading": config.model_loading.model_copy(update={"dtype": dtype})}
    )
    return ModelEstimate(
        source, hardware, dtype, parameters, plan_memory(resolved_config, shape, parameters, hardware), reason
    )


def _resolve_dtype(
    model_loading: ModelLoadingSettings, hardware: Hardware, shape: ModelShape, parameters: int
) -> tuple[str, str]:
    """The dtype that a model computes in here, and a clause that says why, or ""."""
    if hardware.device != "cpu" or model_loading.quantisation != "none":
        return resolve_dtype_name(model_loading, hardware.device), ""
    if model_loading.dtype == "auto":
        choice = choose_dtype(shape, parameters)
        return choice.dtype, choice.reason
    speed = get_measured_speedup(shape) if model_loading.dtype != "float16" else None
    return model_loading.dtype, describe_speedup(speed) if speed and parameters >= MIN_MEASURED_PARAMETERS else ""


def run_benchmark_subprocess(
    config: RunConfig, *, timeout_seconds: float | None = None, on_progress: Callable[[str], None] | None = None
) -> SpeedTrial:
    """Benchmark the model in a process of its own (benchmark.py), which takes as long as loading it.

    ``timeout_seconds`` is the longest time to wait (None: no limit); ``on_progress`` is called at each step.

    :raises ConfigError, BankError, StudentError: the model cannot be loaded or used, or took too long.
    """
    result = run_json_child(
        BENCHMARK_ARGUMENTS,
        config.model_dump_json(),
        timeout_seconds=timeout_seconds,
        on_message=lambda message: on_progress(message["step"]) if on_progress and "step" in message else None,
    )
    if result.has_timed_out:
        raise StudentError(
            f"The model {config.model} did not answer within {timeout_seconds:.0f} seconds.",
            "Choose a smaller one, or a GPU.",
        )
    raise_reported_error(result.message)
    if "trial" not in result.message:
        last_words = result.stderr.strip()[-300:] or "no word"
        reason = "its memory did not suffice" if result.was_killed_for_memory else last_words
        raise StudentError(f"The model {config.model} cannot be tried out: {reason}.", "Choose a smaller one.")
    return SpeedTrial(**result.message["trial"])


def benchmark_json(benchmark: SpeedTrial, config: RunConfig) -> dict[str, object]:
    """The benchmark as JSON, with the run's estimated seconds."""
    return {**asdict(benchmark), "run_seconds": benchmark.estimate_run_seconds(config)}


def _format_gb(size: float) -> str:
    return f"{size / 1e9:.1f} GB"


def _format_duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"
