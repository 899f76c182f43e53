"""How many threads torch computes with: one while work comes in pieces, all where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from studentsim.parallel import cores


@contextmanager
def all_cores() -> Iterator[None]:
    """torch shares each single operation out among the cores while this lasts: for work that does not come in pieces.

    Not for use while ``each`` is at work, whose threads are to compute with one core each.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(min(64, cores()))
    try:
        yield
    finally:
        torch.set_num_threads(before)
