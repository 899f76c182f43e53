"""Whether a model computes faster in float32 or in bfloat16 on this computer's processor: measured, not guessed.

With AMX or AVX512-BF16 a processor multiplies matrices in bfloat16 several times as fast as in float32; without them it may take
many times as long. So one layer's products, of the model's own shape, are timed in both, in a process of its own (torch is
imported there alone), and the result is kept for this machine in ``<data>/models/.dtype.json``.

    echo '{"hidden": 576, "intermediate": 1536, "heads": 9, "kv_heads": 3, "head_dim": 64, "vocabulary": 49152, "gated": true,
           "threads": 2}' | python -m studentsim.student.huggingface.dtype_choice
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import studentsim
from studentsim.parallel import available_cores
from studentsim.student.huggingface.memory import ModelShape
from studentsim.student.huggingface.model_store import models_folder

MIN_SPEEDUP = 1.15
"""How many times as fast bfloat16 must be to be chosen: it rounds to three digits, which for less is not worth it."""
MIN_MEASURED_PARAMETERS = 20_000_000
"""Models of fewer are computed in float32, unmeasured: they are quick in either."""
TIMEOUT_SECONDS = 60.0
"""Seconds that the measurement may take, torch's import and all, before float32 is taken."""
MAX_THREADS = 64
BATCHED_TOKEN_SHARE = 0.9
"""Of the tokens that a run computes, about this share goes through the model hundreds at once (prompts, training); the others are
written, a token of each answer at once."""


@dataclass(frozen=True)
class DtypeChoice:
    """What a model computes in on this processor, and why."""

    dtype: str
    """``float32`` or ``bfloat16``."""
    speedup: float | None
    """How many times as fast bfloat16 is as float32; None: not measured."""
    reason: str
    """A clause, such as ``bfloat16 is 6.3 times as fast here (AMX)``."""


def choose_dtype(shape: ModelShape, parameters: int) -> DtypeChoice:
    """What a model of this shape is best computed in here. Takes some seconds the first time, with torch's import. Writes.

    float32 where bfloat16 gains less than ``MIN_SPEEDUP``, where the model is small, and where nothing could be measured.
    """
    if parameters < MIN_MEASURED_PARAMETERS:
        return DtypeChoice("float32", None, "a model this small is quick in either")
    speedup = get_measured_speedup(shape)
    if speedup is None:
        threads = min(MAX_THREADS, available_cores())
        try:
            speedup = _measure_in_subprocess(shape, threads)
        except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError, ZeroDivisionError):
            return DtypeChoice("float32", None, "how fast bfloat16 is here could not be measured")
        _save_speedup(_cache_key(shape, threads), speedup)
    return DtypeChoice("bfloat16" if speedup >= MIN_SPEEDUP else "float32", speedup, describe_speedup(speedup))


def get_measured_speedup(shape: ModelShape) -> float | None:
    """How many times as fast bfloat16 is as float32 for a model of this shape, as measured here earlier; None: it was not."""
    key = _cache_key(shape, min(MAX_THREADS, available_cores()))
    speedup = _MEASURED_SPEEDUPS.get(key, _read_cache().get(key))
    return float(speedup) if isinstance(speedup, int | float) and speedup > 0 else None


def describe_speedup(speedup: float) -> str:
    """What was measured, in words.

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
    """What the processor has for bfloat16: ``AMX``, ``AVX512-BF16``, ``BF16`` (ARM), or nothing known of."""
    cpu_flags = set(_read_cpu_info().get("flags", "").split())
    names_by_flag = (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16"), ("bf16", "BF16"))
    return next((name for flag, name in names_by_flag if flag in cpu_flags), "")


# ------------------------------------------------------------------ what is kept

_MEASURED_SPEEDUPS: dict[str, float] = {}
"""What this process has measured: a folder that cannot be written to costs one measurement, not one a question."""


def _cache_path() -> Path:
    return models_folder() / ".dtype.json"


def _cache_key(shape: ModelShape, threads: int) -> str:
    facts = _read_cpu_info()
    names = (
        facts.get("model name") or platform.processor() or platform.machine(),
        facts.get("model"),
        bfloat16_instruction_set(),
    )
    cpu = " ".join(filter(None, names))
    sizes = (shape.hidden, shape.intermediate, shape.heads, shape.kv_heads, shape.head_dim, shape.vocabulary)
    return f"{cpu} | torch {metadata.version('torch')} | {threads} threads | {'-'.join(map(str, sizes))}"


def _read_cpu_info() -> dict[str, str]:
    """The first processor's lines of /proc/cpuinfo, where there is one; those of ARM call the flags Features."""
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        lines = (line.partition(":") for line in first.splitlines())
        facts = {name.strip(): value.strip() for name, _, value in lines}
        return {**facts, "flags": facts.get("flags", facts.get("Features", ""))}
    return {}


