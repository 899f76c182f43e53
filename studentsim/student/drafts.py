"""Writing along drafts: what a row will probably write is read in one pass, instead of one token after the other.

"Fast Inference from Transformers via Speculative Decoding" (Leviathan, Kalman and Matias 2023), with drafts that need no second
model: a question's workings, right and wrong, are known. What a row writes does not change by it: at each place its token is drawn from the
model's probabilities with the row's own luck, and the draft is followed only as far as it is what was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from transformers import PreTrainedModel

from studentsim.student.calculator import Calculator
from studentsim.student.generate import Prefix, Written, behind, sample, told


def write_along(
    model: PreTrainedModel,
    prefix: Prefix,
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
    rows, limit = uniforms.shape
    written = [Written([], 0.0, False)] * rows
    left = [list(row) for row in drafts]
    first: list[float] = []
    while trying := [row for row in range(rows) if left[row] and not written[row].done(limit)]:
        chosen, begun = [left[row][0] for row in trying], [written[row] for row in trying]
        followed = _follow(
            model, prefix.rows(trying), calculator, uniforms[trying], chosen, begun, end, temperature, min_p
        )
        first = first or [logprob for _, logprob in followed]
        for row, (so_far, _) in zip(trying, followed, strict=True):
            written[row], n = so_far, len(so_far.ids)
            left[row] = [d for d in left[row][1:] if len(d) > n and d[:n] == so_far.ids]
    return written, first


def _follow(
    model: PreTrainedModel,
    prefix: Prefix,
    calculator: Calculator,
    uniforms: np.ndarray,
    drafts: Sequence[list[int]],
    begun: Sequence[Written],
    end: int,
    temperature: float,
    min_p: float,
) -> list[tuple[Written, float]]:
    """Each row's draft, which begins with what the row has written, as far as the row writes it, and the token drawn instead.

    With each the log-probability of the draft's tokens from there on that the student chooses.
    """
    width, limit = max(map(len, drafts)), uniforms.shape[1]
    forced = [calculator.walk(d)[0] for d in drafts]
    # Asked is what the student itself draws: not what it wrote before, not what the calculator writes.
    asked = torch.tensor([
        [len(b.ids) <= at < len(d) and f[at] is None for at in range(len(d))] + [False] * (width - len(d))
        for d, f, b in zip(drafts, forced, begun, strict=True)
    ])  # fmt: skip
    ids = torch.tensor([d + [0] * (width - len(d)) for d in drafts])
    luck = torch.from_numpy(np.pad(uniforms, ((0, 0), (0, max(0, width - limit))))[:, :width])
    tokens, logps, gained = ids.clone(), torch.zeros(ids.shape), torch.zeros(ids.shape)

    def draw(scores: torch.Tensor, at: tuple[torch.Tensor, torch.Tensor]) -> None:
        p = scores.softmax(-1)
        likely = p if temperature in (0, 1) else (scores / temperature).softmax(-1)
        tokens[at] = sample(likely, luck[at], temperature, min_p)
        logps[at] = p.gather(-1, ids[at][:, None]).squeeze(-1).log()
        gained[at] = p.gather(-1, tokens[at][:, None]).squeeze(-1).log()

    at_first = asked[:, 0].nonzero()[:, 0]
    if len(at_first):
        draw(prefix.scores[at_first], (at_first, torch.zeros_like(at_first)))
    later = asked[:, 1:]
    if width > 1 and later.any():
        row, place = later.nonzero(as_tuple=True)
        for where, scores in told(model, behind(prefix, [d[: width - 1] for d in drafts]), later):
            draw(scores, (row[where], place[where] + 1))
    found = []
    for k, (draft, f, before) in enumerate(zip(drafts, forced, begun, strict=True)):
        drawn, own = tokens[k].tolist(), gained[k].tolist()
        out, logprob, ended = list(before.ids), before.logprob, False
        for at in range(len(before.ids), min(len(draft), limit)):
            token = f[at] if f[at] is not None else drawn[at]
            logprob += own[at]
            if token == end:
                ended = True
                break
            out.append(token)
            if token != draft[at]:
                break
        found.append((Written(out, logprob, ended), float(logps[k].sum())))
    return found
