"""The visitor's device."""

from __future__ import annotations

import streamlit as st


def is_phone() -> bool:
    """Whether the browser says that it is a phone's; a narrow window on a desktop is not one."""
    return "Mobi" in (st.context.headers.get("User-Agent") or "")
