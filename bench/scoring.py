"""Option scoring against lm-evaluation-harness: the same choices, the same log-probabilities, and how much faster.

    pip install -r bench/requirements.txt
    python bench/scoring.py mathqa_dev.json                      a small Llama, made on the spot
    python bench/scoring.py mathqa_dev.json --model FOLDER       a model of yours

Both score the harness's own ``mathqa`` requests (its context, its continuations) for the first rows that its parser reads
rightly, in float32, with the same number of sequences in a batch, tokenising included, in turns in one process; medians.
Ours computes a question's prompt once for all its options, and the head for their tokens alone.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks.mathqa.utils import doc_to_choice
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from studentsim.datasets.published.mathqa import parse_options
from studentsim.student.embedded.model import HIDDEN_SIZE, INTERMEDIATE_SIZE, NUM_HEADS, NUM_LAYERS
from studentsim.student.generation.generate import prefill
from studentsim.student.huggingface.scoring import score_options

VOCABULARY = 32_000
"""Of the model made on the spot: Llama 2's. Those of the hub have up to 262,000; the embedded student has 1,500."""
WORDS = 8_000
"""Of them the tokenizer uses these: five hundred questions give no more."""


def rows_read_rightly(path: Path, count: int) -> list[tuple[str, list[str]]]:
    """Context and five continuations, as the harness's task builds them, of the first rows that its parser reads rightly."""
    found = []
    for row in json.loads(path.read_text(encoding="utf-8")):
        choices = doc_to_choice(row)
        if [c.split() for c in choices] == [text.rstrip(" ,").split() for _, text in parse_options(row["options"])]:
            found.append((f"Question: {row['Problem']}\nAnswer:", [f" {c}" for c in choices]))
        if len(found) == count:
            break
    return found


def on_the_spot(rows: Sequence[tuple[str, list[str]]]) -> tuple[PreTrainedModel, PreTrainedTokenizerFast]:
    """The embedded student's Llama with the vocabulary of a hub's, random weights, and a BPE tokenizer trained on these rows."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=WORDS, special_tokens=["<eos>"], initial_alphabet=alphabet, show_progress=False
    )
    bpe.train_from_iterator((text + " ".join(options) for text, options in rows), trainer)
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<eos>", pad_token="<eos>")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=HIDDEN_SIZE, num_hidden_layers=NUM_LAYERS, num_attention_heads=NUM_HEADS,
        num_key_value_heads=NUM_HEADS, intermediate_size=INTERMEDIATE_SIZE, max_position_embeddings=2048, eos_token_id=0,
        bos_token_id=None, pad_token_id=None, initializer_range=0.08,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval(), tokenizer


def harness(model: PreTrainedModel, tokenizer: Any, rows: Sequence[tuple[str, list[str]]], batch: int) -> Callable:
    """A function that scores the rows with lm-evaluation-harness: log-probabilities (rows, options)."""
    lm = HFLM(pretrained=model, tokenizer=tokenizer, backend="causal", batch_size=batch, device=str(model.device))
    requests = [
        Instance(request_type="loglikelihood", doc={}, arguments=(context, option), idx=n)
        for context, options in rows
        for n, option in enumerate(options)
    ]

    def score() -> list[list[float]]:
        flat = [logprob for logprob, _ in lm.loglikelihood(requests, disable_tqdm=True)]
        each = len(rows[0][1])
        return [flat[k : k + each] for k in range(0, len(flat), each)]

    return score


def ours(model: PreTrainedModel, tokenizer: Any, rows: Sequence[tuple[str, list[str]]], batch: int) -> Callable:
    """A function that scores the rows with the product's own code; no forward pass has more than ``batch`` sequences."""

    def score() -> list[list[float]]:
        encoded = [_encoded(tokenizer, context, options) for context, options in rows]
        order = sorted(range(len(rows)), key=lambda n: -len(encoded[n][0]))
        found: list[list[float]] = [[]] * len(rows)
        for start in range(0, len(order), batch):
            group = order[start : start + batch]
            prefix = prefill(model, [encoded[n][0] for n in group], tokenizer.pad_token_id)
            scored = score_options(model, prefix, [encoded[n][1] for n in group], batch_size=batch)
            for n, logprobs in zip(group, scored, strict=True):
                found[n] = logprobs
        return found

    return score


def _encoded(tokenizer: Any, context: str, options: Sequence[str]) -> tuple[list[int], list[list[int]]]:
    """As the harness tokenises a pair: together, and cut where the context's own ids end."""
    ids = tokenizer(context).input_ids
    return ids, [whole[len(ids) :] for whole in tokenizer([context + option for option in options]).input_ids]


def main() -> None:
    """Print how often the choices agree, the largest difference, seconds of each, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="MathQA's dev.json")
    parser.add_argument("--model", help="a local folder; left out: made on the spot")
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--batch", type=int, default=16, help="sequences in a forward pass, for both")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    rows = rows_read_rightly(args.file, args.rows)
    if args.model:
        tokenizer = AutoTokenizer.from_pretrained(args.model)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        model = AutoModelForCausalLM.from_pretrained(args.model, dtype=torch.float32, use_safetensors=True).eval()
    else:
        model, tokenizer = on_the_spot(rows)
    scorers = {name: make(model, tokenizer, rows, args.batch) for name, make in (("harness", harness), ("ours", ours))}
    seconds: dict[str, list[float]] = {name: [] for name in scorers}
    results: dict[str, list[list[float]]] = {}
    for score in scorers.values():  # once before, so that neither pays for what is made at first use
        score()
    for _ in range(args.repeats):
        for name, score in scorers.items():
            began = time.perf_counter()
            results[name] = score()
            seconds[name].append(time.perf_counter() - began)
    report(args, model, rows, results, {name: statistics.median(times) for name, times in seconds.items()})


def report(args: argparse.Namespace, model: PreTrainedModel, rows: Sequence, results: dict, seconds: dict) -> None:
    """Print the figures; exit status 1 where they do not agree."""
    pairs = list(zip(results["harness"], results["ours"], strict=True))
    same = sum(a.index(max(a)) == b.index(max(b)) for a, b in pairs)
    difference = max(abs(x - y) for a, b in pairs for x, y in zip(a, b, strict=True))
    margin = min(sorted(a)[-1] - sorted(a)[-2] for a, _ in pairs)
    print(
        f"{type(model).__name__}, {model.num_parameters() / 1e6:.2f} M parameters, float32, {model.device}, batch {args.batch}"
    )
    print(f"{len(rows)} rows of {args.file.name}, {sum(len(o) for _, o in rows)} options")
    print(f"same choice: {same} of {len(rows)}; closest call between two options {margin:.4f}")
    print(f"largest difference of a log-probability: {difference:.2e}")
    theirs, own = seconds["harness"], seconds["ours"]
    print(f"lm-evaluation-harness {theirs:.2f} s, ours {own:.2f} s: {theirs / own:.1f} times as fast")
    if same < len(rows) or difference > 1e-3:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
