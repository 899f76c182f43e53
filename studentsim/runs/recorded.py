"""The recorded study: real runs of this product that come with it as compressed journals, to be looked at on first start.

    python -m studentsim record --to studentsim/recorded

One student with a gap, the same exam, several ways of choosing: those that are compared with several seeds each, the controls with
one. Each file is ``<run id>.jsonl.xz``: the journal as the run wrote
it, but for its first event, which says ``recorded``. (xz, since the exam's questions return in every exam: gzip looks back no
further than 32 kB and needs twice as much.) A data folder takes each in once, as a run like any other. One that was deleted
there stays away; a newer recording takes an older one's place.

Version 0.1 came with a study of other runs under other ids. A data folder that holds them keeps them, labelled with their version, and
gets the new study beside them; Home speaks of the new one (``of_this_study``). Where all recorded runs were deleted, no new ones come.
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
from pathlib import Path

import studentsim
from studentsim.config import RunConfig
from studentsim.errors import RunError, StudentsimError
from studentsim.runs.folder import RunFolder, appear, make_data_folder, write_atomically
from studentsim.store import journal

FOLDER = Path(studentsim.__file__).parent / "recorded"
"""Where the recorded journals lie in the product."""
VARIABLE = "STUDENTSIM_RECORDED"
"""Environment variable: ``0`` leaves the recorded study away from new data folders."""
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


def study(
    names: Mapping[str, str], *, seeds: Mapping[str, int] | None = None, **settings: object
) -> tuple[RunConfig, ...]:
    """The runs to record: so many ``seeds`` (from 1) of each way of choosing, which ``names`` tells in plain words."""
    return tuple(
        RunConfig.make(
            **{
                **SETTINGS,
                "strategy": strategy,
                "seed": seed,
                "name": f"Recorded study, {names[strategy].lower()}, seed {seed}",
                **settings,
            }
        )
        for strategy, count in (seeds or SEEDS).items()
        for seed in range(1, count + 1)
    )


def run_id_of(config: RunConfig) -> str:
    """The id of the recorded run of those settings."""
    return f"recorded-{config.strategy.replace('+', '-')}-seed-{config.seed}"


def of_this_study(run_id: str) -> bool:
    """Whether a recorded run is of this study and not of the one that version 0.1 came with (``recorded-random``)."""
    return re.fullmatch(r"recorded-[a-z-]+-seed-\d+", run_id) is not None


def pack(folder: RunFolder, to: Path) -> Path:
    """Write a finished run's journal, marked as recorded, into the folder ``to``; the file's path. Writes.

    :raises RunError: the run is not finished, or was interrupted on its way.
    """
    import lzma

    events = journal.read_events(folder.journal)
    if not events or events[-1].get("status") != "finished" or any(e["type"] == "Resumed" for e in events):
        raise RunError(f"The run {folder.run_id} did not finish in one go.", "Record the study again.")
    run_id = run_id_of(folder.config())
    events[0] |= {"run_id": run_id, "recorded": True}
    text = "".join(json.dumps(event, separators=(",", ":")) + "\n" for event in events)
    path = to / f"{run_id}{SUFFIX}"
    path.write_bytes(lzma.compress(text.encode("ascii"), preset=9 | lzma.PRESET_EXTREME))
    return path


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
