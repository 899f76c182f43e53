"""What a user says about a run: a name, tags and a note, in ``notes.json`` in the run's folder, beside the journal.

They are about the run and no part of it: a new name changes neither its id nor its settings. What the file holds is checked when
it is read too, since anybody may have written it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from studentsim.config import UNPRINTABLE, RunConfig
from studentsim.errors import ConfigError

NAME = "notes.json"
"""The file's name within a run's folder."""
LONGEST_TAG, MOST_TAGS, LONGEST_NOTE = 30, 12, 2000
"""Characters of a tag, tags of a run, characters of its note."""
_LARGEST = 64_000
"""Bytes of a file that is read at all."""


@dataclass(frozen=True)
class Notes:
    """The user's words about one run. ``name`` takes the place of the run's own where it is not blank."""

    name: str = ""
    tags: tuple[str, ...] = ()
    note: str = ""

    @classmethod
    def make(cls, *, name: str = "", tags: Iterable[str] = (), note: str = "") -> Notes:
        """Checked notes: blanks at the ends are taken away, a tag that is there twice counts once.

        :raises ConfigError: one of them is too long or cannot be kept; ``field`` names it.
        """
        return cls(_name(name), _tags(tags), _note(note))

    def to_json(self) -> str:
        """What the file holds."""
        return json.dumps(asdict(self), ensure_ascii=False)


def read(run_folder: Path) -> Notes:
    """The notes of a run; what the file should not hold is passed over, a file that cannot be read is none."""
    try:
        with (run_folder / NAME).open("rb") as file:
            told = json.loads(file.read(_LARGEST))
    except (OSError, ValueError, RecursionError):
        return Notes()
    if not isinstance(told, dict):
        return Notes()
    tags = told.get("tags")
    name = told.get("name")
    name = UNPRINTABLE.sub("", name) if isinstance(name, str) else name  # versions differ in what a name may hold
    given = {"name": name, "note": told.get("note"), "tags": tags if isinstance(tags, list) else None}
    kept: dict[str, object] = {}
    for field, value in given.items():
        try:
            kept[field] = getattr(Notes.make(**{field: value}), field)
        except (ConfigError, TypeError, AttributeError):
            continue
    return Notes(**kept)  # type: ignore[arg-type]


def _name(text: str) -> str:
    return RunConfig.make(name=text).name  # one rule for the names that a run may have


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for tag in tags:
        tag = " ".join(_printable(tag, "tags").split())
        if "," in tag or len(tag) > LONGEST_TAG:
            raise ConfigError(
                f"{tag[:60]!r} cannot be a tag.",
                f"A tag has at most {LONGEST_TAG} characters and no comma.",
                field="tags",
            )
        if tag:
            found.setdefault(tag.casefold(), tag)
    if len(found) > MOST_TAGS:
        raise ConfigError(f"{len(found)} tags are too many.", f"Give a run at most {MOST_TAGS}.", field="tags")
    return tuple(found.values())


def _note(text: str) -> str:
    text = _printable(text, "note").strip()
    if len(text) > LONGEST_NOTE:
        raise ConfigError(
            f"The note has {len(text):,} characters.", f"Shorten it to {LONGEST_NOTE:,} at most.", field="note"
        )
    return text


def _printable(text: str, field: str) -> str:
    """The text, its line ends as ``\\n``.

    :raises ConfigError: it holds control characters or half a character, which files and tables cannot hold.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if any((ord(c) < 32 and c not in "\n\t") or 0xD800 <= ord(c) < 0xE000 for c in text):
        raise ConfigError("The text holds characters that cannot be kept.", "Type it anew.", field=field)
    return text
