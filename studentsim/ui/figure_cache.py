"""Pictures once drawn are kept: pages are drawn again at every click, and mostly show what they showed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

MAX_CACHED_FIGURES = 128
"""So many pictures are kept, those used last."""


def cached_figure(build_figure: Callable[..., go.Figure], *args: Any, **settings: Any) -> go.Figure:
    """``draw(*args, **settings)``, drawn once for each of what it is given. Nobody may change the figure: it is shared."""
    return _build_cached_figure(f"{build_figure.__module__}.{build_figure.__qualname__}", args, settings, build_figure)


@st.cache_resource(max_entries=MAX_CACHED_FIGURES, show_spinner=False)
def _build_cached_figure(
    name: str, args: tuple[Any, ...], settings: dict[str, Any], _build_figure: Callable[..., go.Figure]
) -> go.Figure:
    return _build_figure(*args, **settings)
