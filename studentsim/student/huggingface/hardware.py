"""Detects where a model runs on this computer (GPU or CPU) and how much memory it has. Without torch."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata

import psutil

from studentsim.errors import ConfigError


@dataclass(frozen=True)
class Hardware:
    """The device a model runs on. Memory in bytes: the GPU's own, else the computer's."""

    device: str
    """``cuda`` or ``cpu``."""
    name: str
    total_bytes: int
    available_bytes: int


def detect_hardware(device: str = "auto") -> Hardware:
    """The device that the setting ``model_loading.device`` (``auto``, ``cpu`` or ``cuda``) means on this computer.

    :raises ConfigError: (``model_loading.device``) when it is ``cuda`` and no GPU can be used.
    """
    gpu = None if device == "cpu" else _detect_gpu()
    if isinstance(gpu, Hardware):
        return gpu
    if device == "cuda":
        raise ConfigError(f"No GPU can be used: {gpu}.", "Choose 'auto' or 'cpu'.", field="model_loading.device")
    memory = psutil.virtual_memory()
    return Hardware("cpu", "this computer's processor", memory.total, memory.available)


def _detect_gpu() -> Hardware | str:
    """The first GPU, or the reason why there is none, as a clause."""
    if _is_cpu_only_torch():
        return "the installed torch is a build without CUDA"
    program = shutil.which("nvidia-smi")
    if not program:
        return "no NVIDIA driver was found"
    query = [program, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        line = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.splitlines()[0]
        name, total, free = (part.strip() for part in line.rsplit(",", 2))
        return Hardware("cuda", name, int(total) * 2**20, int(free) * 2**20)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return "nvidia-smi finds none"


def _is_cpu_only_torch() -> bool:
    try:
        return metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return True
