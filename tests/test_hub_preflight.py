"""What is known of a model before a run is made: where it is, which version, what it needs, what it answers. No network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import hubs
import huggingface_hub
import pytest
from huggingface_hub import errors as hub_errors
from transformers import DynamicCache
from typer.testing import CliRunner

from studentsim import factory
from studentsim.cli import app, runner
from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.errors import ConfigError, RunError, StudentError
from studentsim.runs import benchmark, checkpoints, preflight
from studentsim.runs import model_info as models
from studentsim.settings import DPOSettings, ModelLoadingSettings
from studentsim.student.generation import generate
from studentsim.student.generation.kv_cache import take_rows
from studentsim.student.huggingface import resolve
from studentsim.student.huggingface.hardware import Hardware
from studentsim.student.huggingface.memory import ModelShape, estimate_weight_bytes, plan_memory

GEMMA_2B = {
    "model_type": "gemma", "hidden_size": 2048, "num_hidden_layers": 18, "num_attention_heads": 8, "num_key_value_heads": 1,
    "head_dim": 256, "intermediate_size": 16384, "vocab_size": 256000, "max_position_embeddings": 8192,
}  # fmt: skip
BLOOM_560M = {"model_type": "bloom", "hidden_size": 1024, "n_layer": 24, "n_head": 16, "vocab_size": 250880}
PHI_2 = {
    "model_type": "phi", "hidden_size": 2560, "num_hidden_layers": 32, "num_attention_heads": 32, "intermediate_size": 10240,
    "vocab_size": 51200, "num_key_value_heads": None, "tie_word_embeddings": False,
}  # fmt: skip
GPU = Hardware("cuda", "a GPU", 16 * 10**9, 15 * 10**9)
CPU = Hardware("cpu", "a processor", 16 * 10**9, 8 * 10**9)


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    return hubs.save(tmp_path_factory.mktemp("models"), "gemma")


def refused(name: object, **hub: object) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        preflight.check_run_config(RunConfig.make(model=str(name), model_loading=ModelLoadingSettings(**hub)))
    assert caught.value.remedy
    return caught.value


# ------------------------------------------------------------------ a local folder


def test_the_version_of_a_folder_is_written_into_the_runs_settings(gemma):
    config = preflight.check_run_config(RunConfig.make(model=str(gemma)))
    assert config.model_loading.revision == resolve.compute_fingerprint(
        gemma
    ) and config.model_loading.revision.startswith("files-")
    assert preflight.check_run_config(config) == config
    assert preflight.check_run_config(RunConfig()).model_loading == RunConfig().model_loading


def test_another_model_in_the_same_folder_is_not_taken_for_the_one_that_was_meant(gemma, tmp_path):
    config = preflight.check_run_config(RunConfig.make(model=str(shutil.copytree(gemma, tmp_path / "model"))))
    shutil.copytree(hubs.save(tmp_path / "other", "gemma", seed=1), tmp_path / "model", dirs_exist_ok=True)
    with pytest.raises(ConfigError, match="not the one that was meant") as caught:
        preflight.check_run_config(config)
    assert caught.value.field == "model_loading.revision"


def test_parameters_are_counted_in_the_headers(gemma):
    found = resolve.resolve_model(str(gemma))
    shape = ModelShape.from_config(found.config)
    assert found.parameters == pytest.approx(shape.parameters, rel=0.02) and found.parameters > 50_000


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "config.json"),
        ({"config.json": "{}"}, "no weights"),
        ({"config.json": "{}", "pytorch_model.bin": "x"}, "pickle"),
        ({"config.json": "{}", "model.safetensors": "x"}, "no safetensors file"),
        ({"config.json": "nonsense", "model.safetensors": "\x02\0\0\0\0\0\0\0{}"}, "cannot be read"),
        ({"config.json": "[]", "model.safetensors": "\x02\0\0\0\0\0\0\0{}"}, "no model's config"),
        ({"config.json": "{}", "model.safetensors": "\x02\0\0\0\0\0\0\0[]"}, "header"),
        ({"config.json": '{"is_encoder_decoder": true}', "model.safetensors": "\x02\0\0\0\0\0\0\0{}"}, "encoder"),
        ({"config.json": '{"quantization_config": {"quant_method": "gptq"}}', "model.safetensors": "\x02\0\0\0\0\0\0\0{}"}, "gptq"),
        ({"config.json": '{"model_type": "mamba"}', "model.safetensors": "\x02\0\0\0\0\0\0\0{}"}, "mamba"),
    ],
)  # fmt: skip
def test_a_folder_that_cannot_be_used_is_refused_in_words(tmp_path, files, words):
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    error = refused(tmp_path)
    assert words in str(error) and error.field == "model"


def test_a_model_too_large_for_the_machine_is_refused_with_the_way_out(gemma, monkeypatch):
    monkeypatch.setattr(models, "detect_hardware", lambda device: Hardware("cpu", "a watch", 10**8, 10**8))
    error = refused(gemma)
    assert "0.1 GB" in str(error) and "nf4" in error.remedy
    assert "smaller" in refused(gemma, quantisation="nf4").remedy


def test_a_gpu_that_is_not_there_is_refused(gemma, monkeypatch):
    monkeypatch.setattr("studentsim.student.huggingface.hardware._detect_gpu", lambda: "no NVIDIA driver was found")
    error = refused(gemma, device="cuda")
    assert error.field == "model_loading.device" and "driver" in str(error)


# ------------------------------------------------------------------ the hub


class FakeHub:
    """The hub as ``huggingface_hub`` shows it."""

    def __init__(
        self,
        folder: Path | None = None,
        error: Exception | None = None,
        gated: bool = False,
        files=("model.safetensors",),
    ):
        self.folder, self.error, self.gated, self.files = folder, error, gated, files

    def model_info(self, name, revision=None, timeout=None):
        if self.error and not self.gated:
            raise self.error
        siblings = [SimpleNamespace(rfilename=f) for f in self.files]
        return SimpleNamespace(
            sha="c" * 40, gated=self.gated, siblings=siblings, safetensors=SimpleNamespace(total=2_506_172_416)
        )

    def auth_check(self, name):
        if self.error:
            raise self.error


def serve(monkeypatch, fake: FakeHub) -> None:
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: None)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: fake)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *_, **__: str(fake.folder / "config.json"))


def response() -> SimpleNamespace:
    return SimpleNamespace(headers={}, request=None, status_code=401)


def test_a_model_of_the_hub_is_pinned_to_todays_commit(monkeypatch, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps(GEMMA_2B))
    serve(monkeypatch, FakeHub(tmp_path))
    monkeypatch.setattr(models, "detect_hardware", lambda device: CPU)
    config = preflight.check_run_config(
        RunConfig.make(model="google/gemma-2b-it", model_loading=ModelLoadingSettings(quantisation="nf4"))
    )
    assert config.model_loading.revision == "c" * 40
    told = " ".join(models.estimate_model(config).describe(config))
    assert "2.51 B parameters" in told and "downloaded" in told and "NF4" in told and "Without a GPU" in told


@pytest.mark.parametrize(
    ("fake", "words", "field"),
    [
        (FakeHub(error=hub_errors.GatedRepoError("gated", response=response()), gated=True), "licence", "model"),
        (FakeHub(error=hub_errors.RepositoryNotFoundError("no", response=response())), "none of that name", "model"),
        (
            FakeHub(error=hub_errors.RevisionNotFoundError("no", response=response())),
            "no version",
            "model_loading.revision",
        ),
        (FakeHub(error=ConnectionError("no route")), "cannot be reached (ConnectionError)", "model"),
        (FakeHub(error=hub_errors.OfflineModeIsEnabled("offline")), "cannot be reached", "model"),
        (FakeHub(files=("pytorch_model.bin", "sub/model.safetensors")), "pickle", "model"),
        (FakeHub(files=("README.md",)), "no weights", "model"),
    ],
)
def test_a_model_that_cannot_be_had_is_refused_in_clear_words(monkeypatch, tmp_path, fake, words, field):
    """Fault 19: not there, no network, no licence."""
    (tmp_path / "config.json").write_text(json.dumps(GEMMA_2B))
    fake.folder = tmp_path
    serve(monkeypatch, fake)
    error = refused("google/gemma-2b-it")
    assert words in str(error) and error.field == field


def test_a_model_in_the_cache_needs_no_network(monkeypatch, gemma):
    monkeypatch.setattr(huggingface_hub, "try_to_load_from_cache", lambda *_, **__: str(gemma / "config.json"))
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: pytest.fail("the hub was asked"))
    assert preflight.check_run_config(RunConfig.make(model="someone/some-model")).model_loading.revision == gemma.name


def test_the_web_process_can_check_models_without_torch(gemma):
    program = (
        "import sys; from studentsim.config import RunConfig; from studentsim.runs import model_info, preflight;"
        f"c = preflight.check_run_config(RunConfig.make(model={str(gemma)!r})); model_info.estimate_model(c).describe(c);"
        "print({'torch', 'transformers', 'tokenizers', 'safetensors'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=Path(__file__).parents[1]
    )
    assert done.stdout.strip() == "set()", done.stderr


# ------------------------------------------------------------------ sizes


@pytest.mark.parametrize(
    ("config", "billions"),
    [(GEMMA_2B, 2.506), (BLOOM_560M, 0.559), (PHI_2, 2.78)],
    ids=["gemma-2b", "bloom-560m", "phi-2"],
)
def test_parameters_by_the_config_are_near_the_published_ones(config, billions):
    assert ModelShape.from_config(config).parameters / 1e9 == pytest.approx(billions, rel=0.02)


def test_nf4_halves_what_8_bit_holds_and_embeddings_stay():
    shape = ModelShape.from_config(GEMMA_2B)
    none, eight, four = (estimate_weight_bytes(shape, shape.parameters, held, 2) for held in ("none", "8bit", "nf4"))
    assert none == 2 * shape.parameters and none > eight > four
    assert four == pytest.approx(
        2 * shape.embedding_parameters + 0.5625 * (shape.parameters - shape.embedding_parameters)
    )
    assert 2.0e9 < four < 2.3e9


def test_a_small_gpu_learns_in_small_portions_and_at_last_with_checkpointing():
    shape = ModelShape.from_config(GEMMA_2B)
    config = RunConfig.make(
        max_new_tokens=200, model_loading=ModelLoadingSettings(quantisation="nf4"), dpo=DPOSettings(batch_size=8)
    )
    plans = [plan_memory(config, shape, 0, Hardware("cuda", "", gb * 10**9, gb * 10**9)) for gb in (80, 24, 16, 8, 5)]
    assert [p.micro_batch_size for p in plans] == sorted((p.micro_batch_size for p in plans), reverse=True)
    assert plans[0].micro_batch_size == 8 and not plans[0].gradient_checkpointing and plans[-1].gradient_checkpointing
    assert all(8 % p.micro_batch_size == 0 and 1 <= p.generation_batch_size <= 64 for p in plans)


def test_settings_go_before_what_the_machine_suggests():
    shape = ModelShape.from_config(GEMMA_2B)
    hub = ModelLoadingSettings(
        generation_batch_size=3, micro_batch_size=3, gradient_checkpointing="on", optimiser="paged"
    )
    found = plan_memory(RunConfig.make(model_loading=hub, dpo=DPOSettings(batch_size=8)), shape, 0, GPU)
    assert (
        found.generation_batch_size,
        found.micro_batch_size,
        found.gradient_checkpointing,
        found.paged_optimiser,
    ) == (3, 2, True, True)
    assert not plan_memory(RunConfig.make(model_loading=hub), shape, 0, CPU).paged_optimiser


def test_what_the_packed_decoder_keeps_is_limited_and_so_is_the_memory_told():
    """SmolLM2's shape: 2.5 GB were seen in a run of 20 lessons of 40 (docs/log.md)."""
    told = {
        "hidden_size": 576, "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
        "intermediate_size": 1536, "vocab_size": 49152, "tie_word_embeddings": True,
    }  # fmt: skip
    here = Hardware("cpu", "", 25 * 10**9, 25 * 10**9)

    def found(kind: str, batch: int, **hub):
        config = RunConfig.make(
            model_loading=ModelLoadingSettings(dtype="bfloat16", **hub), dpo=DPOSettings(batch_size=batch)
        )
        return plan_memory(config, ModelShape.from_config({**told, "model_type": kind}), 0, here)

    small, large, other = found("llama", 4), found("llama", 8), found("bloom", 8)
    assert 2.5e9 < small.peak_bytes == large.peak_bytes < 2.5e9 * 4 / 3, "however many pairs a step has"
    assert (
        other.peak_bytes > large.peak_bytes + 2e9
        and found("llama", 8, quantisation="nf4").peak_bytes > large.peak_bytes + 2e9
    )


