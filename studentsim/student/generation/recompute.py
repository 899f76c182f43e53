"""Generation without a cache, for architectures whose cache cannot be continued correctly: the whole text is recomputed each step.

Slow (quadratic in a text's length) and correct for any causal model: rows are padded on the right, as in training. It has the
interface of transformers' models that ``generate.py`` uses.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from transformers import PreTrainedModel


@dataclass(eq=False)
class TokenHistory:
    """The ids so far (B, T), with padding, in place of a cache."""

    ids: torch.Tensor | None = None

    def append(self, new_ids: torch.Tensor) -> torch.Tensor:
        """Append ``new_ids`` (B, L) and return all ids."""
        self.ids = new_ids if self.ids is None else torch.cat([self.ids, new_ids], -1)
        return self.ids

    def batch_select_indices(self, indices: torch.Tensor) -> None:
        """Keep these rows only."""
        self.ids = self.ids[indices.to(self.ids.device)]

    def take_rows(self, rows: torch.Tensor) -> TokenHistory:
        """A new history with these rows, which may repeat."""
        return TokenHistory(self.ids[rows.to(self.ids.device)])


class CachelessModel:
    """A causal language model that recomputes every text from its beginning."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.model = model
        self.config = model.config
        self._supports_logits_to_keep = "logits_to_keep" in inspect.signature(model.forward).parameters

    @property
    def device(self) -> torch.device:
        """The model's device."""
        return self.model.device

    def __call__(self, *, logits_to_keep: int = 0, **inputs: Any) -> SimpleNamespace:
        """``logits`` (B, L, V) of the new ids, or of the last ``logits_to_keep`` of them."""
        compact, new_positions = self._right_padded_inputs(**inputs)
        columns, column_index = new_positions[:, -logits_to_keep:].unique(return_inverse=True)
        if self._supports_logits_to_keep:  # logits of a whole long text are large
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
        """Inputs padded on the right, and the positions (B, L) of the new ids in them."""
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
    """The values (B, L, H) at ``positions`` (B, L) of ``values`` (B, T, H)."""
    return values.gather(1, positions[:, :, None].expand(-1, -1, values.shape[-1]))
