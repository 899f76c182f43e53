"""TRL's forward pass by the packed decoder: a pair's prompt is read once, nothing is padded, only labelled tokens are scored.

TRL lays a batch out as chosen texts, then rejected ones, each behind its prompt and padded on the right. Texts behind the same prompt
are found again and put together. Rows go through in two parts, each with a graph and a thread of its own (``apart.py``); where
these would keep too much for the backward pass, one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput

from studentsim.student.huggingface.memory import MAX_ACTIVATION_BYTES
from studentsim.student.huggingface.packed_decoder import PackedDecoder
from studentsim.student.huggingface.packing import PackedBatch, PackedRow
from studentsim.student.huggingface.token_logprobs import compute_token_statistics
from studentsim.training import lm_head, microbatch

IGNORE_INDEX = -100
"""What stands for a token that is not asked for."""


class _PromptGroup:
    """Texts of a batch behind one prompt: which batch rows they are, and as a packed row."""

    def __init__(self, prompt: list[int]) -> None:
        self.prompt = prompt
        self.row_numbers: list[int] = []
        self.completions: list[list[int]] = []

    @property
    def packed_row(self) -> PackedRow:
        return PackedRow(self.prompt, self.completions)


def patch(model: PreTrainedModel, decoder: PackedDecoder) -> None:
    """Let ``model`` (the base model, without PEFT around it) be asked through ``decoder`` where TRL asks for tokens' figures.

    ``head.unpatch`` takes it off again.
    """
    original = type(model).forward.__get__(model)
    parameters = [p for p in model.parameters() if p.requires_grad]

    def forward(*args: Any, fused_lm_head: bool = False, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if not fused_lm_head or labels is None:
            return original(*args, labels=labels, **kwargs)
        return compute_token_outputs(decoder, parameters, kwargs["input_ids"], kwargs["attention_mask"], labels)

    model.forward = forward


def compute_token_outputs(
    decoder: PackedDecoder,
    parameters: Sequence[torch.nn.Parameter],
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    labels: torch.Tensor,
) -> FusedCausalLMOutput:
    """TRL's figures (B, T - 1) of a batch's labelled tokens, with gradients to the ``parameters`` parameters."""
    mask = labels[:, 1:] != IGNORE_INDEX
    groups = _group_by_prompt(input_ids, attention_mask, labels)
    lengths = [len(group.packed_row) for group in groups]
    exceeds_memory = sum(lengths) * decoder.activation_bytes_per_token > MAX_ACTIVATION_BYTES
    parts = [[number] for number in range(len(groups))] if exceeds_memory else microbatch.split_rows_by_length(lengths)
    packs = [PackedBatch([groups[number].packed_row for number in part]) for part in parts]
    label_positions = [_find_label_positions([groups[number] for number in part], mask) for part in parts]

    def compute_part(number: int) -> microbatch.TokenOutputs:
        pack, is_labelled = packs[number], mask.flatten()[label_positions[number]]
        hidden = decoder.compute_hidden_states(
            pack, decoder.combine_layer_adapters(), pack.predicting_positions[is_labelled]
        )
        return tuple(compute_token_statistics(hidden, decoder.lm_head, pack.targets[is_labelled]))

    outputs = microbatch.compute_parts(compute_part, range(len(parts)), parameters, recompute=exceeds_memory)
    return lm_head.scatter_token_outputs(
        [positions[mask.flatten()[positions]] for positions in label_positions], outputs, mask
    )


def _group_by_prompt(input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor) -> list[_PromptGroup]:
    """The batch's texts by their prompts; a row without any label is left out."""
    found: dict[tuple[int, ...], _PromptGroup] = {}
    label_starts = (labels != IGNORE_INDEX).long().argmax(-1).tolist()
    lengths = attention_mask.sum(-1).tolist()
    for number, (ids, begin, length) in enumerate(zip(input_ids.tolist(), label_starts, lengths, strict=True)):
        if begin == 0:  # nothing is asked; a first token cannot be, since nothing predicts it
            continue
        group = found.setdefault(tuple(ids[:begin]), _PromptGroup(ids[:begin]))
        group.row_numbers.append(number)
        group.completions.append(ids[begin:length])
    return list(found.values())


def _find_label_positions(groups: Sequence[_PromptGroup], mask: torch.Tensor) -> torch.Tensor:
    """Where in the flattened ``mask`` (B, T - 1) each token of these groups' texts stands, in the pack's order."""
    width = mask.shape[1]
    return torch.tensor([
        number * width + len(group.prompt) - 1 + offset
        for group in groups
        for number, text in zip(group.row_numbers, group.completions, strict=True)
        for offset in range(len(text))
    ])  # fmt: skip
