"""Fine-tunes a grader as P0 did: an encoder and decoder learns to say Correct or Wrong of a student's own answers.

    python -m studentsim train-teacher --base google/flan-t5-large --answers RUN --out my-grader

``--base embedded`` fine-tunes the shipped marker: on a language model's replies, say, which it was not made for. The result is a
folder that a run takes as its marker: weights (safetensors), tokenizer, ``grader.json`` (of what it was made, and how),
``check.json`` (how often it agreed with the key on questions it had not seen, by kind of reply). It appears whole or not at all.
"""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import torch
import transformers

import studentsim
from studentsim.errors import ConfigError, DataFolderError, StudentError
from studentsim.exam import wilson
from studentsim.student.hub import source
from studentsim.teacher import finetune_report as report
from studentsim.teacher.check import Count, count_answers, count_replies
from studentsim.teacher.encoding import InputEncoder, label_ids
from studentsim.teacher.grader_dataset import GraderDataset, build_dataset, check_rows_path, write_rows
from studentsim.teacher.grader_training import Epoch, FinetuneSettings, Say, train
from studentsim.teacher.loading import CARD, Seq2Seq, device_of, load_seq2seq
from studentsim.teacher.marker import EMBEDDED, WEIGHTS, Marker, load_marker, marker_of
from studentsim.teacher.student_answer import SPLITS, Sizes, StudentAnswer


@dataclass(frozen=True)
class Finetuned:
    """What came of it. ``before`` and ``after`` are of the test's answers, by the base and by the grader; ``replies_before`` and
    ``replies`` of all held-out answers, by kind of reply."""

    base_revision: str
    settings: FinetuneSettings
    dataset: GraderDataset
    epochs: tuple[Epoch, ...]
    before: Count
    after: Count = Count()
    replies_before: dict[str, Count] = field(default_factory=dict)
    replies: dict[str, Count] = field(default_factory=dict)

    def judged_by(self, grader: Marker) -> Finetuned:
        """With the figures of the finished grader."""
        dataset = self.dataset
        return replace(self, after=count_answers(grader, dataset.test), replies=count_replies(grader, dataset.held_out))

    def card(self, base: str) -> dict[str, Any]:
        """Of what the grader was made, how, and how good it is: ``grader.json``."""
        dataset, after = self.dataset, self.after
        used = [answer for split in SPLITS for answer in getattr(dataset, split)]
        students, rows = {a.run: a.student for a in used}, Counter(a.run for a in used)
        low, high = wilson(after.agreed, after.answers)
        return {
            "format": 1,
            "base": base,
            "base_revision": self.base_revision,
            "answers": [{"run": run, "student": students[run], "rows": rows[run]} for run in sorted(students)],
            "rows": dataset.counts(),
            "rekeyed": dataset.rekeyed,
            "left_out": {"repeated": dataset.repeated, "over_long": dataset.over_long},
            "settings": asdict(self.settings),
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "test": {
                "accuracy": after.accuracy, "low": low, "high": high, "accuracy_before": self.before.accuracy,
                "before": asdict(self.before), "after": asdict(after),
            },
            "replies": {
                name: {kind: asdict(count) for kind, count in found.items()}
                for name, found in (("before", self.replies_before), ("after", self.replies))
            },
            "versions": {
                "studentsim": studentsim.__version__, "torch": torch.__version__, "transformers": transformers.__version__,
            },
        }  # fmt: skip


def finetune(
    base: str,
    answers: Sequence[StudentAnswer],
    out: Path,
    *,
    revision: str = "",
    sizes: Sizes | None = None,
    settings: FinetuneSettings | None = None,
    rows: Path | None = None,
    say: Say = print,
) -> Finetuned:
    """Fine-tune ``base`` (a hub name, a folder, or ``embedded``) on a student's answers and write the grader to ``out``. Writes.

    ``rows`` is a file, .csv or .parquet, into which the data set is written for a look.

    :raises ConfigError: a setting is wrong, ``out`` is not empty, or the answers are too few, too long or one-sided.
    :raises StudentError: the base cannot be loaded, or the memory does not suffice.
    :raises DataFolderError: ``out`` cannot be written.
    """
    sizes, settings = sizes or Sizes(), settings or FinetuneSettings.for_base(base)
    out = _whole(out)
    _check(sizes, settings, out)
    gc.freeze()  # the Trainer collects garbage: it need not go through thousands of answers and every library each time
    if rows is not None:
        check_rows_path(rows)
    try:
        with ExitStack() as stack:
            made, new = _make(base, revision, answers, sizes, settings, rows, out, stack, say)
            gc.collect()  # the base, its gradients and the optimiser's state
            # Judged by what lies in the folder, as a run will load it.
            made = made.judged_by(load_marker(str(new), device=settings.device))
            _write_files(new, made, base)
            _put(new, out)
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise StudentError(
            f"The memory does not suffice to fine-tune {base}.",
            "Choose a smaller base, a smaller --batch, or --device cpu.",
        ) from error
    except RuntimeError as error:  # of an architecture that this training does not suit, or of a GPU
        reason = (str(error).strip().splitlines() or ["no word"])[0][:300]
        raise StudentError(f"Fine-tuning {base} failed ({reason}).", "Choose another base, or --device cpu.") from error
    except OSError as error:
        raise DataFolderError(f"The marker cannot be written to {out} ({error}).", "Choose another --out.") from error
    report.tell_result(made, out, say)
    return made


