"""For all tests: no network, no telemetry, the same examples every time."""

import os

import pytest
from hypothesis import settings

pytest_plugins = ["visits", "browsing"]

os.environ["STUDENTSIM_RECORDED"] = "0"  # no recorded study in a test's data folder, unless the test asks for it
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two test processes at once: more threads would wait for each other
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

# Deterministic examples; no deadline, since the time an example takes says nothing on a shared machine.
settings.register_profile("studentsim", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("studentsim")


@pytest.fixture(autouse=True)
def _data_folder_of_this_test_alone(monkeypatch):
    """A data folder that a command or a manager puts in force is so until the test's end."""
    if "STUDENTSIM_DATA" in os.environ:
        monkeypatch.setenv("STUDENTSIM_DATA", os.environ["STUDENTSIM_DATA"])
    else:
        monkeypatch.setenv("STUDENTSIM_DATA", "")
        monkeypatch.delenv("STUDENTSIM_DATA")
