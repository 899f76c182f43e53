"""A trained grader: an encoder-decoder that reads the correct option and an answer, and says Correct or Wrong (P0).

    from studentsim.grader.model import load_grader
    load_grader("embedded").judge([(question, "Answer: 248.22")])

``embedded`` ships with the product. Any other T5 or BART, of the hub or of a folder, can be named: google/flan-t5-large, as in
P0, or the embedded one, once fine-tuned on a language model's answers (finetune.py).
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
from studentsim.grader.encoding import (
    MAX_INPUT_TOKENS,
    InputEncoder,
    TruncationMode,
    encode_targets,
    get_decoder_start_token_id,
    shift_tokens_right,
)
from studentsim.grader.loading import dtype_for_device, load_seq2seq, resolve_grader_device
from studentsim.grader.prompt import build_grader_prompt
from studentsim.grader.tokenizer import encode_with_end_token
from studentsim.student.batching import iter_batches
from studentsim.student.huggingface.threads import use_all_cores
from studentsim.types import Question

EMBEDDED = "embedded"
WEIGHTS_FOLDER = Path(__file__).parent / "weights"
"""The shipped grader (safetensors) with its tokenizer, as transformers saves them."""

EMBEDDED_MAX_INPUT_TOKENS = 160
"""Tokens of the embedded grader's longest input. P0: 128; here an answer's end of 128 characters often has a token for each."""

BATCH_SIZE = 128
"""Answers judged at once by a small model."""
LARGE_MODEL_PARAMETERS = 50_000_000
"""Parameters from which on batches are smaller, and each operation uses all of a processor's cores."""
LARGE_MODEL_BATCH_SIZE = 16


@dataclass(frozen=True)
class GraderVerdict:
    """``p_correct`` is P(Correct) / (P(Correct) + P(Wrong)), 0 to 1; ``is_correct`` is whether it is above one half."""

    is_correct: bool
    p_correct: float


class Seq2SeqGrader:
    """Judges answers by comparing the probabilities of the two targets, so that each answer gets a verdict.

    ``encode_input`` turns (question, answer's text) into input ids; None: as for the embedded grader.
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
        self.targets = encode_targets(tokenizer)
        self.start_token_id = get_decoder_start_token_id(model, tokenizer)
        # Padding is masked: for a tokenizer without padding (some BARTs) any id will do.
        self.pad_token_id = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else self.start_token_id
        self.encode_input = encode_input or (
            lambda question, text: encode_with_end_token(
                tokenizer, build_grader_prompt(question, text), EMBEDDED_MAX_INPUT_TOKENS
            )
        )
        self.is_large = model.num_parameters() >= LARGE_MODEL_PARAMETERS

    def judge(self, rows: Sequence[tuple[Question, str]]) -> list[GraderVerdict]:
        """A verdict for each (question, answer's text), in order."""
        inputs = [self.encode_input(question, text) for question, text in rows]
        probabilities = [0.0] * len(rows)
        by_length = sorted(range(len(rows)), key=lambda row: len(inputs[row]))  # saves padding
        batch_size = LARGE_MODEL_BATCH_SIZE if self.is_large else BATCH_SIZE
        with use_all_cores() if self.is_large and self.model.device.type == "cpu" else contextlib.nullcontext():
            for batch in iter_batches(by_length, batch_size):
                for row, probability in zip(
                    batch, self._compute_p_correct([inputs[row] for row in batch]), strict=True
                ):
                    probabilities[row] = probability
        return [GraderVerdict(is_correct=p > 0.5, p_correct=p) for p in probabilities]

    @torch.no_grad()
    def _compute_p_correct(self, inputs: Sequence[list[int]]) -> list[float]:
        """``p_correct`` of each of B inputs."""
        ids, mask = pad_batch(inputs, self.pad_token_id)
        ids, mask = ids.to(self.model.device), mask.to(self.model.device)
        encoder_outputs = self.model.get_encoder()(input_ids=ids, attention_mask=mask)  # once for both targets
        logps = torch.stack([self._sum_target_logps(encoder_outputs, mask, t) for t in self.targets], -1)  # (B, 2)
        return logps.softmax(-1)[:, 0].tolist()

    def _sum_target_logps(
        self, encoder_outputs: ModelOutput, mask: torch.Tensor, target: Sequence[int]
    ) -> torch.Tensor:
        """Summed log-probability (natural) of a target's tokens given each input, (B,)."""
        decoder_ids = torch.tensor([shift_tokens_right(target, self.start_token_id)] * len(mask), device=mask.device)
        labels = torch.tensor([list(target)] * len(mask), device=mask.device)
        out = self.model(
            encoder_outputs=encoder_outputs, attention_mask=mask, decoder_input_ids=decoder_ids, use_cache=False
        )
        return out.logits.float().log_softmax(-1).gather(-1, labels[..., None]).squeeze(-1).sum(-1)


def pad_batch(rows: Sequence[list[int]], pad_token_id: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (B, T) padded on the right, and their attention mask (B, T)."""
    max_length = max(map(len, rows))
    ids = torch.tensor([row + [pad_token_id] * (max_length - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (max_length - len(row)) for row in rows])


def load_grader(name: str = EMBEDDED, revision: str = "", *, device: str = "cpu") -> Seq2SeqGrader:
    """Load ``embedded``, or an encoder-decoder with safetensors weights by its hub name or folder.

    ``device`` is auto, cpu or cuda; the embedded grader always computes on the CPU, in float32.

    :raises ConfigError: there is no such model, it must not be used, or its version is another.
    :raises StudentError: its files are unreadable or incomplete, or its tokenizer cannot write the targets.
    """
    if name == EMBEDDED:
        return _load_embedded_grader()
    resolved_device = resolve_grader_device(device)
    loaded = load_seq2seq(name, revision, device=resolved_device, dtype=dtype_for_device(resolved_device))
    return build_grader(loaded.model, loaded.tokenizer, loaded.input_tokens, loaded.truncation)


def build_grader(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    input_tokens: int | None = None,
    truncation: TruncationMode = "whole",
) -> Seq2SeqGrader:
    """A grader of a model in memory; inputs have at most ``input_tokens`` tokens (None: 128) and the model's positions."""
    max_positions = getattr(model.config, "max_position_embeddings", None) or input_tokens or MAX_INPUT_TOKENS
    max_tokens = min(input_tokens or MAX_INPUT_TOKENS, max_positions)
    return Seq2SeqGrader(model, tokenizer, encode_input=InputEncoder(tokenizer, max_tokens, truncation))


def _load_embedded_grader() -> Seq2SeqGrader:
    if not (WEIGHTS_FOLDER / "model.safetensors").is_file():
        raise StudentError(
            f"The embedded marker's weights are not in {WEIGHTS_FOLDER}.",
            "Make them: python -m studentsim train-grader",
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(WEIGHTS_FOLDER), trust_remote_code=False)
        model = T5ForConditionalGeneration.from_pretrained(
            str(WEIGHTS_FOLDER), dtype=torch.float32, use_safetensors=True
        )
    except Exception as error:  # files missing or damaged: all mean the same to a user
        reason = " ".join(str(error).split())[:300]
        raise StudentError(
            f"The embedded marker in {WEIGHTS_FOLDER} cannot be read ({reason}).", "Install the product again."
        ) from error
    return Seq2SeqGrader(model, tokenizer)
