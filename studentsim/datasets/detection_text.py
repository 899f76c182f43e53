"""What a file was taken for, how sure that is, and what else it might be: in words, for the command line and for pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MAX_DESCRIBED_FILES = 6
"""Files or groups of like files that are told of one by one."""


def describe_recognitions(recognitions: Sequence[Mapping[str, Any]]) -> list[str]:
    """A sentence or two for each entry of ``BankReport.recognised``; of many, the first ones and how many more there are."""
    descriptions = [_describe_recognition(one) for one in recognitions[:MAX_DESCRIBED_FILES]]
    if len(recognitions) > MAX_DESCRIBED_FILES:
        descriptions.append(f"And {len(recognitions) - MAX_DESCRIBED_FILES} more files or groups of files.")
    return descriptions


def _describe_recognition(recognition: Mapping[str, Any]) -> str:
    prefix = f"{recognition['part']}: " if recognition["part"] else ""
    if not recognition["set"]:
        columns = ", ".join(recognition["columns"][:12])
        return (
            f"{prefix}of no known set, with the columns {columns or 'none'}. {_capitalize_first(recognition['nearest'])}".strip()
            + "."
        )
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
