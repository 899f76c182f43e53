"""The recorded studies: real runs of this product that come with it as compressed journals, to be looked at on first start.

    python -m studentsim record --to studentsim/recorded
    python -m studentsim record --study smollm2 --bank mathqa_dev.json --work FOLDER --hours 3.5

``embedded``: one student with a gap, the same exam, several ways of choosing: those that are compared with several seeds each, the
controls with one. ``smollm2``: a real small language model on MathQA, the source paper's four ways of choosing and no teaching.
Each file is ``<run id>.jsonl.xz``: the journal as the run wrote it, but for its first event, which says ``recorded``. (xz, since
the exam's questions return in every exam: gzip looks back no further than 32 kB and needs twice as much.) A data folder takes each
in once, as a run like any other. One that was deleted there stays away; a newer recording takes an older one's place.

Version 0.1 came with a study of other runs under other ids. A data folder that holds them keeps them, labelled with their version, and
gets the new study beside them; Home speaks of the new one (``is_embedded_study_run``). Where all recorded runs were deleted, no new ones come.

SmolLM2's journals hold questions of MathQA (Amini et al. 2019, Apache-2.0; NOTICE in the repository's root): the one exception to
"the product ships no data set".
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import studentsim
from studentsim import presets
from studentsim.config import RunConfig
from studentsim.datasets.resolve import split_source_names
from studentsim.errors import ConfigError, RunError, StudentsimError
from studentsim.runs.run_dir import RunFolder, create_folder_atomically, ensure_data_folder, write_atomically
from studentsim.store import journal, notes

RECORDED_FOLDER = Path(studentsim.__file__).parent / "recorded"
"""Where the recorded journals lie in the product."""
RECORDED_VARIABLE = "STUDENTSIM_RECORDED"
"""Environment variable: ``0`` leaves the recorded studies away from new data folders."""
EMBEDDED_SEEDS: Mapping[str, int] = {"random": 5, "category": 5, "none": 1, "fixed": 1}
"""The ways of choosing that were recorded, with the number of seeds of each: the two that are compared, and the controls. With
fewer seeds a lead of some points cannot be told from the luck of the draw; Compare takes 12 runs at once."""
EMBEDDED_SETTINGS: Mapping[str, object] = {"student": "physics-gap", "turns": 8, "exam": 300}
"""What the runs have in common, where it is not the default: a student with a gap, fewer lessons (what follows the mistakes is ahead
while there is a gap), and an exam that has 50 questions a category and yet keeps the journals small."""
JOURNAL_SUFFIX = ".jsonl.xz"
FINGERPRINTS_FILE = ".recorded.json"
"""In the folder of runs: for each recorded run that was put there, the fingerprint of its file."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordedStudy:
    """What is recorded together: one student and one exam, several ways of choosing, several seeds of each."""

    name: str
    """What the command line calls it."""
    seeds_by_strategy: Mapping[str, int]
    """The number of seeds (from 1) of each way of choosing."""
    settings: Mapping[str, Any]
    """What its runs have in common, where it is not what suits its model best (``presets.get_preset``); parts such as ``hub`` hold only
    what differs."""
    title_prefix: str = ""
    """What stands in the runs' names after "Recorded study, "; with a comma at its end, or blank."""
    run_id_prefix: str = "recorded-"
    """What its runs' ids begin with."""
    needs_bank: bool = False
    """Whether its questions are a data set that does not come with the product and must be named."""

    @property
    def model(self) -> str:
        """The model that its student is."""
        return str(self.settings.get("model", "embedded"))

    def build_configs(
        self,
        strategy_names: Mapping[str, str],
        *,
        seeds_by_strategy: Mapping[str, int] | None = None,
        **settings: object,
    ) -> tuple[RunConfig, ...]:
        """The runs to record: so many ``seeds_by_strategy`` (from 1) of each way of choosing, which ``strategy_names`` tells in plain words.

        :raises ConfigError: a setting is wrong, or the bank is needed and not named.
        """
        if self.needs_bank and not settings.get("bank"):
            raise ConfigError(
                f"The study {self.name!r} needs questions that do not come with the product.",
                "Name the file of MathQA's dev split with --bank.",
                field="bank",
            )
        common = _merge_settings(presets.get_preset("default", self.model).model_dump(), self.settings, settings)
        for varied in ("strategy", "seed"):
            del common[varied]
        name = common.pop("name")
        return tuple(
            RunConfig.make(
                **common,
                name=name or f"Recorded study, {self.title_prefix}{strategy_names[strategy].lower()}, seed {seed}",
                strategy=strategy,
                seed=seed,
            )
            for strategy, count in (seeds_by_strategy or self.seeds_by_strategy).items()
            for seed in range(1, count + 1)
        )

    def run_id_for(self, config: RunConfig) -> str:
        """The id of the recorded run of those settings."""
        return f"{self.run_id_prefix}{config.strategy.replace('+', '-')}-seed-{config.seed}"

    def contains_run(self, run_id: str) -> bool:
        """Whether a run's id is of this study."""
        strategies = "|".join(re.escape(strategy.replace("+", "-")) for strategy in self.seeds_by_strategy)
        return re.fullmatch(rf"{self.run_id_prefix}(?:{strategies})-seed-\d+", run_id) is not None


