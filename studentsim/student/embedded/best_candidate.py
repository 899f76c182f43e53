"""How probable a question's likeliest candidate is, without scoring those that cannot be it.

Best-first search over the candidates' prefix tree. The pass along one candidate tells, wherever another one parts from it, how
probable that one still is up to its first own token; behind it a probability only falls. So a candidate whose share so far is no
more than the best whole one need not be read, and the figure is the same as if all had been: candidates are different texts that the
student may write, and the more it is set on one, the less is left to look at.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from studentsim.student.embedded.sequences import PrefilledSequences, common_prefix_length, iter_logits
from studentsim.student.generation.llama_decoder import Decoder

MaskFunction = Callable[[Sequence[int], int], Sequence[int]]
"""Tells of a text's first ids, given the text and how many, which the student chooses (1); ``Calculator.loss_mask`` is one."""


class _Candidate:
    """A text that may be written: its ids, which of them the student chooses, and what is known of their log-probability."""

    def __init__(self, ids: Sequence[int], mask: MaskFunction, shared_prefix_length: int) -> None:
        self.ids, self._mask = ids, mask
        self.shared_prefix_length = shared_prefix_length
        """Ids shared with the candidate that was read first."""
        self.scored_length = 0
        """Ids scored so far."""
        self.logprob = 0.0
        """Of these: an upper bound of the whole text's."""

    def scorable_positions(self, read_ids: Sequence[int]) -> list[int]:
        """Places that a pass along ``read_ids`` can tell of, as far as this one is like it, and a token further, and that count."""
        end = self.scored_length_after(read_ids)
        mask = self._mask(self.ids, end)
        return [at for at in range(self.scored_length, end) if mask[at]]

    def scored_length_after(self, read_ids: Sequence[int]) -> int:
        """How many ids are scored when ``read_ids`` has been read."""
        return max(self.scored_length, min(common_prefix_length(self.ids, read_ids) + 1, len(self.ids)))

    @property
    def is_complete(self) -> bool:
        return self.scored_length == len(self.ids)


def best_candidate_logprobs(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    candidates: Sequence[Sequence[Sequence[int]]],
    mask: MaskFunction,
) -> list[float]:
    """The log-probability of each row's likeliest candidate after its prompt, counting ids whose ``mask`` is 1.

    ``candidates[row]`` are texts as token ids with their end, at least one; best found at once where the likeliest comes first.
    """
    rows = [[_Candidate(ids, mask, common_prefix_length(ids, own[0])) for ids in own] for own in candidates]
    wanted_positions = [_wanted_positions(own[0], own) for own in rows]
    sequences = PrefilledSequences(
        decoder,
        [[*prompt, *own[0].ids[:-1]] for prompt, own in zip(prompts, rows, strict=True)],
        [
            [len(prompt) - 1 + at for at in _merge_positions(places)]
            for prompt, places in zip(prompts, wanted_positions, strict=True)
        ],
    )
    _update_candidates(
        decoder,
        sequences.hidden_states,
        [(own[0], own, places) for own, places in zip(rows, wanted_positions, strict=True)],
    )
    while pending := [(k, best) for k, own in enumerate(rows) if (best := _next_candidate(own)) is not None]:
        wanted_positions = [_wanted_positions(text, rows[k]) for k, text in pending]
        hidden = sequences.extend(
            [k for k, _ in pending],
            [len(prompts[k]) + text.shared_prefix_length for k, text in pending],
            [text.ids[text.shared_prefix_length : -1] for _, text in pending],
            [
                [at - 1 - text.shared_prefix_length for at in _merge_positions(places)]
                for (_, text), places in zip(pending, wanted_positions, strict=True)
            ],
        )
        _update_candidates(
            decoder,
            hidden,
            [(text, rows[k], places) for (k, text), places in zip(pending, wanted_positions, strict=True)],
        )
    return [max(text.logprob for text in own if text.is_complete) for own in rows]


def _next_candidate(candidates: Sequence[_Candidate]) -> _Candidate | None:
    """Of the candidates that may still be the likeliest the one of which most is to be hoped; None: it is found."""
    best = max((text.logprob for text in candidates if text.is_complete), default=-math.inf)
    return max(
        (text for text in candidates if not text.is_complete and text.logprob > best),
        key=lambda t: t.logprob,
        default=None,
    )


def _wanted_positions(read_candidate: _Candidate, candidates: Sequence[_Candidate]) -> list[list[int]]:
    """For each of a question's candidates the places that are wanted of a pass along ``read_candidate``."""
    return [other.scorable_positions(read_candidate.ids) for other in candidates]


def _merge_positions(position_lists: Sequence[Sequence[int]]) -> list[int]:
    return sorted(set().union(*position_lists))


def _update_candidates(
    decoder: Decoder,
    hidden: torch.Tensor,
    passes: Sequence[tuple[_Candidate, Sequence[_Candidate], Sequence[Sequence[int]]]],
) -> None:
    """Write down what a pass has told: each row's text, its question's candidates, and the places asked of each of them.

    ``hidden`` (N, H) are the states before these places, row by row, each place once.
    """
    targets: list[tuple[int, int]] = []  # (place among the states, id)
    owners: list[_Candidate] = []
    start = 0
    for text, candidates, wanted_positions in passes:
        state_index = {at: start + n for n, at in enumerate(_merge_positions(wanted_positions))}
        start += len(state_index)
        for other, positions in zip(candidates, wanted_positions, strict=True):
            targets += [(state_index[at], other.ids[at]) for at in positions]
            owners += [other] * len(positions)
            other.scored_length = other.scored_length_after(text.ids)
    for other, logprob in zip(owners, _token_logprobs(decoder, hidden, targets), strict=True):
        other.logprob += logprob


def _token_logprobs(decoder: Decoder, hidden: torch.Tensor, targets: Sequence[tuple[int, int]]) -> list[float]:
    """Log-probability of each (state, id)."""
    if not targets:
        return []
    state, token = torch.tensor(targets).unbind(-1)
    logprobs = torch.zeros(len(targets))
    for chunk, scores in iter_logits(decoder, hidden):
        in_chunk = ((state >= chunk.start) & (state < chunk.stop)).nonzero().squeeze(-1)
        state_in_chunk = state[in_chunk] - chunk.start
        logprobs[in_chunk] = scores.log_softmax(-1)[state_in_chunk, token[in_chunk]]
    return logprobs.tolist()
