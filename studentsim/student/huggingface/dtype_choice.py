"""Measures whether a model computes faster in float32 or in bfloat16 on this computer's CPU.

With AMX or AVX512-BF16 a CPU multiplies matrices in bfloat16 several times as fast as in float32; without them it may take many
times as long. So one layer's products, of the model's own shape, are timed in both in a child process (only that imports torch),
and the result is cached for this machine in ``<data>/models/.dtype.json``.

    echo '{"hidden": 576, "intermediate": 1536, "heads": 9, "kv_heads": 3, "head_dim": 64, "vocabulary": 49152, "gated": true,
           "threads": 2}' | python -m studentsim.student.huggingface.dtype_choice
"""

from __future__ import annotations

import contextlib
import itertools
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

from studentsim.child_process import run_json_child
from studentsim.files import read_json_object, write_atomically
from studentsim.parallel import available_cores
from studentsim.student.huggingface.memory import ModelShape
from studentsim.student.huggingface.model_store import models_folder

MIN_SPEEDUP = 1.15
"""bfloat16 is chosen only if it is at least this many times as fast: it rounds to three digits."""
MIN_MEASURED_PARAMETERS = 20_000_000
"""Smaller models are computed in float32 without a measurement: they are fast in either."""
TIMEOUT_SECONDS = 60.0
"""Seconds that the measurement may take, torch's import included; after that float32 is chosen."""
MAX_THREADS = 64
BATCHED_TOKEN_SHARE = 0.9
"""About this share of a run's tokens goes through the model hundreds at once (prompts, training); the others are generated, one token
of each answer at a time."""


@dataclass(frozen=True)
class DtypeChoice:
    """The dtype a model computes in on this CPU, and the reason."""

    dtype: str
    """``float32`` or ``bfloat16``."""
    speedup: float | None
    """float32's time divided by bfloat16's; None: not measured."""
    reason: str
    """A clause, such as ``bfloat16 is 6.3 times as fast here (AMX)``."""


def choose_dtype(shape: ModelShape, parameters: int) -> DtypeChoice:
    """The faster dtype for a model of this shape on this machine. Takes some seconds the first time, and caches the result. Writes.

    float32 where bfloat16 is less than ``MIN_SPEEDUP`` times as fast, where the model is small, and where the measurement failed.
    """
    if parameters < MIN_MEASURED_PARAMETERS:
        return DtypeChoice("float32", None, "a model this small is quick in either")
    speedup = get_measured_speedup(shape)
    if speedup is None:
        threads = min(MAX_THREADS, available_cores())
        try:
            speedup = _measure_in_subprocess(shape, threads)
        except (OSError, ValueError, LookupError, TypeError, ZeroDivisionError):
            return DtypeChoice("float32", None, "how fast bfloat16 is here could not be measured")
        _save_speedup(_cache_key(shape, threads), speedup)
    return DtypeChoice("bfloat16" if speedup >= MIN_SPEEDUP else "float32", speedup, describe_speedup(speedup))


def get_measured_speedup(shape: ModelShape) -> float | None:
    """The cached speedup of bfloat16 over float32 for a model of this shape on this machine; None: not measured yet."""
    key = _cache_key(shape, min(MAX_THREADS, available_cores()))
    speedup = _MEASURED_SPEEDUPS.get(key, read_json_object(_cache_path()).get(key))
    return float(speedup) if isinstance(speedup, int | float) and speedup > 0 else None


def describe_speedup(speedup: float) -> str:
    """The measured speedup as a clause.

    >>> describe_speedup(0.4)
    'bfloat16 takes 2.5 times as long here'
    """
    if speedup < 1 / 1.05:
        return f"bfloat16 takes {1 / speedup:.1f} times as long here"
    if speedup < MIN_SPEEDUP:
        return "bfloat16 is hardly any faster here"
    unit = bfloat16_instruction_set()
    return f"bfloat16 is {speedup:.1f} times as fast here{f' ({unit})' if unit else ''}"


def bfloat16_instruction_set() -> str:
    """The CPU's instructions for bfloat16: ``AMX``, ``AVX512-BF16``, ``BF16`` (ARM), or "" where there are none."""
    cpu_flags = set(_read_cpu_info().get("flags", "").split())
    names_by_flag = (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16"), ("bf16", "BF16"))
    return next((name for flag, name in names_by_flag if flag in cpu_flags), "")


# ------------------------------------------------------------------ the cache

_MEASURED_SPEEDUPS: dict[str, float] = {}
"""What this process has measured, so that a read-only data folder costs one measurement, not one for each call."""


def _cache_path() -> Path:
    return models_folder() / ".dtype.json"


def _cache_key(shape: ModelShape, threads: int) -> str:
    cpu_info = _read_cpu_info()
    names = (
        cpu_info.get("model name") or platform.processor() or platform.machine(),
        cpu_info.get("model"),
        bfloat16_instruction_set(),
    )
    cpu = " ".join(filter(None, names))
    sizes = (shape.hidden, shape.intermediate, shape.heads, shape.kv_heads, shape.head_dim, shape.vocabulary)
    return f"{cpu} | torch {metadata.version('torch')} | {threads} threads | {'-'.join(map(str, sizes))}"


def _read_cpu_info() -> dict[str, str]:
    """The first processor's entries of /proc/cpuinfo, if it exists. ARM's ``Features`` are returned as ``flags``."""
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        lines = (line.partition(":") for line in first.splitlines())
        entries = {name.strip(): value.strip() for name, _, value in lines}
        return {**entries, "flags": entries.get("flags", entries.get("Features", ""))}
    return {}


def _save_speedup(key: str, speedup: float) -> None:
    """Cache it in this process and in the data folder; a folder that cannot be written to is no error. Writes."""
    _MEASURED_SPEEDUPS[key] = speedup
    with contextlib.suppress(OSError):
        file = _cache_path()
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps({**read_json_object(file), key: round(speedup, 3)}, indent=0))


