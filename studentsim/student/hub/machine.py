"""What this computer offers a model: a GPU or the processor, and how much memory. Without torch."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata

import psutil

from studentsim.errors import ConfigError


@dataclass(frozen=True)
class Machine:
    """Where a model would run. Memory in bytes; of a GPU its own, else the computer's."""

    device: str
    """``cuda`` or ``cpu``."""
    name: str
    total: int
    available: int


def machine(device: str = "auto") -> Machine:
    """The computer as the setting ``hub.device`` takes it.

    :raises ConfigError: (``hub.device``) a GPU was asked for, and none can be used.
    """
    found = None if device == "cpu" else _gpu()
    if isinstance(found, Machine):
        return found
    if device == "cuda":
        raise ConfigError(f"No GPU can be used: {found}.", "Choose 'auto' or 'cpu'.", field="hub.device")
    memory = psutil.virtual_memory()
    return Machine("cpu", "this computer's processor", memory.total, memory.available)


def _gpu() -> Machine | str:
    """The first GPU, or why there is none."""
    if _torch_is_without_cuda():
        return "the installed torch is a build without CUDA"
    program = shutil.which("nvidia-smi")
    if not program:
        return "no NVIDIA driver was found"
    query = [program, "--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits"]
    try:
        line = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.splitlines()[0]
        name, total, free = (part.strip() for part in line.rsplit(",", 2))
        return Machine("cuda", name, int(total) * 2**20, int(free) * 2**20)
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return "nvidia-smi finds none"


def _torch_is_without_cuda() -> bool:
    try:
        return metadata.version("torch").endswith("+cpu")
    except metadata.PackageNotFoundError:
        return True
