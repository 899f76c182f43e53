"""Writing along drafts: what a row will probably write is read in one pass, instead of one token after the other.

"Fast Inference from Transformers via Speculative Decoding" (Leviathan, Kalman and Matias 2023), with drafts that need no second
model: a question's workings, right and wrong, are known. What a row writes does not change by it: at each place its token is drawn from the
model's probabilities with the row's own luck, and the draft is followed only as far as it is what was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.sequences import PrefilledSequences, common_prefix_length, iter_logits
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.student.generation.sampling import Generation, sample_tokens

PROBABILITY_TOLERANCE = 1e-5
"""How far a row's probabilities, in float32, may be from summing to 1; ten times more than seen."""


@dataclass(frozen=True)
class _SamplingSettings:
    """How tokens are drawn; see ``generate.generate``."""

    calculator: Calculator
    uniforms: np.ndarray
    end: int
    temperature: float
    min_p: float


def generate_with_drafts(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    calculator: Calculator,
    uniforms: np.ndarray,
    drafts: Sequence[Sequence[list[int]]],
    *,
    end: int,
    temperature: float = 1.0,
    min_p: float = 0.0,
) -> tuple[list[Generation], list[float]]:
    """What every row writes as far as one of its drafts says it, and the token after; ``write`` goes on from there.

    ``drafts[row]`` are completions with their ``end``, at least one, tried in this order. Luck and settings are as in ``write``,
    and so is what comes out. With it the log-probability of each row's first draft.
    """
    limit = uniforms.shape[1]
    sampling = _SamplingSettings(calculator, uniforms, end, temperature, min_p)
    # Prompts and first drafts are read in one pass; other drafts from where they part from the first.
    first_drafts = [row[0] for row in drafts]
    draft_positions = [_sampled_positions(calculator, draft, 0) for draft in first_drafts]
    sequences = PrefilledSequences(
        decoder,
        [[*prompt, *draft[:-1]] for prompt, draft in zip(prompts, first_drafts, strict=True)],
        [
            [len(prompt) - 1 + at for at in positions]
            for prompt, positions in zip(prompts, draft_positions, strict=True)
        ],
    )
    initial = [Generation([], 0.0, False)] * len(prompts)
    results = _follow_drafts(
        decoder, sequences.hidden_states, sampling, range(len(prompts)), first_drafts, initial, draft_positions
    )
    generations, logprobs = [w for w, _ in results], [logprob for _, logprob in results]
    remaining_drafts = [_matching_drafts(row[1:], own) for row, own in zip(drafts, generations, strict=True)]
    while active_rows := [
        row for row, own in enumerate(generations) if remaining_drafts[row] and not own.is_done(limit)
    ]:
        current_drafts = [remaining_drafts[row][0] for row in active_rows]
        draft_positions = [
            _sampled_positions(calculator, d, len(generations[row].ids))
            for d, row in zip(current_drafts, active_rows, strict=True)
        ]
        branch_points = [
            min(common_prefix_length(d, first_drafts[row]), len(first_drafts[row]) - 1)
            for d, row in zip(current_drafts, active_rows, strict=True)
        ]
        hidden = sequences.extend(
            active_rows,
            [len(prompts[row]) + at for row, at in zip(active_rows, branch_points, strict=True)],
            [d[at:-1] for d, at in zip(current_drafts, branch_points, strict=True)],
            [
                [at - 1 - begin for at in positions]
                for positions, begin in zip(draft_positions, branch_points, strict=True)
            ],
        )
        results = _follow_drafts(
            decoder,
            hidden,
            sampling,
            active_rows,
            current_drafts,
            [generations[row] for row in active_rows],
            draft_positions,
        )
        for row, (generation, _) in zip(active_rows, results, strict=True):
            generations[row], remaining_drafts[row] = (
                generation,
                _matching_drafts(remaining_drafts[row][1:], generation),
            )
    return generations, logprobs


def _matching_drafts(drafts: Sequence[list[int]], generation: Generation) -> list[list[int]]:
    """The drafts that begin with what was written, and go on."""
    length = len(generation.ids)
    return [d for d in drafts if len(d) > length and d[:length] == generation.ids]


def _sampled_positions(calculator: Calculator, draft: Sequence[int], start: int) -> list[int]:
    """Places of a draft that the student itself draws: not what it has written before, not what the calculator writes."""
    forced = calculator.forced_ids(draft)[0]
    return [at for at in range(start, len(draft)) if forced[at] is None]


def _follow_drafts(
    decoder: Decoder,
    hidden: torch.Tensor,
    sampling: _SamplingSettings,
    rows: Sequence[int],
    drafts: Sequence[list[int]],
    generations: Sequence[Generation],
    draft_positions: Sequence[Sequence[int]],
) -> list[tuple[Generation, float]]:
    """Each row's draft, which begins with what the row has written, as far as the row writes it, and the token drawn instead.

    ``hidden`` (N, H) are the states before the positions ``draft_positions``, row by row. With each the log-probability of the draft's tokens there.
    """
    limit = sampling.uniforms.shape[1]
    uniform_values = [
        sampling.uniforms[row, at] if at < limit else 0.0
        for row, positions in zip(rows, draft_positions, strict=True)
        for at in positions
    ]
    ids = torch.tensor(
        [d[at] for d, positions in zip(drafts, draft_positions, strict=True) for at in positions], dtype=torch.long
    )
    uniforms = torch.tensor(uniform_values, dtype=torch.float64)
    tokens, draft_logprobs, token_logprobs = torch.zeros_like(ids), torch.zeros(len(ids)), torch.zeros(len(ids))
    for chunk, scores in iter_logits(decoder, hidden):
        probs = scores.softmax(-1)
        sampling_probs = probs if sampling.temperature in (0, 1) else (scores / sampling.temperature).softmax(-1)
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
    """What ``sample_tokens`` takes of the probabilities (n, V), where the draft's own tokens (n,) are probably it.

    Where a draft's token leaves all others less than ``min_p`` times its probability, nothing else can be taken: no sum is made there.
    """
    draft_probs = probs.gather(-1, draft[:, None]).squeeze(-1)
    tokens, uncertain = (
        draft.clone(),
        (draft_probs <= 1 / (1 + sampling.min_p) + PROBABILITY_TOLERANCE).nonzero().squeeze(-1),
    )
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
    """What a row has written when it has followed its draft; ``sampled_at`` are token and log-probability at the positions it draws itself."""
    forced = sampling.calculator.forced_ids(draft)[0]
    ids, logprob = list(generation.ids), generation.logprob
    for position in range(len(generation.ids), min(len(draft), limit)):
        token, token_logprob = (forced[position], 0.0) if forced[position] is not None else sampled_at[position][:2]
        logprob += token_logprob
        if token == sampling.end:
            return Generation(ids, logprob, True)
        ids.append(token)
        if token != draft[position]:
            break
    return Generation(ids, logprob, False)
