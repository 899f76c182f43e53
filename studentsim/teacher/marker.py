"""A trained marker: an encoder and decoder that reads the right option and an answer, and says Correct or Wrong (P0).

    from studentsim.teacher.marker import load_marker
    load_marker("embedded").judge([(question, "Answer: 248.22")])

``embedded`` ships with the product; any other T5 or BART can be named, from the hub or a folder: google/flan-t5-large, as in
the paper, once it is fine-tuned (finetune.py); the embedded one, fine-tuned on a language model's answers, is such a folder too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase, T5ForConditionalGeneration
from transformers.utils import ModelOutput

from studentsim.errors import StudentError
from studentsim.records import Question
from studentsim.student.huggingface.threads import all_cores
from studentsim.teacher.encoding import INPUT_TOKENS, InputEncoder, Reading, decoder_inputs, decoder_start, target_ids
from studentsim.teacher.loading import device_of, dtype_on, load_seq2seq
from studentsim.teacher.prompt import prompt
from studentsim.teacher.tokenizer import encode

EMBEDDED = "embedded"
WEIGHTS = Path(__file__).parent / "weights"
"""The shipped marker (safetensors) with its tokenizer: a folder that transformers reads as any other."""

LIMIT = 160
"""Longest input of the embedded marker in tokens. paper: 128; an answer's end has at most 128 characters, here often a token
each."""

BATCH = 128
"""Answers judged at once, where the model is small."""
LARGE = 50_000_000
"""Parameters from which on fewer are judged at once, and a processor's cores share out each operation."""
LARGE_BATCH = 16


@dataclass(frozen=True)
class Verdict:
    """A judgement. ``probability``, 0 to 1, is the marker's for Correct against Wrong; ``right`` is whether it is above one half."""

    right: bool
    probability: float


class Marker:
    """Judges answers by comparing how likely the model finds the two targets; so each answer gets a verdict.

    ``encode_input`` turns (question, answer) into input ids; None: as the embedded marker's.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        *,
        encode_input: Callable[[Question, str], list[int]] | None = None,
    ) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.targets = target_ids(tokenizer)
        self.start = decoder_start(model, tokenizer)
        # Padding is never looked at; a tokenizer without any (BART's kin may come so) gets some other id.
        self.pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.start
        self.encode_input = encode_input or (lambda question, text: encode(tokenizer, prompt(question, text), LIMIT))
        self.large = model.num_parameters() >= LARGE

    def judge(self, rows: Sequence[tuple[Question, str]]) -> list[Verdict]:
        """A verdict for each (question, text of the answer), in their order."""
        inputs = [self.encode_input(question, text) for question, text in rows]
        found = [0.0] * len(rows)
        by_length = sorted(range(len(rows)), key=lambda row: len(inputs[row]))  # little padding
        at_once = LARGE_BATCH if self.large else BATCH
        with all_cores() if self.large and self.model.device.type == "cpu" else contextlib.nullcontext():
            for start in range(0, len(rows), at_once):
                batch = by_length[start : start + at_once]
                for row, probability in zip(batch, self._probabilities([inputs[row] for row in batch]), strict=True):
                    found[row] = probability
        return [Verdict(right=p > 0.5, probability=p) for p in found]

    @torch.no_grad()
    def _probabilities(self, inputs: Sequence[list[int]]) -> list[float]:
        """P(Correct) against P(Wrong) for each input (B)."""
        ids, mask = padded(inputs, self.pad)
        ids, mask = ids.to(self.model.device), mask.to(self.model.device)
        read = self.model.get_encoder()(input_ids=ids, attention_mask=mask)  # read once; of the architecture's own kind
        logps = torch.stack([self._logp(read, mask, target) for target in self.targets], -1)  # (B, 2)
        return logps.softmax(-1)[:, 0].tolist()

    def _logp(self, read: ModelOutput, mask: torch.Tensor, target: Sequence[int]) -> torch.Tensor:
        """Summed log-probability (B,) of a target's tokens after the inputs."""
        given = torch.tensor([decoder_inputs(target, self.start)] * len(mask), device=mask.device)
        labels = torch.tensor([list(target)] * len(mask), device=mask.device)
        out = self.model(encoder_outputs=read, attention_mask=mask, decoder_input_ids=given, use_cache=False)
        return out.logits.float().log_softmax(-1).gather(-1, labels[..., None]).squeeze(-1).sum(-1)


def padded(rows: Sequence[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (B, T) padded on the right, and their attention mask (B, T)."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])


def load_marker(name: str = EMBEDDED, revision: str = "", *, device: str = "cpu") -> Marker:
    """The marker of that name: ``embedded``, or the hub name or folder of an encoder and decoder with safetensors weights.

    The embedded one computes on the processor in float32 always; ``device`` (auto, cpu, cuda) is for others.

    :raises ConfigError: there is no such model, or it must not be used, or its version is another.
    :raises StudentError: its files cannot be read, are not whole, or its tokenizer cannot say the targets.
    """
    if name == EMBEDDED:
        return _embedded()
    where = device_of(device)
    loaded = load_seq2seq(name, revision, device=where, dtype=dtype_on(where))
    return marker_of(loaded.model, loaded.tokenizer, loaded.input_tokens, loaded.reading)


def marker_of(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    input_tokens: int | None = None,
    reading: Reading = "whole",
) -> Marker:
    """A marker of a model in memory, which reads the paper's input within ``input_tokens`` and its own places."""
    places = getattr(model.config, "max_position_embeddings", None) or input_tokens or INPUT_TOKENS
    limit = min(input_tokens or INPUT_TOKENS, places)
    return Marker(model, tokenizer, encode_input=InputEncoder(tokenizer, limit, reading))


def _embedded() -> Marker:
    if not (WEIGHTS / "model.safetensors").is_file():
        raise StudentError(
            f"The embedded marker's weights are not in {WEIGHTS}.", "Make them: python -m studentsim train-teacher"
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(WEIGHTS), trust_remote_code=False)
        model = T5ForConditionalGeneration.from_pretrained(str(WEIGHTS), dtype=torch.float32, use_safetensors=True)
    except Exception as error:  # files missing or damaged: all mean the same to a user
        reason = " ".join(str(error).split())[:300]
        raise StudentError(
            f"The embedded marker in {WEIGHTS} cannot be read ({reason}).", "Install the product again."
        ) from error
    return Marker(model, tokenizer)
