"""A cache of figures: pages are rendered at every click, and mostly show the same figures again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

MAX_CACHED_FIGURES = 128
"""Figures kept, the least recently used dropped."""


def cached_figure(build_figure: Callable[..., go.Figure], *args: Any, **settings: Any) -> go.Figure:
    """``build_figure(*args, **settings)``, built once per set of arguments. The figure is shared: never change it."""
    return _build_cached_figure(f"{build_figure.__module__}.{build_figure.__qualname__}", args, settings, build_figure)


@st.cache_resource(max_entries=MAX_CACHED_FIGURES, show_spinner=False)
def _build_cached_figure(
    name: str, args: tuple[Any, ...], settings: dict[str, Any], _build_figure: Callable[..., go.Figure]
) -> go.Figure:
    return _build_figure(*args, **settings)
