"""Models of the hub through the whole loop, in full precision and quantised: real architectures, tiny, random weights."""

from __future__ import annotations

import hashlib
import math
import shutil

import hubs
import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from studentsim import factory
from studentsim.errors import StudentError
from studentsim.events import (
    AnswerRecorded,
    EpochFinished,
    ExamFinished,
    TrainingStep,
    TurnFinished,
    ValidationFinished,
)
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import create_run
from studentsim.settings import DPOSettings, ModelLoadingSettings
from studentsim.simulation import simulate
from studentsim.student import adapter
from studentsim.training.pairs import build_held_out_pairs


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {kind: hubs.save(folder, kind) for kind in hubs.CONFIGS}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """Models this small gain nothing from threads, and threads that wait for each other cost ten times the work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def few_questions(monkeypatch):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())


def weights(student, adapter: bool) -> str:
    state = {n: p for n, p in student.model.named_parameters() if ("lora_" in n) == adapter}
    digest = hashlib.sha256()
    for name, p in sorted(state.items()):
        # Values, not dtypes: bitsandbytes turns a bias from bfloat16 into float32 and back as it goes.
        p = p.detach().float() if p.is_floating_point() else p.detach()
        digest.update(name.encode() + p.numpy().tobytes())
    return digest.hexdigest()


def told(events) -> list:
    """What was told, without times."""
    found = []
    for event in events:
        fields = event.to_json()
        for name in ("seconds", "milliseconds"):
            fields.pop(name, None)
        found.append(fields)
    return found


def run(model, **settings):
    cast = factory.build_components(config := hubs.config(model, **settings))
    before = weights(cast.student, adapter=False), weights(cast.student, adapter=True)
    events = list(simulate(config, cast))
    return cast.student, before, events


CASES = [
    *((kind, "none") for kind in ("gemma", "llama", "bloom")),
    *(pytest.param(kind, "none", marks=pytest.mark.long) for kind in ("qwen2", "phi")),
    ("gemma", "nf4"),
    ("qwen2", "8bit"),
    *(pytest.param(kind, "nf4", marks=pytest.mark.long) for kind in ("llama", "bloom")),
]
HELD = ["none", pytest.param("nf4", marks=pytest.mark.long)]


@pytest.mark.parametrize(("kind", "held"), CASES)
def test_the_whole_loop_runs_the_adapter_changes_and_the_base_does_not(models, kind, held):
    student, (base, adapter), events = run(models[kind], model_loading=ModelLoadingSettings(quantisation=held))
    assert weights(student, adapter=False) == base and weights(student, adapter=True) != adapter
    assert len([e for e in events if isinstance(e, AnswerRecorded)]) == 2 * 4 + 2 * 4
    assert [e.turn for e in events if isinstance(e, TurnFinished)] == [0, 1, 2]
    assert all(0 <= e.p_correct <= 1 for e in events if isinstance(e, ExamFinished))
    steps = [e for e in events if isinstance(e, TrainingStep)]
    assert steps and all(math.isfinite(e.metrics.loss) for e in steps)
    assert steps[0].metrics.loss == pytest.approx(math.log(2), abs=0.02 if held == "none" else 0.1)
    assert any(isinstance(e, ValidationFinished) for e in events)
    assert {p.dtype for n, p in student.model.named_parameters() if "lora_" in n} == {torch.float32}
    assert "forward" not in vars(student.model) and "forward" not in vars(student.base_model)


@pytest.mark.parametrize("held", HELD)
def test_the_same_seed_gives_the_same_run(models, held):
    one, two = (run(models["gemma"], model_loading=ModelLoadingSettings(quantisation=held))[2] for _ in range(2))
    assert told(one) == told(two)


@pytest.mark.parametrize("held", HELD)
def test_a_resumed_run_tells_the_same_as_one_that_was_never_stopped(models, tmp_path, held):
    config = hubs.config(models["llama"], model_loading=ModelLoadingSettings(quantisation=held))
    whole, cut = [], []
    assert execute(create_run(tmp_path, config), on_event=whole.append) == "finished"
    folder = create_run(tmp_path, config)

    def stop(event) -> None:
        cut.append(event)
        if isinstance(event, TurnFinished) and event.turn == 1:
            folder.write_request("pause")

    assert execute(folder, on_event=stop) == "paused"
    folder.clear_request()
    assert execute(folder, on_event=cut.append) == "finished", cut[-1]
    life = ("RunStarted", "RunResumed", "RunEnded", "StageStarted")
    assert [e for e in told(cut) if e["type"] not in life] == [e for e in told(whole) if e["type"] not in life]
    assert folder.read_config().model_loading.quantisation == held


def test_plain_peft_loads_the_saved_adapter_and_writes_the_same(models, tmp_path):
    student, _, _ = run(models["phi"])
    student.save(tmp_path)
    plain = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(models["phi"]), tmp_path).eval()
    ids = torch.tensor([student._build_prompt(hubs.bank().exam[0]).ids])
    with torch.no_grad():
        assert torch.allclose(plain(ids).logits, student.model(ids).logits, atol=1e-5)
    assert not torch.allclose(
        plain(ids).logits, AutoModelForCausalLM.from_pretrained(models["phi"])(ids).logits, atol=1e-3
    )


def test_every_projection_gets_an_adapter_whatever_the_architecture_calls_it(models):
    for kind, ends in (
        ("bloom", {"query_key_value", "dense_h_to_4h"}),
        ("phi", {"fc1", "fc2", "dense"}),
        ("gemma", {"gate_proj"}),
    ):
        student = factory.build_components(hubs.config(models[kind])).student
        names = {n.split(".lora_")[0].rpartition(".")[2] for n, _ in student.model.named_parameters() if "lora_" in n}
        assert ends <= names and "lm_head" not in names


def learned(models, turn: int = 1, **settings):
    config = hubs.config(models["gemma"], **settings)
    cast = factory.build_components(config)
    pairs = build_held_out_pairs(hubs.bank().study[:6])
    return cast, list(cast.trainer.learn(pairs, pairs[:2], turn=turn, seed=3))


def steps_of(told):
    """What has figures of its own: an epoch's are those of its steps."""
    return [event for event in told if not isinstance(event, EpochFinished)]


