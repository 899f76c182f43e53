"""What a file was taken for, how sure that is, and what else it might be: in words, for the command line and for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST = 6
"""Files or groups of like files that are told of one by one."""


def sentences(recognised: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence or two for each entry of ``BankReport.recognised``; of many, the first ones and how many more there are."""
    told = [_sentence(one) for one in recognised[:MOST]]
    if len(recognised) > MOST:
        told.append(f"And {len(recognised) - MOST} more files or groups of files.")
    return told


def _sentence(one: Mapping[str, Any]) -> str:
    before = f"{one['part']}: " if one["part"] else ""
    if not one["set"]:
        columns = ", ".join(one["columns"][:12])
        return (
            f"{before}of no known set, with the columns {columns or 'none'}. {_capital(one['nearest'])}".strip() + "."
        )
    text = before + _taken_for(one)
    if one["others"]:
        text += f" It could also be read as {' or '.join(other['title'] for other in one['others'])}."
    return text


def _taken_for(one: Mapping[str, Any]) -> str:
    title, read, of = one["title"], one["read"], one["of"]
    rows = f"{read} of the first {of} rows" if read < of or of > 1 else "its row"
    rows = f"all of the first {of} rows" if read == of > 1 else rows
    if one["certainty"] == "given":
        return f"Read as {title}, as you said: {rows} can be read."
    if not read:
        return f"Its columns are those of {title}, but none of the first {of} rows can be read so."
    if one["certainty"] == "sure":
        return f"Recognised as {title}: {rows} can be read."
    if one["certainty"] == "likely":
        return f"Probably {title}: {rows} can be read."
    return f"Perhaps {title}, which is far from sure: only {rows} can be read."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
