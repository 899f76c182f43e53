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
from studentsim.parallel import cores
from studentsim.student.hub.sizes import Shape
from studentsim.student.huggingface.model_store import models_folder

LEAST_GAIN = 1.15
"""How many times as fast bfloat16 must be to be chosen: it rounds to three digits, which for less is not worth it."""
LEAST_PARAMETERS = 20_000_000
"""Models of fewer are computed in float32, unmeasured: they are quick in either."""
PATIENCE = 60.0
"""Seconds that the measurement may take, torch's import and all, before float32 is taken."""
MOST_THREADS = 64
MANY_SHARE = 0.9
"""Of the tokens that a run computes, about this share goes through the model hundreds at once (prompts, training); the others are
written, a token of each answer at once."""


@dataclass(frozen=True)
class DtypeChoice:
    """What a model computes in on this processor, and why."""

    dtype: str
    """``float32`` or ``bfloat16``."""
    speed: float | None
    """How many times as fast bfloat16 is as float32; None: not measured."""
    reason: str
    """A clause, such as ``bfloat16 is 6.3 times as fast here (AMX)``."""


def choose_dtype(shape: Shape, parameters: int) -> DtypeChoice:
    """What a model of this shape is best computed in here. Takes some seconds the first time, with torch's import. Writes.

    float32 where bfloat16 gains less than ``LEAST_GAIN``, where the model is small, and where nothing could be measured.
    """
    if parameters < LEAST_PARAMETERS:
        return DtypeChoice("float32", None, "a model this small is quick in either")
    speed = known_speed(shape)
    if speed is None:
        threads = min(MOST_THREADS, cores())
        try:
            speed = _measured(shape, threads)
        except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError, ZeroDivisionError):
            return DtypeChoice("float32", None, "how fast bfloat16 is here could not be measured")
        _keep(_key(shape, threads), speed)
    return DtypeChoice("bfloat16" if speed >= LEAST_GAIN else "float32", speed, why(speed))


def known_speed(shape: Shape) -> float | None:
    """How many times as fast bfloat16 is as float32 for a model of this shape, as measured here earlier; None: it was not."""
    key = _key(shape, min(MOST_THREADS, cores()))
    speed = _SPEEDS.get(key, _read().get(key))
    return float(speed) if isinstance(speed, int | float) and speed > 0 else None


def why(speed: float) -> str:
    """What was measured, in words.

    >>> why(0.4)
    'bfloat16 takes 2.5 times as long here'
    """
    if speed < 1 / 1.05:
        return f"bfloat16 takes {1 / speed:.1f} times as long here"
    if speed < LEAST_GAIN:
        return "bfloat16 is hardly any faster here"
    unit = bfloat16_unit()
    return f"bfloat16 is {speed:.1f} times as fast here{f' ({unit})' if unit else ''}"


def bfloat16_unit() -> str:
    """What the processor has for bfloat16: ``AMX``, ``AVX512-BF16``, ``BF16`` (ARM), or nothing known of."""
    words = set(_cpu_facts().get("flags", "").split())
    known = (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16"), ("bf16", "BF16"))
    return next((name for flag, name in known if flag in words), "")


# ------------------------------------------------------------------ what is kept

_SPEEDS: dict[str, float] = {}
"""What this process has measured: a folder that cannot be written to costs one measurement, not one a question."""


def _file() -> Path:
    return models_folder() / ".dtype.json"


def _key(shape: Shape, threads: int) -> str:
    facts = _cpu_facts()
    names = (facts.get("model name") or platform.processor() or platform.machine(), facts.get("model"), bfloat16_unit())
    cpu = " ".join(filter(None, names))
    sizes = (shape.hidden, shape.intermediate, shape.heads, shape.kv_heads, shape.head_dim, shape.vocabulary)
    return f"{cpu} | torch {metadata.version('torch')} | {threads} threads | {'-'.join(map(str, sizes))}"


def _cpu_facts() -> dict[str, str]:
    """The first processor's lines of /proc/cpuinfo, where there is one; those of ARM call the flags Features."""
    with contextlib.suppress(OSError):
        first = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
        lines = (line.partition(":") for line in first.splitlines())
        facts = {name.strip(): value.strip() for name, _, value in lines}
        return {**facts, "flags": facts.get("flags", facts.get("Features", ""))}
    return {}


def _read() -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(_file().read_text(encoding="utf-8"))
        return found if isinstance(found, dict) else {}
    return {}


def _keep(key: str, speed: float) -> None:
    """Remember it here and in the data folder. A folder that cannot be written to is no error. Writes."""
    _SPEEDS[key] = speed
    with contextlib.suppress(OSError):
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f".dtype.{os.getpid()}.tmp")
        scratch.write_text(json.dumps({**_read(), key: round(speed, 3)}, indent=0), encoding="utf-8")
        os.replace(scratch, file)


