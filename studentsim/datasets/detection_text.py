"""Sentences on the detected dataset, its certainty and the alternatives, for the command line and pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_DESCRIBED_FILES = 6
"""Files, or groups of files with the same columns, that get a sentence each."""


def describe_recognitions(recognitions: Sequence[Mapping[str, Any]]) -> list[str]:
    """One or two sentences for each entry of ``BankReport.recognised``; of many, for the first ones and the number of the rest."""
    descriptions = [_describe_recognition(recognition) for recognition in recognitions[:MAX_DESCRIBED_FILES]]
    if len(recognitions) > MAX_DESCRIBED_FILES:
        descriptions.append(f"And {len(recognitions) - MAX_DESCRIBED_FILES} more files or groups of files.")
    return descriptions


def _describe_recognition(recognition: Mapping[str, Any]) -> str:
    prefix = f"{recognition['part']}: " if recognition["part"] else ""
    if not recognition["set"]:
        columns = ", ".join(recognition["columns"][:12])
        hint = _capitalize_first(recognition["nearest"])
        return f"{prefix}of no known set, with the columns {columns or 'none'}. {hint}".strip() + "."
    text = prefix + _describe_match(recognition)
    if recognition["others"]:
        text += f" It could also be read as {' or '.join(other['title'] for other in recognition['others'])}."
    return text


def _describe_match(recognition: Mapping[str, Any]) -> str:
    title, readable, sampled = recognition["title"], recognition["read"], recognition["of"]
    rows = f"{readable} of the first {sampled} rows" if readable < sampled or sampled > 1 else "its row"
    rows = f"all of the first {sampled} rows" if readable == sampled > 1 else rows
    if recognition["certainty"] == "given":
        return f"Read as {title}, as you said: {rows} can be read."
    if not readable:
        return f"Its columns are those of {title}, but none of the first {sampled} rows can be read so."
    if recognition["certainty"] == "sure":
        return f"Recognised as {title}: {rows} can be read."
    if recognition["certainty"] == "likely":
        return f"Probably {title}: {rows} can be read."
    return f"Perhaps {title}, which is far from sure: only {rows} can be read."


def _capitalize_first(text: str) -> str:
    return text[:1].upper() + text[1:]