# ------------------------------------------------------------------ the trial


def test_the_trial_in_a_process_of_its_own_answers_and_tells_the_time(gemma, tmp_path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    config = hubs.config(gemma, model_loading=ModelLoadingSettings(quantisation="nf4"), bank=str(hubs.mathqa(tmp_path)))
    steps: list[str] = []
    found = models.run_benchmark_subprocess(config, on_progress=steps.append)
    assert steps[0].startswith("loading") and steps[0].startswith("loading") and f"{found.longest} tokens" in steps[5]
    assert len(steps) == (8 if config.dpo.rehearsal else 7)
    assert found.longest == found.read > 20 and f"{found.longest} tokens" in found.describe(config)[0]
    assert found.problem and found.answer > 0 and found.exam > 0 and found.pair > 0 and found.memory > 10**8
    lesson = 4 * (found.answer + 0.75 * found.pair)
    assert found.estimate_run_seconds(config) == pytest.approx(found.loading + 2 * lesson + 2 * 4 * found.exam)
    assert any("Test answer" in s for s in found.describe(config)) and "NF4" in found.said


@pytest.mark.long
def test_what_goes_wrong_in_the_trial_is_told_in_words(gemma, tmp_path):
    broken = shutil.copytree(gemma, tmp_path / "broken")
    (broken / "tokenizer.json").write_text("{}")
    with pytest.raises(StudentError, match="tokenizer"):
        models.run_benchmark_subprocess(hubs.config(broken, bank=str(hubs.mathqa(tmp_path))))


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "memory"),
        ("import sys; print('noise'); sys.exit('segmentation fault')", "segmentation"),
    ],
)
def test_a_trial_that_dies_is_an_error_in_words(monkeypatch, gemma, program, words):
    monkeypatch.setattr(models, "BENCHMARK_ARGUMENTS", ("-c", program))
    with pytest.raises(StudentError, match=words):
        models.run_benchmark_subprocess(hubs.config(gemma))


