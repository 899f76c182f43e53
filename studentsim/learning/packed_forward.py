"""TRL's forward pass by the packed decoder: a pair's prompt is read once, nothing is padded, only labelled tokens are scored.

TRL lays a batch out as chosen texts, then rejected ones, each behind its prompt and padded on the right. Texts behind the same prompt
are found again and put together. Rows go through in two parts, each with a graph and a thread of its own (``apart.py``); where
these would keep too much for the backward pass, row by row, told again for it, two side by side where they fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel
from trl.trainer.utils import FusedCausalLMOutput

from studentsim.learning import apart, head
from studentsim.student.hub.sizes import KEPT_AT_ONCE
from studentsim.student.huggingface.decoder import PackedDecoder
from studentsim.student.huggingface.packing import Pack, PackedRow
from studentsim.student.huggingface.token_logprobs import token_figures

NO_LABEL = -100
"""What stands for a token that is not asked for."""


class _Group:
    """Texts of a batch behind one prompt: which batch rows they are, and as a packed row."""

    def __init__(self, prompt: list[int]) -> None:
        self.prompt = prompt
        self.numbers: list[int] = []
        self.texts: list[list[int]] = []

    @property
    def row(self) -> PackedRow:
        return PackedRow(self.prompt, self.texts)


def put_on(model: PreTrainedModel, decoder: PackedDecoder) -> None:
    """Let ``model`` (the base model, without PEFT around it) be asked through ``decoder`` where TRL asks for tokens' figures.

    ``head.take_off`` takes it off again.
    """
    original = type(model).forward.__get__(model)
    learnt = [p for p in model.parameters() if p.requires_grad]

    def forward(*args: Any, fused_lm_head: bool = False, labels: torch.Tensor | None = None, **kwargs: Any) -> Any:
        if not fused_lm_head or labels is None:
            return original(*args, labels=labels, **kwargs)
        return told(decoder, learnt, kwargs["input_ids"], kwargs["attention_mask"], labels)

    model.forward = forward


def told(
    decoder: PackedDecoder,
    learnt: Sequence[torch.nn.Parameter],
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    labels: torch.Tensor,
) -> FusedCausalLMOutput:
    """TRL's figures (B, T - 1) of a batch's labelled tokens, with gradients to the ``learnt`` parameters."""
    mask = labels[:, 1:] != NO_LABEL
    groups = _groups(input_ids, attention_mask, labels)
    lengths = [len(group.row) for group in groups]
    room = KEPT_AT_ONCE / decoder.kept_per_token  # tokens
    again = 0 if sum(lengths) <= room else 2 if sum(sorted(lengths)[-2:]) <= room else 1
    parts = [[number] for number in range(len(groups))] if again else apart.evenly(lengths)
    packs = [Pack([groups[number].row for number in part]) for part in parts]
    at = [_places([groups[number] for number in part], mask) for part in parts]

    def tell(number: int) -> apart.Figures:
        pack, asked = packs[number], mask.flatten()[at[number]]
        hidden = decoder.hidden(pack, decoder.adapters(), pack.states[asked])
        return tuple(token_figures(hidden, decoder.head, pack.targets[asked]))

    figures = apart.compute(tell, range(len(parts)), learnt, again=again)
    return head.spread([own[mask.flatten()[own]] for own in at], figures, mask)


def _groups(input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor) -> list[_Group]:
    """The batch's texts by their prompts; a row without any label is left out."""
    found: dict[tuple[int, ...], _Group] = {}
    first = (labels != NO_LABEL).long().argmax(-1).tolist()
    lengths = attention_mask.sum(-1).tolist()
    for number, (ids, begin, length) in enumerate(zip(input_ids.tolist(), first, lengths, strict=True)):
        if begin == 0:  # nothing is asked; a first token cannot be, since nothing predicts it
            continue
        group = found.setdefault(tuple(ids[:begin]), _Group(ids[:begin]))
        group.numbers.append(number)
        group.texts.append(ids[begin:length])
    return list(found.values())


def _places(groups: Sequence[_Group], mask: torch.Tensor) -> torch.Tensor:
    """Where in the flattened ``mask`` (B, T - 1) each token of these groups' texts stands, in the pack's order."""
    width = mask.shape[1]
    return torch.tensor([
        number * width + len(group.prompt) - 1 + place
        for group in groups
        for number, text in zip(group.numbers, group.texts, strict=True)
        for place in range(len(text))
    ])  # fmt: skip
