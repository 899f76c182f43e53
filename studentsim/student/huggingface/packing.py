"""Packs prompts and their completions into one forward pass without padding.

Completions of one prompt share it: the prompt is computed once, each completion attends to the prompt and itself alone. So a question
with five options is one row of the length prompt + options, and a preference pair one row instead of two. A prefix that the prompts of
all rows share, such as a chat template's system message, is computed once for the whole pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from studentsim.student.batching import common_prefix_length

LEAST_SHARED = 8
"""The least tokens of a shared prefix for which a segment of its own pays."""


@dataclass(frozen=True)
class PackedRow:
    """A prompt and any number of ``completions``, each at least one token.

    :raises ValueError: when one of them is empty: the positions of the others would be wrong.
    """

    prompt: Sequence[int]
    completions: Sequence[Sequence[int]] = ()

    def __post_init__(self) -> None:
        if not all((len(self.prompt), *map(len, self.completions))):
            raise ValueError("a prompt and each text behind it need at least one token")

    @property
    def shared_prefix_length(self) -> int:
        """Tokens of the trunk: the prompt and the common prefix of all completions, without any completion's last token."""
        if len(self.completions) < 2:
            return len(self.prompt)
        shared = min(common_prefix_length(*self.completions), min(map(len, self.completions)) - 1)
        return len(self.prompt) + shared

    @cached_property
    def segments(self) -> list[list[int]]:
        """The tokens to compute: the trunk, then the rest of each completion without its last token, which predicts nothing."""
        shared_prefix = [*self.prompt, *(self.completions[0] if self.completions else ())][: self.shared_prefix_length]
        shared = len(shared_prefix) - len(self.prompt)
        return [shared_prefix, *([*c[shared:-1]] for c in self.completions)]

    def __len__(self) -> int:
        return sum(map(len, self.segments))


@dataclass(frozen=True)
class RowSpan:
    """A row's positions in the pack: from ``start`` on, segments of these ``lengths``, without the prefix that all rows share."""

    start: int
    lengths: tuple[int, ...]

    @property
    def stop(self) -> int:
        """The position after the row's last one."""
        return self.start + sum(self.lengths)


class PackedBatch:
    """Rows end to end, after the ``prefix`` tokens that all their prompts begin with (0: too few, or a single row).

    ``ids`` and ``positions`` (N,): the tokens to compute, and each one's position in its own text. For each of the M tokens of completions:
    ``predicting_positions`` (M,), which of the N positions predicts it; ``targets`` (M,), its id; ``completion_numbers`` (M,), the number
    of its completion, counted through all rows.
    """

    def __init__(self, rows: Sequence[PackedRow]) -> None:
        self.rows = list(rows)
        self.prefix = count_shared_prefix([row.prompt for row in self.rows])
        ids: list[int] = [*self.rows[0].prompt[: self.prefix]] if self.rows else []
        positions: list[int] = [*range(self.prefix)]
        predicting_positions: list[int] = []
        targets: list[int] = []
        completion_numbers: list[int] = []
        self.spans: list[RowSpan] = []
        completion_number = 0
        for row in self.rows:
            start = len(ids)
            shared_prefix, *own_segments = row.segments
            ids += shared_prefix[self.prefix :]
            positions += range(self.prefix, len(shared_prefix))
            prompt_end = start + len(row.prompt) - self.prefix - 1
            shared = len(shared_prefix) - len(row.prompt)
            for completion, segment in zip(row.completions, own_segments, strict=True):
                begin = len(ids)
                ids += segment
                positions += range(len(shared_prefix), len(shared_prefix) + len(segment))
                # the prompt's end and the trunk predict the shared tokens and the first that differs
                predicting_positions += [
                    *range(prompt_end, prompt_end + shared + 1),
                    *range(begin, begin + len(segment)),
                ]
                targets += completion
                completion_numbers += [completion_number] * len(completion)
                completion_number += 1
            self.spans.append(RowSpan(start, (len(shared_prefix) - self.prefix, *map(len, own_segments))))
        self.ids, self.positions = torch.tensor(ids), torch.tensor(positions)
        self.predicting_positions, self.targets = (
            torch.tensor(predicting_positions, dtype=torch.long),
            torch.tensor(targets, dtype=torch.long),
        )
        self.completion_numbers = torch.tensor(completion_numbers, dtype=torch.long)
        self._masks: dict[tuple[int, ...], torch.Tensor] = {}

    @property
    def prompt_end_positions(self) -> torch.Tensor:
        """The last position of each row's prompt (rows,), which predicts the token after it."""
        ends = [s.start + len(row.prompt) - self.prefix - 1 for s, row in zip(self.spans, self.rows, strict=True)]
        return torch.tensor(ends)

    def attention_mask(self, span: RowSpan, dtype: torch.dtype) -> torch.Tensor | None:
        """The additive mask (L, prefix + L) of a row's attention scores; None for plain causal attention."""
        if not self.prefix and (len(span.lengths) == 1 or not any(span.lengths[2:])):
            return None
        if span.lengths not in self._masks:
            segment_numbers = torch.repeat_interleave(torch.arange(len(span.lengths)), torch.tensor(span.lengths))
            visible = ((segment_numbers[None] == 0) | (segment_numbers[None] == segment_numbers[:, None])).tril()
            visible = torch.cat([visible.new_ones(len(visible), self.prefix), visible], dim=1)
            self._masks[span.lengths] = torch.zeros(visible.shape, dtype=dtype).masked_fill_(~visible, -torch.inf)
        return self._masks[span.lengths]

    def attention_blocks(self) -> list[tuple[slice, list[slice]]]:
        """For each segment its positions, and those it attends to: the prefix, the row's trunk (if it is another), and last itself."""
        prefix = [slice(0, self.prefix)] if self.prefix else []
        blocks: list[tuple[slice, list[slice]]] = [(prefix[0], prefix)] if prefix else []
        for span in self.spans:
            start = span.start
            trunk = slice(start, start + span.lengths[0])
            for number, length in enumerate(span.lengths):
                segment = slice(start, start + length)
                if length:
                    blocks.append((segment, [*prefix, segment] if number == 0 else [*prefix, trunk, segment]))
                start += length
        return blocks


def count_shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """Tokens of the prompts' common prefix, without any prompt's last token; 0 for one prompt, or below ``LEAST_SHARED`` tokens."""
    if len(prompts) < 2:
        return 0
    shared = min(common_prefix_length(*prompts), min(map(len, prompts)) - 1)
    return shared if shared >= LEAST_SHARED else 0
