"""Caches for all architectures: an empty one for a model, and selecting or repeating rows.

transformers makes a cache from a model's config (``DynamicCache(config=…)``): full-attention layers keep all keys and values, layers
with a sliding window the last ones, convolutions and recurrent layers a state. ``reorder_cache`` is the only operation on rows that
all of them support.
"""

from __future__ import annotations

import copy

import torch
from transformers import DynamicCache, PreTrainedModel

from studentsim.student.generation.llama_decoder import Decoder, KVCache
from studentsim.student.generation.recompute import CachelessModel, TokenHistory

AnyModel = PreTrainedModel | Decoder | CachelessModel
AnyCache = DynamicCache | KVCache | TokenHistory


def make_empty_cache(model: AnyModel) -> AnyCache:
    """An empty cache of the kind that this model uses."""
    if isinstance(model, Decoder):
        return KVCache()
    return TokenHistory() if isinstance(model, CachelessModel) else DynamicCache(config=model.config)


def take_rows(cache: AnyCache, rows: torch.Tensor) -> AnyCache:
    """A new cache with these rows (N,), which may repeat; ``cache`` stays unchanged."""
    if not isinstance(cache, DynamicCache):
        return cache.take_rows(rows)
    selected = copy.copy(cache)
    selected.layers = [_copy_layer(layer) for layer in cache.layers]
    selected.reorder_cache(rows)
    return selected


def keep_rows(cache: AnyCache, rows: torch.Tensor) -> None:
    """Reduce the cache to these rows (N,), in place."""
    if isinstance(cache, DynamicCache):
        cache.reorder_cache(rows)
    else:
        cache.batch_select_indices(rows)


def _copy_layer(layer: object) -> object:
    """A shallow copy of a layer's cache; ``reorder_cache`` replaces its tensors and writes into none."""
    copied = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict | list):
            setattr(copied, name, copy.copy(value))
    return copied