def _read_cache() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_cache_path().read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _save_speedup(key: str, speedup: float) -> None:
    """Remember it here and in the data folder. A folder that cannot be written to is no error. Writes."""
    _MEASURED_SPEEDUPS[key] = speedup
    with contextlib.suppress(OSError):
        file = _cache_path()
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".dtype.{os.getpid()}.tmp")
        temporary.write_text(json.dumps({**_read_cache(), key: round(speedup, 3)}, indent=0), encoding="utf-8")
        os.replace(temporary, file)


# ------------------------------------------------------------------ the measurement, in a process of its own


def _measure_in_subprocess(shape: ModelShape, threads: int) -> float:
    """float32's seconds for each of bfloat16's, from a child process."""
    root = str(Path(studentsim.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    request = {name: getattr(shape, name) for name in _SHAPE_FIELDS} | {"threads": threads}
    result = subprocess.run(
        [sys.executable, "-m", "studentsim.student.huggingface.dtype_choice"],
        input=json.dumps(request), capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True,
        env={"GOMP_SPINCOUNT": "10000", **os.environ, "PYTHONPATH": path},  # as a run has it (casting.py)
    )  # fmt: skip
    seconds = json.loads(result.stdout.splitlines()[-1])
    return float(seconds["float32"]) / float(seconds["bfloat16"])


_SHAPE_FIELDS = ("hidden", "intermediate", "heads", "kv_heads", "head_dim", "vocabulary", "gated")
OPERATION_BUDGET = 4e9
"""Operations of one layer over many rows, about; more rows for small layers, fewer for large ones."""
BATCHED_ROWS_RANGE, DECODE_ROWS = (64, 512), 16
"""Rows that go through the layer at once: in prompts and training (least and most), and in writing."""
SEQUENCE_TOKENS = 64
"""Tokens of a text, for the attention among them."""
MAX_HEAD_ROWS = 8192
"""Rows of the head that are reckoned with; those of a large vocabulary would outweigh the layer."""
MIN_TIMING_SECONDS, MIN_TIMING_PASSES = 0.8, 3
"""How long, and how often after the first, all is timed at least."""


def measure_seconds_per_token(dimensions: dict[str, Any]) -> dict[str, float]:
    """Seconds for a token of a run's mix, by dtype: one layer, forward and the gradient to its input, and its share of the head."""
    import torch

    torch.set_num_threads(dimensions["threads"])
    torch.manual_seed(0)
    hidden, wide = dimensions["hidden"], dimensions["heads"] * dimensions["head_dim"]
    narrow, middle = dimensions["kv_heads"] * dimensions["head_dim"], dimensions["intermediate"]
    shapes = [(hidden, wide), (hidden, narrow), (hidden, narrow), (wide, hidden)]
    shapes += [(hidden, middle)] * (2 if dimensions["gated"] else 1) + [(middle, hidden)]
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
    """One layer's products over ``rows`` tokens; with ``with_gradient`` those that lead the gradient back too, and the attention."""
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
    """Seconds of each work's quickest pass, after one that counts for nothing; they take turns, so that what else the machine does
    hits all alike."""
    for work in tasks.values():
        work()
    best, deadline = dict.fromkeys(tasks, float("inf")), time.perf_counter() + MIN_TIMING_SECONDS
    for number in itertools.count():
        for name, work in tasks.items():
            started = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - started)
        if number >= MIN_TIMING_PASSES and time.perf_counter() > deadline:
            return best


def main() -> None:
    """Measure what the sizes on stdin name; print the seconds as one JSON object."""
    print(json.dumps(measure_seconds_per_token(json.loads(sys.stdin.read()))))


if __name__ == "__main__":
    main()
