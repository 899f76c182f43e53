"""Fine-tunes a grader as P0 did: an encoder-decoder learns to say Correct or Wrong of a student's own answers.

    python -m studentsim train-grader --base google/flan-t5-large --answers RUN --out my-grader

``--base embedded`` fine-tunes the shipped grader, for instance on a language model's replies, for which it was not trained. The
result is a folder that a run takes as its grader: weights (safetensors), tokenizer, ``grader.json`` (its base, data and settings),
``check.json`` (its agreement with the key on unseen questions, by kind of reply). The folder appears complete or not at all.
"""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import torch

from studentsim.errors import ConfigError, DataFolderError, StudentError
from studentsim.grader.check import confusion_by_reply_kind, confusion_on_answers
from studentsim.grader.encoding import InputEncoder, encode_label
from studentsim.grader.finetune_data import build_grader_dataset, validate_rows_path, write_grader_rows
from studentsim.grader.finetune_result import FinetuneResult, report_dataset, report_result
from studentsim.grader.finetune_training import FinetuneSettings, OnProgress, train_grader
from studentsim.grader.loading import CARD_FILE_NAME, LoadedSeq2Seq, load_seq2seq, resolve_grader_device
from studentsim.grader.model import EMBEDDED, WEIGHTS_FOLDER, build_grader, load_grader
from studentsim.grader.student_answer import SPLITS, SplitSizes, StudentAnswer
from studentsim.student.huggingface import resolve


def finetune_grader(
    base: str,
    answers: Sequence[StudentAnswer],
    out_folder: Path,
    *,
    revision: str = "",
    sizes: SplitSizes | None = None,
    settings: FinetuneSettings | None = None,
    rows_path: Path | None = None,
    on_progress: OnProgress = print,
) -> FinetuneResult:
    """Fine-tune ``base`` (a hub name, a folder, or ``embedded``) on a student's answers and write the grader to ``out_folder``. Writes.

    ``rows_path`` is a .csv or .parquet file to which the data set is written for inspection.

    :raises ConfigError: a setting is wrong, ``out_folder`` is not empty, or the answers are too few, too long or one-sided.
    :raises StudentError: the base cannot be loaded, its training fails, or the memory does not suffice.
    :raises DataFolderError: ``out_folder`` cannot be written.
    """
    sizes, settings = sizes or SplitSizes(), settings or FinetuneSettings.for_base(base)
    out_folder = _resolve_out_folder(out_folder)
    _check_settings(sizes, settings, out_folder)
    gc.freeze()  # the Trainer collects garbage often: skip thousands of answers and every library
    if rows_path is not None:
        validate_rows_path(rows_path)
    try:
        with ExitStack() as stack:
            result, grader_folder = _train_in_temp_folder(
                base, revision, answers, sizes, settings, rows_path, out_folder, stack, on_progress
            )
            gc.collect()  # the base, its gradients and the optimiser's state
            # Evaluates what is in the folder, as a run will load it.
            result = result.with_grader_evaluation(load_grader(str(grader_folder), device=settings.device))
            _write_result_files(grader_folder, result, base)
            os.rename(grader_folder, out_folder)  # replaces an empty folder; fails if it is not empty
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise StudentError(
            f"The memory does not suffice to fine-tune {base}.",
            "Choose a smaller base, a smaller --batch, or --device cpu.",
        ) from error
    except RuntimeError as error:  # an architecture that cannot be trained like this, or a GPU's error
        reason = (str(error).strip().splitlines() or ["no word"])[0][:300]
        raise StudentError(f"Fine-tuning {base} failed ({reason}).", "Choose another base, or --device cpu.") from error
    except OSError as error:
        raise DataFolderError(
            f"The marker cannot be written to {out_folder} ({error}).", "Choose another --out."
        ) from error
    report_result(result, out_folder, on_progress)
    return result


def _train_in_temp_folder(
    base: str,
    revision: str,
    answers: Sequence[StudentAnswer],
    sizes: SplitSizes,
    settings: FinetuneSettings,
    rows_path: Path | None,
    out_folder: Path,
    stack: ExitStack,
    on_progress: OnProgress,
) -> tuple[FinetuneResult, Path]:
    """Build the data set and train; returns the result so far and a folder, which ``stack`` removes, of weights and tokenizer."""
    loaded = load_seq2seq(str(WEIGHTS_FOLDER) if base == EMBEDDED else base, revision)
    encode, settings = _build_encoder(loaded, settings, on_progress)

    def fits_limit(answer: StudentAnswer) -> bool:
        return len(encode.encode_untruncated(answer.question, answer.text)) <= encode.max_tokens

    dataset = build_grader_dataset(
        answers,
        fits_limit if settings.reading == "whole" else lambda answer: True,
        sizes,
        seed=settings.seed,
        balanced=settings.balanced,
    )
    report_dataset(dataset, settings, fits_limit, on_progress)
    if rows_path is not None:
        write_grader_rows(dataset, rows_path)
    temp_folder = stack.enter_context(_make_temp_folder(out_folder))  # only once the answers are known to suffice
    grader_folder, trainer_folder = Path(temp_folder) / "grader", Path(temp_folder) / "trainer"
    model, tokenizer = loaded.model, loaded.tokenizer
    # The embedded grader as it ships, which reads only an answer's end.
    base_grader = (
        load_grader() if base == EMBEDDED else build_grader(model, tokenizer, encode.max_tokens, encode.truncation)
    )
    result = FinetuneResult(loaded.revision, settings, dataset, (), confusion_on_answers(base_grader, dataset.test))
    result = replace(result, base_by_reply_kind=confusion_by_reply_kind(base_grader, dataset.held_out))
    epochs = train_grader(
        model, tokenizer, dataset.train, dataset.validation, encode, settings, trainer_folder, on_progress
    )
    model.save_pretrained(grader_folder, safe_serialization=True)
    tokenizer.save_pretrained(grader_folder)
    card = {"settings": {"input_tokens": encode.max_tokens, "reading": encode.truncation}}  # all that load_grader needs
    (grader_folder / CARD_FILE_NAME).write_text(json.dumps(card), encoding="utf-8")
    return replace(result, epochs=epochs), grader_folder


