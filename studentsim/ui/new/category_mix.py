"""The category mix of a new run: the strategy's, a preset, or a custom one, set by sliders and number fields that always sum to
100. A lock fixes a share while others move.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studentsim.labels import category_names, formatting
from studentsim.selection.quotas import apportion_questions
from studentsim.selection.registry import find_strategy
from studentsim.selection.strategy import Strategy
from studentsim.student.embedded.profiles import PROFILES, category_mastery
from studentsim.ui import components, glossary, literal
from studentsim.ui.new import mix
from studentsim.ui.new.form import PERSIST_MODE, RunForm

MIX_LABELS = {
    "way": "As this way chooses",
    "even": "Even mix",
    "bank": "Like the bank",
    "lacks": "What this student lacks",
    "own": "My own",
}
PROFILED_MODEL_AND_BANK = "embedded", "curriculum"
"""Model and bank for which a student's mastery of each category is known."""
FOLLOWS_MISTAKES_CAPTION = (
    "It follows the mistakes: the more of a category's exam questions went wrong, the more it is practised next."
)
DEFAULT_CAPTION = "No category is preferred: questions come as they lie in the pool."
MAX_UNSCROLLED_CATEGORIES, SCROLL_HEIGHT_PIXELS = 9, 520
"""More categories than that (MMLU has 57) scroll within a box of this height."""


def render_category_mix(
    form: RunForm, categories: Sequence[str], pool_counts: Mapping[str, int], all_categories: Sequence[str]
) -> None:
    """The mix of ``categories``. Writes ``form.settings["mix"]``.

    ``pool_counts`` counts their questions (empty: not known); ``all_categories`` are all of the bank's, which decide the labels.
    """
    offered = [
        m
        for m in MIX_LABELS
        if m != "lacks" or (form.settings["model"], form.settings["bank"]) == PROFILED_MODEL_AND_BANK
    ]
    if st.session_state["new.mix"] not in offered:
        st.session_state["new.mix"] = "way"
    chosen = st.segmented_control(
        "Mix of categories", offered, format_func=MIX_LABELS.__getitem__, required=True, key="new.mix", persist_state=PERSIST_MODE,
        wrap=True, on_change=_unlock_all, help=glossary.term_help("mix"),
    )  # fmt: skip
    form.add_error_slot("mix", "Mix of categories")
    form.settings["mix"] = None
    strategy = find_strategy(form.settings["strategy"])
    if chosen == "way":
        default_caption = FOLLOWS_MISTAKES_CAPTION if strategy.follows_mistakes else DEFAULT_CAPTION
        st.caption(strategy.mix_caption or default_caption)
    elif not strategy.heeds_mix:
        reason = strategy.custom_mix_caption or f"*{formatting.escape_markdown(strategy.label)}* heeds no mix."
        st.info(
            f"{reason} Limit the categories above instead, or choose another way.",
            icon=":material/info:",
        )
    elif len(categories) < 2:
        only_label = category_names.inline_category_label(categories[0], all_categories) if categories else ""
        literal.caption(f"Only {only_label} is chosen above, so all practice is from there." if categories else "")
    else:
        shares = _compute_shares(form, str(chosen), categories, pool_counts)
        st.session_state["new.shares"] = shares
        st.info(describe_mix_priority(strategy), icon=":material/priority_high:")
        _render_sliders(shares, all_categories)
        form.settings["mix"] = {c: float(share) for c, share in shares.items()}
        questions_per_turn = int(st.session_state["new.questions_per_turn"] or 0)
        counts_text = _describe_question_counts(shares, questions_per_turn, all_categories)
        st.caption(f"{counts_text} {_describe_rehearsal(strategy)}".strip())


def _describe_rehearsal(strategy: Strategy) -> str:
    """What becomes of the categories that the mix leaves out. The rehearsal field is rendered later, so the session is read."""
    if not strategy.trains:
        return ""
    if not st.session_state.get("new.rehearsal"):
        return "With *Hold on what is not practised* at 0 (under *Advanced*), practice of one category changes the others, too."
    return "What is not practised is held about where it was (*Hold on what is not practised*, under *Advanced*)."


def describe_mix_priority(strategy: Strategy) -> str:
    """That the mix overrides the strategy's, and what the strategy still decides. Markdown."""
    label = formatting.escape_markdown(strategy.label)
    return (
        f"The mix below settles the categories, whatever *{label}* would choose. {strategy.custom_mix_caption}".strip()
    )


