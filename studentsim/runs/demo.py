"""The recorded studies: real runs of this product that ship with it as compressed journals, for the first start.

    python -m studentsim record-demo --to studentsim/recorded
    python -m studentsim record-demo --study smollm2 --bank mathqa_dev.json --work FOLDER --hours 3.5

``embedded``: one student with a gap, one exam, several strategies: those that are compared with several seeds each, the controls
with one. ``smollm2``: a real small language model on MathQA with P0's four strategies, and without training. Each file is
``<run id>.jsonl.xz``: the run's journal, with ``recorded`` set in its first event. (xz, since the exam's questions recur in every
exam: gzip's window of 32 kB is too short, and the file twice as large.) They are unpacked into a data folder once, as ordinary
runs. A deleted one does not come back; a newer recording replaces an older one.

Version 0.1 came with another study under other ids. A data folder that holds it keeps it, labelled with its version, and gets
the new study beside it; Home shows the new one (``is_embedded_study_run``). If all recorded runs were deleted, no new ones come.

SmolLM2's journals contain questions of MathQA (Amini et al. 2019, Apache-2.0; NOTICE in the repository's root): the one exception
to "the product ships no data set".
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import studentsim
from studentsim import presets
from studentsim.config import RunConfig
from studentsim.datasets.resolve import split_source_names
from studentsim.errors import ConfigError, RunError, StudentsimError
from studentsim.files import read_json_object, remove_folder_atomically, write_atomically
from studentsim.runs.run_dir import RunFolder, create_folder_atomically, ensure_data_folder
from studentsim.selection.registry import STRATEGIES
from studentsim.store import journal, notes

RECORDED_FOLDER = Path(studentsim.__file__).parent / "recorded"
"""The folder of the recorded journals in the package."""
RECORDED_VARIABLE = "STUDENTSIM_RECORDED"
"""Environment variable: ``0`` keeps the recorded studies out of data folders."""
EMBEDDED_SETTINGS: Mapping[str, object] = {"student": "physics-gap", "turns": 8, "exam_size": 300}
"""The runs' common settings: a student with a gap, few turns (the strategies that follow mistakes lead while there is a gap), and an
exam of 50 questions a category, which keeps the journals small."""
JOURNAL_SUFFIX = ".jsonl.xz"
FINGERPRINTS_FILE = ".recorded.json"
"""In the folder of runs: the fingerprint of each recorded run that was unpacked there, by id."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordedStudy:
    """Runs that are recorded together: one student and one exam, several strategies, several seeds of each."""

    name: str
    """The study's name on the command line."""
    seeds_by_strategy: Mapping[str, int]
    """The number of seeds (from 1) of each strategy."""
    settings: Mapping[str, Any]
    """The runs' common settings that differ from the model's default preset (``presets.get_preset``)."""
    title_prefix: str = ""
    """Follows "Recorded study, " in the runs' names; ends with a comma and a space, or is blank."""
    run_id_prefix: str = "recorded-"
    """Prefix of its runs' ids."""
    needs_bank: bool = False
    """Whether its questions do not come with the product and must be named."""

    @property
    def model(self) -> str:
        """The student's model."""
        return str(self.settings.get("model", "embedded"))

    def build_configs(
        self,
        strategy_names: Mapping[str, str],
        *,
        seeds_by_strategy: Mapping[str, int] | None = None,
        **settings: object,
    ) -> tuple[RunConfig, ...]:
        """The settings of the runs to record; ``strategy_names`` are the strategies' display names.

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
        """Whether a run's id belongs to this study."""
        strategies = "|".join(re.escape(strategy.replace("+", "-")) for strategy in self.seeds_by_strategy)
        return re.fullmatch(rf"{self.run_id_prefix}(?:{strategies})-seed-\d+", run_id) is not None


def _recorded_seeds(study: str) -> dict[str, int]:
    """Strategy -> its number of seeds in a study.

    The embedded student's study has the two strategies that are compared, and the controls. With fewer seeds a lead of some points
    cannot be distinguished from chance; Compare takes 12 runs at once.
    """
    return {id: s.recorded_seeds[study] for id, s in STRATEGIES.items() if study in s.recorded_seeds}


EMBEDDED_STUDY = RecordedStudy("embedded", _recorded_seeds("embedded"), EMBEDDED_SETTINGS)
SMOLLM2_STUDY = RecordedStudy(
    "smollm2",
    _recorded_seeds("smollm2"),
    {
        "model": "smollm2", "drop_invalid": True, "turns": 10, "questions_per_turn": 24, "exam_size": 200, "exam_every": 5, "validation": 8,
        "dpo": {"epochs": 1, "reference": "base", "lora_alpha": 8, "rehearsal": 0.0}, "model_loading": {"exam_mode": "scored"},
    },
    title_prefix="SmolLM2, ",
    run_id_prefix="recorded-smollm2-",
    needs_bank=True,
)  # fmt: skip
STUDIES: Mapping[str, RecordedStudy] = {study.name: study for study in (EMBEDDED_STUDY, SMOLLM2_STUDY)}
"""The studies that come with the product, by name."""


