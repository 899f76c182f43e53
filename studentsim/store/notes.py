"""What a user says about a run: a name, tags and a note, in ``notes.json`` in the run's folder, beside the journal.

They are about the run and no part of it: a new name changes neither its id nor its settings. What the file holds is checked when
it is read too, since anybody may have written it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from studentsim.config import UNPRINTABLE_PATTERN, RunConfig
from studentsim.errors import ConfigError

NOTES_FILE_NAME = "notes.json"
"""The file's name within a run's folder."""
MAX_TAG_CHARS, MAX_TAGS, MAX_NOTE_CHARS = 30, 12, 2000
"""Characters of a tag, tags of a run, characters of its note."""
_MAX_FILE_BYTES = 64_000
"""Bytes of a file that is read at all."""


@dataclass(frozen=True)
class RunNotes:
    """The user's words about one run. ``name`` takes the place of the run's own where it is not blank."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def make(cls, *, name: str = "", tags: Iterable[str] = (), note: str = "") -> RunNotes:
        """Checked notes: blanks at the ends are taken away, a tag that is there twice counts once.

        :raises ConfigError: one of them is too long or cannot be kept; ``field`` names it.
        """
        return cls(_validate_name(name), _validate_tags(tags), _validate_note(note))

    def to_json(self) -> str:
        """What the file holds."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read_notes(run_folder: Path) -> RunNotes:
    """The notes of a run; what the file should not hold is passed over, a file that cannot be read is none."""
    try:
        with (run_folder / NOTES_FILE_NAME).open("rb") as file:
            payload = json.loads(file.read(_MAX_FILE_BYTES))
    except (OSError, ValueError, RecursionError):
        return RunNotes()
    if not isinstance(payload, dict):
        return RunNotes()
    tags = payload.get("tags")
    name = payload.get("name")
    name = (
        UNPRINTABLE_PATTERN.sub("", name) if isinstance(name, str) else name
    )  # versions differ in what a name may hold
    raw_fields = {"name": name, "note": payload.get("note"), "tags": tags if isinstance(tags, list) else None}
    valid_fields: dict[str, object] = {}
    for field, value in raw_fields.items():
        try:
            valid_fields[field] = getattr(RunNotes.make(**{field: value}), field)
        except (ConfigError, TypeError, AttributeError):
            continue
    return RunNotes(**valid_fields)  # type: ignore[arg-type]


def _validate_name(text: str) -> str:
    return RunConfig.make(name=text).name  # one rule for the names that a run may have


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
    """The text, its line ends as ``\\n``.

    :raises ConfigError: it holds control characters or half a character, which files and tables cannot hold.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any((ord(c) < 32 and c not in "\n\t") or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise ConfigError("The text holds characters that cannot be kept.", "Type it anew.", field=field)
    return text
