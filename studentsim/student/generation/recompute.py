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


class TokenHistory:
    """What was read so far, in the place of a cache: ids (B, T), padding among them."""

    def __init__(self, ids: torch.Tensor | None = None) -> None:
        self.ids = ids

    def append(self, new_ids: torch.Tensor) -> torch.Tensor:
        """All ids, with ``new_ids`` ones (B, L) behind; kept from now on."""
        self.ids = new_ids if self.ids is None else torch.cat([self.ids, new_ids], -1)
        return self.ids

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Go on with these rows only."""
        self.ids = self.ids[indices.to(self.ids.device)]

    def take_rows(self, rows: torch.Tensor) -> TokenHistory:
        """Some rows, or rows several times, as a cache of its own."""
        return TokenHistory(self.ids[rows.to(self.ids.device)])


class CachelessModel:
    """A causal language model that reads every text from its beginning."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.config = model.config
        self._supports_logits_to_keep = "logits_to_keep" in inspect.signature(model.forward).parameters

    @property
    def device(self) -> torch.device:
        """Where the model is."""
        return self.model.device

    def __call__(self, *, logits_to_keep: int = 0, **inputs: Any) -> SimpleNamespace:
        """``logits`` (B, L, V) of the new ids, or of the last ``logits_to_keep`` of them."""
        compact, new_positions = self._right_padded_inputs(**inputs)
        columns, column_index = new_positions[:, -logits_to_keep:].unique(return_inverse=True)
        if self._supports_logits_to_keep:  # a head over a whole long text is large
            return SimpleNamespace(
                logits=_gather_positions(self.model(**compact, logits_to_keep=columns).logits, column_index)
            )
        return SimpleNamespace(logits=_gather_positions(self.model(**compact).logits, columns[column_index]))

    def base_model(self, **inputs: Any) -> SimpleNamespace:
        """``last_hidden_state`` (B, L, H) of the new ids."""
        compact, new_positions = self._right_padded_inputs(**inputs)
        return SimpleNamespace(
            last_hidden_state=_gather_positions(self.model.base_model(**compact).last_hidden_state, new_positions)
        )

    def get_output_embeddings(self) -> torch.nn.Module:
        """The model's head."""
        return self.model.get_output_embeddings()

    def _right_padded_inputs(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, past_key_values: TokenHistory, **_: Any
    ) -> tuple[dict[str, Any], torch.Tensor]:
        """Inputs with each row's own ids first and padding behind, and where in them the new ids (B, L) stand."""
        ids = past_key_values.append(input_ids)
        mask = attention_mask.long()
        longest = int(mask.sum(-1).max())
        order = torch.sort(1 - mask, dim=-1, stable=True).indices[:, :longest]
        row_mask = mask.gather(-1, order)
        new_positions = (mask.cumsum(-1) - 1).clamp(min=0)[:, -input_ids.shape[1] :]
        return {
            "input_ids": ids.gather(-1, order) * row_mask,
            "attention_mask": row_mask,
            "use_cache": False,
        }, new_positions


def _gather_positions(values: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Values (B, L, …) of the places (B, L) of each row's (B, T, …)."""
    return values.gather(1, positions[:, :, None].expand(-1, -1, values.shape[-1]))
