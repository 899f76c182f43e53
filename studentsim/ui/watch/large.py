"""The component that writes in type of its own: the presentation view's sentence and cards, and the answer that is being written.

Its look is stage.css; what others wrote goes in as text (stage.js).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).parent


def render_large_text(data: dict[str, Any], *, key: str) -> None:
    """Draws ``sentence`` (with a ``note``), ``cards`` or ``writing``, whichever ``data`` has; ``key`` must be stable."""
    _large_text_component()(key=key, data=data)


@st.cache_resource
def _large_text_component():
    return st.components.v2.component(
        "studentsim_stage",
        js=(HERE / "stage.js").read_text(),
        css=(HERE / "stage.css").read_text(),
        isolate_styles=False,
    )
