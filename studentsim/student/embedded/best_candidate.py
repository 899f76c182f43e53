"""The log-probability of a question's most probable candidate, without scoring the candidates that cannot be it.

Best-first search over the candidates' prefix tree. A pass along one candidate also scores every other candidate up to and including
the first token where it differs, and further tokens only lower a log-probability. So a candidate whose partial score is no higher
than the best complete one needs no pass of its own, and the result is exact. The more probable the best one, the fewer the passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from studentsim.student.batching import common_prefix_length
from studentsim.student.embedded.sequences import PrefilledSequences, iter_logits
from studentsim.student.generation.llama_decoder import Decoder

MaskFunction = Callable[[Sequence[int], int], Sequence[int]]
"""Given token ids and n, a mask of the first n: 1 where the student chooses the token. ``Calculator.loss_mask`` is one."""


class _Candidate:
    """A candidate text: its token ids, and how far it is scored."""

    def __init__(self, ids: Sequence[int], mask: MaskFunction, shared_prefix_length: int) -> None:
        self.ids, self._mask = ids, mask
        self.shared_prefix_length = shared_prefix_length
        """Ids shared with the candidate that was prefilled."""
        self.scored_length = 0
        """Ids scored so far."""
        self.logprob = 0.0
        """Of these ids: an upper bound of the whole text's."""

    def scorable_positions(self, processed_ids: Sequence[int]) -> list[int]:
        """Unscored positions that count and that a pass along ``processed_ids`` can score."""
        end = self.scored_length_after(processed_ids)
        mask = self._mask(self.ids, end)
        return [position for position in range(self.scored_length, end) if mask[position]]

    def scored_length_after(self, processed_ids: Sequence[int]) -> int:
        """How many ids are scored after a pass along ``processed_ids``: the common prefix and one more."""
        return max(self.scored_length, min(common_prefix_length(self.ids, processed_ids) + 1, len(self.ids)))

    @property
    def is_complete(self) -> bool:
        return self.scored_length == len(self.ids)


def best_candidate_logprobs(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    candidates: Sequence[Sequence[Sequence[int]]],
    mask: MaskFunction,
) -> list[float]:
    """The log-probability of each row's most probable candidate after its prompt, summed over ids whose ``mask`` is 1.

    ``candidates[row]`` are token ids with their end token, at least one; fastest where the most probable comes first.
    """
    rows = [[_Candidate(ids, mask, common_prefix_length(ids, texts[0])) for ids in texts] for texts in candidates]
    wanted_positions = [_wanted_positions(row[0], row) for row in rows]
    sequences = PrefilledSequences(
        decoder, prompts, [row[0].ids for row in rows], list(map(_merge_positions, wanted_positions))
    )
    first_passes = [(row[0], row, wanted) for row, wanted in zip(rows, wanted_positions, strict=True)]
    _update_candidates(decoder, sequences.hidden_states, first_passes)
    while pending := [(k, best) for k, row in enumerate(rows) if (best := _next_candidate(row)) is not None]:
        numbers, processed = zip(*pending, strict=True)
        wanted_positions = [_wanted_positions(candidate, rows[k]) for k, candidate in pending]
        hidden = sequences.extend(
            numbers,
            [candidate.shared_prefix_length for candidate in processed],
            [candidate.ids for candidate in processed],
            list(map(_merge_positions, wanted_positions)),
        )
        passes = list(zip(processed, [rows[k] for k in numbers], wanted_positions, strict=True))
        _update_candidates(decoder, hidden, passes)
    return [max(candidate.logprob for candidate in row if candidate.is_complete) for row in rows]


def _next_candidate(candidates: Sequence[_Candidate]) -> _Candidate | None:
    """The incomplete candidate with the highest upper bound; None if none can exceed the best complete one."""
    best = max((candidate.logprob for candidate in candidates if candidate.is_complete), default=-math.inf)
    return max(
        (candidate for candidate in candidates if not candidate.is_complete and candidate.logprob > best),
        key=lambda candidate: candidate.logprob,
        default=None,
    )


def _wanted_positions(processed: _Candidate, candidates: Sequence[_Candidate]) -> list[list[int]]:
    """For each of a question's candidates the positions that a pass along ``processed`` shall score."""
    return [candidate.scorable_positions(processed.ids) for candidate in candidates]


def _merge_positions(position_lists: Sequence[Sequence[int]]) -> list[int]:
    return sorted(set().union(*position_lists))


def _update_candidates(
    decoder: Decoder,
    hidden: torch.Tensor,
    passes: Sequence[tuple[_Candidate, Sequence[_Candidate], Sequence[Sequence[int]]]],
) -> None:
    """Add what a pass has scored to the candidates. ``passes``: by row, the processed candidate, all candidates, their wanted positions.

    ``hidden`` (N, H) are the states before these positions, row by row, each position once.
    """
    targets: list[tuple[int, int]] = []  # (index of the state, token id)
    target_candidates: list[_Candidate] = []
    start = 0
    for processed, candidates, wanted_positions in passes:
        state_index = {position: start + n for n, position in enumerate(_merge_positions(wanted_positions))}
        start += len(state_index)
        for candidate, positions in zip(candidates, wanted_positions, strict=True):
            targets += [(state_index[position], candidate.ids[position]) for position in positions]
            target_candidates += [candidate] * len(positions)
            candidate.scored_length = candidate.scored_length_after(processed.ids)
    for candidate, logprob in zip(target_candidates, _token_logprobs(decoder, hidden, targets), strict=True):
        candidate.logprob += logprob


def _token_logprobs(decoder: Decoder, hidden: torch.Tensor, targets: Sequence[tuple[int, int]]) -> list[float]:
    """Log-probability of each (state index, token id)."""
    if not targets:
        return []
    state, token = torch.tensor(targets).unbind(-1)
    logprobs = torch.zeros(len(targets))
    for chunk, logits in iter_logits(decoder, hidden):
        in_chunk = ((state >= chunk.start) & (state < chunk.stop)).nonzero().squeeze(-1)
        state_in_chunk = state[in_chunk] - chunk.start
        logprobs[in_chunk] = logits.log_softmax(-1)[state_in_chunk, token[in_chunk]]
    return logprobs.tolist()
