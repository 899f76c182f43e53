"""A model's memory of what it has read: made as the architecture wants it, and its rows selected or repeated.

transformers makes a cache from a model's config (``DynamicCache(config=…)``): plain layers keep all keys and values, layers with
a sliding window the last ones alone, convolutions and recurrent layers a state. ``reorder_cache`` is the one operation on
rows that all of its layers have.
"""

from __future__ import annotations

import copy

import torch
from transformers import DynamicCache, PreTrainedModel

from studentsim.student.decoder import Cache, Decoder
from studentsim.student.recompute import Ids, Recomputing

AnyModel = PreTrainedModel | Decoder | Recomputing
AnyCache = DynamicCache | Cache | Ids


def empty(model: AnyModel) -> AnyCache:
    """A cache that this model can fill."""
    if isinstance(model, Decoder):
        return Cache()
    return Ids() if isinstance(model, Recomputing) else DynamicCache(config=model.config)


def take_rows(cache: AnyCache, rows: torch.Tensor) -> AnyCache:
    """A cache of its own for some rows (N,), or for rows several times; the one given stays as it is."""
    if not isinstance(cache, DynamicCache):
        return cache.taken(rows)
    taken = copy.copy(cache)
    taken.layers = [_copied(layer) for layer in cache.layers]
    taken.reorder_cache(rows)
    return taken


def keep_rows(cache: AnyCache, rows: torch.Tensor) -> None:
    """Go on with these rows (N,) only. Writes into the cache."""
    if isinstance(cache, DynamicCache):
        cache.reorder_cache(rows)
    else:
        cache.batch_select_indices(rows)


def _copied(layer: object) -> object:
    """A layer's cache that shares tensors alone; ``reorder_cache`` puts new ones in their place, and touches none."""
    other = copy.copy(layer)
    for name, value in vars(layer).items():
        if isinstance(value, dict | list):
            setattr(other, name, copy.copy(value))
    return other