# ------------------------------------------------------------------ the measurement, in a process of its own


def _measured(shape: Shape, threads: int) -> float:
    """float32's seconds for each of bfloat16's, from a child process."""
    root = str(Path(studentsim.__file__).parent.parent)
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    asked = {name: getattr(shape, name) for name in _SIZES} | {"threads": threads}
    done = subprocess.run(
        [sys.executable, "-m", "studentsim.student.huggingface.dtype_choice"],
        input=json.dumps(asked), capture_output=True, text=True, timeout=PATIENCE, check=True,
        env={"GOMP_SPINCOUNT": "10000", **os.environ, "PYTHONPATH": path},  # as a run has it (casting.py)
    )  # fmt: skip
    told = json.loads(done.stdout.splitlines()[-1])
    return float(told["float32"]) / float(told["bfloat16"])


_SIZES = ("hidden", "intermediate", "heads", "kv_heads", "head_dim", "vocabulary", "gated")
BUDGET = 4e9
"""Operations of one layer over many rows, about; more rows for small layers, fewer for large ones."""
MANY, FEW = (64, 512), 16
"""Rows that go through the layer at once: in prompts and training (least and most), and in writing."""
TEXT = 64
"""Tokens of a text, for the attention among them."""
MOST_HEAD = 8192
"""Rows of the head that are reckoned with; those of a large vocabulary would outweigh the layer."""
SECONDS, PASSES = 0.8, 3
"""How long, and how often after the first, all is timed at least."""


def measure(sizes: dict[str, Any]) -> dict[str, float]:
    """Seconds for a token of a run's mix, by dtype: one layer, forward and the gradient to its input, and its share of the head."""
    import torch

    torch.set_num_threads(sizes["threads"])
    torch.manual_seed(0)
    hidden, wide = sizes["hidden"], sizes["heads"] * sizes["head_dim"]
    narrow, middle = sizes["kv_heads"] * sizes["head_dim"], sizes["intermediate"]
    shapes = [(hidden, wide), (hidden, narrow), (hidden, narrow), (wide, hidden)]
    shapes += [(hidden, middle)] * (2 if sizes["gated"] else 1) + [(middle, hidden)]
    products = 2 * sum(a * b for a, b in shapes)
    rows = min(MANY[1], max(MANY[0], int(BUDGET / products) // TEXT * TEXT))
    with torch.no_grad():
        works: dict[tuple[str, int], Callable[[], None]] = {}
        for name in ("float32", "bfloat16"):
            matrices = [(b, a) for a, b in (*shapes, (hidden, min(sizes["vocabulary"], MOST_HEAD)))]
            weights = [torch.randn(size).mul_(0.02).to(getattr(torch, name)) for size in matrices]
            works[name, rows] = partial(_pass, torch, weights, rows, sizes, learning=True)
            works[name, FEW] = partial(_pass, torch, weights, FEW, sizes, learning=False)
        seconds = _timed(works)
    return {
        name: MANY_SHARE * seconds[name, rows] / rows + (1 - MANY_SHARE) * seconds[name, FEW] / FEW
        for name in ("float32", "bfloat16")
    }


def _pass(torch: Any, weights: list[Any], rows: int, sizes: dict[str, Any], *, learning: bool) -> None:
    """One layer's products over ``rows`` tokens; with ``learning`` those that lead the gradient back too, and the attention."""
    functional = torch.nn.functional
    for weight in weights:
        given = torch.ones(rows, weight.shape[1], dtype=weight.dtype)
        out = functional.linear(given, weight)
        if learning:
            out @ weight
    if learning:
        query = torch.ones(rows // TEXT, sizes["heads"], TEXT, sizes["head_dim"], dtype=weights[0].dtype)
        functional.scaled_dot_product_attention(query, query, query, is_causal=True)


def _timed(works: dict[Any, Callable[[], None]]) -> dict[Any, float]:
    """Seconds of each work's quickest pass, after one that counts for nothing; they take turns, so that what else the machine does
    hits all alike."""
    for work in works.values():
        work()
    best, ends = dict.fromkeys(works, float("inf")), time.perf_counter() + SECONDS
    for number in itertools.count():
        for name, work in works.items():
            started = time.perf_counter()
            work()
            best[name] = min(best[name], time.perf_counter() - started)
        if number >= PASSES and time.perf_counter() > ends:
            return best


def main() -> None:
    """Measure what the sizes on stdin name; print the seconds as one JSON object."""
    print(json.dumps(measure(json.loads(sys.stdin.read()))))


if __name__ == "__main__":
    main()