EMBEDDED_STUDY = RecordedStudy("embedded", EMBEDDED_SEEDS, EMBEDDED_SETTINGS)
SMOLLM2_STUDY = RecordedStudy(
    "smollm2",
    {"random": 3, "category": 3, "log-probability": 3, "log-probability+category": 3, "none": 3},
    {
        "model": "smollm2", "leave_out_doubtful": True, "turns": 10, "questions": 24, "exam": 200, "exam_every": 5, "validation": 8,
        "learning": {"epochs": 1, "reference": "base", "lora_alpha": 8, "rehearsal": 0.0}, "hub": {"exams": "scored"},
    },
    title_prefix="SmolLM2, ",
    run_id_prefix="recorded-smollm2-",
    needs_bank=True,
)  # fmt: skip
STUDIES: Mapping[str, RecordedStudy] = {study.name: study for study in (EMBEDDED_STUDY, SMOLLM2_STUDY)}
"""The studies that come with the product, by name."""


def get_study(name: str) -> RecordedStudy:
    """The study of that name.

    :raises ConfigError: there is none.
    """
    if name not in STUDIES:
        raise ConfigError(f"There is no recorded study {name!r}.", f"Choose among {', '.join(STUDIES)}.", field="study")
    return STUDIES[name]


def find_study_of_run(run_id: str) -> RecordedStudy | None:
    """The study that a recorded run is of; None for one of version 0.1's study, or of none."""
    return next((study for study in STUDIES.values() if study.contains_run(run_id)), None)


def is_embedded_study_run(run_id: str) -> bool:
    """Whether a recorded run is of the embedded student's study and not of the one that version 0.1 came with (``recorded-random``)."""
    return EMBEDDED_STUDY.contains_run(run_id)