def test_the_command_says_each_step_of_a_trial(monkeypatch, gemma):
    figures = {
        "said": "tiny",
        "problem": "2 + 3?",
        "text": "5",
        "letter": "b",
        "longest": 812,
        "read": 812,
        "memory": 1e9,
    }
    figures |= dict.fromkeys(("loading", "answer", "exam", "choice", "pair"), 0.5)
    lines = [{"step": "a first answer"}, {"step": "weighing options"}, {"kind": "", "trial": figures}]
    monkeypatch.setattr(
        models, "BENCHMARK_ARGUMENTS", ("-c", "\n".join(f"print({json.dumps(line)!r})" for line in lines))
    )
    done = CliRunner().invoke(app, ["check-model", str(gemma), "--json"])
    assert done.exit_code == 0, done.output
    assert done.stderr.index("Trying it out: a first answer …") < done.stderr.index("Trying it out: weighing options …")
    assert "812 tokens" in done.stderr and json.loads(done.stdout)["longest"] == 812


def test_a_trial_finds_model_and_questions_by_paths_from_here(monkeypatch, gemma, tmp_path):
    shutil.copytree(gemma, tmp_path / "mine")
    hubs.mathqa(tmp_path)
    monkeypatch.chdir(tmp_path)
    program = "import os, sys, studentsim; print(os.path.isdir('mine'), os.path.isfile('mathqa.json'), file=sys.stderr)"
    monkeypatch.setattr(models, "BENCHMARK_ARGUMENTS", ("-c", program))
    with pytest.raises(StudentError, match="True True"):
        models.run_benchmark_subprocess(hubs.config("./mine", bank="mathqa.json"))


