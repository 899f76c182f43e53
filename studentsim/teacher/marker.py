"""A trained marker: a T5 that reads the right option and an answer, and says Correct or Wrong (P0).

    from studentsim.teacher.marker import load_marker
    load_marker("embedded").judge([(question, "Answer: 248.22")])

``embedded`` ships with the product; any other T5 can be named, from the hub or a folder: google/flan-t5-large, as in the paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration
from transformers.modeling_outputs import BaseModelOutput

from studentsim.errors import StudentError
from studentsim.records import Question
from studentsim.teacher.prompt import TARGETS, prompt
from studentsim.teacher.tokenizer import encode

EMBEDDED = "embedded"
WEIGHTS = Path(__file__).parent / "weights"
"""The shipped marker (safetensors) with its tokenizer: a folder that transformers reads as any other."""

LIMIT = 160
"""Longest input in tokens. paper: 128; an answer's end has at most 128 characters, here often a token each."""

BATCH = 128
"""Answers judged at once."""


@dataclass(frozen=True)
class Verdict:
    """A judgement. ``probability``, 0 to 1, is the marker's for Correct against Wrong; ``right`` is whether it is above one half."""

    right: bool
    probability: float


class Marker:
    """Judges answers by comparing how likely the model finds the two targets."""

    def __init__(self, model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.targets = [tokenizer(target, add_special_tokens=False).input_ids for target in TARGETS]

    def judge(self, rows: Sequence[tuple[Question, str]]) -> list[Verdict]:
        """A verdict for each (question, text of the answer), in their order."""
        inputs = [encode(self.tokenizer, prompt(question, text), LIMIT) for question, text in rows]
        found = [0.0] * len(rows)
        by_length = sorted(range(len(rows)), key=lambda row: len(inputs[row]))  # little padding
        for start in range(0, len(rows), BATCH):
            batch = by_length[start : start + BATCH]
            for row, probability in zip(batch, self._probabilities([inputs[row] for row in batch]), strict=True):
                found[row] = probability
        return [Verdict(right=p > 0.5, probability=p) for p in found]

    @torch.no_grad()
    def _probabilities(self, inputs: Sequence[list[int]]) -> list[float]:
        """P(Correct) against P(Wrong) for each input (B)."""
        ids, mask = padded(inputs, self.tokenizer.pad_token_id)
        ids, mask = ids.to(self.model.device), mask.to(self.model.device)
        read = self.model.get_encoder()(input_ids=ids, attention_mask=mask).last_hidden_state  # (B, T, H), read once
        logps = torch.stack([self._logp(read, mask, target) for target in self.targets], -1)  # (B, 2)
        return logps.softmax(-1)[:, 0].tolist()

    def _logp(self, read: torch.Tensor, mask: torch.Tensor, target: Sequence[int]) -> torch.Tensor:
        """Summed log-probability (B,) of a target's tokens after the inputs."""
        labels = torch.tensor([list(target)] * len(mask), device=mask.device)
        out = self.model(
            encoder_outputs=BaseModelOutput(last_hidden_state=read), attention_mask=mask, labels=labels, use_cache=False
        )
        return out.logits.float().log_softmax(-1).gather(-1, labels[..., None]).squeeze(-1).sum(-1)


def padded(rows: Sequence[list[int]], pad: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids (B, T) padded on the right, and their attention mask (B, T)."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [pad] * (longest - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])


def load_marker(name: str = EMBEDDED) -> Marker:
    """The marker of that name: ``embedded``, or the hub name or folder of a T5 with safetensors weights.

    :raises StudentError: it is not there, cannot be fetched, is no T5, or has pickled weights alone.
    """
    if name == EMBEDDED and not (WEIGHTS / "model.safetensors").is_file():
        raise StudentError(
            f"The embedded marker's weights are not in {WEIGHTS}.", "Make them: python -m studentsim train-teacher"
        )
    source = _source(name)
    try:
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    except Exception as error:  # transformers and the hub raise many kinds here; all mean the same to a user
        raise _unreadable(name, error) from error
    if not isinstance(config, T5Config):
        raise StudentError(f"The marker {name!r} is a {config.model_type} model.", "Name a T5, or 'embedded'.")
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        model = T5ForConditionalGeneration.from_pretrained(source, dtype=torch.float32, use_safetensors=True)
    except Exception as error:
        raise _unreadable(name, error) from error
    return Marker(model, tokenizer)


def _source(name: str) -> str:
    if name == EMBEDDED:
        return str(WEIGHTS)
    if not name.strip() or "\0" in name or ".." in Path(name).parts:
        raise StudentError(f"{name!r} cannot name a marker: it is blank or climbs with '..'.", "Use 'embedded'.")
    return name


def _unreadable(name: str, error: Exception) -> StudentError:
    folder = WEIGHTS if name == EMBEDDED else Path(name)
    reason = " ".join(str(error).split())[:300]
    if folder.is_dir():
        pickled = not any(folder.glob("*.safetensors")) and any((*folder.glob("*.bin"), *folder.glob("*.pt")))
        if pickled:
            return StudentError(
                f"The marker in {name!r} has pickled weights, which are never read: they can run code.",
                "Save it as safetensors: model.save_pretrained(folder, safe_serialization=True).",
            )
        return StudentError(f"The marker in {name!r} cannot be read ({reason}).", "Name the folder of a whole T5.")
    return StudentError(
        f"There is no folder {name!r}, and no such model could be had from the hub ({reason}).",
        "Check the name and the network, or use 'embedded'.",
    )
