"""What test processes need not do: hunt for garbage in all libraries, and wait for the disk.

One hunt through all of them takes 0.3 s of processor time. Trainers go on one at each turn and Streamlit after each run of a
script; so what is loaded is left out of the hunts, as the product does it with its own (``factory.build_components``, ``data.settle``).
And a file that is told to reach the disk takes 5 ms, which only a power cut would notice.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

unfreeze = gc.unfreeze
"""The real one, for tests of what the product gives back."""


@pytest.fixture(scope="module", autouse=True)
def what_is_loaded_is_no_garbage() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "unfreeze", lambda: None)  # it would bring all libraries back into every later hunt
        yield


@pytest.fixture(scope="session", autouse=True)
def nobody_waits_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield
