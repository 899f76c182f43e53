"""A page's state as its link: a frozen dataclass with a field for each parameter. No streamlit.

Every parameter is optional. An invalid value is ignored, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

MAX_VALUE_CHARS = 200
"""Characters of a valid value at most."""


@dataclass(frozen=True)
class UrlState:
    """Reads and writes the links of Answers and Questions. Empty fields (``""``, None) filter nothing."""

    FILTERS: ClassVar[tuple[str, ...]] = ()
    """The parameters that filter the view."""

    @classmethod
    def from_params(cls, parameters: Mapping[str, str]) -> tuple[Self, list[str]]:
        """The view that a link names, and the names of its invalid parameters."""
        values: dict[str, Any] = {}
        invalid: list[str] = []
        for name in (field.name for field in fields(cls)):
            text = str(parameters.get(name) or "").strip()
            if not text:
                continue
            value = cls.parse_value(name, text)
            if value is None:
                invalid.append(name)
            else:
                values[name] = value
        return cls(**values), invalid

    @classmethod
    def parse_value(cls, name: str, text: str) -> Any:
        """A parameter's value; None where the text is invalid."""
        return None if len(text) > MAX_VALUE_CHARS or "\0" in text else text

    @classmethod
    def empty_value(cls, name: str) -> Any:
        """The parameter's value where the link does not name it: ``""`` or None."""
        return getattr(cls, name)

    def with_changes(self, **changes: Any) -> Self:
        """The view with these fields changed."""
        return replace(self, **changes)

    @property
    def without_filters(self) -> Self:
        """The unfiltered view."""
        return type(self)()

    def to_params(self) -> dict[str, str]:
        """The link's parameters, without the empty ones."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in values.items() if value not in ("", None)}

    @property
    def active_filters(self) -> tuple[str, ...]:
        """The filters that are set."""
        return tuple(name for name in self.FILTERS if getattr(self, name) not in ("", None))
