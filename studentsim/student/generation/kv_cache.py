"""A model's memory of what it has read: made as the architecture wants it, and its rows selected or repeated.

transformers makes a cache from a model's config (``DynamicCache(config=…)``): plain layers keep all keys and values, layers with
a sliding window the last ones alone, convolutions and recurrent layers a state. ``reorder_cache`` is the one operation on
rows that all of its layers have.
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
    """A cache that this model can fill."""
    if isinstance(model, Decoder):
        return KVCache()
    return TokenHistory() if isinstance(model, CachelessModel) else DynamicCache(config=model.config)


def take_rows(cache: AnyCache, rows: torch.Tensor) -> AnyCache:
    """A cache of its own for some rows (N,), or for rows several times; the one given stays as it is."""
    if not isinstance(cache, DynamicCache):
        return cache.take_rows(rows)
    selected = copy.copy(cache)
    selected.layers = [_copy_layer(layer) for layer in cache.layers]
    selected.reorder_cache(rows)
    return selected


def keep_rows(cache: AnyCache, rows: torch.Tensor) -> None:
    """Go on with these rows (N,) only. Writes into the cache."""
    if isinstance(cache, DynamicCache):
        cache.reorder_cache(rows)
    else:
        cache.batch_select_indices(rows)


def _copy_layer(layer: object) -> object:
    """A layer's cache that shares tensors alone; ``reorder_cache`` puts new ones in their place, and touches none."""
    copied = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict | list):
            setattr(copied, name, copy.copy(value))
    return copied
