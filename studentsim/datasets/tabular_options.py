"""Parses the options of a table's row: lists of options in one cell, and the letters before options.

A list is JSON, the text of a Python list, separated by ``|``, line breaks or ``;``, or ``A) 17 B) 60 C) 30``.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from studentsim.datasets.adapter import OPTION_LETTERS, check_text
from studentsim.datasets.tabular_key import cell_to_text

_INLINE_LABEL = re.compile(r"(?:^|(?<=\s))\(?([A-Ja-j])[).:]\s")
_OPTION_LABEL = re.compile(r"\(?([A-Ja-j])\s*(?:\)\s*|[.:](?:\s+|(?=[\d$(+-])))(?=\S)")
"""Matches ``A) 5``, ``(a)5``, ``A. five`` and ``A.5``, but not ``A.B``, which may be an answer."""
_LITERAL = re.compile(r"'(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"", re.DOTALL)
_LITERAL_LIST = re.compile(rf"\[(?:[\s,]|{_LITERAL.pattern})*+\]|\((?:[\s,]|{_LITERAL.pattern})*+\)", re.DOTALL)
"""A list is matched as a whole first: to look for a literal from each quotation mark of one that is not closed takes quadratic time."""


def parse_option_list(value: Any, name: str) -> list[str]:
    """The options in one cell.

    :raises ValueError: it is not a list that can be parsed.
    """
    if isinstance(value, str):
        check_text(value, repr(name))
        value = _parse_list_text(value.strip(), name)
    if isinstance(value, Mapping):  # by letter: {"A": "…", "B": "…"}
        _check_letters(value, name)
        value = list(value.values())
    if isinstance(value, list) and value and all(isinstance(part, Mapping) and "text" in part for part in value):
        value = _texts_of_labelled_options(value, name)
    if not isinstance(value, list | tuple) or not all(isinstance(part, str | int | float) for part in value):
        raise ValueError(f"{name!r} is no list of options")
    for part in value:
        check_text(cell_to_text(part), "an option")
    return [cell_to_text(part) for part in value]


def _texts_of_labelled_options(options: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """The texts of options that are objects: ``{"label": "A", "text": "…"}``.

    :raises ValueError: their labels are not a, b, c … in this order.
    """
    label_key = next((key for key in ("label", "letter", "key", "id") if key in options[0]), None)
    if label_key:
        _check_letters([option.get(label_key) for option in options], name)
    return [option["text"] for option in options]


def _check_letters(labels: Iterable[Any], name: str) -> None:
    """Check that labels are a, b, c … in this order, in any case.

    :raises ValueError: they are not.
    """
    letters = [str(label)[:2].lower() for label in labels]
    if letters != list(OPTION_LETTERS[: len(letters)]):
        raise ValueError(f"{name!r} has the options {', '.join(letters)[:40]}, not a, b, c …")


def _parse_list_text(text: str, name: str) -> Any:
    if text[:1] in ("[", "{", "("):
        for parse in (json.loads, _parse_text_literals, ast.literal_eval):  # literals only: no code is run
            try:
                return parse(text)
            except (ValueError, SyntaxError, MemoryError, RecursionError):
                continue
    for separator in ("|", "\n", ";"):
        if separator in text:
            return text.split(separator)
    if options := _parse_inline_options(text):
        return options
    raise ValueError(f"{name!r} is {text[:40]!r}, no list of options")


def _parse_inline_options(text: str) -> list[str]:
    """The options of ``A) 17 B) 60 C) 30``; empty if the text does not begin with A, or the letters are not in order."""
    matches = list(_INLINE_LABEL.finditer(text))
    letters = "".join(match[1] for match in matches).lower()
    if len(matches) < 2 or matches[0].start() or letters != OPTION_LETTERS[: len(matches)]:
        return []
    ends = [match.start() for match in matches[1:]] + [len(text)]
    return [text[match.end() : end].strip().rstrip(",").strip() for match, end in zip(matches, ends, strict=True)]


def _parse_text_literals(text: str) -> list[str]:
    """The texts of a Python list, or of numpy's form without commas, which Python would join to a single text.

    :raises ValueError: the list contains anything else.
    """
    if not _LITERAL_LIST.fullmatch(text):
        raise ValueError("not a list of texts alone")
    return [str(ast.literal_eval(match[0])) for match in _LITERAL.finditer(text)]


def strip_option_labels(options: list[str]) -> list[str]:
    """Remove the letters before the options if all have one.

    :raises ValueError: the letters are not in order.
    """
    matches = [match for text in options if (match := _OPTION_LABEL.match(text))]
    labels = [match[1].lower() for match in matches]
    expected = list(OPTION_LETTERS[: len(options)])
    if labels == expected:
        return [text[match.end() :] for text, match in zip(options, matches, strict=True)]
    if sorted(labels) == expected:
        raise ValueError(f"its options are called {', '.join(labels)}, in this order")
    return options