def get_study(name: str) -> RecordedStudy:
    """The study of that name.

    :raises ConfigError: there is no such study.
    """
    if name not in STUDIES:
        raise ConfigError(f"There is no recorded study {name!r}.", f"Choose among {', '.join(STUDIES)}.", field="study")
    return STUDIES[name]


def find_study_of_run(run_id: str) -> RecordedStudy | None:
    """The study that a recorded run belongs to; None for a run of version 0.1's study, or of none."""
    return next((study for study in STUDIES.values() if study.contains_run(run_id)), None)


def is_embedded_study_run(run_id: str) -> bool:
    """Whether a recorded run belongs to the embedded student's study, and not to version 0.1's (``recorded-random``)."""
    return EMBEDDED_STUDY.contains_run(run_id)


def _merge_settings(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Merge settings, later ones taking precedence; groups (``model_loading``, ``dpo``) are merged, not replaced."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            inner = merged.get(key)
            merged[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return merged


def remove_interruptions(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A run's effective events without its interruptions, renumbered; times stay as they were.

    A resumed run repeats its unfinished turn with the same answers, so the result is what an uninterrupted run would have written.
    """
    effective_events = journal.effective_events(events)
    remaining_events = [
        e
        for e in effective_events
        if e["type"] != "RunResumed" and (e["type"] != "RunEnded" or e is effective_events[-1])
    ]
    for event in remaining_events:
        event.pop("lease", None)  # there is one writer now
    return [{**event, "seq": number} for number, event in enumerate(remaining_events)]


def pack_run(folder: RunFolder, output_folder: Path, study: RecordedStudy | None = None) -> Path:
    """Write a finished run's journal, flagged as recorded and without interruptions, into ``output_folder``; returns the path. Writes.

    A bank that is a file loses its folder, which is private. ``study`` decides the recorded run's id; None: the study of its model.

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
    """A bank's name without the folders of its files; the names of data sets are unchanged."""
    return " | ".join(Path(name).name if Path(name).exists() else name for name in split_source_names(bank))


def unpack_recorded_runs(data: Path, source: Path = RECORDED_FOLDER) -> list[str]:
    """Unpack those recorded runs of ``source`` that the data folder never had; returns their ids. Writes.

    Raises nothing: the product works without them, and others report what is wrong with the data folder.
    """
    if os.environ.get(RECORDED_VARIABLE) == "0":
        return []
    try:
        runs = ensure_data_folder(data)
        if (fingerprints := read_json_object(runs / FINGERPRINTS_FILE)) and not any(
            (runs / run_id).exists() for run_id in fingerprints
        ):
            return []  # the user deleted all of them: unpack no others
        return [run_id for path in sorted(source.glob(f"*{JOURNAL_SUFFIX}")) if (run_id := _unpack_run(runs, path))]
    except (OSError, ImportError, StudentsimError) as error:
        logger.warning("the recorded study was not put into %s: %s", data, error)
        return []


def _unpack_run(runs: Path, path: Path) -> str:
    """Unpack one recorded run into the folder ``runs``; its id, or "" if it was there before or is damaged. Writes."""
    run_id, packed = path.name.removesuffix(JOURNAL_SUFFIX), path.read_bytes()
    fingerprints, fingerprint = read_json_object(runs / FINGERPRINTS_FILE), hashlib.sha256(packed).hexdigest()[:16]
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
            files[notes.NOTES_FILE_NAME] = user_notes.to_json()  # keep the user's notes on the older recording
        # without its fingerprint, so that a crash here does not look like "deleted"
        _write_fingerprints(runs, {k: v for k, v in fingerprints.items() if k != run_id})
        remove_folder_atomically(runs / run_id)
    create_folder_atomically(runs, run_id, files)
    _write_fingerprints(runs, {**fingerprints, run_id: fingerprint})
    return run_id


def _unpack_files(packed: bytes) -> dict[str, str]:
    """The contents of a run folder's files by name, from a packed journal.

    :raises ValueError, KeyError, EOFError: the journal is damaged.
    """
    import lzma

    try:
        text = lzma.decompress(packed).decode("ascii")
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from error
    config = json.loads(text[: text.index("\n")])["config"]
    return {"config.json": json.dumps(config), journal.JOURNAL_FILE_NAME: text}


def _write_fingerprints(runs: Path, fingerprints: Mapping[str, str]) -> None:
    write_atomically(runs / FINGERPRINTS_FILE, json.dumps(fingerprints))
