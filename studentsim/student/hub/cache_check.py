"""Whether an architecture may be read in pieces: prompt first, completions behind it, rows of unequal length side by side.

Attention can; where a layer keeps a state (convolutions, Mamba and its like), padding and a second piece must be told to it, and not
every implementation is. Some only crash, some silently tell something else. So a model is tried on a few tokens when it is loaded, and
where what it tells is not what one plain forward pass tells, it is read from the beginning each time (``Recomputing``).
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

import torch
from transformers import PreTrainedModel

from studentsim.student.generate import behind, read
from studentsim.student.hub.scoring import score_options
from studentsim.student.recompute import Recomputing

CARRIED = (
    "lfm2", "lfm2_moe", "qwen3_next", "qwen3_5_text", "falcon_h1", "granitemoehybrid", "bamba", "zamba2", "nemotron_h",
    "olmo_hybrid",
)  # fmt: skip
"""Stateful architectures whose state is right behind padding and over several pieces, by their tiny models in float32
(tests/test_architectures.py). Of others that is not believed."""
TOLERANCE = {torch.float32: 1e-2}
"""Total variation distance (0 to 1) between what is told the two ways, at most. In 16 bits rounding alone makes some."""
ROUNDED = 0.2


def reader_of(model: PreTrainedModel) -> PreTrainedModel | Recomputing:
    """What is to write and score: the model itself where its cache can be relied on."""
    return model if carries_over(model) else Recomputing(model)


@torch.no_grad()
def carries_over(model: PreTrainedModel) -> bool:
    """Whether the model tells behind a cache, behind padding and with rows repeated what it tells of a whole text."""
    if "past_key_values" not in inspect.signature(model.forward).parameters:
        return False
    if model._is_stateful and model.config.get_text_config().model_type not in CARRIED:
        return False
    try:
        return _gap(model) <= TOLERANCE.get(model.dtype, ROUNDED)
    except torch.OutOfMemoryError:
        raise
    except Exception:  # caches of an architecture's own fail in many ways; all mean the same
        return False


@torch.no_grad()
def logprob_gap(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    texts: Sequence[Sequence[Sequence[int]]],
    found: Sequence[Sequence[float]],
    pad: int,
) -> float:
    """How far (nats) the log-probabilities ``found`` of each prompt's texts are off, at most, from plain passes over whole texts."""
    plain = Recomputing(model)
    wanted = [
        score_options(plain, read(plain, [prompt], pad), [own], at_once=1)[0]
        for prompt, own in zip(prompts, texts, strict=True)
    ]
    return max(abs(a - b) for row, own in zip(found, wanted, strict=True) for a, b in zip(row, own, strict=True))


def _gap(model: PreTrainedModel) -> float:
    """The largest total variation distance found, on a few tokens that mean nothing."""
    long, short, first, second = (_ids(model, n, length) for n, length in enumerate((11, 6, 4, 3)))
    prefix = read(model, [long, short], pad=0)
    gaps = [_distance(prefix.scores[1], _plain(model, short)[-1])]
    prefix = prefix.rows([1, 1])
    told = model(**behind(prefix, [first, second])).logits.float()
    for row, ids in enumerate((first, second)):
        plain = _plain(model, short + ids)[len(short) :]
        gaps += [_distance(told[row, k], plain[k]) for k in range(len(ids))]
    return max(gaps)


def _ids(model: PreTrainedModel, n: int, length: int) -> list[int]:
    size = model.config.get_text_config().vocab_size
    return [(7 + 101 * n + 13 * k) % size for k in range(length)]


def _plain(model: PreTrainedModel, ids: list[int]) -> torch.Tensor:
    """Logits (L, V) of one forward pass over everything."""
    return model(input_ids=torch.tensor([ids], device=model.device), use_cache=False).logits[0].float()


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    gap = (a.softmax(-1) - b.softmax(-1)).abs().sum().item() / 2
    return gap if gap == gap else 1.0
