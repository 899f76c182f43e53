"""The category mix of a new run: as the way of choosing says, a ready-made one, or one's own, moved by sliders and number boxes
that always sum to 100. A lock holds a share while others move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studentsim.selection import category_mix as whole_questions
from studentsim.student.profiles import PROFILES, category_mastery
from studentsim.ui import category_names, glossary, words
from studentsim.ui.looks import look
from studentsim.ui.new import mix
from studentsim.ui.new.form import KEEP, Form

MIXES = {
    "way": "As this way chooses",
    "even": "Even mix",
    "bank": "Like the bank",
    "lacks": "What this student lacks",
    "own": "My own",
}
OWN_TABLE = "embedded", "curriculum"
"""Model and bank of which it is known what a student lacks."""
FOLLOWS = "It follows the mistakes: the more of a category's exam questions went wrong, the more it is practised next."
OF_THE_WAY = {
    "category": FOLLOWS,
    "log-probability+category": FOLLOWS,
    "likely-wrong": "No category is preferred: what it would get wrong is taken from wherever it lies in the pool.",
    "fixed": "The same questions in every lesson, drawn once from all of the pool.",
}
OF_ANY = "No category is preferred: questions come as they lie in the pool."
WITHIN = {
    "log-probability": "Within a category it still takes the questions it is unsure of.",
    "log-probability+category": "Within a category it still takes the questions it is unsure of; the mistakes have no say.",
    "likely-wrong": "Within a category it still takes the questions that it would most probably get wrong.",
    "category": "The mistakes have no say; within a category any question may come.",
    "random": "Within a category any question may come.",
    "none": "The student answers by this mix, and is never taught.",
}
"""What is left to each way of choosing under a mix of one's own."""
MANY, HIGH = 9, 520
"""With more categories than that (MMLU has 57) their sliders scroll by themselves, in so many pixels."""


def category_mix(form: Form, categories: Sequence[str], pool: Mapping[str, int], among: Sequence[str]) -> None:
    """The mix of the ``categories``; ``pool`` counts their questions (empty: not known), ``among`` are all of the bank's, by which
    they are named.
    """
    offered = [m for m in MIXES if m != "lacks" or (form.settings["model"], form.settings["bank"]) == OWN_TABLE]
    if st.session_state["new.mix"] not in offered:
        st.session_state["new.mix"] = "way"
    chosen = st.segmented_control(
        "Mix of categories", offered, format_func=MIXES.__getitem__, required=True, key="new.mix", persist_state=KEEP,
        wrap=True, on_change=_unlock, help=glossary.help("mix"),
    )  # fmt: skip
    form.under("mix", "Mix of categories")
    form.settings["mix"] = None
    strategy = form.settings["strategy"]
    if chosen == "way":
        st.caption(OF_THE_WAY.get(strategy, OF_ANY))
    elif strategy == "fixed":  # the questions are drawn once, and heed no shares
        st.info(
            "*Same questions again* heeds no mix: it draws its questions once from all of the pool. Limit the categories above "
            "instead, or choose another way.", icon=":material/info:",
        )  # fmt: skip
    elif len(categories) < 2:
        st.caption(
            f"Only {category_names.in_sentence(categories[0], among)} is chosen above, so all practice is from there."
            if categories
            else ""
        )
    else:
        shares = _shares(form, str(chosen), categories, pool)
        st.session_state["new.shares"] = shares
        st.info(stands_above(strategy), icon=":material/priority_high:")
        _moving(shares, among)
        form.settings["mix"] = {c: float(share) for c, share in shares.items()}
        st.caption(
            f"{_questions(shares, int(st.session_state['new.questions'] or 0), among)} {_held(strategy)}".strip()
        )


def _held(strategy: str) -> str:
    """What becomes of the categories that a mix leaves out: that decides more than the mix does. Its setting is drawn below this."""
    if strategy == "none":
        return ""
    if not st.session_state.get("new.rehearsal"):
        return "With *Hold on what is not practised* at 0 (under *Advanced*), practice of one category changes the others, too."
    return "What is not practised is held about where it was (*Hold on what is not practised*, under *Advanced*)."


