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

from studentsim.student.calculator import Calculator
from studentsim.student.decoder import Decoder
from studentsim.student.sampling import Written, sample
from studentsim.student.sequences import PrefilledSequences, common_prefix_length, iter_logits

ROUNDING = 1e-5
"""How far a row's probabilities, in float32, may be from summing to 1; ten times more than seen."""


@dataclass(frozen=True)
class _Sampling:
    """How tokens are drawn; see ``generate.write``."""

    calculator: Calculator
    uniforms: np.ndarray
    end: int
    temperature: float
    min_p: float


def write_along(
    decoder: Decoder,
    prompts: Sequence[Sequence[int]],
    calculator: Calculator,
    uniforms: np.ndarray,
    drafts: Sequence[Sequence[list[int]]],
    *,
    end: int,
    temperature: float = 1.0,
    min_p: float = 0.0,
) -> tuple[list[Written], list[float]]:
    """What every row writes as far as one of its drafts says it, and the token after; ``write`` goes on from there.

    ``drafts[row]`` are completions with their ``end``, at least one, tried in this order. Luck and settings are as in ``write``,
    and so is what comes out. With it the log-probability of each row's first draft.
    """
    limit = uniforms.shape[1]
    sampling = _Sampling(calculator, uniforms, end, temperature, min_p)
    # Prompts and first drafts are read in one pass; other drafts from where they part from the first.
    firsts = [row[0] for row in drafts]
    asked = [_sampled_positions(calculator, draft, 0) for draft in firsts]
    read = PrefilledSequences(
        decoder,
        [[*prompt, *draft[:-1]] for prompt, draft in zip(prompts, firsts, strict=True)],
        [[len(prompt) - 1 + at for at in positions] for prompt, positions in zip(prompts, asked, strict=True)],
    )
    begun = [Written([], 0.0, False)] * len(prompts)
    followed = _follow(decoder, read.hidden, sampling, range(len(prompts)), firsts, begun, asked)
    written, logprobs = [w for w, _ in followed], [logprob for _, logprob in followed]
    left = [_matching(row[1:], own) for row, own in zip(drafts, written, strict=True)]
    while trying := [row for row, own in enumerate(written) if left[row] and not own.done(limit)]:
        chosen = [left[row][0] for row in trying]
        asked = [
            _sampled_positions(calculator, d, len(written[row].ids)) for d, row in zip(chosen, trying, strict=True)
        ]
        parted = [
            min(common_prefix_length(d, firsts[row]), len(firsts[row]) - 1)
            for d, row in zip(chosen, trying, strict=True)
        ]
        hidden = read.extend(
            trying,
            [len(prompts[row]) + at for row, at in zip(trying, parted, strict=True)],
            [d[at:-1] for d, at in zip(chosen, parted, strict=True)],
            [[at - 1 - begin for at in positions] for positions, begin in zip(asked, parted, strict=True)],
        )
        followed = _follow(decoder, hidden, sampling, trying, chosen, [written[row] for row in trying], asked)
        for row, (so_far, _) in zip(trying, followed, strict=True):
            written[row], left[row] = so_far, _matching(left[row][1:], so_far)
    return written, logprobs


def _matching(drafts: Sequence[list[int]], written: Written) -> list[list[int]]:
    """The drafts that begin with what was written, and go on."""
    n = len(written.ids)
    return [d for d in drafts if len(d) > n and d[:n] == written.ids]


def _sampled_positions(calculator: Calculator, draft: Sequence[int], begun: int) -> list[int]:
    """Places of a draft that the student itself draws: not what it has written before, not what the calculator writes."""
    forced = calculator.walk(draft)[0]
    return [at for at in range(begun, len(draft)) if forced[at] is None]


def _follow(
    decoder: Decoder,
    hidden: torch.Tensor,
    sampling: _Sampling,
    rows: Sequence[int],
    drafts: Sequence[list[int]],
    begun: Sequence[Written],
    asked: Sequence[Sequence[int]],
) -> list[tuple[Written, float]]:
    """Each row's draft, which begins with what the row has written, as far as the row writes it, and the token drawn instead.

    ``hidden`` (N, H) are the states before the positions ``asked``, row by row. With each the log-probability of the draft's tokens there.
    """
    limit = sampling.uniforms.shape[1]
    own = [
        sampling.uniforms[row, at] if at < limit else 0.0
        for row, positions in zip(rows, asked, strict=True)
        for at in positions
    ]
    ids = torch.tensor(
        [d[at] for d, positions in zip(drafts, asked, strict=True) for at in positions], dtype=torch.long
    )
    luck = torch.tensor(own, dtype=torch.float64)
    tokens, logps, gained = torch.zeros_like(ids), torch.zeros(len(ids)), torch.zeros(len(ids))
    for where, scores in iter_logits(decoder, hidden):
        p = scores.softmax(-1)
        likely = p if sampling.temperature in (0, 1) else (scores / sampling.temperature).softmax(-1)
        tokens[where] = _sample_along(likely, luck[where], ids[where], sampling)
        logps[where] = p.gather(-1, ids[where, None]).squeeze(-1).log()
        gained[where] = p.gather(-1, tokens[where, None]).squeeze(-1).log()
    drawn, found = iter(zip(tokens.tolist(), gained.tolist(), logps.tolist(), strict=True)), []
    for draft, before, positions in zip(drafts, begun, asked, strict=True):
        at_places = dict(zip(positions, drawn, strict=False))
        written = _accepted(draft, before, at_places, sampling, limit)
        found.append((written, sum(logprob for *_, logprob in at_places.values())))
    return found


def _sample_along(p: torch.Tensor, luck: torch.Tensor, draft: torch.Tensor, sampling: _Sampling) -> torch.Tensor:
    """What ``sample`` takes of the probabilities (n, V), where the draft's own tokens (n,) are probably it.

    Where a draft's token leaves all others less than ``min_p`` times its probability, nothing else can be taken: no sum is made there.
    """
    own = p.gather(-1, draft[:, None]).squeeze(-1)
    tokens, doubtful = draft.clone(), (own <= 1 / (1 + sampling.min_p) + ROUNDING).nonzero().squeeze(-1)
    if len(doubtful):
        tokens[doubtful] = sample(p[doubtful], luck[doubtful], sampling.temperature, sampling.min_p)
    return tokens


def _accepted(
    draft: Sequence[int], before: Written, drawn: dict[int, tuple[int, float, float]], sampling: _Sampling, limit: int
) -> Written:
    """What a row has written when it has followed its draft; ``drawn`` are token and log-probability at the positions it draws itself."""
    forced = sampling.calculator.walk(draft)[0]
    out, logprob = list(before.ids), before.logprob
    for at in range(len(before.ids), min(len(draft), limit)):
        token, gained = (forced[at], 0.0) if forced[at] is not None else drawn[at][:2]
        logprob += gained
        if token == sampling.end:
            return Written(out, logprob, True)
        out.append(token)
        if token != draft[at]:
            break
    return Written(out, logprob, False)
