"""Reading without a cache, for architectures whose memory cannot be carried over rightly: each time the whole text anew.

Slow (the square of a text's length), and right for any causal model: rows are padded on the right, where nothing looks back at
padding, as in training. Called as transformers' models are, with the arguments that ``generate.py`` gives.
"""

from __future__ import annotations

import inspect
from types import SimpleNamespace
from typing import Any

import torch
from transformers import PreTrainedModel


class Ids:
    """What was read so far, in the place of a cache: ids (B, T), padding among them."""

    def __init__(self, ids: torch.Tensor | None = None) -> None:
        self.ids = ids

    def grown(self, new: torch.Tensor) -> torch.Tensor:
        """All ids, with ``new`` ones (B, L) behind; kept from now on."""
        self.ids = new if self.ids is None else torch.cat([self.ids, new], -1)
        return self.ids

    def batch_select_indices(self, keep: torch.Tensor) -> None:
        """Go on with these rows only."""
        self.ids = self.ids[keep.to(self.ids.device)]

    def taken(self, rows: torch.Tensor) -> Ids:
        """Some rows, or rows several times, as a cache of its own."""
        return Ids(self.ids[rows.to(self.ids.device)])


class Recomputing:
    """A causal language model that reads every text from its beginning."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.config = model.config
        self._keeps = "logits_to_keep" in inspect.signature(model.forward).parameters

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    def __call__(self, *, logits_to_keep: int = 0, **inputs: Any) -> SimpleNamespace:
        """``logits`` (B, L, V) of the new ids, or of the last ``logits_to_keep`` of them."""
        compact, at = self._compact(**inputs)
        columns, where = at[:, -logits_to_keep:].unique(return_inverse=True)
        if self._keeps:  # a head over a whole long text is large
            return SimpleNamespace(logits=_at(self.model(**compact, logits_to_keep=columns).logits, where))
        return SimpleNamespace(logits=_at(self.model(**compact).logits, columns[where]))

    def base_model(self, **inputs: Any) -> SimpleNamespace:
        """``last_hidden_state`` (B, L, H) of the new ids."""
        compact, at = self._compact(**inputs)
        return SimpleNamespace(last_hidden_state=_at(self.model.base_model(**compact).last_hidden_state, at))

    def get_output_embeddings(self) -> torch.nn.Module:
        """The model's head."""
        return self.model.get_output_embeddings()

    def _compact(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, past_key_values: Ids, **_: Any
    ) -> tuple[dict[str, Any], torch.Tensor]:
        """Inputs with each row's own ids first and padding behind, and where in them the new ids (B, L) stand."""
        ids = past_key_values.grown(input_ids)
        mask = attention_mask.long()
        longest = int(mask.sum(-1).max())
        order = torch.sort(1 - mask, dim=-1, stable=True).indices[:, :longest]
        own = mask.gather(-1, order)
        at = (mask.cumsum(-1) - 1).clamp(min=0)[:, -input_ids.shape[1] :]
        return {"input_ids": ids.gather(-1, order) * own, "attention_mask": own, "use_cache": False}, at


def _at(values: torch.Tensor, at: torch.Tensor) -> torch.Tensor:
    """Values (B, L, …) of the places (B, L) of each row's (B, T, …)."""
    return values.gather(1, at[:, :, None].expand(-1, -1, values.shape[-1]))
