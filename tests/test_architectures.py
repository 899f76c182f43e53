"""Twelve architectures, tiny and random: what is written is what ``generate`` writes, what is scored is what a forward pass tells.

With texts shorter and longer than the window of those that have one. And architectures whose state cannot be carried over.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import replace

import hubs
import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from studentsim import factory
from studentsim.errors import ConfigError, StudentError
from studentsim.runs import model_info
from studentsim.runs.executor import execute
from studentsim.runs.history import read_past_events
from studentsim.runs.run_dir import create_run
from studentsim.student.generation.generate import generate, prefill
from studentsim.student.generation.recompute import CachelessModel
from studentsim.student.huggingface.loading import prepare_model
from studentsim.student.huggingface.scoring import score_options
from studentsim.student.huggingface.student import HubStudent
from studentsim.training.pairs import build_held_out_pairs

ENDS = [1, 4]
LIMIT = 12
LENGTHS = {"short": (3, 5, 2, 4), "across": (9, 14, 3, 11), "long": (40, 23, 61, 17)}
"""Tokens of four prompts; the window is of 16, and up to 12 are written or 20 scored behind them."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@functools.cache
def student(kind: str) -> HubStudent:
    """A student that answers greedily, twelve tokens at most; made once."""
    config = hubs.config("-", temperature=0.0, max_new_tokens=LIMIT)
    model = hubs.model(kind, tie_word_embeddings=False)
    loaded = prepare_model(model, hubs.tokenizer_of(kind), config, dtype=torch.float32, revision="")
    return HubStudent(loaded, config)


def texts(lengths, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(5, 700, n).tolist() for n in lengths]


def generated(model, prompts: list[list[int]], ends=ENDS) -> list[list[int]]:
    """What ``generate`` writes on this batch, greedily, without what stands behind an end."""
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (width - len(p)) + [1] * len(p) for p in prompts])
    out = model.generate(
        input_ids=ids, attention_mask=mask, do_sample=False, max_new_tokens=LIMIT, eos_token_id=list(ends), pad_token_id=0
    )  # fmt: skip
    rows = out[:, width:].tolist()
    return [row[: next((n for n, t in enumerate(row) if t in ends), len(row))] for row in rows]


def by_hand(model, prompt: list[int], completion: list[int]) -> float:
    """The log-probability of a completion from one plain forward pass over everything."""
    with torch.no_grad():
        logps = model(torch.tensor([prompt + completion]), use_cache=False).logits[0].float().log_softmax(-1)
    return sum(logps[len(prompt) + k - 1, token].item() for k, token in enumerate(completion))


def holds(kind: str, lengths) -> None:
    s = student(kind)
    prompts = texts(lengths)
    with torch.no_grad():
        prefix = prefill(s.inference_model, prompts, 0)
        completions = [texts((1, 4, 20, 7), seed=n + 1)[: 2 + n % 3] for n in range(len(prompts))]
        scored = score_options(s.inference_model, prefix, completions, batch_size=5)
        written = generate(
            s.inference_model, prefix, None, np.zeros((len(prompts), LIMIT)), eos_token_id=ENDS, temperature=0.0
        )
        assert score_options(s.inference_model, prefix, completions, batch_size=3) == [
            pytest.approx(r, abs=1e-4) for r in scored
        ]
    for prompt, own, logps in zip(prompts, completions, scored, strict=True):
        assert logps == pytest.approx([by_hand(s.base_model, prompt, c) for c in own], abs=1e-4)
    if not isinstance(s.inference_model, CachelessModel):
        assert [w.ids for w in written] == generated(s.base_model, prompts)
    for prompt, w in zip(prompts, written, strict=True):
        assert w.ended or w.logprob == pytest.approx(by_hand(s.base_model, prompt, w.ids), abs=1e-3)
        for k in {0, len(w.ids) - 1} if w.ids else ():  # the likeliest, by a plain forward pass
            with torch.no_grad():
                logits = s.base_model(torch.tensor([prompt + w.ids[:k]]), use_cache=False).logits
            assert logits[0, -1].argmax() == w.ids[k]


def sizes() -> Iterator:
    """Every architecture with every length; those without a window have nothing that a text of middle length could go across."""
    for kind in hubs.ARCHITECTURES:
        window = kind not in hubs.CONFIGS and kind != "qwen3"
        for size in LENGTHS:
            yield pytest.param(kind, size, marks=() if window or size != "across" else pytest.mark.long)


@pytest.mark.parametrize(("kind", "size"), sizes())
def test_any_text_is_written_and_scored_as_transformers_does(kind, size):
    assert not isinstance(student(kind).inference_model, CachelessModel)
    holds(kind, LENGTHS[size])


