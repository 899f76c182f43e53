"""Values of events as values of columns, strictly: what does not fit its column is an error that names it, never another value."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

MISFIT_ERRORS = (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError)
"""What is raised where an event lacks a field or holds a value of another kind: anybody may have written a journal."""
_INTEGER_LIMITS = {"INTEGER": 2**31, "BIGINT": 2**63}


def fit_row(columns: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of ``columns`` (name -> DuckDB type), each as its column's type; those that are missing are null.

    :raises TypeError, ValueError, OverflowError: one does not fit; it is named.
    """
    try:
        return {name: convert_value(values.get(name), kind) for name, kind in columns.items()}
    except (TypeError, ValueError, OverflowError):
        for name, kind in columns.items():
            try:
                convert_value(values.get(name), kind)
            except (TypeError, ValueError, OverflowError) as error:
                raise ValueError(f"{name} is {ascii(values[name])[:60]}, which does not fit {kind}") from error
        raise


def convert_value(value: Any, column_type: str) -> Any:
    """The value as a DuckDB type; a number that is not finite is null.

    :raises TypeError, ValueError, OverflowError: it is of another kind, or too large.
    """
    if value is None:
        return None
    if column_type == "VARCHAR":
        return to_storable_text(value)
    if column_type == "DOUBLE":
        # Sums and medians must stay numbers when training diverges.
        return float(value) if math.isfinite(value) else None
    if column_type == "BOOLEAN":
        if value not in (0, 1):
            raise ValueError("neither true nor false")
        return bool(value)
    number = int(value)
    if number != value or not -_INTEGER_LIMITS[column_type] <= number < _INTEGER_LIMITS[column_type]:
        raise ValueError("no integer of that size")
    return number


def to_storable_text(value: Any) -> str | None:
    """Text that every file format can hold: no NUL, no lone surrogate. Mappings and lists become JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if text.isascii() and "\0" not in text:  # the common case: a recorded study has 200,000 texts
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
