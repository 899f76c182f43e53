"""How many threads torch computes with: a piece's share of the cores while work comes in pieces, all of them where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from studentsim.parallel import MAX_THREADS, available_cores


def limit_torch_threads() -> None:
    """Let torch compute each piece, of which ``each`` has up to ``MAX_THREADS`` at work, with its share of the cores: with one, unless there
    are twice as many cores as pieces."""
    torch.set_num_threads(max(1, min(64, available_cores()) // MAX_THREADS))


@contextmanager
def use_all_cores() -> Iterator[None]:
    """torch shares each single operation out among the cores while this lasts: for work that does not come in pieces.

    Not for use while ``each`` is at work, whose threads have their share of the cores.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(64, available_cores()))
    try:
        yield
    finally:
        torch.set_num_threads(before)
