"""Decides whether a model's KV cache is reliable: first prompts, padded to one length, then completions after them.

Attention allows that. Layers with a state (convolutions, Mamba) must handle padding and continued sequences, and not every implementation
does: some crash, some silently compute something else. So a model is tried on a few tokens when it is loaded; where the probabilities
differ from those of one forward pass, ``CachelessModel`` computes every text from its beginning.
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
"""Architectures with a state that is right after padding and when continued, as tiny models in float32 show
(tests/test_architectures.py). Others with a state are never trusted."""
MAX_CACHE_ERROR = {torch.float32: 1e-2}
"""The largest accepted total variation distance (0 to 1) of next-token probabilities. In 16 bits rounding makes some."""
MAX_CACHE_ERROR_16_BIT = 0.2


def wrap_if_cache_unreliable(model: PreTrainedModel) -> PreTrainedModel | CachelessModel:
    """The model itself where its KV cache is reliable, else a ``CachelessModel`` of it."""
    return model if has_reliable_cache(model) else CachelessModel(model)


@torch.no_grad()
def has_reliable_cache(model: PreTrainedModel) -> bool:
    """Whether a cache, padding and repeated rows leave the model's next-token probabilities as they are without."""
    if "past_key_values" not in inspect.signature(model.forward).parameters:
        return False
    if model._is_stateful and model.config.get_text_config().model_type not in VERIFIED_STATEFUL_TYPES:
        return False
    try:
        return _measure_cache_error(model) <= MAX_CACHE_ERROR.get(model.dtype, MAX_CACHE_ERROR_16_BIT)
    except torch.OutOfMemoryError:
        raise
    except Exception:  # an architecture's own cache may fail in many ways
        return False


@torch.no_grad()
def max_logprob_error(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    completions: Sequence[Sequence[Sequence[int]]],
    logps: Sequence[Sequence[float]],
    pad_token_id: int,
) -> float:
    """The largest error (nats) of ``logps``, the completions' log-probabilities, against forward passes over whole texts."""
    uncached = CachelessModel(model)
    expected = [
        score_options(uncached, prefill(uncached, [prompt], pad_token_id), [prompt_completions], batch_size=1)[0]
        for prompt, prompt_completions in zip(prompts, completions, strict=True)
    ]
    return max(abs(a - b) for row, exact in zip(logps, expected, strict=True) for a, b in zip(row, exact, strict=True))


def _measure_cache_error(model: PreTrainedModel) -> float:
    """The largest total variation distance of next-token probabilities with a cache from those without, on a few arbitrary tokens."""
    long, short, first, second = (make_probe_ids(model, n, length) for n, length in enumerate((11, 6, 4, 3)))
    prefix = prefill(model, [long, short], pad_token_id=0)
    distances = [total_variation(prefix.next_token_logits[1], _full_forward_logits(model, short)[-1])]
    prefix = prefix.take_rows([1, 1])
    logits = model(**continuation_inputs(prefix, [first, second])).logits.float()
    for row, ids in enumerate((first, second)):
        expected = _full_forward_logits(model, short + ids)[len(short) :]
        distances += [total_variation(logits[row, k], expected[k]) for k in range(len(ids))]
    return max(distances)


def make_probe_ids(model: PreTrainedModel, number: int, length: int) -> list[int]:
    """Arbitrary token ids, others for each ``number``."""
    size = model.config.get_text_config().vocab_size
    return [(7 + 101 * number + 13 * k) % size for k in range(length)]


def _full_forward_logits(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    """Logits (L, V) of one forward pass over the whole text."""
    return model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits[0].float()


def total_variation(a: torch.Tensor, b: torch.Tensor) -> float:
    """The largest total variation distance (0 to 1) between the distributions of logits (…, V); 1 where they are not finite."""
    distance = (a.float().softmax(-1) - b.float().softmax(-1)).abs().sum(-1).max().item() / 2
    return distance if distance == distance else 1.0
