"""Renders an ``SvgSketch`` (``charts/sketch.py``): a Streamlit component with 50 lines of JavaScript (svg_component.js)."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from studentsim.ui.charts.sketch import SvgSketch

JS = Path(__file__).with_suffix(".js").read_text()


def render_sketch(sketch: SvgSketch, *, key: str, alt: str) -> None:
    """Render it at its container's width. ``alt`` says what it shows; ``key`` must be stable. Its height is reserved, so that nothing
    below it jumps.
    """
    _sketch_component()(key=key, data={**sketch.to_dict(), "alt": alt}, height=math.ceil(sketch.size["height"]))


@st.cache_resource
def _sketch_component():
    return st.components.v2.component("studentsim_still", js=JS, isolate_styles=False)