def _merge_settings(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Settings laid over each other, the later ones on top; parts (``hub``, ``learning``) are merged, not replaced."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            inner = merged.get(key)
            merged[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged


def remove_interruptions(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A run's events as if it had never been interrupted: those that stand, without the interruptions, numbered anew.

    A run that resumes does its half turn again, to the same answers, so what stands is what one stretch would have written; times
    stay as they were.
    """
    effective_events = journal.effective_events(events)
    remaining_events = [
        e for e in effective_events if e["type"] != "Resumed" and (e["type"] != "RunEnded" or e is effective_events[-1])
    ]
    return [{**event, "seq": number} for number, event in enumerate(remaining_events)]


def pack_run(folder: RunFolder, output_folder: Path, study: RecordedStudy | None = None) -> Path:
    """Write a finished run's journal, marked as recorded, into the folder ``output_folder``; the file's path. Writes.

    Of a run that was interrupted and resumed only what stands is written (``remove_interruptions``). A bank that is a file is named by
    the file's name alone: its folder is this computer's affair. ``study`` is whose id it gets; None: its model's.

    :raises RunError: the run is not finished.
    """
    import lzma

    events = journal.read_events(folder.journal_path)
    if not events or events[-1].get("status") != "finished":
        raise RunError(f"The run {folder.run_id} did not finish.", "Go on with the recording.")
    config = folder.read_config()
    study = study or next(
        (candidate for candidate in STUDIES.values() if candidate.model == config.model), EMBEDDED_STUDY
    )
    run_id = study.run_id_for(config)
    events = remove_interruptions(events)
    bank_update = {"bank": _strip_bank_folders(config.bank)} if "bank" in events[0]["config"] else {}
    events[0] |= {"run_id": run_id, "recorded": True, "config": events[0]["config"] | bank_update}
    text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    path = output_folder / f"{run_id}{JOURNAL_SUFFIX}"
    path.write_bytes(lzma.compress(text.encode("ascii"), preset=9 | lzma.PRESET_EXTREME))
    return path


def _strip_bank_folders(bank: str) -> str:
    """A bank's name without the folders that its files lie in; the name of a set comes back as it is."""
    return " | ".join(Path(name).name if Path(name).exists() else name for name in split_source_names(bank))


def unpack_recorded_runs(data: Path, source: Path = RECORDED_FOLDER) -> list[str]:
    """Put those recorded runs of ``source`` that this data folder never had into it; their ids. Writes.

    Never raises: the product works without them, and what is wrong with the data folder is said by others.
    """
    if os.environ.get(RECORDED_VARIABLE) == "0":
        return []
    try:
        runs = ensure_data_folder(data)
        if (fingerprints := _read_fingerprints(runs)) and not any((runs / run_id).exists() for run_id in fingerprints):
            return []  # whoever deleted all of them is not sent others
        return [run_id for path in sorted(source.glob(f"*{JOURNAL_SUFFIX}")) if (run_id := _unpack_run(runs, path))]
    except (OSError, ImportError, StudentsimError) as error:
        logger.warning("the recorded study was not put into %s: %s", data, error)
        return []


def _unpack_run(runs: Path, path: Path) -> str:
    """Put one recorded run among ``runs``, unless it was there before; its id, or nothing."""
    run_id, packed = path.name.removesuffix(JOURNAL_SUFFIX), path.read_bytes()
    fingerprints, fingerprint = _read_fingerprints(runs), hashlib.sha256(packed).hexdigest()[:16]
    already_exists = (runs / run_id).exists()
    if (
        fingerprints.get(run_id) == fingerprint
        or (run_id in fingerprints and not already_exists)
        or (runs / ".deleted" / run_id).exists()
    ):
        return ""
    try:
        files = _unpack_files(packed)
    except (ValueError, KeyError, EOFError) as error:
        logger.warning("%s is damaged and left out: %r", path, error)
        return ""
    if already_exists:
        if (user_notes := notes.read_notes(runs / run_id)) != notes.RunNotes():
            files[notes.NOTES_FILE_NAME] = user_notes.to_json()  # a newer recording is the same run to whoever named it
        _write_fingerprints(
            runs, {k: v for k, v in fingerprints.items() if k != run_id}
        )  # or else a crash here would look like "deleted"
        trash = runs / f".gone-{run_id}-{secrets.token_hex(4)}"
        os.rename(runs / run_id, trash)
        shutil.rmtree(trash, ignore_errors=True)
    create_folder_atomically(runs, run_id, files)
    _write_fingerprints(runs, {**fingerprints, run_id: fingerprint})
    return run_id


def _unpack_files(packed: bytes) -> dict[str, str]:
    """A run folder's files from a packed journal.

    :raises ValueError, KeyError, EOFError: it is damaged.
    """
    import lzma

    try:
        text = lzma.decompress(packed).decode("ascii")
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from error
    config = json.loads(text[: text.index("\n")])["config"]
    return {"config.json": json.dumps(config), journal.JOURNAL_FILE_NAME: text}


def _read_fingerprints(runs: Path) -> dict[str, str]:
    try:
        fingerprints = json.loads((runs / FINGERPRINTS_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return fingerprints if isinstance(fingerprints, dict) else {}


def _write_fingerprints(runs: Path, fingerprints: Mapping[str, str]) -> None:
    write_atomically(runs / FINGERPRINTS_FILE, json.dumps(fingerprints))
