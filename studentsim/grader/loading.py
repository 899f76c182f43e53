"""Loads a sequence-to-sequence model (such as T5, BART) of the hub or of a folder: only safetensors, never remote code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from studentsim.errors import ConfigError, StudentError, first_line
from studentsim.files import read_regular_file
from studentsim.grader.encoding import TruncationMode
from studentsim.student.huggingface import resolve

CARD_FILE_NAME = "grader.json"
"""Written by ``train-grader`` beside the weights: the grader's base, data and settings."""

RELOAD_REMEDY = "Save or download it again, or name a T5 or BART that this version of transformers knows."


@dataclass(frozen=True)
class LoadedSeq2Seq:
    """A model in evaluation mode, its tokenizer and its version."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    revision: str
    input_tokens: int | None
    """Tokens of the longest input it was fine-tuned for; None if its card does not say."""
    truncation: TruncationMode = "whole"
    """What it reads of longer inputs."""


def load_seq2seq(
    name: str, revision: str = "", *, device: str = "cpu", dtype: torch.dtype = torch.float32
) -> LoadedSeq2Seq:
    """Load the encoder-decoder of that name.

    :raises ConfigError: there is no such model, it must not be used, or its version is another (``resolve.resolve_model``).
    :raises StudentError: its files are unreadable or incomplete, or transformers does not know the architecture.
    """
    resolved = resolve.resolve_model(name, revision, role=resolve.GRADER_ROLE)
    is_local = resolved.revision.startswith(resolve.FINGERPRINT_PREFIX)
    location, version = (str(resolved.folder), None) if is_local else (name, resolved.revision)
    try:
        tokenizer = AutoTokenizer.from_pretrained(location, revision=version, trust_remote_code=False)
    except Exception as error:  # files missing or damaged, an unknown kind: all the same to a user
        raise StudentError(
            f"The tokenizer of {location} cannot be read ({first_line(error)}).", RELOAD_REMEDY
        ) from error
    model = _load_model(location, version, device, dtype)
    _check_tokenizer_fits_model(location, model, tokenizer)
    return LoadedSeq2Seq(model.eval(), tokenizer, resolved.revision, *_read_card_settings(resolved.folder))


def resolve_grader_device(setting: str) -> str:
    """``cuda`` or ``cpu`` for a setting of ``auto``, ``cuda`` or ``cpu``.

    :raises ConfigError: a GPU was asked for, and torch finds none.
    """
    if setting == "cuda" and not torch.cuda.is_available():
        raise ConfigError(
            "No GPU can be used: torch finds none.", "Choose 'auto' or 'cpu'.", field="model_loading.device"
        )
    return "cuda" if setting != "cpu" and torch.cuda.is_available() else "cpu"


def dtype_for_device(device: str) -> torch.dtype:
    """float32, or bfloat16 on a GPU that supports it; never float16, in which T5 overflows."""
    return torch.bfloat16 if device == "cuda" and torch.cuda.is_bf16_supported() else torch.float32


def _load_model(location: str, revision: str | None, device: str, dtype: torch.dtype) -> PreTrainedModel:
    try:
        model, info = AutoModelForSeq2SeqLM.from_pretrained(
            location,
            revision=revision,
            dtype=dtype,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (MemoryError, torch.OutOfMemoryError):
        raise  # has its own message
    except Exception as error:  # transformers and safetensors raise many kinds here
        raise StudentError(f"The marker {location} cannot be read ({first_line(error)}).", RELOAD_REMEDY) from error
    missing_weights = sorted({*info["missing_keys"], *(str(key) for key in info["mismatched_keys"])})
    if missing_weights:  # transformers fills these with random numbers, and only logs it
        raise StudentError(
            f"The marker {location} is not whole: {len(missing_weights)} of its weights are missing or misshapen, "
            f"{missing_weights[0]} say.",
            RELOAD_REMEDY,
        )
    return model.to(device)


def _check_tokenizer_fits_model(location: str, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> None:
    embedding_rows = model.get_input_embeddings().num_embeddings
    if len(tokenizer) > embedding_rows:
        raise StudentError(
            f"The tokenizer of {location} has {len(tokenizer):,} tokens and the model {embedding_rows:,}: they do not belong together.",
            RELOAD_REMEDY,
        )


def _read_card_settings(folder: Path | None) -> tuple[int | None, TruncationMode]:
    """The longest input in tokens, and what is read of longer ones, by the folder's card."""
    try:
        settings = json.loads(read_regular_file(folder / CARD_FILE_NAME))["settings"]
        tokens, truncation = settings["input_tokens"], settings.get("reading")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):  # no card, or another program's
        return None, "whole"
    valid_tokens = tokens if isinstance(tokens, int) and 16 <= tokens <= 100_000 else None
    return valid_tokens, "ends" if truncation == "ends" else "whole"