def _make(
    base: str,
    revision: str,
    answers: Sequence[StudentAnswer],
    sizes: Sizes,
    settings: FinetuneSettings,
    rows: Path | None,
    out: Path,
    stack: ExitStack,
    say: Say,
) -> tuple[Finetuned, Path]:
    """Data set and training; writes weights and tokenizer into a folder beside ``out``, which ``stack`` removes. Returns both."""
    loaded = load_seq2seq(str(WEIGHTS) if base == EMBEDDED else base, revision)
    encode, settings = _encoder(loaded, settings, say)
    is_short = partial(_is_short, encode)
    dataset = build_dataset(
        answers,
        is_short if settings.reading == "whole" else lambda answer: True,
        sizes,
        seed=settings.seed,
        balanced=settings.balanced,
    )
    report.tell_dataset(dataset, settings, is_short, say)
    if rows is not None:
        write_rows(dataset, rows)
    beside = stack.enter_context(_new_folder(out))  # not before the answers were found to do
    new, scratch = Path(beside) / "grader", Path(beside) / "trainer"
    model, tokenizer = loaded.model, loaded.tokenizer
    # Of the embedded marker: as it ships, which reads an answer's end alone.
    base_grader = load_marker() if base == EMBEDDED else marker_of(model, tokenizer, encode.limit, encode.reading)
    before = Finetuned(loaded.revision, settings, dataset, (), count_answers(base_grader, dataset.test))
    before = replace(before, replies_before=count_replies(base_grader, dataset.held_out))
    epochs = train(model, tokenizer, dataset.train, dataset.validation, encode, settings, scratch, say)
    model.save_pretrained(new, safe_serialization=True)
    tokenizer.save_pretrained(new)
    card = {"settings": {"input_tokens": encode.limit, "reading": encode.reading}}
    (new / CARD).write_text(json.dumps(card), encoding="utf-8")  # what the loader needs; the rest follows
    return replace(before, epochs=epochs), new


def _is_short(encode: InputEncoder, answer: StudentAnswer) -> bool:
    return len(encode.whole(answer.question, answer.text)) <= encode.limit


# ------------------------------------------------------------------ before


def _check(sizes: Sizes, settings: FinetuneSettings, out: Path) -> None:
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
    device_of(settings.device)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigError(f"{str(out)!r} is there already, and is not empty.", "Name a new folder.", field="out")


def _whole(out: Path) -> Path:
    """The folder's whole path, links followed: what is written beside it must not lie in it, and takes its place in the end.

    :raises DataFolderError: there can be no such folder, or nobody may look into it.
    """
    try:
        whole = out.expanduser().resolve()
        _ = whole.is_dir() and any(whole.iterdir())
        return whole
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, a user whom there is not
        raise DataFolderError(f"The marker cannot be written to {out} ({error}).", "Choose another --out.") from error


def _encoder(loaded: Seq2Seq, settings: FinetuneSettings, say: Say) -> tuple[InputEncoder, FinetuneSettings]:
    """What turns answers into inputs, and the settings as far as this base can follow them."""
    places = getattr(loaded.model.config, "max_position_embeddings", None) or settings.input_tokens
    if places < settings.input_tokens:
        say(f"The base reads {places} tokens at most, not {settings.input_tokens}.")
    needed = max(len(label_ids(loaded.tokenizer, correct)) for correct in (True, False))
    if needed > settings.target_tokens:
        say(f"Targets have {needed} tokens, not {settings.target_tokens}: so many the base's tokenizer needs for them.")
    limit = min(places, settings.input_tokens)
    followed = replace(settings, input_tokens=limit, target_tokens=max(needed, settings.target_tokens))
    return InputEncoder(loaded.tokenizer, limit, settings.reading), followed


# ------------------------------------------------------------------ after


def _write_files(folder: Path, made: Finetuned, base: str) -> None:
    """``grader.json``, and ``check.json`` as check-teacher writes it for pages."""
    weights = source.fingerprint(folder, source.WEIGHTS)  # the figures are of these and no others
    replies = {kind: asdict(count) for kind, count in made.replies.items()}
    check = {
        "written": asdict(made.after), "hard": {}, "timed": 0, "seconds": 0.0, "replies": replies, "weights": weights,
    }  # fmt: skip
    (folder / "check.json").write_text(json.dumps(check) + "\n", encoding="utf-8")
    (folder / CARD).write_text(json.dumps(made.card(base), indent=1) + "\n", encoding="utf-8")


def _new_folder(out: Path) -> tempfile.TemporaryDirectory[str]:
    out.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=out.parent, prefix=".new-")


def _put(new: Path, out: Path) -> None:
    if out.is_dir():
        out.rmdir()  # empty, or this fails
    os.rename(new, out)
