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

JS = "".join((Path(__file__).parent / name).read_text() for name in ("labels.js", "plot.js"))
PLOTLY = Path(plotly.__file__).parent / "package_data"
SERVED = f"component/{__name__}.plotly_js/plotly.min.js"
"""Where the browser finds plotly.js, relative to the app's address."""


LARGE = "56vh"
"""CSS height of a picture for a projector, until plot.js knows how much of the screen the rest leaves it."""


def packed(figure: go.Figure, *, alt: str, large: bool = False) -> bytes:
    """What the browser needs of a figure: made once, sent to every viewer. ``large``: for a projector, as its width allows."""
    config = {**charts.CONFIG, "displayModeBar": False} if large or figure.layout.dragmode is False else charts.CONFIG
    told = {"figure": _without_template(figure), "alt": alt, "config": config, "plotly": SERVED, "large": large}
    return json.dumps(told | {"height": LARGE if large else f"{figure.layout.height}px"}).encode()


def _without_template(figure: go.Figure) -> str:
    """The figure as JSON; plot.js has our colours, and Streamlit's template would come with each picture."""
    told = figure.to_plotly_json()
    told["layout"].pop("template", None)
    return pio.to_json(told, validate=False)


def plot(picture: bytes, *, key: str) -> None:
    """Draws what ``packed`` made. ``key`` names the picture: while it stays, so do zoom and place. Its height is kept free before the
    browser has drawn it, so that nothing below it jumps.

    Where the browser cannot get plotly.js, Streamlit's own chart stands in.
    """
    if (PLOTLY / "plotly.min.js").exists() and not st.session_state.get(f"{key}.failed"):
        failed = lambda: st.session_state.update({f"{key}.failed": True})  # noqa: E731
        _mounted()(key=key, data=picture, height=_height(picture), on_failed_change=failed)
    else:
        _streamlits_own(picture, key)


def _height(picture: bytes) -> int | Literal["content"]:
    """Pixels that ``packed`` wrote at its end; a projector's picture has a share of the window instead."""
    told = picture.rpartition(b'"height": "')[2].removesuffix(b'px"}')
    return int(told) if told.isdigit() else "content"


def _streamlits_own(picture: bytes, key: str) -> None:
    told = json.loads(picture)
    st.plotly_chart(
        json.loads(told["figure"]), width="stretch", key=f"{key}.own", config=told["config"], alt=told["alt"]
    )


@st.cache_resource
def _mounted():
    """The component; also has plotly.js served, which Streamlit does for the folder of any component of its first kind."""
    declare_component("plotly_js", path=str(PLOTLY))
    return st.components.v2.component("studentsim_plot", js=JS, isolate_styles=False)