def _compute_shares(
    form: RunForm, mix_kind: str, categories: Sequence[str], pool_counts: Mapping[str, int]
) -> dict[str, int]:
    if mix_kind != "own":
        st.session_state["new.by_hand"] = []
    if mix_kind == "even":
        return mix.even_shares(categories)
    if mix_kind == "bank":
        return mix.proportional_shares({c: pool_counts.get(c, 0) for c in categories})
    if mix_kind == "lacks":
        profile = PROFILES.get(form.settings["student"])  # None: a student of another version
        mastery = category_mastery(profile) if profile else {}
        return mix.proportional_shares({c: 1 - mastery.get(c, 0.5) for c in categories})
    custom_shares = {c: st.session_state["new.shares"].get(c, 0) for c in categories}
    if sum(custom_shares.values()) == mix.TOTAL_PERCENT:
        return custom_shares
    _unlock_all()  # the categories changed, so no share can stay
    return mix.proportional_shares(custom_shares)


def _render_sliders(shares: Mapping[str, int], all_categories: Sequence[str]) -> None:
    """For each category a slider, a number field and a lock."""
    locked = _locked_categories()
    movable = mix.movable_categories(shares, locked)
    names = list(shares)
    with st.container(
        height=SCROLL_HEIGHT_PIXELS if len(names) > MAX_UNSCROLLED_CATEGORIES else "content", border=False
    ):
        for row in range(0, len(names), 3):
            for column, category in zip(st.columns(3), names[row : row + 3], strict=False):
                with column.container(border=True, gap="xsmall"):
                    title = formatting.escape_markdown(category_names.category_label(category, all_categories))
                    _render_share(
                        category, title, shares[category], is_locked=category in locked, can_move=category in movable
                    )


def _render_share(category: str, title: str, share: int, *, is_locked: bool, can_move: bool) -> None:
    slider, number, lock = (f"new.{what}.{category}" for what in ("share", "number", "lock"))
    st.session_state.update({slider: share, number: share, lock: is_locked})
    st.slider(
        title, 0, mix.TOTAL_PERCENT, key=slider, format="%d of 100", on_change=_on_share_changed, args=(category, slider),
        disabled=not can_move, help=category_names.describe_category(category),
    )  # fmt: skip
    with components.row("small"):
        st.number_input(
            f"{title}, of 100", 0, mix.TOTAL_PERCENT, key=number, on_change=_on_share_changed, args=(category, number),
            disabled=not can_move, label_visibility="collapsed", width=84,
        )  # fmt: skip
        st.checkbox(f"lock {title}", key=lock, on_change=_on_lock_toggled, args=(category, lock), width="content")


def _on_share_changed(category: str, key: str) -> None:
    shares = st.session_state["new.shares"]
    manually_set = [c for c in st.session_state.get("new.by_hand", ()) if c != category]
    st.session_state["new.shares"] = mix.move_share(
        shares, category, st.session_state[key], locked=_locked_categories(), adjust_last=manually_set
    )
    st.session_state["new.by_hand"] = [*manually_set, category]
    st.session_state["new.mix"] = "own"


def _on_lock_toggled(category: str, key: str) -> None:
    """Set or release a lock. The mix becomes a custom one: a preset would be applied again."""
    rest = [c for c in _locked_categories() if c != category]
    st.session_state["new.locked"] = [*rest, category] if st.session_state[key] else rest
    st.session_state["new.mix"] = "own"


def _locked_categories() -> list[str]:
    return list(st.session_state.get("new.locked", ()))


def _unlock_all() -> None:
    st.session_state["new.locked"], st.session_state["new.by_hand"] = [], []


def _describe_question_counts(shares: Mapping[str, int], count: int, all_categories: Sequence[str]) -> str:
    """The questions of each category in a turn of ``count`` questions, as Markdown."""
    category_counts = zip(shares, apportion_questions(list(shares.values()), count), strict=True)
    counts_text = ", ".join(
        f"{formatting.escape_markdown(category_names.inline_category_label(category, all_categories))} {n}"
        for category, n in category_counts
        if n
    )
    return (
        "They always sum to 100: move one, and those that you have not set give way first; a locked one stays. "
        f"Of {count} questions a lesson: {counts_text}."
    )
