"""The user's name, tags and note for a run, in ``notes.json`` in the run's folder, beside the journal.

They are no part of the run: a new name changes neither its id nor its settings. The file is validated on reading too,
since anybody may have written it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.files import read_small_file
from studentsim.plain_text import UNPRINTABLE_PATTERN

NOTES_FILE_NAME = "notes.json"
"""The file's name within a run's folder."""
MAX_TAG_CHARS, MAX_TAGS, MAX_NOTE_CHARS = 30, 12, 2000
"""Most characters of a tag, tags of a run, characters of its note."""
_MAX_FILE_BYTES = 64_000
"""Bytes of the file that are read at most."""


@dataclass(frozen=True)
class RunNotes:
    """The user's notes about one run. A ``name`` that is not blank replaces the run's own."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def make(cls, *, name: str = "", tags: Iterable[str] = (), note: str = "") -> RunNotes:
        """Validated notes: whitespace at the ends is removed, and a repeated tag counts once.

        :raises ConfigError: one of them is too long or cannot be stored; ``field`` names it.
        """
        return cls(_validate_name(name), _validate_tags(tags), _validate_note(note))

    def to_json(self) -> str:
        """The content of ``notes.json``."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_notes(run_folder: Path) -> RunNotes:
    """The notes of a run without their invalid fields; blank where the file is missing or cannot be read."""
    try:
        payload = json.loads(read_small_file(run_folder / NOTES_FILE_NAME, _MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError):
        return RunNotes()
    if not isinstance(payload, dict):
        return RunNotes()
    tags, name = payload.get("tags"), payload.get("name")
    if isinstance(name, str):
        name = UNPRINTABLE_PATTERN.sub("", name)  # versions differ in what a name may hold
    raw_fields = {"name": name, "note": payload.get("note"), "tags": tags if isinstance(tags, list) else None}
    valid_fields: dict[str, object] = {}
    for field, value in raw_fields.items():
        try:
            valid_fields[field] = getattr(RunNotes.make(**{field: value}), field)
        except (ConfigError, TypeError, AttributeError):
            continue
    return RunNotes(**valid_fields)  # type: ignore[arg-type]


def _validate_name(text: str) -> str:
    return RunConfig.make(name=text).name  # the same rule as for the config's name


def _validate_tags(tags: Iterable[str]) -> tuple[str, ...]:
    tags_by_key: dict[str, str] = {}
    for tag in tags:
        tag = " ".join(_validate_printable(tag, "tags").split())
        if "," in tag or len(tag) > MAX_TAG_CHARS:
            raise ConfigError(
                f"{tag[:60]!r} cannot be a tag.",
                f"A tag has at most {MAX_TAG_CHARS} characters and no comma.",
                field="tags",
            )
        if tag:
            tags_by_key.setdefault(tag.casefold(), tag)
    if len(tags_by_key) > MAX_TAGS:
        raise ConfigError(f"{len(tags_by_key)} tags are too many.", f"Give a run at most {MAX_TAGS}.", field="tags")
    return tuple(tags_by_key.values())


def _validate_note(text: str) -> str:
    text = _validate_printable(text, "note").strip()
    if len(text) > MAX_NOTE_CHARS:
        raise ConfigError(
            f"The note has {len(text):,} characters.", f"Shorten it to {MAX_NOTE_CHARS:,} at most.", field="note"
        )
    return text


def _validate_printable(text: str, field: str) -> str:
    """The text with ``\\n`` as its line ends.

    :raises ConfigError: it holds other control characters, as ``UNPRINTABLE_PATTERN`` has them, but tabs.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if UNPRINTABLE_PATTERN.search(text.replace("\n", "").replace("\t", "")):
        raise ConfigError("The text holds characters that cannot be kept.", "Type it anew.", field=field)
    return text
