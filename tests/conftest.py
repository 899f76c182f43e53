"""For all tests: no network, no telemetry, the same examples every time."""

import gc
import os
from itertools import zip_longest

import pytest
from hypothesis import settings

pytest_plugins = ["visits", "browsing", "garbage"]

os.environ["STUDENTSIM_RECORDED"] = "0"  # no recorded study in a test's data folder, unless the test asks for it
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test processes at once: more threads would wait for each other
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# A test process holds half a million objects that stay; to hunt through them every 700 new ones is a tenth of the whole time.
gc.set_threshold(20_000)

# Deterministic examples; no deadline, since the time an example takes says nothing on a shared machine.
settings.register_profile("studentsim", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("studentsim")


LONGEST = """
    ui_new embedded data_0_1 database ui_home ui_watch hub_preflight ui_answers faults ui_bank ui_compare hub_students ui_weaknesses
    architectures ui_teaching answer_parsing gguf_conversion runs_manager cli recorded ui_states
""".split()
"""Files that take longest but for those that drive a browser."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that no test process works on alone at the end. Of three at once one drives a browser: that one
    waits, much of the time, for what the other two need the processor for.
    """
    names = dict.fromkeys(item.path.stem for item in items)
    browsers = [name for name in names if name.startswith(("test_accessibility", "test_browser"))]
    others = [f"test_{name}" for name in LONGEST]
    first = [name for three in zip_longest(browsers, others[::2], others[1::2]) for name in three]
    rank = {name: place for place, name in enumerate(first)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(first)))


@pytest.fixture(autouse=True)
def _data_folder_of_this_test_alone(monkeypatch):
    """A data folder that a command or a manager puts in force is so until the test's end."""
    if "STUDENTSIM_DATA" in os.environ:
        monkeypatch.setenv("STUDENTSIM_DATA", os.environ["STUDENTSIM_DATA"])
    else:
        monkeypatch.setenv("STUDENTSIM_DATA", "")
        monkeypatch.delenv("STUDENTSIM_DATA")
