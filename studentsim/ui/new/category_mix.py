"""The category mix of a new run: as the way of choosing says, a ready-made one, or six sliders that always sum to 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studentsim.selection import category_mix as whole_questions
from studentsim.student.profiles import PROFILES, category_mastery
from studentsim.ui.new import mix
from studentsim.ui.new.form import KEEP, Form

MIXES = {
    "way": "As this way chooses",
    "even": "Even",
    "bank": "Like the bank",
    "lacks": "What this student lacks",
    "own": "My own",
}
FOLLOWS = "It follows the mistakes: the more of a category's exam questions went wrong, the more it is practised next."
OF_THE_WAY = {
    "category": FOLLOWS,
    "log-probability+category": FOLLOWS,
    "fixed": "The same questions in every lesson, drawn once from all of the pool.",
}
OF_ANY = "No category is preferred: questions come as they lie in the pool."


def category_mix(form: Form, categories: Sequence[str], pool: Mapping[str, int]) -> None:
    """The mix of the ``categories``; ``pool`` counts their questions (empty: not known)."""
    chosen = st.segmented_control(
        "Mix of categories", list(MIXES), format_func=MIXES.__getitem__, required=True, key="new.mix", persist_state=KEEP,
        wrap=True,
    )  # fmt: skip
    form.under("mix", "Mix of categories")
    form.settings["mix"] = None
    if chosen == "way":
        st.caption(OF_THE_WAY.get(form.settings["strategy"], OF_ANY))
    elif len(categories) < 2:
        st.caption(f"Only {categories[0]} is chosen above, so all practice is from there." if categories else "")
    else:
        shares = _shares(form, str(chosen), categories, pool)
        st.session_state["new.shares"] = shares
        _sliders(shares)
        form.settings["mix"] = {c: float(share) for c, share in shares.items()}
        st.caption(_questions(shares, int(st.session_state["new.questions"] or 0)))


def _shares(form: Form, chosen: str, categories: Sequence[str], pool: Mapping[str, int]) -> dict[str, int]:
    if chosen == "even":
        return mix.even(categories)
    if chosen == "bank":
        return mix.like({c: pool.get(c, 0) for c in categories})
    if chosen == "lacks":
        profile = PROFILES.get(form.settings["student"])  # None: a student of another version
        knows = category_mastery(profile) if profile else {}
        return mix.like({c: 1 - knows.get(c, 0.5) for c in categories})
    own = {c: st.session_state["new.shares"].get(c, 0) for c in categories}
    return own if sum(own.values()) == mix.WHOLE else mix.like(own)


def _sliders(shares: Mapping[str, int]) -> None:
    names = list(shares)
    for row in range(0, len(names), 3):
        for column, category in zip(st.columns(3), names[row : row + 3], strict=False):
            key = f"new.share.{category}"
            st.session_state[key] = shares[category]
            column.slider(category, 0, mix.WHOLE, key=key, format="%d of 100", on_change=_moved, args=(category,))


def _moved(category: str) -> None:
    st.session_state["new.shares"] = mix.moved(
        st.session_state["new.shares"], category, st.session_state[f"new.share.{category}"]
    )
    st.session_state["new.mix"] = "own"


def _questions(shares: Mapping[str, int], count: int) -> str:
    """What the shares come to in questions."""
    wholes = zip(shares, whole_questions(list(shares.values()), count), strict=True)
    told = ", ".join(f"{category} {n}" for category, n in wholes if n)
    return f"They always sum to 100: move one, and the others give way. Of {count} questions a lesson: {told}."
