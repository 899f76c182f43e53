"""A page's state that is its link: a frozen dataclass with a field for each parameter. No streamlit here.

Every parameter may be left out. A value that cannot be meant is left out too, and the page says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

LONGEST = 200
"""Characters of a value that can be meant; longer ones are left out."""


@dataclass(frozen=True)
class Linked:
    """What ``Answers`` and ``Questions`` share: reading a link, writing one. Empty fields (``""``, None) narrow nothing."""

    FILTERS: ClassVar[tuple[str, ...]] = ()
    """The parameters that narrow the view."""

    @classmethod
    def read(cls, parameters: Mapping[str, str]) -> tuple[Self, list[str]]:
        """The view that a link names, and the names of the parameters that could not be meant."""
        values: dict[str, Any] = {}
        wrong: list[str] = []
        for name in (field.name for field in fields(cls)):
            text = str(parameters.get(name) or "").strip()
            if not text:
                continue
            value = cls.meant(name, text)
            if value is None:
                wrong.append(name)
            else:
                values[name] = value
        return cls(**values), wrong

    @classmethod
    def meant(cls, name: str, text: str) -> Any:
        """What a parameter's text means; None: nothing it could."""
        return None if len(text) > LONGEST or "\0" in text else text

    def params(self) -> dict[str, str]:
        """The link's parameters, without the empty ones."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: str(value) for name, value in told.items() if value not in ("", None)}

    @property
    def narrowed(self) -> tuple[str, ...]:
        """The filters in force."""
        return tuple(name for name in self.FILTERS if getattr(self, name) not in ("", None))
