"""The recorded studies: real runs of this product that come with it as compressed journals, to be looked at on first start.

    python -m studentsim record --to studentsim/recorded
    python -m studentsim record --study smollm2 --bank mathqa_dev.json --work FOLDER --hours 3.5

``embedded``: one student with a gap, the same exam, several ways of choosing: those that are compared with several seeds each, the
controls with one. ``smollm2``: a real small language model on MathQA, the source paper's four ways of choosing and no teaching.
Each file is ``<run id>.jsonl.xz``: the journal as the run wrote it, but for its first event, which says ``recorded``. (xz, since
the exam's questions return in every exam: gzip looks back no further than 32 kB and needs twice as much.) A data folder takes each
in once, as a run like any other. One that was deleted there stays away; a newer recording takes an older one's place.

Version 0.1 came with a study of other runs under other ids. A data folder that holds them keeps them, labelled with their version, and
gets the new study beside them; Home speaks of the new one (``of_this_study``). Where all recorded runs were deleted, no new ones come.

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
from studentsim.bank.parts import names_of
from studentsim.config import RunConfig
from studentsim.errors import ConfigError, RunError, StudentsimError
from studentsim.runs.folder import RunFolder, appear, make_data_folder, write_atomically
from studentsim.store import journal, notes

FOLDER = Path(studentsim.__file__).parent / "recorded"
"""Where the recorded journals lie in the product."""
VARIABLE = "STUDENTSIM_RECORDED"
"""Environment variable: ``0`` leaves the recorded studies away from new data folders."""
SEEDS: Mapping[str, int] = {"random": 5, "category": 5, "none": 1, "fixed": 1}
"""The ways of choosing that were recorded, with the number of seeds of each: the two that are compared, and the controls. With
fewer seeds a lead of some points cannot be told from the luck of the draw; Compare takes 12 runs at once."""
SETTINGS: Mapping[str, object] = {"student": "physics-gap", "turns": 8, "exam": 300}
"""What the runs have in common, where it is not the default: a student with a gap, fewer lessons (what follows the mistakes is ahead
while there is a gap), and an exam that has 50 questions a category and yet keeps the journals small."""
SUFFIX = ".jsonl.xz"
KNOWN = ".recorded.json"
"""In the folder of runs: for each recorded run that was put there, the fingerprint of its file."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RecordedStudy:
    """What is recorded together: one student and one exam, several ways of choosing, several seeds of each."""

    name: str
    """What the command line calls it."""
    seeds: Mapping[str, int]
    """The number of seeds (from 1) of each way of choosing."""
    settings: Mapping[str, Any]
    """What its runs have in common, where it is not what suits its model best (``presets.preset``); parts such as ``hub`` hold only
    what differs."""
    title: str = ""
    """What stands in the runs' names after "Recorded study, "; with a comma at its end, or blank."""
    prefix: str = "recorded-"
    """What its runs' ids begin with."""
    needs_bank: bool = False
    """Whether its questions are a data set that does not come with the product and must be named."""

    @property
    def model(self) -> str:
        """The model that its student is."""
        return str(self.settings.get("model", "embedded"))

    def configs(
        self, names: Mapping[str, str], *, seeds: Mapping[str, int] | None = None, **settings: object
    ) -> tuple[RunConfig, ...]:
        """The runs to record: so many ``seeds`` (from 1) of each way of choosing, which ``names`` tells in plain words.

        :raises ConfigError: a setting is wrong, or the bank is needed and not named.
        """
        if self.needs_bank and not settings.get("bank"):
            raise ConfigError(
                f"The study {self.name!r} needs questions that do not come with the product.",
                "Name the file of MathQA's dev split with --bank.",
                field="bank",
            )
        common = _merged(presets.preset("default", self.model).model_dump(), self.settings, settings)
        for varied in ("strategy", "seed"):
            del common[varied]
        named = common.pop("name")
        return tuple(
            RunConfig.make(
                **common,
                name=named or f"Recorded study, {self.title}{names[strategy].lower()}, seed {seed}",
                strategy=strategy,
                seed=seed,
            )
            for strategy, count in (seeds or self.seeds).items()
            for seed in range(1, count + 1)
        )

    def run_id_of(self, config: RunConfig) -> str:
        """The id of the recorded run of those settings."""
        return f"{self.prefix}{config.strategy.replace('+', '-')}-seed-{config.seed}"

    def holds(self, run_id: str) -> bool:
        """Whether a run's id is of this study."""
        ways = "|".join(re.escape(way.replace("+", "-")) for way in self.seeds)
        return re.fullmatch(rf"{self.prefix}(?:{ways})-seed-\d+", run_id) is not None


EMBEDDED = RecordedStudy("embedded", SEEDS, SETTINGS)
SMOLLM2 = RecordedStudy(
    "smollm2",
    {"random": 3, "category": 3, "log-probability": 3, "log-probability+category": 3, "none": 3},
    {
        "model": "smollm2", "leave_out_doubtful": True, "turns": 10, "questions": 24, "exam": 200, "exam_every": 5, "validation": 8,
        "learning": {"epochs": 1, "reference": "base", "lora_alpha": 8, "rehearsal": 0.0}, "hub": {"exams": "scored"},
    },
    title="SmolLM2, ",
    prefix="recorded-smollm2-",
    needs_bank=True,
)  # fmt: skip
STUDIES: Mapping[str, RecordedStudy] = {study.name: study for study in (EMBEDDED, SMOLLM2)}
"""The studies that come with the product, by name."""


