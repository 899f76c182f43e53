"""Prompts and the texts that may follow them, laid out for one forward pass without padding.

Several texts behind one prompt share it: the prompt is read once, each text sees the prompt and itself, none sees another. So a
question with five options is one row of the length prompt + options, and a preference pair one row instead of two. What the prompts
of all rows begin alike with, a chat template's system message and the task say, is read once for the whole pack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

LEAST_SHARED = 8
"""Tokens that prompts must begin alike with to be worth a segment of their own."""


@dataclass(frozen=True)
class PackedRow:
    """A prompt (at least one token) and any number of ``completions`` (each at least one token) that may follow it.

    :raises ValueError: one of them is empty: what is told of the others would be told of the wrong tokens.
    """

    prompt: Sequence[int]
    completions: Sequence[Sequence[int]] = ()

    def __post_init__(self) -> None:
        if not all((len(self.prompt), *map(len, self.completions))):
            raise ValueError("a prompt and each text behind it need at least one token")

    @property
    def shared_prefix_length(self) -> int:
        """Tokens that all completions share: the prompt, and what they begin alike with, but never a completion whole."""
        shared = 0
        if len(self.completions) > 1:
            shortest = min(map(len, self.completions)) - 1
            first = self.completions[0]
            while shared < shortest and all(c[shared] == first[shared] for c in self.completions):
                shared += 1
        return len(self.prompt) + shared

    @cached_property
    def segments(self) -> list[list[int]]:
        """The tokens to read, the trunk first, then each completion's own. A completion's last token is not read: nothing follows it."""
        shared_prefix = [*self.prompt, *(self.completions[0] if self.completions else ())][: self.shared_prefix_length]
        shared = len(shared_prefix) - len(self.prompt)
        return [shared_prefix, *([*c[shared:-1]] for c in self.completions)]

    def __len__(self) -> int:
        return sum(map(len, self.segments))


@dataclass(frozen=True)
class RowSpan:
    """Where one row stands in the pack: from ``start`` on, its segments of these ``lengths``, behind a prefix that all rows share."""

    start: int
    lengths: tuple[int, ...]

    @property
    def stop(self) -> int:
        """The position behind the row's last one."""
        return self.start + sum(self.lengths)


class PackedBatch:
    """Rows laid end to end, behind the ``prefix`` tokens that all their prompts begin with (0: none, or a single row).

    ``ids`` and ``positions`` (N,) are what is read, and each token's place in its own text. ``predicting_positions`` (M,) tells for each scored token
    which of the N positions predicts it, ``targets`` (M,) which token it is, and ``completion_numbers`` (M,) the number of its completion, counted
    through all rows.
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
                # the prompt's last position predicts the first token, the trunk those that all share and each one's first own
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
        """The position (rows,) that predicts what follows each row's prompt."""
        ends = [s.start + len(row.prompt) - self.prefix - 1 for s, row in zip(self.spans, self.rows, strict=True)]
        return torch.tensor(ends)

    def attention_mask(self, span: RowSpan, dtype: torch.dtype) -> torch.Tensor | None:
        """What is added to a row's attention scores (L, prefix + L); None where plain causal attention is meant."""
        if not self.prefix and (len(span.lengths) == 1 or not any(span.lengths[2:])):
            return None
        if span.lengths not in self._masks:
            segment_numbers = torch.repeat_interleave(torch.arange(len(span.lengths)), torch.tensor(span.lengths))
            visible = ((segment_numbers[None] == 0) | (segment_numbers[None] == segment_numbers[:, None])).tril()
            visible = torch.cat([visible.new_ones(len(visible), self.prefix), visible], dim=1)
            self._masks[span.lengths] = torch.zeros(visible.shape, dtype=dtype).masked_fill_(~visible, -torch.inf)
        return self._masks[span.lengths]

    def attention_blocks(self) -> list[tuple[slice, list[slice]]]:
        """For each segment its queries' positions and those it sees, its own the last: the prefix, the row's trunk where it is none,
        and itself."""
        before = [slice(0, self.prefix)] if self.prefix else []
        blocks: list[tuple[slice, list[slice]]] = [(before[0], before)] if before else []
        for span in self.spans:
            start = span.start
            shared_slice = slice(start, start + span.lengths[0])
            for number, length in enumerate(span.lengths):
                own_slice = slice(start, start + length)
                if length:
                    blocks.append(
                        (own_slice, [*before, own_slice] if number == 0 else [*before, shared_slice, own_slice])
                    )
                start += length
        return blocks


def count_shared_prefix(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts begin with alike, never one of them whole; 0 where it is one prompt, or too few tokens to matter."""
    if len(prompts) < 2:
        return 0
    shared, most = 0, min(map(len, prompts)) - 1
    first = prompts[0]
    while shared < most and all(prompt[shared] == first[shared] for prompt in prompts):
        shared += 1
    return shared if shared >= LEAST_SHARED else 0
