"""A component for large type: the presentation view's sentence and cards, and the answer that is being generated.

stage.css styles it; stage.js inserts all text as text, never as HTML.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def render_large_text(data: dict[str, Any], *, key: str) -> None:
    """Render ``sentence`` (with a ``note``), ``cards`` or ``writing``, whichever ``data`` has; ``key`` must be stable."""
    _large_text_component()(key=key, data=data)


@st.cache_resource
def _large_text_component():
    return st.components.v2.component(
        "studentsim_stage",
        js=(HERE / "stage.js").read_text(),
        css=(HERE / "stage.css").read_text(),
        isolate_styles=False,
    )