def test_what_libraries_print_in_a_trial_is_no_message_of_it(monkeypatch, gemma):
    monkeypatch.setattr(
        models, "BENCHMARK_ARGUMENTS", ("-c", "print(0); print('{\"step\": \"a first answer\"}'); print('[1]')")
    )
    steps: list[str] = []
    with pytest.raises(StudentError, match="cannot be tried out"):
        models.run_benchmark_subprocess(hubs.config(gemma), on_progress=steps.append)
    assert steps == ["a first answer"]


def test_nobody_waits_for_a_trial_that_was_broken_off(monkeypatch, gemma):
    program = 'import time; print(\'{"step": "a first answer"}\', flush=True); time.sleep(60)'
    monkeypatch.setattr(models, "BENCHMARK_ARGUMENTS", ("-c", program))

    def enough(step: str) -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        models.run_benchmark_subprocess(hubs.config(gemma), on_progress=enough)
    assert time.monotonic() - began < 20


def test_the_command_tries_a_model_on_files_of_a_named_set(monkeypatch, gemma, tmp_path):
    asked: list[RunConfig] = []
    monkeypatch.setattr(runner, "print_model_summary", lambda config, **_: asked.append(config))
    done = CliRunner().invoke(app, ["check-model", str(gemma), "--bank", "mine.csv", "--bank-set", "plain"])
    assert done.exit_code == 0 and (asked[0].bank, asked[0].bank_set) == ("mine.csv", "plain")


