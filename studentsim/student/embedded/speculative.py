"""Speculative sampling: a row's probable completion is scored in one pass, instead of one token after the other.

The drafts need no second model: a question's solutions, correct and wrong, are known. The output does not depend on them: at each
position the token is sampled from the model's probabilities with the row's own uniform, and a draft is accepted up to the first
token that differs from the sampled one.

Source: "Fast Inference from Transformers via Speculative Decoding" (Leviathan, Kalman and Matias 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from studentsim.student.batching import common_prefix_length
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.sequences import PrefilledSequences, iter_logits
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.student.generation.sampling import Generation, sample_tokens

PROBABILITY_TOLERANCE = 1e-5
"""How far a row's probabilities, in float32, may be from summing to 1; ten times the largest error seen."""


@dataclass(frozen=True)
class _SamplingSettings:
    """How tokens are sampled; see ``sampling.iter_generations``."""

    calculator: Calculator
    uniforms: np.ndarray
    """(B, N), one for each token."""
    eos_token_id: int
    temperature: float
    min_p: float


def generate_with_drafts(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    calculator: Calculator,
    uniforms: np.ndarray,
    drafts: Sequence[Sequence[list[int]]],
    *,
    eos_token_id: int,
    temperature: float = 1.0,
    min_p: float = 0.0,
) -> tuple[list[Generation], list[float]]:
    """What each row generates as far as one of its drafts agrees, and the token after; and its first draft's log-probability.

    ``drafts[row]`` are completions with their end token, at least one, tried in this order. The uniforms (B, N), the settings and the
    tokens are those of ``generate.generate``, which continues from the result.
    """
    limit = uniforms.shape[1]
    sampling = _SamplingSettings(calculator, uniforms, eos_token_id, temperature, min_p)
    # Prompts and first drafts are processed in one pass; other drafts from where they differ from the first.
    first_drafts = [row_drafts[0] for row_drafts in drafts]
    draft_positions = [_sampled_positions(calculator, draft, 0) for draft in first_drafts]
    sequences = PrefilledSequences(decoder, prompts, first_drafts, draft_positions)
    initial = [Generation([], 0.0, False)] * len(prompts)
    results = _follow_drafts(
        decoder, sequences.hidden_states, sampling, range(len(prompts)), first_drafts, initial, draft_positions
    )
    generations, first_logprobs = [generation for generation, _ in results], [logprob for _, logprob in results]
    remaining_drafts = [
        _matching_drafts(row_drafts[1:], generation) for row_drafts, generation in zip(drafts, generations, strict=True)
    ]
    while active_rows := [row for row, g in enumerate(generations) if remaining_drafts[row] and not g.is_done(limit)]:
        current_drafts = [remaining_drafts[row].pop(0) for row in active_rows]
        current = [generations[row] for row in active_rows]
        draft_positions = [
            _sampled_positions(calculator, draft, len(generation.ids))
            for draft, generation in zip(current_drafts, current, strict=True)
        ]
        branch_points = [
            min(common_prefix_length(draft, first_drafts[row]), len(first_drafts[row]) - 1)
            for draft, row in zip(current_drafts, active_rows, strict=True)
        ]
        hidden = sequences.extend(active_rows, branch_points, current_drafts, draft_positions)
        results = _follow_drafts(decoder, hidden, sampling, active_rows, current_drafts, current, draft_positions)
        for row, (generation, _) in zip(active_rows, results, strict=True):
            generations[row] = generation
            remaining_drafts[row] = _matching_drafts(remaining_drafts[row], generation)
    return generations, first_logprobs


def _matching_drafts(drafts: Sequence[list[int]], generation: Generation) -> list[list[int]]:
    """The drafts that begin with what was generated and are longer."""
    length = len(generation.ids)
    return [draft for draft in drafts if len(draft) > length and draft[:length] == generation.ids]


def _sampled_positions(calculator: Calculator, draft: Sequence[int], start: int) -> list[int]:
    """Positions of a draft, from ``start`` on, whose tokens are sampled, not forced by the calculator."""
    forced = calculator.forced_ids(draft)[0]
    return [position for position in range(start, len(draft)) if forced[position] is None]


