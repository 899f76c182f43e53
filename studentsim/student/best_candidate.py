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

from studentsim.student.decoder import Decoder
from studentsim.student.sequences import PrefilledSequences, common_prefix_length, iter_logits

Mask = Callable[[Sequence[int], int], Sequence[int]]
"""Tells of a text's first ids, given the text and how many, which the student chooses (1); ``Calculator.mask`` is one."""


class _Candidate:
    """A text that may be written: its ids, which of them the student chooses, and what is known of their log-probability."""

    def __init__(self, ids: Sequence[int], mask: Mask, branch: int) -> None:
        self.ids, self._mask = ids, mask
        self.branch = branch
        """Ids shared with the candidate that was read first."""
        self.scored = 0
        """Ids scored so far."""
        self.logprob = 0.0
        """Of these: an upper bound of the whole text's."""

    def countable_positions(self, text: Sequence[int]) -> list[int]:
        """Places that a pass along ``text`` can tell of, as far as this one is like it, and a token further, and that count."""
        until = self.scored_after(text)
        mask = self._mask(self.ids, until)
        return [at for at in range(self.scored, until) if mask[at]]

    def scored_after(self, text: Sequence[int]) -> int:
        """How many ids are scored when ``text`` has been read."""
        return max(self.scored, min(common_prefix_length(self.ids, text) + 1, len(self.ids)))

    @property
    def complete(self) -> bool:
        return self.scored == len(self.ids)


def best_logprobs(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    candidates: Sequence[Sequence[Sequence[int]]],
    mask: Mask,
) -> list[float]:
    """The log-probability of each row's likeliest candidate after its prompt, counting ids whose ``mask`` is 1.

    ``candidates[row]`` are texts as token ids with their end, at least one; best found at once where the likeliest comes first.
    """
    rows = [[_Candidate(ids, mask, common_prefix_length(ids, own[0])) for ids in own] for own in candidates]
    asked = [_wanted(own[0], own) for own in rows]
    read = PrefilledSequences(
        decoder,
        [[*prompt, *own[0].ids[:-1]] for prompt, own in zip(prompts, rows, strict=True)],
        [[len(prompt) - 1 + at for at in _positions(places)] for prompt, places in zip(prompts, asked, strict=True)],
    )
    _record(decoder, read.hidden, [(own[0], own, places) for own, places in zip(rows, asked, strict=True)])
    while going := [(k, best) for k, own in enumerate(rows) if (best := _next_candidate(own)) is not None]:
        asked = [_wanted(text, rows[k]) for k, text in going]
        hidden = read.extend(
            [k for k, _ in going],
            [len(prompts[k]) + text.branch for k, text in going],
            [text.ids[text.branch : -1] for _, text in going],
            [
                [at - 1 - text.branch for at in _positions(places)]
                for (_, text), places in zip(going, asked, strict=True)
            ],
        )
        _record(decoder, hidden, [(text, rows[k], places) for (k, text), places in zip(going, asked, strict=True)])
    return [max(text.logprob for text in own if text.complete) for own in rows]


def _next_candidate(own: Sequence[_Candidate]) -> _Candidate | None:
    """Of the candidates that may still be the likeliest the one of which most is to be hoped; None: it is found."""
    best = max((text.logprob for text in own if text.complete), default=-math.inf)
    return max(
        (text for text in own if not text.complete and text.logprob > best), key=lambda t: t.logprob, default=None
    )


def _wanted(text: _Candidate, own: Sequence[_Candidate]) -> list[list[int]]:
    """For each of a question's candidates the places that are wanted of a pass along ``text``."""
    return [other.countable_positions(text.ids) for other in own]


def _positions(asked: Sequence[Sequence[int]]) -> list[int]:
    return sorted(set().union(*asked))


def _record(
    decoder: Decoder,
    hidden: torch.Tensor,
    passes: Sequence[tuple[_Candidate, Sequence[_Candidate], Sequence[Sequence[int]]]],
) -> None:
    """Write down what a pass has told: each row's text, its question's candidates, and the places asked of each of them.

    ``hidden`` (N, H) are the states before these places, row by row, each place once.
    """
    wanted: list[tuple[int, int]] = []  # (place among the states, id)
    owners: list[_Candidate] = []
    start = 0
    for text, own, asked in passes:
        index = {at: start + n for n, at in enumerate(_positions(asked))}
        start += len(index)
        for other, chosen in zip(own, asked, strict=True):
            wanted += [(index[at], other.ids[at]) for at in chosen]
            owners += [other] * len(chosen)
            other.scored = other.scored_after(text.ids)
    for other, logprob in zip(owners, _logprobs(decoder, hidden, wanted), strict=True):
        other.logprob += logprob


def _logprobs(decoder: Decoder, hidden: torch.Tensor, wanted: Sequence[tuple[int, int]]) -> list[float]:
    """Log-probability of each (state, id)."""
    if not wanted:
        return []
    state, token = torch.tensor(wanted).unbind(-1)
    found = torch.zeros(len(wanted))
    for where, scores in iter_logits(decoder, hidden):
        here = ((state >= where.start) & (state < where.stop)).nonzero().squeeze(-1)
        at = state[here] - where.start
        found[here] = scores.log_softmax(-1)[at, token[here]]
    return found.tolist()
