"""How many threads torch uses for one operation: few while ``parallel_map`` runs several operations at once, all cores otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from studentsim.parallel import MAX_THREADS, available_cores


def limit_torch_threads() -> None:
    """Set torch's threads to the cores (at most 64) divided by ``parallel_map``'s ``MAX_THREADS``, at least one."""
    torch.set_num_threads(max(1, min(64, available_cores()) // MAX_THREADS))


@contextmanager
def use_all_cores() -> Iterator[None]:
    """Within the block torch uses all cores (at most 64) for each operation. Not for use while ``parallel_map`` is at work."""
    previous_threads = torch.get_num_threads()
    torch.set_num_threads(min(64, available_cores()))
    try:
        yield
    finally:
        torch.set_num_threads(previous_threads)
