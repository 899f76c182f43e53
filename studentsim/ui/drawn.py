"""Pictures once drawn are kept: pages are drawn again at every click, and mostly show what they showed before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

KEPT = 128
"""So many pictures are kept, those used last."""


def drawn(draw: Callable[..., go.Figure], *args: Any, **settings: Any) -> go.Figure:
    """``draw(*args, **settings)``, drawn once for each of what it is given. Nobody may change the figure: it is shared."""
    return _drawn(f"{draw.__module__}.{draw.__qualname__}", args, settings, draw)


@st.cache_resource(max_entries=KEPT, show_spinner=False)
def _drawn(name: str, args: tuple[Any, ...], settings: dict[str, Any], _draw: Callable[..., go.Figure]) -> go.Figure:
    return _draw(*args, **settings)