def test_a_trial_that_takes_too_long_is_an_error_in_words(monkeypatch, gemma):
    monkeypatch.setattr(models, "BENCHMARK_ARGUMENTS", ("-c", "import time; time.sleep(60)"))
    with pytest.raises(StudentError, match="within 0 seconds"):
        models.run_benchmark_subprocess(hubs.config(gemma), timeout_seconds=0.2)


def _long_bank() -> Bank:
    """Questions of which one is far longer than the others, and than the model can read."""
    first, *others = (*hubs.bank().study, *hubs.bank().exam)
    return Bank.from_questions("long", [replace(first, problem=f"A farmer has {'many, ' * 900} sheep."), *others])


def test_the_longest_question_is_tried_and_each_step_said(monkeypatch, gemma):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: _long_bank())
    steps: list[str] = []
    found = benchmark.benchmark_model(hubs.config(gemma), steps.append)
    assert found.longest > 900 and found.read < 512 and f"reads {found.read}" in found.describe(hubs.config(gemma))[0]
    assert [s.split()[0] for s in steps] == ["loading", "a", "reading", "4", "weighing", "the", "learning", "holding"]


def test_a_model_can_be_tried_on_a_bank_with_fewer_exam_questions_than_an_exam_has(monkeypatch, gemma):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    assert len(hubs.bank().exam) < 40 and benchmark.benchmark_model(hubs.config(gemma, exam_size=40)).problem


def test_a_model_that_tells_otherwise_behind_its_cache_is_refused_with_the_figure(monkeypatch, tmp_path):
    def bare(cache, rows):
        """As version 0.1 copied caches: right up to the window, and silently not beyond it."""
        if not isinstance(cache, DynamicCache):
            return take_rows(cache, rows)
        taken = DynamicCache()
        for index, layer in enumerate(cache.layers):
            taken.update(layer.keys[rows], layer.values[rows], index)
        return taken

    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    mistral = hubs.save(tmp_path, "mistral")
    assert benchmark.benchmark_model(hubs.config(mistral)).longest > hubs.WINDOW
    monkeypatch.setattr(generate, "take_rows", bare)
    with pytest.raises(StudentError, match=r"log-probability is off by \d"):
        benchmark.benchmark_model(hubs.config(mistral, model_loading=ModelLoadingSettings(exam_mode="scored")))


# ------------------------------------------------------------------ the adapter, exported


def test_the_last_whole_checkpoint_is_exported_without_our_own_manifest(tmp_path):
    for turn in (1, 2, 3):
        checkpoints.write_checkpoint(
            tmp_path / "run", turn, lambda folder, turn=turn: (folder / "adapter.txt").write_text(str(turn)) and None
        )
    (checkpoints.checkpoint_path(tmp_path / "run", 3) / "adapter.txt").write_text("damaged")
    assert checkpoints.copy_adapter(tmp_path / "run", tmp_path / "out") == 2
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["adapter.txt"] and (
        tmp_path / "out" / "adapter.txt"
    ).read_text() == "2"
    assert checkpoints.copy_adapter(tmp_path / "run", tmp_path / "first", 1) == 1


def test_what_cannot_be_exported_is_refused(tmp_path):
    with pytest.raises(RunError, match="no lesson is complete"):
        checkpoints.copy_adapter(tmp_path / "run", tmp_path / "out")
    checkpoints.write_checkpoint(tmp_path / "run", 0, lambda folder: (folder / "a").write_text("x") and None)
    with pytest.raises(RunError, match="lesson 7"):
        checkpoints.copy_adapter(tmp_path / "run", tmp_path / "out", 7)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    with pytest.raises(RunError, match="not empty"):
        checkpoints.copy_adapter(tmp_path / "run", tmp_path / "full")
    assert not (tmp_path / "out").exists()
