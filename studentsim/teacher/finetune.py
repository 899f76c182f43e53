"""Fine-tunes a grader as P0 did: an encoder and decoder learns to say Correct or Wrong of a student's own answers.

    python -m studentsim train-teacher --base google/flan-t5-large --answers RUN --out my-grader

The result is a folder that a run takes as its marker: weights (safetensors), tokenizer, ``grader.json`` (of what it was made,
and how), ``check.json`` (how often it agreed with the key on questions it had not seen). It appears whole or not at all.
"""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
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
from studentsim.teacher.check import Count, count_answers
from studentsim.teacher.encoding import InputEncoder, label_ids
from studentsim.teacher.grader_dataset import (
    SPLITS,
    GraderDataset,
    Sizes,
    StudentAnswer,
    build_dataset,
    check_rows_path,
    write_rows,
)
from studentsim.teacher.grader_training import Epoch, FinetuneSettings, Say, train
from studentsim.teacher.loading import CARD, Seq2Seq, device_of, load_seq2seq
from studentsim.teacher.marker import EMBEDDED, WEIGHTS, load_marker, marker_of
from studentsim.teacher.prompt import TARGETS


@dataclass(frozen=True)
class Finetuned:
    """What came of it. ``before`` and ``after`` are of the test's answers, by the base and by the grader."""

    base_revision: str
    settings: FinetuneSettings
    dataset: GraderDataset
    epochs: tuple[Epoch, ...]
    before: Count
    after: Count

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
            "left_out": {"repeated": dataset.repeated, "over_long": dataset.over_long},
            "settings": asdict(self.settings),
            "epochs": [asdict(epoch) for epoch in self.epochs],
            "test": {
                "accuracy": after.accuracy, "low": low, "high": high, "accuracy_before": self.before.accuracy,
                "before": asdict(self.before), "after": asdict(after),
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
    sizes, settings = sizes or Sizes(), settings or FinetuneSettings()
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
            grader = load_marker(str(new), device=settings.device)
            made = replace(made, after=count_answers(grader, made.dataset.test))
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
    _tell_result(made, out, say)
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
    dataset = build_dataset(answers, partial(_is_short, encode), sizes, seed=settings.seed)
    _tell_dataset(dataset, encode.limit, say)
    if rows is not None:
        write_rows(dataset, rows)
    beside = stack.enter_context(_new_folder(out))  # not before the answers were found to do
    new, scratch = Path(beside) / "grader", Path(beside) / "trainer"
    model, tokenizer = loaded.model, loaded.tokenizer
    before = count_answers(marker_of(model, tokenizer, encode.limit), dataset.test)
    epochs = train(model, tokenizer, dataset.train, dataset.validation, encode, settings, scratch, say)
    model.save_pretrained(new, safe_serialization=True)
    tokenizer.save_pretrained(new)
    card = {"settings": {"input_tokens": encode.limit}}
    (new / CARD).write_text(json.dumps(card), encoding="utf-8")  # what the loader needs; the rest follows
    return Finetuned(loaded.revision, settings, dataset, epochs, before, Count()), new


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
    return InputEncoder(loaded.tokenizer, limit), followed


def _tell_dataset(dataset: GraderDataset, limit: int, say: Say) -> None:
    say(
        f"{dataset.answers:,} answers; left out: {dataset.repeated:,} that repeat another, {dataset.over_long:,} of more than {limit} "
        "tokens."
    )
    for split, counts in dataset.counts().items():
        total = sum(counts.values())
        said = ", ".join(f"{label} {count} ({100 * count / total:.1f} %)" for label, count in counts.items())
        say(
            f"  {split:<11}{total:>6,} rows to {len({a.question.id for a in getattr(dataset, split)}):,} questions: {said}"
        )


# ------------------------------------------------------------------ after


def _write_files(folder: Path, made: Finetuned, base: str) -> None:
    """``grader.json``, and ``check.json`` as check-teacher writes it for pages."""
    weights = source.fingerprint(folder, source.WEIGHTS)  # the figures are of these and no others
    check = {"written": asdict(made.after), "hard": {}, "timed": 0, "seconds": 0.0, "weights": weights}
    (folder / "check.json").write_text(json.dumps(check) + "\n", encoding="utf-8")
    (folder / CARD).write_text(json.dumps(made.card(base), indent=1) + "\n", encoding="utf-8")


def _new_folder(out: Path) -> tempfile.TemporaryDirectory[str]:
    out.parent.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=out.parent, prefix=".new-")


def _put(new: Path, out: Path) -> None:
    if out.is_dir():
        out.rmdir()  # empty, or this fails
    os.rename(new, out)


def _tell_result(made: Finetuned, out: Path, say: Say) -> None:
    after = made.after
    say(f"Test, {after.answers} answers to questions it has not seen, against the key; intervals are Wilson's, 95 %:")
    for name, found in (("before", made.before), ("after", after)):
        low, high = wilson(found.agreed, found.answers)
        say(
            f"  {name:<8}{100 * found.accuracy:.2f} % ({100 * low:.2f} to {100 * high:.2f}): right called right {found.right_right}, "
            f"right called wrong {found.right_wrong}, wrong called right {found.wrong_right}, wrong called wrong {found.wrong_wrong}"
        )
    right = after.right_right + after.right_wrong
    often, most = max((right, TARGETS[0]), (after.answers - right, TARGETS[1]))
    if wilson(after.agreed, after.answers)[0] <= often / after.answers:
        say(
            f"Careful: always saying {most} would agree with the key on {100 * often / after.answers:.1f} %, and {after.answers} answers "
            "cannot tell it from that. More epochs, more rows or another base may help."
        )
    say(f"The marker is in {out}. Let it mark: python -m studentsim run --marker {out} --decides marker")