def stands_above(strategy: str) -> str:
    """That the mix below counts, not the way's, and what is left to the way. Markdown."""
    way = words.literal(look(strategy).name)
    return f"The mix below settles the categories, whatever *{way}* would choose. {WITHIN.get(strategy, '')}".strip()


def _shares(form: Form, chosen: str, categories: Sequence[str], pool: Mapping[str, int]) -> dict[str, int]:
    if chosen != "own":
        st.session_state["new.by_hand"] = []
    if chosen == "even":
        return mix.even(categories)
    if chosen == "bank":
        return mix.like({c: pool.get(c, 0) for c in categories})
    if chosen == "lacks":
        profile = PROFILES.get(form.settings["student"])  # None: a student of another version
        knows = category_mastery(profile) if profile else {}
        return mix.like({c: 1 - knows.get(c, 0.5) for c in categories})
    own = {c: st.session_state["new.shares"].get(c, 0) for c in categories}
    if sum(own.values()) == mix.WHOLE:
        return own
    _unlock()  # other categories than before: no share can be held
    return mix.like(own)


def _moving(shares: Mapping[str, int], among: Sequence[str]) -> None:
    """For each category a slider, and under it the same as a number, and its lock."""
    locked = _locked()
    can = mix.movable(shares, locked)
    names = list(shares)
    with st.container(height=HIGH if len(names) > MANY else "content", border=False):
        for row in range(0, len(names), 3):
            for column, category in zip(st.columns(3), names[row : row + 3], strict=False):
                with column.container(border=True, gap="xsmall"):
                    title = category_names.label(category, among)
                    _share(category, title, shares[category], locked=category in locked, can_move=category in can)


def _share(category: str, title: str, share: int, *, locked: bool, can_move: bool) -> None:
    slider, number, lock = (f"new.{what}.{category}" for what in ("share", "number", "lock"))
    st.session_state.update({slider: share, number: share, lock: locked})
    st.slider(
        title, 0, mix.WHOLE, key=slider, format="%d of 100", on_change=_moved, args=(category, slider), disabled=not can_move,
        help=category_names.about(category),
    )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.number_input(
            f"{title}, of 100", 0, mix.WHOLE, key=number, on_change=_moved, args=(category, number), disabled=not can_move,
            label_visibility="collapsed", width=84,
        )  # fmt: skip
        st.checkbox(f"lock {title}", key=lock, on_change=_turn, args=(category, lock), width="content")


def _moved(category: str, key: str) -> None:
    shares = st.session_state["new.shares"]
    by_hand = [c for c in st.session_state.get("new.by_hand", ()) if c != category]
    st.session_state["new.shares"] = mix.moved(shares, category, st.session_state[key], locked=_locked(), held=by_hand)
    st.session_state["new.by_hand"] = [*by_hand, category]
    st.session_state["new.mix"] = "own"


def _turn(category: str, key: str) -> None:
    """A lock was turned. From then on the mix is one's own: a ready-made one would come again."""
    rest = [c for c in _locked() if c != category]
    st.session_state["new.locked"] = [*rest, category] if st.session_state[key] else rest
    st.session_state["new.mix"] = "own"


def _locked() -> list[str]:
    return list(st.session_state.get("new.locked", ()))


def _unlock() -> None:
    st.session_state["new.locked"], st.session_state["new.by_hand"] = [], []


def _questions(shares: Mapping[str, int], count: int, among: Sequence[str]) -> str:
    """What the shares come to in questions."""
    wholes = zip(shares, whole_questions(list(shares.values()), count), strict=True)
    told = ", ".join(f"{category_names.in_sentence(category, among)} {n}" for category, n in wholes if n)
    return (
        "They always sum to 100: move one, and those that you have not set give way first; a locked one stays. "
        f"Of {count} questions a lesson: {told}."
    )
