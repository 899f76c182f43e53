"""What the page is looked at with."""

from __future__ import annotations

import streamlit as st


def is_phone() -> bool:
    """Whether it is a phone, as far as its browser says so; a narrow window on a desk is none."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
