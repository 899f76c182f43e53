"""Log-probabilities of completions and pairs through transformers, with each prompt computed once for all of its completions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studentsim.student.batching import iter_batches
from studentsim.student.generation.generate import PrefilledPrompts, completion_logprobs, prefill
from studentsim.student.generation.kv_cache import AnyModel
from studentsim.types import PairScore


def score_options(
    model: AnyModel,
    prefix: PrefilledPrompts,
    option_ids: Sequence[Sequence[list[int]]],
    *,
    batch_size: int,
    token_masks: Sequence[Sequence[list[int]]] | None = None,
    mean_logits: list[list[float]] | None = None,
) -> list[list[float]]:
    """Summed natural log-probability of each completion after its row's prompt; rows may have different numbers of them.

    Completions of similar length go together, ``batch_size`` in a forward pass, so that there is little padding; each continues
    its prompt's KV cache. One of a single token needs no forward pass: the prompt's logits suffice.
    ``token_masks``: 1 for each id that counts (None: all do). ``mean_logits``: see ``generate.completion_logprobs``.
    """
    by_length = sorted(
        ((len(c), row, n) for row, options in enumerate(option_ids) for n, c in enumerate(options)), reverse=True
    )
    logprobs = [[0.0] * len(options) for options in option_ids]
    averages = [[0.0] * len(options) for options in option_ids]
    multi_token_count = sum(length > 1 for length, _, _ in by_length)
    for batch in (
        *(by_length[k : min(k + batch_size, multi_token_count)] for k in range(0, multi_token_count, batch_size)),
        by_length[multi_token_count:],
    ):
        if batch:
            completions = [[option_ids[row][n]] for _, row, n in batch]
            batch_prefix = prefix.take_rows([row for _, row, _ in batch])
            means: list[list[float]] | None = None if mean_logits is None else []
            masks = [
                [[1] * len(option_ids[row][n]) if token_masks is None else token_masks[row][n]] for _, row, n in batch
            ]
            scored = completion_logprobs(model, batch_prefix, completions, masks, mean_logits=means)
            for (_, row, n), (logprob,), (mean,) in zip(batch, scored, means or [[0.0]] * len(batch), strict=True):
                logprobs[row][n], averages[row][n] = logprob, mean
    if mean_logits is not None:
        mean_logits += averages
    return logprobs


def score_pairs(
    model: AnyModel, rows: Sequence[Mapping[str, list[int]]], *, pad_token_id: int, batch_size: int
) -> list[PairScore]:
    """Log-probabilities and mean logits of chosen and rejected of each pair, ``batch_size`` pairs together.

    ``rows``: as of ``TrainableStudent.pair_ids``.
    """
    pair_scores: list[PairScore] = []
    for batch in iter_batches(rows, batch_size):
        ids, masks = ([[row[f"chosen_{kind}"], row[f"rejected_{kind}"]] for row in batch] for kind in ("ids", "mask"))
        means: list[list[float]] = []
        prefix = prefill(model, [row["prompt_ids"] for row in batch], pad_token_id)
        scored = score_options(model, prefix, ids, batch_size=2 * len(batch), token_masks=masks, mean_logits=means)
        pair_scores += [PairScore(*logps, *logits) for logps, logits in zip(scored, means, strict=True)]
    return pair_scores
