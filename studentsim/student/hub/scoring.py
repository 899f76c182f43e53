"""Scoring of options and pairs: each text's log-probability, its prompt computed once for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studentsim.records import PairScore
from studentsim.student.caches import AnyModel
from studentsim.student.generate import Prefix, read, score


def score_options(
    model: AnyModel,
    prefix: Prefix,
    ids: Sequence[Sequence[list[int]]],
    *,
    at_once: int,
    counted: Sequence[Sequence[list[int]]] | None = None,
    mean_logits: list[list[float]] | None = None,
) -> list[list[float]]:
    """Summed natural log-probability of each completion after its row's prompt; rows may offer different numbers of them.

    Completions of like length go together, ``at_once`` in a forward pass, so that hardly anything is padding; each takes up
    its prompt's keys and values. One of a single token needs no forward pass at all: the prompt has told of it.
    ``counted`` holds as many masks, 1 for each id that counts (None: all do); ``mean_logits`` as in ``generate.score``.
    """
    flat = sorted(((len(c), row, n) for row, options in enumerate(ids) for n, c in enumerate(options)), reverse=True)
    found = [[0.0] * len(options) for options in ids]
    averages = [[0.0] * len(options) for options in ids]
    longer = sum(length > 1 for length, _, _ in flat)
    for part in (*(flat[k : min(k + at_once, longer)] for k in range(0, longer, at_once)), flat[longer:]):
        if part:
            completions = [[ids[row][n]] for _, row, n in part]
            own = prefix.rows([row for _, row, _ in part])
            means: list[list[float]] | None = None if mean_logits is None else []
            masks = [[[1] * len(ids[row][n]) if counted is None else counted[row][n]] for _, row, n in part]
            scored = score(model, own, completions, masks, mean_logits=means)
            for (_, row, n), (logprob,), (mean,) in zip(part, scored, means or [[0.0]] * len(part), strict=True):
                found[row][n], averages[row][n] = logprob, mean
    if mean_logits is not None:
        mean_logits += averages
    return found


def score_pairs(model: AnyModel, rows: Sequence[Mapping[str, list[int]]], *, pad: int, at_once: int) -> list[PairScore]:
    """Log-probabilities and mean logits of chosen and rejected of each pair (``dpo.Trainable.pair_ids``), ``at_once`` of them together."""
    found: list[PairScore] = []
    for start in range(0, len(rows), at_once):
        batch = rows[start : start + at_once]
        ids, masks = ([[row[f"chosen_{kind}"], row[f"rejected_{kind}"]] for row in batch] for kind in ("ids", "mask"))
        means: list[list[float]] = []
        prefix = read(model, [row["prompt_ids"] for row in batch], pad)
        scored = score_options(model, prefix, ids, at_once=2 * len(batch), counted=masks, mean_logits=means)
        found += [PairScore(*logps, *logits) for logps, logits in zip(scored, means, strict=True)]
    return found