def study_named(name: str) -> RecordedStudy:
    """The study of that name.

    :raises ConfigError: there is none.
    """
    if name not in STUDIES:
        raise ConfigError(f"There is no recorded study {name!r}.", f"Choose among {', '.join(STUDIES)}.", field="study")
    return STUDIES[name]


def study_of(run_id: str) -> RecordedStudy | None:
    """The study that a recorded run is of; None for one of version 0.1's study, or of none."""
    return next((study for study in STUDIES.values() if study.holds(run_id)), None)


def of_this_study(run_id: str) -> bool:
    """Whether a recorded run is of the embedded student's study and not of the one that version 0.1 came with (``recorded-random``)."""
    return EMBEDDED.holds(run_id)


def _merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Settings laid over each other, the later ones on top; parts (``hub``, ``learning``) are merged, not replaced."""
    found: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            inner = found.get(key)
            found[key] = {**inner, **value} if isinstance(inner, dict) and isinstance(value, Mapping) else value
    return found


def standing_alone(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A run's events as if it had never been interrupted: those that stand, without the interruptions, numbered anew.

    A run that resumes does its half turn again, to the same answers, so what stands is what one stretch would have written; times
    stay as they were.
    """
    stands = journal.standing(events)
    told = [e for e in stands if e["type"] != "Resumed" and (e["type"] != "RunEnded" or e is stands[-1])]
    return [{**event, "seq": number} for number, event in enumerate(told)]


def pack(folder: RunFolder, to: Path, study: RecordedStudy | None = None) -> Path:
    """Write a finished run's journal, marked as recorded, into the folder ``to``; the file's path. Writes.

    Of a run that was interrupted and resumed only what stands is written (``standing_alone``). A bank that is a file is named by
    the file's name alone: its folder is this computer's affair. ``study`` is whose id it gets; None: its model's.

    :raises RunError: the run is not finished.
    """
    import lzma

    events = journal.read_events(folder.journal)
    if not events or events[-1].get("status") != "finished":
        raise RunError(f"The run {folder.run_id} did not finish.", "Go on with the recording.")
    config = folder.config()
    study = study or next((one for one in STUDIES.values() if one.model == config.model), EMBEDDED)
    run_id = study.run_id_of(config)
    events = standing_alone(events)
    named = {"bank": _file_names(config.bank)} if "bank" in events[0]["config"] else {}
    events[0] |= {"run_id": run_id, "recorded": True, "config": events[0]["config"] | named}
    text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    path = to / f"{run_id}{SUFFIX}"
    path.write_bytes(lzma.compress(text.encode("ascii"), preset=9 | lzma.PRESET_EXTREME))
    return path


def _file_names(bank: str) -> str:
    """A bank's name without the folders that its files lie in; the name of a set comes back as it is."""
    return " | ".join(Path(name).name if Path(name).exists() else name for name in names_of(bank))


def unpack(data: Path, source: Path = FOLDER) -> list[str]:
    """Put those recorded runs of ``source`` that this data folder never had into it; their ids. Writes.

    Never raises: the product works without them, and what is wrong with the data folder is said by others.
    """
    if os.environ.get(VARIABLE) == "0":
        return []
    try:
        runs = make_data_folder(data)
        if (known := _known(runs)) and not any((runs / run_id).exists() for run_id in known):
            return []  # whoever deleted all of them is not sent others
        return [run_id for path in sorted(source.glob(f"*{SUFFIX}")) if (run_id := _take_in(runs, path))]
    except (OSError, ImportError, StudentsimError) as error:
        log.warning("the recorded study was not put into %s: %s", data, error)
        return []


def _take_in(runs: Path, path: Path) -> str:
    """Put one recorded run among ``runs``, unless it was there before; its id, or nothing."""
    run_id, packed = path.name.removesuffix(SUFFIX), path.read_bytes()
    known, fingerprint = _known(runs), hashlib.sha256(packed).hexdigest()[:16]
    there = (runs / run_id).exists()
    if known.get(run_id) == fingerprint or (run_id in known and not there) or (runs / ".deleted" / run_id).exists():
        return ""
    try:
        files = _files(packed)
    except (ValueError, KeyError, EOFError) as error:
        log.warning("%s is damaged and left out: %r", path, error)
        return ""
    if there:
        if (said := notes.read(runs / run_id)) != notes.Notes():
            files[notes.NAME] = said.to_json()  # a newer recording is the same run to whoever named it
        _remember(
            runs, {k: v for k, v in known.items() if k != run_id}
        )  # or else a crash here would look like "deleted"
        gone = runs / f".gone-{run_id}-{secrets.token_hex(4)}"
        os.rename(runs / run_id, gone)
        shutil.rmtree(gone, ignore_errors=True)
    appear(runs, run_id, files)
    _remember(runs, {**known, run_id: fingerprint})
    return run_id


def _files(packed: bytes) -> dict[str, str]:
    """A run folder's files from a packed journal.

    :raises ValueError, KeyError, EOFError: it is damaged.
    """
    import lzma

    try:
        text = lzma.decompress(packed).decode("ascii")
    except lzma.LZMAError as error:
        raise ValueError(str(error)) from error
    config = json.loads(text[: text.index("\n")])["config"]
    return {"config.json": json.dumps(config), journal.NAME: text}


def _known(runs: Path) -> dict[str, str]:
    try:
        known = json.loads((runs / KNOWN).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _remember(runs: Path, known: Mapping[str, str]) -> None:
    write_atomically(runs / KNOWN, json.dumps(known))
