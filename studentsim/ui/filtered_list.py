"""What Answers and Questions share: a list that the fields of a view filter, and a row that opens as a card.

The view (``url_state.UrlState``) is the page's link: each field shows its parameter, and a change writes the link, after which the
page reruns.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import streamlit as st

from studentsim.ui import components, literal
from studentsim.ui.url_state import MAX_VALUE_CHARS, UrlState

FIELD_WIDTH_PX = 170
"""Width of a select box: two fit side by side on a phone, four on a desktop."""
MAX_HEIGHT_PX, ROW_HEIGHT_PX = 560, 35
"""Height of the list on a desktop, lower with few rows, and of a row."""


@dataclass(frozen=True)
class FilteredList:
    """The list of one page. ``key`` begins the keys of its widgets, ``item`` is the parameter of ``view`` that opens a card, ``noun``
    what the list holds.
    """

    page: str
    key: str
    noun: str
    item: str
    view: UrlState

    @property
    def filter_key(self) -> str:
        """A key of the run and the filters, for widget keys."""
        values = [getattr(self.view, name, "") for name in ("run", *self.view.FILTERS)]
        return f"{zlib.crc32(repr(values).encode()):08x}"

    def link(self, label: str, icon: str | None, **changes: Any) -> None:
        """A link to the view with these parameters changed."""
        literal.link(self.page, label, icon, self.view.with_changes(**changes).to_params())

    def remove_link(self, field: str, label: str) -> None:
        """A link to the view without a filter."""
        self.link(label, ":material/close:", **{field: self.view.empty_value(field)})

    def remove_all_link(self, label: str = "Remove all filters", icon: str = ":material/filter_alt_off:") -> None:
        """A link to the unfiltered view."""
        literal.link(self.page, label, icon, self.view.without_filters.to_params())

    def step_link(self, label: str, icon: str, target: Any | None, field: str = "") -> None:
        """A link to the previous or next item, or ``field``'s value; disabled where ``target`` is None."""
        params = None if target is None else self.view.with_changes(**{field or self.item: target}).to_params()
        components.render_step_link(self.page, label, icon, params, key=f"{self.key}.{label}")

    def step_links(self, before: Any | None, after: Any | None, position: str) -> None:
        """Links to the items before and after the open one, and its position in the list."""
        self.step_link("Previous", ":material/chevron_left:", before)
        self.step_link("Next", ":material/chevron_right:", after)
        st.caption(position, width="content")

    def close_button(self) -> None:
        """The button that closes the card."""
        st.button(
            "Close", icon=":material/close:", key=f"{self.key}.close", type="tertiary",
            on_click=self.update, args=(self.item, self.view.empty_value(self.item)),
        )  # fmt: skip

    def update(self, field: str, value: Any) -> None:
        """Change one parameter of the link; for callbacks."""
        st.query_params.from_dict(self.view.with_changes(**{field: value}).to_params())

    def _apply_widget_value(self, field: str) -> None:
        value = st.session_state.get(f"{self.key}.{field}")
        self.update(
            field, self.view.empty_value(field) if value is None else value.strip() if isinstance(value, str) else value
        )

    def _bind(self, field: str, value: Any) -> dict[str, Any]:
        """A field's widget shows ``value``; its key and callback."""
        key = f"{self.key}.{field}"
        st.session_state[key] = value
        return {"key": key, "on_change": self._apply_widget_value, "args": (field,)}

    # ------------------------------------------------------------------ filters

    def filter_box(self, *, folded: bool) -> AbstractContextManager[Any]:
        """The container of the filters; ``folded`` into an expander where they would leave no room for the list."""
        count = len(self.view.active_filters)
        label = f"Filters ({count} set)" if count else "Filters"
        return st.expander(label, icon=":material/filter_alt:") if folded else nullcontext()

    def select(
        self,
        field: str,
        label: str,
        options: Sequence[Any],
        format_option: Callable[[Any], str],
        placeholder: str,
        *,
        width: int = FIELD_WIDTH_PX,
        help: str | None = None,
    ) -> None:
        """A select box for one of ``options`` or none; the link's value is offered in any case."""
        value = getattr(self.view, field)
        bound = self._bind(field, None if value in ("", None) else value)
        extra = [] if value in ("", None, *options) else [value]
        st.selectbox(
            label,
            [*options, *extra],
            index=None,
            placeholder=placeholder,
            format_func=format_option,
            width=width,
            help=help,
            **bound,
        )

    def segments(
        self, field: str, label: str, options: Mapping[str, str], *, value: str | None = None, **settings: Any
    ) -> None:
        """Buttons for one of ``options``, or none; ``value`` is what they show, by default the link's."""
        bound = self._bind(field, value or getattr(self.view, field) or None)
        st.segmented_control(label, list(options), format_func=options.__getitem__, **bound, **settings)

    def search_field(self, placeholder: str) -> None:
        """The field for a text."""
        bound = self._bind("search", self.view.search)
        st.text_input(
            "Text",
            max_chars=MAX_VALUE_CHARS,
            placeholder=placeholder,
            icon=":material/search:",
            width=2 * FIELD_WIDTH_PX - 40,
            **bound,
        )

    def no_matches(self, label: Callable[[str], str]) -> None:
        """An empty list: links that remove each filter, whose ``label`` says what it is."""
        st.info(f"No {self.noun}s match. Remove a filter:", icon=":material/filter_alt_off:")
        for name in self.view.active_filters:
            self.remove_link(name, f"Remove {label(name)}")

    # ------------------------------------------------------------------ the list

    def table(
        self, data: Any, ids: Sequence[Any], columns: Mapping[str, Any], *, button_width: int, help: str, **options: Any
    ) -> None:
        """The list as a table that loads its rows on scrolling; the row's number opens the item of its id."""
        button = st.column_config.ButtonColumn(
            "row", key=f"{self.key}.open", on_click=self._open_row, args=(ids,), type="secondary", pinned=True, width=button_width,
            help=help,
        )  # fmt: skip
        st.dataframe(
            data, key=f"{self.key}.grid.{self.filter_key}", lazy=True, hide_index=True, column_config={"row": button, **columns},
            height=min(MAX_HEIGHT_PX, ROW_HEIGHT_PX * (len(ids) + 1) + 3),
            alt=f"The {self.noun}s of this view; the button at the beginning of a row opens it", **options,
        )  # fmt: skip

    def _open_row(self, ids: Sequence[Any]) -> None:
        """Open the item of the pressed button, whose text is its row's number in ``ids``, however the table is sorted."""
        self.update(self.item, ids[int(st.session_state[f"{self.key}.open"].label) - 1])
