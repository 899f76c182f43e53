"""Whether an architecture may be read in pieces: prompt first, completions behind it, rows of unequal length side by side.

Attention can; where a layer keeps a state (convolutions, Mamba and its like), padding and a second piece must be told to it, and not
every implementation is. Some only crash, some silently tell something else. So a model is tried on a few tokens when it is loaded, and
where what it tells is not what one plain forward pass tells, it is read from the beginning each time (``CachelessModel``).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from studentsim.student.generation.generate import continuation_inputs, prefill
from studentsim.student.generation.recompute import CachelessModel
from studentsim.student.huggingface.scoring import score_options

VERIFIED_STATEFUL_TYPES = (
    "lfm2", "lfm2_moe", "qwen3_next", "qwen3_5_text", "falcon_h1", "granitemoehybrid", "bamba", "zamba2", "nemotron_h",
    "olmo_hybrid",
)  # fmt: skip
"""Stateful architectures whose state is right behind padding and over several pieces, by their tiny models in float32
(tests/test_architectures.py). Of others that is not believed."""
MAX_CACHE_ERROR = {torch.float32: 1e-2}
"""Total variation distance (0 to 1) between what is told the two ways, at most. In 16 bits rounding alone makes some."""
MAX_CACHE_ERROR_16_BIT = 0.2


def wrap_if_cache_unreliable(model: PreTrainedModel) -> PreTrainedModel | CachelessModel:
    """What is to write and score: the model itself where its cache can be relied on."""
    return model if has_reliable_cache(model) else CachelessModel(model)


@torch.no_grad()
def has_reliable_cache(model: PreTrainedModel) -> bool:
    """Whether the model tells behind a cache, behind padding and with rows repeated what it tells of a whole text."""
    if "past_key_values" not in inspect.signature(model.forward).parameters:
        return False
    if model._is_stateful and model.config.get_text_config().model_type not in VERIFIED_STATEFUL_TYPES:
        return False
    try:
        return _measure_cache_error(model) <= MAX_CACHE_ERROR.get(model.dtype, MAX_CACHE_ERROR_16_BIT)
    except torch.OutOfMemoryError:
        raise
    except Exception:  # caches of an architecture's own fail in many ways; all mean the same
        return False


@torch.no_grad()
def max_logprob_error(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[Sequence[int]]],
    logps: Sequence[Sequence[float]],
    pad_token_id: int,
) -> float:
    """How far (nats) the log-probabilities ``logps`` of each prompt's texts are off, at most, from plain passes over whole texts."""
    uncached = CachelessModel(model)
    expected = [
        score_options(uncached, prefill(uncached, [prompt], pad_token_id), [prompt_completions], batch_size=1)[0]
        for prompt, prompt_completions in zip(prompts, completions, strict=True)
    ]
    return max(abs(a - b) for row, own in zip(logps, expected, strict=True) for a, b in zip(row, own, strict=True))


def _measure_cache_error(model: PreTrainedModel) -> float:
    """The largest total variation distance found, on a few tokens that mean nothing."""
    long, short, first, second = (_make_probe_ids(model, n, length) for n, length in enumerate((11, 6, 4, 3)))
    prefix = prefill(model, [long, short], pad_token_id=0)
    gaps = [_total_variation(prefix.next_token_logits[1], _full_forward_logits(model, short)[-1])]
    prefix = prefix.take_rows([1, 1])
    logits = model(**continuation_inputs(prefix, [first, second])).logits.float()
    for row, ids in enumerate((first, second)):
        expected = _full_forward_logits(model, short + ids)[len(short) :]
        gaps += [_total_variation(logits[row, k], expected[k]) for k in range(len(ids))]
    return max(gaps)


def _make_probe_ids(model: PreTrainedModel, number: int, length: int) -> list[int]:
    size = model.config.get_text_config().vocab_size
    return [(7 + 101 * number + 13 * k) % size for k in range(length)]


def _full_forward_logits(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    """Logits (L, V) of one forward pass over everything."""
    return model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits[0].float()


def _total_variation(a: torch.Tensor, b: torch.Tensor) -> float:
    distance = (a.softmax(-1) - b.softmax(-1)).abs().sum().item() / 2
    return distance if distance == distance else 1.0