def test_in_small_portions_with_checkpointing_or_neither_the_same_is_learnt(models):
    learning = DPOSettings(learning_rate=1e-3, batch_size=4, epochs=2)
    _, plain = learned(models, dpo=learning)
    for hub in (
        ModelLoadingSettings(micro_batch_size=1),
        ModelLoadingSettings(gradient_checkpointing="on"),
        ModelLoadingSettings(micro_batch_size=2, gradient_checkpointing="on"),
    ):
        cast, other = learned(models, dpo=learning, model_loading=hub)
        assert cast.trainer.runtime_options.micro_batch_size == (hub.micro_batch_size or 4)
        assert cast.trainer.runtime_options.gradient_checkpointing == (hub.gradient_checkpointing == "on")
        for a, b in zip(steps_of(plain), steps_of(other), strict=True):
            assert b.metrics.loss == pytest.approx(a.metrics.loss, abs=2e-3)
            assert b.metrics.logps_chosen == pytest.approx(a.metrics.logps_chosen, abs=0.1)


@pytest.mark.parametrize("held", HELD)
def test_the_base_as_reference_is_told_once_where_pairs_are_seen_twice(models, monkeypatch, held):
    asked = []
    from studentsim.student.huggingface.student import HubStudent

    told_by = HubStudent.pair_scores
    monkeypatch.setattr(
        HubStudent, "pair_scores", lambda self, rows, **how: asked.append(how) or told_by(self, rows, **how)
    )
    figures = {}
    for epochs in (1, 2):
        config = hubs.config(
            models["gemma"],
            model_loading=ModelLoadingSettings(quantisation=held),
            dpo=DPOSettings(learning_rate=5e-3, reference="base", epochs=epochs, batch_size=3),
        )
        cast = factory.build_components(config)
        pairs = build_held_out_pairs(hubs.bank().study[:6])
        list(cast.trainer.learn(pairs, [], turn=1, seed=1))
        figures[epochs] = list(cast.trainer.learn(pairs, pairs[:3], turn=2, seed=1))[0].metrics
    base, own = {"base": True}, {}
    # Held-out pairs, then their questions' options: the base's once, and at the turn's end the student's own. A turn's pairs: with
    # two epochs alone.
    options = {"base": False}
    assert asked == [base, base, own, options] + [base, base, base, base, own, options]
    # The second turn compares with the base, not with last turn's student: there is a margin from the start …
    assert all(abs(m.rewards_margins) > 0.01 for m in figures.values())


def test_the_base_told_once_is_what_trl_computes_at_each_step(models):
    """One epoch: TRL switches the adapter off at each step. Told beforehand, it must be the same."""
    config = hubs.config(models["llama"], dpo=DPOSettings(learning_rate=5e-3, reference="base", epochs=1, batch_size=3))
    pairs = build_held_out_pairs(hubs.bank().study[:6])
    found = []
    for once in (False, True):
        cast = factory.build_components(config)
        list(cast.trainer.learn(pairs, [], turn=1, seed=1))
        if once:
            type(cast.trainer)._precomputes_reference, kept = (
                property(lambda self: True),
                type(cast.trainer)._precomputes_reference,
            )
        try:
            found.append(list(cast.trainer.learn(pairs, pairs[:3], turn=2, seed=1)))
        finally:
            if once:
                type(cast.trainer)._precomputes_reference = kept
    for a, b in zip(*map(steps_of, found), strict=True):
        assert b.metrics.rewards_margins == pytest.approx(a.metrics.rewards_margins, abs=1e-4)
        assert b.metrics.loss == pytest.approx(a.metrics.loss, abs=1e-4)


def test_a_damaged_adapter_is_refused(models, tmp_path):
    student = factory.build_components(hubs.config(models["qwen2"])).student
    student.save(tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(StudentError, match="cannot be read"):
        student.load(tmp_path)


def test_an_adapter_of_another_version_of_the_model_is_refused(models, tmp_path):
    other = shutil.copytree(models["qwen2"], tmp_path / "other")
    with (other / "config.json").open("a") as file:
        file.write("\n")
    one, two = (factory.build_components(hubs.config(folder)).student for folder in (models["qwen2"], other))
    for name, base in (("named", one.revision), ("unnamed", "")):
        (tmp_path / name).mkdir()
        adapter.save_adapter(one.model, tmp_path / name, base_fingerprint=base)
        one.load(tmp_path / name)
    two.load(tmp_path / "unnamed")  # as runs of before have it
    with pytest.raises(StudentError, match=f"weights {one.revision}, but this student has {two.revision}"):
        two.load(tmp_path / "named")