@pytest.mark.parametrize("kind", hubs.ARCHITECTURES)
def test_questions_are_answered_and_options_weighed_as_transformers_does(kind):
    s = student(kind)
    questions = [*hubs.bank().exam[:3], replace(hubs.bank().exam[3], problem="What is 2 + 3 ?")]
    prompts = {q.id: s._build_prompt(q) for q in questions}
    assert min(len(p.ids) for p in prompts.values()) > hubs.WINDOW
    in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
    expected = generated(s.base_model, [prompts[q.id].ids for q in in_order], s.end_token_ids)
    answers = {a.question_id: a for a in s.answer(questions, seed_key=("exam", 0), with_p_correct=True)}
    for question, ids in zip(in_order, expected, strict=True):
        assert answers[question.id].text == s.tokenizer.decode(ids, skip_special_tokens=True).strip()
    assert len({a.text for a in answers.values()}) > 1
    for question, logps in zip(questions, s.option_logps(questions), strict=True):
        prompt = prompts[question.id]
        said = [s.chat.encode_continuation(prompt, f"Answer: {o.text}") for o in question.options]
        assert logps == pytest.approx([by_hand(s.base_model, prompt.ids, ids) for ids in said], abs=1e-4)


@pytest.mark.parametrize("kind", hubs.RECOMPUTED)
def test_where_no_cache_can_be_relied_on_texts_are_read_anew_and_that_is_said(kind):
    s = student(kind)
    assert isinstance(s.inference_model, CachelessModel) and "anew" in s.summary
    holds(kind, LENGTHS["across"])


@pytest.mark.parametrize("kind", ["gemma2", "recurrent_gemma", "lfm2", "mistral"])
def test_learning_sees_the_log_probabilities_that_scoring_tells(kind):
    """Also where logits are bent after the head, by a setting that TRL knows (Gemma 2) or does not (RecurrentGemma)."""
    config = hubs.config("-", temperature=0.0, max_new_tokens=LIMIT)
    loaded = prepare_model(hubs.model(kind), hubs.tokenizer_of(kind), config, dtype=torch.float32, revision="")
    s = HubStudent(loaded, config)
    assert s.has_plain_lm_head == (kind not in ("gemma2", "recurrent_gemma"))
    learner = factory.build_trainer(s, config)
    pairs = build_held_out_pairs(hubs.bank().study[:2])
    (chosen, rejected), *_ = before = s.pair_logps([s.pair_ids(p) for p in pairs])
    first = next(iter(learner.train(pairs, [], turn=1, seed=0))).metrics
    assert first.logps_chosen == pytest.approx(sum(c for c, _ in before) / 2, abs=1e-3)
    assert first.logps_rejected == pytest.approx(sum(r for _, r in before) / 2, abs=1e-3)
    assert first.rewards_margins == pytest.approx(0, abs=1e-4)


def test_positions_stay_where_longrope_turns_them_alike():
    rope = {"rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [4.0] * 8, "factor": 8.0}
    config = hubs.config("-", max_new_tokens=LIMIT)
    model = hubs.model("phi3", rope_parameters=rope, original_max_position_embeddings=64)
    s = HubStudent(prepare_model(model, hubs.tokenizer_of("phi3"), config, dtype=torch.float32, revision=""), config)
    assert len(s._build_prompt(hubs.bank().exam[0]).ids) + LIMIT < 64 < model.config.max_position_embeddings


@pytest.mark.parametrize("kind", ["mamba", "mamba2", "falcon_mamba"])
def test_a_model_without_attention_is_refused_in_words(kind, tmp_path):
    heads = {"num_heads": 8, "head_dim": 16} if kind == "mamba2" else {}
    config = AutoConfig.for_model(kind, hidden_size=64, num_hidden_layers=2, vocab_size=704, **heads)
    made = AutoModelForCausalLM.from_config(config)
    made.save_pretrained(tmp_path)
    hubs.tokenizer().save_pretrained(tmp_path)
    with pytest.raises(ConfigError, match=f"{kind}.* without attention"):
        model_info.estimate_model(hubs.config(tmp_path))
    with pytest.raises(StudentError, match=f"{kind}.* without attention"):
        factory.build_components(hubs.config(tmp_path))


@pytest.mark.long
@pytest.mark.parametrize("kind", [*hubs.ARCHITECTURES, *hubs.RECOMPUTED])
def test_a_run_of_two_lessons_finishes(kind, tmp_path):
    model = hubs.save(tmp_path, kind, tie_word_embeddings=False)
    folder = create_run(tmp_path, hubs.config(model, max_new_tokens=16))
    assert execute(folder) == "finished"
    events = read_past_events(folder)
    trained = [e["metrics"] for e in events if e["type"] == "TrainingStep"]
    assert {e["turn"] for e in events if e["type"] == "TurnFinished"} == {0, 1, 2} and len(trained) >= 4
    assert all(math.isfinite(x) for metrics in trained for x in metrics.values() if x is not None)
