"""TRL's forward pass by the packed decoder: each prompt is computed once, nothing is padded, only labelled tokens are scored.

TRL's batch has the chosen texts, then the rejected ones, each after its prompt and padded on the right. Texts with the same prompt are
grouped again. The groups are computed in two parts, each with a graph and a thread of its own (``microbatch.py``), or row by row where
their activations do not fit into memory.
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
"""The label of tokens that are not scored."""


class _PromptGroup:
    """A batch's completions of one prompt, and their row numbers in the batch."""

    def __init__(self, prompt: list[int]) -> None:
        self.prompt = prompt
        self.row_numbers: list[int] = []
        self.completions: list[list[int]] = []

    @property
    def packed_row(self) -> PackedRow:
        return PackedRow(self.prompt, self.completions)


def patch(model: PreTrainedModel, decoder: PackedDecoder) -> None:
    """Let ``decoder`` compute the token outputs that TRL asks ``model`` (the base model, without PEFT's wrapper) for.

    ``lm_head.unpatch`` undoes it.
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
    """TRL's outputs (B, T - 1) for a batch's labelled tokens, with gradients to ``parameters``."""
    mask = labels[:, 1:] != IGNORE_INDEX
    groups = _group_by_prompt(input_ids, attention_mask, labels)
    lengths = [len(group.packed_row) for group in groups]
    max_tokens = MAX_ACTIVATION_BYTES / decoder.activation_bytes_per_token
    recompute_at_once = 0 if sum(lengths) <= max_tokens else 2 if sum(sorted(lengths)[-2:]) <= max_tokens else 1
    row_numbers = range(len(groups))
    parts = [[number] for number in row_numbers] if recompute_at_once else microbatch.split_rows_by_tokens(lengths)
    packs = [PackedBatch([groups[number].packed_row for number in part]) for part in parts]
    label_positions = [_find_label_positions([groups[number] for number in part], mask) for part in parts]

    def compute_part(number: int) -> microbatch.TokenOutputs:
        pack, is_labelled = packs[number], mask.flatten()[label_positions[number]]
        hidden = decoder.compute_hidden_states(
            pack, decoder.combine_layer_adapters(), pack.predicting_positions[is_labelled]
        )
        return tuple(compute_token_statistics(hidden, decoder.lm_head, pack.targets[is_labelled]))

    outputs = microbatch.compute_parts(compute_part, range(len(parts)), parameters, recompute_at_once=recompute_at_once)
    return lm_head.scatter_token_outputs(
        [positions[mask.flatten()[positions]] for positions in label_positions], outputs, mask
    )


def _group_by_prompt(input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor) -> list[_PromptGroup]:
    """The batch's completions by their prompts; a row without any label is left out."""
    groups: dict[tuple[int, ...], _PromptGroup] = {}
    label_starts = (labels != IGNORE_INDEX).long().argmax(-1).tolist()
    lengths = attention_mask.sum(-1).tolist()
    for number, (ids, begin, length) in enumerate(zip(input_ids.tolist(), label_starts, lengths, strict=True)):
        if begin == 0:  # no label; a first token has none, since nothing predicts it
            continue
        group = groups.setdefault(tuple(ids[:begin]), _PromptGroup(ids[:begin]))
        group.row_numbers.append(number)
        group.completions.append(ids[begin:length])
    return list(groups.values())


def _find_label_positions(groups: Sequence[_PromptGroup], mask: torch.Tensor) -> torch.Tensor:
    """Indices into the flattened ``mask`` (B, T - 1) of the tokens of these groups' completions, in the pack's order."""
    width = mask.shape[1]
    return torch.tensor([
        number * width + len(group.prompt) - 1 + offset
        for group in groups
        for number, completion in zip(group.row_numbers, group.completions, strict=True)
        for offset in range(len(completion))
    ])  # fmt: skip
