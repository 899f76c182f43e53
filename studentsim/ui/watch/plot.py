"""Live figures: updated in place, so that zoom, hover and pan stay and nothing flickers.

Streamlit 1.67 remounts a changed ``st.plotly_chart`` (its pull request 16052 would not). This component, 100 lines of JavaScript
(plot.js) around plotly's ``react``, does not. plotly.js is served from the installed plotly package and cached by the browser.
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
"""URL of plotly.js, relative to the app's."""
LARGE_CSS_HEIGHT = "56vh"
"""CSS height of a figure for a projector, until plot.js has measured the room that is left on the screen."""


def pack_figure(figure: go.Figure, *, alt: str, large: bool = False) -> bytes:
    """A figure as JSON for the browser, built once for every viewer. ``large``: for a projector."""
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
    """The figure as JSON without Streamlit's template: plot.js has the colours."""
    spec = figure.to_plotly_json()
    spec["layout"].pop("template", None)
    return pio.to_json(spec, validate=False)


def render_packed_figure(packed_figure: bytes, *, key: str) -> None:
    """Render the output of ``pack_figure``; zoom and position stay while ``key`` does. The height is reserved before the browser has
    rendered the figure, so that nothing below it jumps.

    Falls back to ``st.plotly_chart`` if the browser cannot load plotly.js.
    """
    if (PLOTLY_FOLDER / "plotly.min.js").exists() and not st.session_state.get(f"{key}.failed"):
        failed = lambda: st.session_state.update({f"{key}.failed": True})  # noqa: E731
        _plot_component()(key=key, data=packed_figure, height=_packed_height(packed_figure), on_failed_change=failed)
    else:
        _render_plotly_chart(packed_figure, key)


def _packed_height(packed_figure: bytes) -> int | Literal["content"]:
    """The height in pixels at the end of the JSON; ``content`` for a projector's figure, whose height is relative."""
    digits = packed_figure.rpartition(b'"height": "')[2].removesuffix(b'px"}')
    return int(digits) if digits.isdigit() else "content"


def _render_plotly_chart(packed_figure: bytes, key: str) -> None:
    payload = json.loads(packed_figure)
    st.plotly_chart(
        json.loads(payload["figure"]), width="stretch", key=f"{key}.own", config=payload["config"], alt=payload["alt"]
    )


@st.cache_resource
def _plot_component():
    """The component. ``declare_component`` (v1) makes Streamlit serve the folder of plotly.js."""
    declare_component("plotly_js", path=str(PLOTLY_FOLDER))
    return st.components.v2.component("studentsim_plot", js=COMPONENT_JS, isolate_styles=False)