def _follow_drafts(
    decoder: Decoder,
    hidden: torch.Tensor,
    sampling: _SamplingSettings,
    rows: Sequence[int],
    drafts: Sequence[list[int]],
    generations: Sequence[Generation],
    draft_positions: Sequence[Sequence[int]],
) -> list[tuple[Generation, float]]:
    """Each row's generation continued along its draft, up to the first token that differs, with the draft's log-probability.

    ``hidden`` (N, H) are the states before the positions ``draft_positions``, row by row; the log-probability is summed over these.
    """
    limit = sampling.uniforms.shape[1]
    uniform_values = [
        sampling.uniforms[row, position] if position < limit else 0.0
        for row, positions in zip(rows, draft_positions, strict=True)
        for position in positions
    ]
    draft_ids = [
        draft[position] for draft, positions in zip(drafts, draft_positions, strict=True) for position in positions
    ]
    ids, uniforms = torch.tensor(draft_ids, dtype=torch.long), torch.tensor(uniform_values, dtype=torch.float64)
    tokens, draft_logprobs, token_logprobs = torch.zeros_like(ids), torch.zeros(len(ids)), torch.zeros(len(ids))
    for chunk, logits in iter_logits(decoder, hidden):
        probs = logits.softmax(-1)
        sampling_probs = probs if sampling.temperature in (0, 1) else (logits / sampling.temperature).softmax(-1)
        tokens[chunk] = _sample_with_draft(sampling_probs, uniforms[chunk], ids[chunk], sampling)
        draft_logprobs[chunk] = probs.gather(-1, ids[chunk, None]).squeeze(-1).log()
        token_logprobs[chunk] = probs.gather(-1, tokens[chunk, None]).squeeze(-1).log()
    sampled, results = iter(zip(tokens.tolist(), token_logprobs.tolist(), draft_logprobs.tolist(), strict=True)), []
    for draft, generation, positions in zip(drafts, generations, draft_positions, strict=True):
        sampled_at = dict(zip(positions, sampled, strict=False))
        accepted = _accept_draft(draft, generation, sampled_at, sampling, limit)
        results.append((accepted, sum(logprob for *_, logprob in sampled_at.values())))
    return results


def _sample_with_draft(
    probs: torch.Tensor, uniforms: torch.Tensor, draft: torch.Tensor, sampling: _SamplingSettings
) -> torch.Tensor:
    """As ``sample_tokens`` of the probabilities (n, V), faster where it mostly yields the ``draft`` ids (n,).

    Where all other tokens together are less probable than ``min_p`` times the draft's, it is the only one that can be sampled, and
    no cumulative sum is computed.
    """
    draft_probs = probs.gather(-1, draft[:, None]).squeeze(-1)
    uncertain = (draft_probs <= 1 / (1 + sampling.min_p) + PROBABILITY_TOLERANCE).nonzero().squeeze(-1)
    tokens = draft.clone()
    if len(uncertain):
        tokens[uncertain] = sample_tokens(probs[uncertain], uniforms[uncertain], sampling.temperature, sampling.min_p)
    return tokens


def _accept_draft(
    draft: Sequence[int],
    generation: Generation,
    sampled_at: dict[int, tuple[int, float, float]],
    sampling: _SamplingSettings,
    limit: int,
) -> Generation:
    """A row's generation after following its draft; ``sampled_at``: token and log-probabilities by sampled position."""
    forced = sampling.calculator.forced_ids(draft)[0]
    ids, logprob = list(generation.ids), generation.logprob
    for position in range(len(generation.ids), min(len(draft), limit)):
        token, token_logprob = (forced[position], 0.0) if forced[position] is not None else sampled_at[position][:2]
        logprob += token_logprob
        if token == sampling.eos_token_id:
            return Generation(ids, logprob, True)
        ids.append(token)
        if token != draft[position]:
            break
    return Generation(ids, logprob, False)