# ------------------------------------------------------------------ the measurement, in a child process


def _measure_in_subprocess(shape: ModelShape, threads: int) -> float:
    """float32's seconds divided by bfloat16's, measured in a child process."""
    request = {name: getattr(shape, name) for name in _SHAPE_FIELDS} | {"threads": threads}
    seconds = run_json_child(
        ["-m", "studentsim.student.huggingface.dtype_choice"],
        request,
        timeout_seconds=TIMEOUT_SECONDS,
        default_environment={"GOMP_SPINCOUNT": "10000"},  # as runs have it (factory.py)
    ).message
    return float(seconds["float32"]) / float(seconds["bfloat16"])


_SHAPE_FIELDS = ("hidden", "intermediate", "heads", "kv_heads", "head_dim", "vocabulary", "gated")
OPERATION_BUDGET = 4e9
"""Operations, about, of one pass over a layer in a batch: small layers get more rows, large ones fewer."""
BATCHED_ROWS_RANGE, DECODE_ROWS = (64, 512), 16
"""Rows (tokens) that go through the layer at once: in prompts and training (least and most), and in decoding."""
SEQUENCE_TOKENS = 64
"""Tokens of a sequence, for its attention."""
MAX_HEAD_ROWS = 8192
"""Rows of the LM head that are timed; a large vocabulary's would outweigh the layer."""
MIN_TIMING_SECONDS, MIN_TIMING_PASSES = 0.8, 3
"""The least seconds, and the least passes after the first, that are timed."""


def measure_seconds_per_token(dimensions: dict[str, Any]) -> dict[str, float]:
    """Seconds for an average token of a run, by dtype: one layer, forward and the gradient to its input, and the LM head.

    ``dimensions``: the fields of ``ModelShape`` in ``_SHAPE_FIELDS``, and ``threads``.
    """
    import torch

    torch.set_num_threads(dimensions["threads"])
    torch.manual_seed(0)
    hidden, q_dim = dimensions["hidden"], dimensions["heads"] * dimensions["head_dim"]
    kv_dim, intermediate = dimensions["kv_heads"] * dimensions["head_dim"], dimensions["intermediate"]
    shapes = [(hidden, q_dim), (hidden, kv_dim), (hidden, kv_dim), (q_dim, hidden)]
    shapes += [(hidden, intermediate)] * (2 if dimensions["gated"] else 1) + [(intermediate, hidden)]
    products = 2 * sum(a * b for a, b in shapes)
    rows = min(
        BATCHED_ROWS_RANGE[1],
        max(BATCHED_ROWS_RANGE[0], int(OPERATION_BUDGET / products) // SEQUENCE_TOKENS * SEQUENCE_TOKENS),
    )
    with torch.no_grad():
        tasks: dict[tuple[str, int], Callable[[], None]] = {}
        for name in ("float32", "bfloat16"):
            matrices = [(b, a) for a, b in (*shapes, (hidden, min(dimensions["vocabulary"], MAX_HEAD_ROWS)))]
            weights = [torch.randn(size).mul_(0.02).to(getattr(torch, name)) for size in matrices]
            tasks[name, rows] = partial(_run_layer, torch, weights, rows, dimensions, with_gradient=True)
            tasks[name, DECODE_ROWS] = partial(_run_layer, torch, weights, DECODE_ROWS, dimensions, with_gradient=False)
        seconds = _time_alternately(tasks)
    return {
        name: BATCHED_TOKEN_SHARE * seconds[name, rows] / rows
        + (1 - BATCHED_TOKEN_SHARE) * seconds[name, DECODE_ROWS] / DECODE_ROWS
        for name in ("float32", "bfloat16")
    }


def _run_layer(torch: Any, weights: list[Any], rows: int, dimensions: dict[str, Any], *, with_gradient: bool) -> None:
    """One layer's products over ``rows`` tokens; ``with_gradient``: also the backward pass's, and attention. Results are discarded."""
    functional = torch.nn.functional
    for weight in weights:
        inputs = torch.ones(rows, weight.shape[1], dtype=weight.dtype)
        out = functional.linear(inputs, weight)
        if with_gradient:
            out @ weight
    if with_gradient:
        query = torch.ones(
            rows // SEQUENCE_TOKENS,
            dimensions["heads"],
            SEQUENCE_TOKENS,
            dimensions["head_dim"],
            dtype=weights[0].dtype,
        )
        functional.scaled_dot_product_attention(query, query, query, is_causal=True)


def _time_alternately(tasks: dict[Any, Callable[[], None]]) -> dict[Any, float]:
    """Seconds of each task's fastest pass after one to warm up. The tasks alternate, so that other load affects all alike."""
    for task in tasks.values():
        task()
    best, deadline = dict.fromkeys(tasks, float("inf")), time.perf_counter() + MIN_TIMING_SECONDS
    for number in itertools.count():
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            best[name] = min(best[name], time.perf_counter() - started)
        if number >= MIN_TIMING_PASSES and time.perf_counter() > deadline:
            return best


def main() -> None:
    """Read the dimensions as JSON from stdin; print the seconds by dtype as one JSON object."""
    print(json.dumps(measure_seconds_per_token(json.loads(sys.stdin.read()))))


if __name__ == "__main__":
    main()
