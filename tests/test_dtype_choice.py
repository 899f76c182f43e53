"""What a model computes in on a processor: measured once for each machine and shape, and written into the run's settings."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from types import SimpleNamespace

import hubs
import pytest

from studentsim.config import RunConfig
from studentsim.runs import model_info, preflight
from studentsim.settings import ModelLoadingSettings
from studentsim.student.huggingface import dtype_choice
from studentsim.student.huggingface.hardware import Hardware
from studentsim.student.huggingface.memory import ModelShape

SHAPE = ModelShape(576, 30, 9, 3, 64, 1536, 49152, 8192, gated=True, tied_embeddings=True)
LARGE = 135_000_000


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("STUDENTSIM_DATA", str(tmp_path))
    monkeypatch.setattr(dtype_choice, "_MEASURED_SPEEDUPS", {})
    return tmp_path


@pytest.fixture
def measured(monkeypatch):
    """Measurements that give what is put into ``speed``; how many there were."""
    made = SimpleNamespace(speedup=6.3, count=0)

    def measure(shape: ModelShape, threads: int) -> float:
        made.count += 1
        return made.speedup

    monkeypatch.setattr(dtype_choice, "_measure_in_subprocess", measure)
    return made


@pytest.mark.parametrize(
    ("speed", "dtype"), [(6.3, "bfloat16"), (1.16, "bfloat16"), (1.14, "float32"), (0.2, "float32")]
)
def test_bfloat16_must_gain_enough(measured, speed: float, dtype: str):
    measured.speedup = speed
    found = dtype_choice.choose_dtype(SHAPE, LARGE)
    assert (found.dtype, found.speedup) == (dtype, speed)


def test_what_was_measured_is_kept_for_this_machine_and_shape(measured, monkeypatch, data_folder):
    first = dtype_choice.choose_dtype(SHAPE, LARGE)
    monkeypatch.setattr(dtype_choice, "_MEASURED_SPEEDUPS", {})  # another process
    assert dtype_choice.choose_dtype(SHAPE, LARGE) == first and measured.count == 1
    dtype_choice.choose_dtype(ModelShape(**{**SHAPE.__dict__, "hidden": 640}), LARGE)
    assert measured.count == 2
    monkeypatch.setattr(dtype_choice, "available_cores", lambda: 17)
    dtype_choice.choose_dtype(SHAPE, LARGE)
    assert measured.count == 3 and len(json.loads((data_folder / "models" / ".dtype.json").read_text())) == 3


@pytest.mark.parametrize("kept", ["{", "[1]", None])
def test_a_damaged_record_or_a_folder_that_is_none_costs_a_measurement_alone(measured, data_folder, kept: str | None):
    if kept is None:
        (data_folder / "models").write_text("no folder")
    else:
        (data_folder / "models").mkdir()
        (data_folder / "models" / ".dtype.json").write_text(kept)
    assert dtype_choice.choose_dtype(SHAPE, LARGE).dtype == "bfloat16"
    assert dtype_choice.choose_dtype(SHAPE, LARGE).dtype == "bfloat16" and measured.count == 1


def test_small_models_are_not_measured(measured):
    found = dtype_choice.choose_dtype(SHAPE, 19_000_000)
    assert (found.dtype, found.speedup, measured.count) == ("float32", None, 0)


@pytest.mark.parametrize(
    "broken",
    [
        lambda *a, **k: subprocess.CompletedProcess(a, 0, "no json\n", ""),
        lambda *a, **k: subprocess.CompletedProcess(a, 0, "", ""),
        lambda *a, **k: subprocess.CompletedProcess(a, 0, '{"float32": 1.0, "bfloat16": 0.0}', ""),
    ],
)
def test_where_nothing_can_be_measured_float32_stands_and_nothing_is_kept(monkeypatch, broken, data_folder):
    monkeypatch.setattr(dtype_choice.subprocess, "run", broken)
    found = dtype_choice.choose_dtype(SHAPE, LARGE)
    assert found.dtype == "float32" and "could not be measured" in found.reason and not list(data_folder.iterdir())

    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("python", 60)

    monkeypatch.setattr(dtype_choice.subprocess, "run", late)
    assert dtype_choice.choose_dtype(SHAPE, LARGE) == found


def test_the_measurement_gives_seconds_for_both(monkeypatch, capsys):
    monkeypatch.setattr(dtype_choice, "MIN_TIMING_SECONDS", 0.01)
    sizes = {
        "hidden": 64,
        "intermediate": 96,
        "heads": 4,
        "kv_heads": 2,
        "head_dim": 16,
        "vocabulary": 100,
        "gated": True,
    }
    import torch

    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps({**sizes, "threads": torch.get_num_threads()})))
    dtype_choice.main()
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"float32", "bfloat16"} and all(0 < seconds < 1 for seconds in told.values())


def test_it_is_written_into_the_settings_when_the_run_is_made_and_stays(measured, monkeypatch, tmp_path):
    folder = str(hubs.save(tmp_path, "gemma"))
    asked = RunConfig.make(model=folder)
    assert preflight.check_run_config(asked).model_loading.dtype == "float32" and measured.count == 0  # tiny
    monkeypatch.setattr(dtype_choice, "MIN_MEASURED_PARAMETERS", 0)
    monkeypatch.setattr(model_info, "MIN_MEASURED_PARAMETERS", 0)
    made = preflight.check_run_config(asked)
    assert made.model_loading.dtype == "bfloat16" and measured.count == 1
    monkeypatch.setattr(dtype_choice, "_MEASURED_SPEEDUPS", {})
    (tmp_path / "models" / ".dtype.json").unlink()
    measured.speedup = 0.1  # another machine, another figure: the run keeps what it began with
    assert preflight.check_run_config(made) == made and measured.count == 1
    assert (
        preflight.check_run_config(
            RunConfig.make(model=folder, model_loading=ModelLoadingSettings(dtype="float32"))
        ).model_loading.dtype
        == "float32"
    )


def test_a_gpu_is_asked_when_the_model_is_loaded(measured, monkeypatch, tmp_path):
    monkeypatch.setattr(dtype_choice, "MIN_MEASURED_PARAMETERS", 0)
    monkeypatch.setattr(model_info, "detect_hardware", lambda device: Hardware("cuda", "a GPU", 16 * 10**9, 15 * 10**9))
    made = model_info.check_model(RunConfig.make(model=str(hubs.save(tmp_path, "gemma"))))
    assert made.model_loading.dtype == "auto" and measured.count == 0


def test_the_estimate_says_which_and_why_and_reckons_with_it(measured, monkeypatch, tmp_path):
    monkeypatch.setattr(dtype_choice, "MIN_MEASURED_PARAMETERS", 0)
    monkeypatch.setattr(model_info, "MIN_MEASURED_PARAMETERS", 0)
    monkeypatch.setattr(dtype_choice, "bfloat16_instruction_set", lambda: "AMX")
    asked = RunConfig.make(model=str(hubs.save(tmp_path, "gemma")))
    found = model_info.estimate_model(asked)
    assert (
        "computing in bfloat16 on this computer's processor: bfloat16 is 6.3 times as fast here (AMX)."
        in found.describe(asked)[0]
    )
    slower = model_info.estimate_model(
        RunConfig.make(model=asked.model, model_loading=ModelLoadingSettings(dtype="float32"))
    )
    assert slower.plan.base_weight_bytes == 2 * found.plan.base_weight_bytes
    assert "computing in float32" in slower.describe(asked)[0] and "6.3 times" in slower.describe(asked)[0]
    assert model_info.estimate_model(preflight.check_run_config(asked)).dtype_reason == found.dtype_reason


def test_runs_of_before_that_left_it_open_compute_in_float32():
    from studentsim.student.huggingface import loading
    from studentsim.student.huggingface import memory as sizes

    old = RunConfig.from_json('{"model": "m", "model_loading": {"dtype": "auto", "device": "cpu"}}').model_loading
    assert (
        str(loading.resolve_torch_dtype(old)) == "torch.float32" and sizes.resolve_dtype_name(old, "cpu") == "float32"
    )


@pytest.mark.long
def test_a_child_process_measures_it(data_folder):
    small = ModelShape(128, 2, 4, 2, 32, 256, 1000, 512, gated=True, tied_embeddings=True)
    found = dtype_choice.choose_dtype(small, LARGE)
    assert (
        found.speedup
        and found.speedup > 0
        and (found.dtype == "bfloat16") == (found.speedup >= dtype_choice.MIN_SPEEDUP)
    )
    assert list(json.loads((data_folder / "models" / ".dtype.json").read_text()).values()) == [
        pytest.approx(found.speedup, abs=1e-3)
    ]
