"""Puts a small still picture (``charts/sketch.py``) on the page: a component of our own, 50 lines of JavaScript (still.js)."""

from __future__ import annotations

import math
from pathlib import Path

import streamlit as st

from studentsim.ui.charts.sketch import SvgSketch

JS = Path(__file__).with_suffix(".js").read_text()


def render_sketch(sketch: SvgSketch, *, key: str, alt: str) -> None:
    """Draws it as wide as its place. ``alt`` says what it shows; ``key`` must be stable. Its height is kept free from the start, so that
    nothing below it jumps when it comes.
    """
    _sketch_component()(key=key, data={**sketch.to_dict(), "alt": alt}, height=math.ceil(sketch.size["height"]))


@st.cache_resource
def _sketch_component():
    return st.components.v2.component("studentsim_still", js=JS, isolate_styles=False)
