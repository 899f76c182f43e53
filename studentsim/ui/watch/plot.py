"""A live picture: changed in place when its figures change, so that zoom, hover and pan stay and nothing flickers.

Streamlit 1.67 makes a changed ``st.plotly_chart`` anew (its pull request 16052 would not). This is a component of our own
instead, 100 lines of JavaScript (plot.js) around plotly's ``react``. plotly.js comes from the installed plotly package, served once
from its folder and kept by the browser: no network, and no refresh sends it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import plotly
import plotly.graph_objects as go
import plotly.io as pio
import streamlit as st
from streamlit.components.v1 import declare_component

from studentsim.ui import charts

COMPONENT_JS = "".join((Path(__file__).parent / name).read_text() for name in ("labels.js", "plot.js"))
PLOTLY_FOLDER = Path(plotly.__file__).parent / "package_data"
PLOTLY_JS_URL = f"component/{__name__}.plotly_js/plotly.min.js"
"""Where the browser finds plotly.js, relative to the app's address."""


LARGE_CSS_HEIGHT = "56vh"
"""CSS height of a picture for a projector, until plot.js knows how much of the screen the rest leaves it."""


def pack_figure(figure: go.Figure, *, alt: str, large: bool = False) -> bytes:
    """What the browser needs of a figure: made once, sent to every viewer. ``large``: for a projector, as its width allows."""
    config = (
        {**charts.PLOTLY_CONFIG, "displayModeBar": False}
        if large or figure.layout.dragmode is False
        else charts.PLOTLY_CONFIG
    )
    payload = {
        "figure": _to_json_without_template(figure),
        "alt": alt,
        "config": config,
        "plotly": PLOTLY_JS_URL,
        "large": large,
    }
    return json.dumps(payload | {"height": LARGE_CSS_HEIGHT if large else f"{figure.layout.height}px"}).encode()


def _to_json_without_template(figure: go.Figure) -> str:
    """The figure as JSON; plot.js has our colours, and Streamlit's template would come with each picture."""
    spec = figure.to_plotly_json()
    spec["layout"].pop("template", None)
    return pio.to_json(spec, validate=False)


def render_packed_figure(packed_figure: bytes, *, key: str) -> None:
    """Draws what ``pack_figure`` made. ``key`` names the picture: while it stays, so do zoom and place. Its height is kept free before the
    browser has drawn it, so that nothing below it jumps.

    Where the browser cannot get plotly.js, Streamlit's own chart stands in.
    """
    if (PLOTLY_FOLDER / "plotly.min.js").exists() and not st.session_state.get(f"{key}.failed"):
        failed = lambda: st.session_state.update({f"{key}.failed": True})  # noqa: E731
        _plot_component()(key=key, data=packed_figure, height=_packed_height(packed_figure), on_failed_change=failed)
    else:
        _render_plotly_chart(packed_figure, key)


def _packed_height(packed_figure: bytes) -> int | Literal["content"]:
    """Pixels that ``pack_figure`` wrote at its end; a projector's picture has a share of the window instead."""
    digits = packed_figure.rpartition(b'"height": "')[2].removesuffix(b'px"}')
    return int(digits) if digits.isdigit() else "content"


def _render_plotly_chart(packed_figure: bytes, key: str) -> None:
    payload = json.loads(packed_figure)
    st.plotly_chart(
        json.loads(payload["figure"]), width="stretch", key=f"{key}.own", config=payload["config"], alt=payload["alt"]
    )


@st.cache_resource
def _plot_component():
    """The component; also has plotly.js served, which Streamlit does for the folder of any component of its first kind."""
    declare_component("plotly_js", path=str(PLOTLY_FOLDER))
    return st.components.v2.component("studentsim_plot", js=COMPONENT_JS, isolate_styles=False)