# ------------------------------------------------------------------ before


def _check_settings(sizes: SplitSizes, settings: FinetuneSettings, out_folder: Path) -> None:
    for name, value, low, high in (
        *((f"{split}-rows", getattr(sizes, split), 2, 1_000_000) for split in SPLITS),
        ("epochs", settings.epochs, 1, 1000), ("batch", settings.batch_size, 1, 4096),
        ("input-tokens", settings.input_tokens, 32, 100_000), ("learning-rate", settings.learning_rate, 1e-9, 1.0),
        ("seed", settings.seed, 0, 2**31 - 1),
    ):  # fmt: skip
        if not low <= value <= high:
            raise ConfigError(f"--{name} is {value:g}.", f"Choose a number from {low:g} to {high:g}.", field=name)
    if settings.reading not in ("whole", "ends"):
        raise ConfigError(f"--reading is {settings.reading!r}.", "Choose whole or ends.", field="reading")
    if settings.device not in ("auto", "cpu", "cuda"):
        raise ConfigError(f"--device is {settings.device!r}.", "Choose auto, cpu or cuda.", field="device")
    resolve_grader_device(settings.device)
    if out_folder.exists() and (not out_folder.is_dir() or any(out_folder.iterdir())):
        raise ConfigError(f"{str(out_folder)!r} is there already, and is not empty.", "Name a new folder.", field="out")


def _resolve_out_folder(out_folder: Path) -> Path:
    """The folder's absolute path, symlinks resolved: the temporary folder is made beside it and then renamed to it.

    :raises DataFolderError: there can be no such folder, or it cannot be read.
    """
    try:
        resolved = out_folder.expanduser().resolve()
        _ = resolved.is_dir() and any(resolved.iterdir())
        return resolved
    except (OSError, RuntimeError) as error:  # RuntimeError: a circle of symlinks, an unknown ~user
        raise DataFolderError(
            f"The marker cannot be written to {out_folder} ({error}).", "Choose another --out."
        ) from error


def _build_encoder(
    loaded: LoadedSeq2Seq, settings: FinetuneSettings, on_progress: OnProgress
) -> tuple[InputEncoder, FinetuneSettings]:
    """The encoder of inputs, and the settings as far as this base can follow them."""
    max_positions = getattr(loaded.model.config, "max_position_embeddings", None) or settings.input_tokens
    if max_positions < settings.input_tokens:
        on_progress(f"The base reads {max_positions} tokens at most, not {settings.input_tokens}.")
    needed_tokens = max(len(encode_label(loaded.tokenizer, correct)) for correct in (True, False))
    if needed_tokens > settings.target_tokens:
        on_progress(
            f"Targets have {needed_tokens} tokens, not {settings.target_tokens}: so many the base's tokenizer needs for them."
        )
    max_tokens = min(max_positions, settings.input_tokens)
    adapted_settings = replace(
        settings, input_tokens=max_tokens, target_tokens=max(needed_tokens, settings.target_tokens)
    )
    return InputEncoder(loaded.tokenizer, max_tokens, settings.reading), adapted_settings


# ------------------------------------------------------------------ after


def _write_result_files(folder: Path, result: FinetuneResult, base: str) -> None:
    """Write ``grader.json``, and ``check.json`` in the form in which evaluate-grader writes it for pages."""
    weights = resolve.compute_fingerprint(folder, resolve.WEIGHT_SUFFIXES)  # the figures hold for these weights only
    replies = {kind: asdict(count) for kind, count in result.grader_by_reply_kind.items()}
    check = {
        "written": asdict(result.grader_confusion), "hard": {}, "timed": 0, "seconds": 0.0, "replies": replies, "weights": weights,
    }  # fmt: skip
    (folder / "check.json").write_text(json.dumps(check) + "\n", encoding="utf-8")
    (folder / CARD_FILE_NAME).write_text(json.dumps(result.build_card(base), indent=1) + "\n", encoding="utf-8")


def _make_temp_folder(out_folder: Path) -> tempfile.TemporaryDirectory[str]:
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=out_folder.parent, prefix=".new-")
