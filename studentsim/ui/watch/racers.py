"""Who takes part in a new race: two to four, alike but for what the user lets differ, be it any setting there is.

Each part here asks for one kind of difference and hands back, for each racer, the settings that are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st

from studentsim.config import Learning, RunConfig, Teaching
from studentsim.errors import ConfigError
from studentsim.records import CATEGORIES
from studentsim.student.profiles import PROFILES
from studentsim.ui import category_names, data, repeat, words
from studentsim.ui.compare import settings as told
from studentsim.ui.looks import STRATEGIES
from studentsim.ui.new import mix as mixes
from studentsim.ui.teaching import names
from studentsim.ui.watch import links

Own = dict[str, Any]
"""The settings of one racer that are its own; those of ``learning`` and ``teaching`` as mappings."""

WAYS, STUDENTS, MIX, FEEDBACK, ERRORS, LENGTH, OTHER, EARLIER = (
    "Ways of choosing", "Students", "Category mix", "Feedback", "Teacher's errors", "Length", "Another setting",
    "Earlier simulations",
)  # fmt: skip
DEFAULT = RunConfig()

_FEEDBACK: dict[str, tuple[str, Own]] = {
    "one": ("One try at a question", {"attempts": 1}),
    "mark": ("Two tries, told that it is wrong", {"attempts": 2, "feedback": "mark"}),
    "hint": ("Two tries, a hint between", {"attempts": 2, "feedback": "hint"}),
    "explanation": ("Two tries, the explanation between", {"attempts": 2, "feedback": "explanation"}),
    "none": ("Two tries, nothing said between", {"attempts": 2, "feedback": "none"}),
    "hint3": ("Three tries, a hint between", {"attempts": 3, "feedback": "hint"}),
}
_RATES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
_LENGTHS = ((20, 40), (40, 20), (20, 20), (10, 80))
"""Lessons, and questions in each, that racers begin with."""
_OTHERS = (
    "learning.learning_rate", "learning.epochs", "learning.beta", "learning.rehearsal", "learning.batch", "learning.loss",
    "learning.reference", "learning.sft_weight", "learning.label_smoothing", "learning.lora_rank", "learning.lora_alpha",
    "learning.max_grad_norm", "teaching.pairs", "teaching.chosen_text", "teaching.doubts", "threshold", "temperature", "min_p",
    "mix_rule", "exam_every", "validation",
)  # fmt: skip
"""Settings that a race can differ in by their values alone; the others have a part of their own, or would make it unfair."""


_HEEDED_WITH: dict[str, tuple[Own, str]] = {
    "teaching.pairs": ({"attempts": 2, "feedback": "hint"}, "All have two tries, a hint between: with one nobody corrects itself."),
    "teaching.doubts": ({"attempts": 2, "feedback": "hint"}, "All have two tries, a hint between: with one nobody answers a doubt."),
    "learning.label_smoothing": ({"loss": "robust"}, "All learn with the robust loss: no other heeds this setting."),
}  # fmt: skip
"""Settings that act only beside others, with those; and why."""


def differing(engine: data.Engine, what: str) -> list[Own]:
    """What each racer has for itself, as the user chose it."""
    return PARTS[what](engine)


def _several(label: str, options: dict[Any, str], default: Sequence[Any]) -> list[Any]:
    return st.multiselect(
        f"{label}, two to four", list(options), default=list(default), format_func=options.__getitem__,
        max_selections=links.MOST, key=f"watch.race.{label}",
    )  # fmt: skip


def _one(label: str, options: dict[str, str], default: str) -> str:
    ids = list(options)
    return st.selectbox(
        label, ids, index=ids.index(default), format_func=options.__getitem__, key=f"watch.race.{label}"
    )


def _said(lines: Iterable[str]) -> None:
    """What each of those chosen is, in a line."""
    for line in lines:
        st.caption(words.literal(line))


def _student() -> Own:
    return {"student": _one("Student", {id: p.title for id, p in PROFILES.items()}, DEFAULT.student)}


def _way(default: str = DEFAULT.strategy) -> Own:
    return {"strategy": _one("Way of choosing", {id: look.name for id, look in STRATEGIES.items()}, default)}


def _ways(_: data.Engine) -> list[Own]:
    chosen = _several(WAYS, {id: look.name for id, look in STRATEGIES.items()}, ["category", "random"])
    _said(f"{STRATEGIES[id].name}: {STRATEGIES[id].summary}" for id in chosen)
    same = _student()
    return [{**same, "strategy": id} for id in chosen]


def _students(_: data.Engine) -> list[Own]:
    chosen = _several(STUDENTS, {id: p.title for id, p in PROFILES.items()}, list(PROFILES)[:2])
    _said(f"{PROFILES[id].title}: {PROFILES[id].summary}" for id in chosen)
    same = _way()
    return [{**same, "student": id} for id in chosen]


def _mix(_: data.Engine) -> list[Own]:
    ready: dict[str, tuple[str, dict[str, int] | None]] = {
        "way": ("As the way of choosing has it", None),
        "even": ("Even mix", mixes.even(CATEGORIES)),
        **{f"half {c}": (f"Half {_named(c)}", mixes.moved(mixes.even(CATEGORIES), c, 50)) for c in CATEGORIES},
        **{f"only {c}": (f"Nothing but {_named(c)}", mixes.only(CATEGORIES, c)) for c in CATEGORIES},
        "own": ("A mix of my own", None),
    }
    chosen = _several(MIX, {id: name for id, (name, _) in ready.items()}, ["way", "even"])
    own = _own_mix() if "own" in chosen else None
    same = {**_student(), **_way()}
    if same["strategy"] == "fixed":
        st.caption("*Same questions again* heeds no mix: all racers would be alike.")
    shares = {id: own if id == "own" else mix for id, (_, mix) in ready.items()}
    return [{**same, "mix": _percent(shares[id])} for id in chosen]


def _named(category: str) -> str:
    return category_names.in_sentence(category, CATEGORIES)


def _percent(mix: dict[str, int] | None) -> dict[str, float] | None:
    return None if mix is None else {category: float(share) for category, share in mix.items()}


def _own_mix() -> dict[str, int]:
    columns = st.columns(len(CATEGORIES))
    shares = {
        category: int(
            column.number_input(category_names.own_label(category), 0, 100, share, key=f"watch.race.mix.{category}")
            or 0
        )
        for column, (category, share) in zip(columns, mixes.even(CATEGORIES).items(), strict=True)
    }
    mix = mixes.like(shares)
    if sum(shares.values()) != mixes.WHOLE:
        taken = ", ".join(f"{_named(category)} {share}" for category, share in mix.items() if share)
        st.caption(f"They sum to {sum(shares.values())}, so these percentages are taken: {taken}.")
    return mix


def _feedback(_: data.Engine) -> list[Own]:
    chosen = _several(FEEDBACK, {id: name for id, (name, _) in _FEEDBACK.items()}, ["one", "hint"])
    same = {**_student(), **_way()}
    return [{**same, "teaching": _FEEDBACK[id][1]} for id in chosen]


def _errors(_: data.Engine) -> list[Own]:
    rates = {rate: f"{names.share(rate)} marks wrong" if rate else "No mark wrong" for rate in _RATES}
    chosen = _several(ERRORS, rates, [0.0, 0.2])
    same = {**_student(), **_way()}
    return [{**same, "teaching": {"error_rate": rate}} for rate in chosen]


def _count() -> int:
    return int(
        st.segmented_control(
            "How many take part?", [2, 3, 4], default=2, required=True, key="watch.race.count", format_func=str
        )
    )


def _length(_: data.Engine) -> list[Own]:
    found: list[Own] = []
    count = _count()
    for i, (column, (turns, questions)) in enumerate(zip(st.columns(count), _LENGTHS, strict=False), 1):
        with column:
            own = {
                "turns": st.number_input(f"Racer {i}: lessons", 1, 200, turns, key=f"watch.race.turns.{i}"),
                "questions": st.number_input("Questions in each", 1, 500, questions, key=f"watch.race.questions.{i}"),
            }
            found.append(own)
            st.caption(f"{own['turns'] * own['questions']:,} practice questions")
    if len({own["questions"] for own in found}) < len(found):
        st.caption(
            "Of two that practise as many questions in each lesson, the shorter run is the beginning of the longer one: same luck."
        )
    same = {**_student(), **_way()}
    return [{**same, **own} for own in found]


def _other(_: data.Engine) -> list[Own]:
    name = _one("Setting", {name: words.capital(told.NAMES[name]) for name in _OTHERS}, _OTHERS[0])
    part, _, field = name.rpartition(".")
    model = {"": RunConfig, "learning": Learning, "teaching": Teaching}[part]
    values = _values(name, model, field)
    beside, why = _HEEDED_WITH.get(name, ({}, ""))
    if why:
        st.caption(why)
    same = {**_student(), **_way()}
    return [{**same, **({part: {**beside, field: value}} if part else {field: value})} for value in values]


def _values(name: str, model: type[Any], field: str) -> list[Any]:
    """Two to four values of a setting: of the few there are, or numbers within the model's bounds."""
    info = model.model_fields[field]
    if get_origin(info.annotation) is Literal:
        options = list(get_args(info.annotation))
        return _several(f"Values of {field}", {option: told.worded(name, option) for option in options}, options[:2])
    kind = int if int in (info.annotation, *get_args(info.annotation)) else float
    bounds = {n: getattr(m, n) for m in info.metadata for n in ("ge", "gt", "le", "lt") if hasattr(m, n)}
    low, high = bounds.get("ge", bounds.get("gt", 0)), bounds["le"] if "le" in bounds else bounds.get("lt", 10**6)
    usual = kind(info.default)
    count = _count()
    values = []
    for i, column in enumerate(st.columns(count)):
        begin = kind(min(max(usual * 2**i if usual else i * 0.1, low), high))
        values.append(
            column.number_input(
                f"Racer {i + 1}",
                kind(low),
                kind(high),
                begin,
                format="%d" if kind is int else "%g",
                step=None if kind is int else begin / 10 or 0.01,
                key=f"watch.race.{name}.{i}",
            )
        )
    return values


def _earlier(engine: data.Engine) -> list[Own]:
    cards = {run.run_id: run for run in data.recent(engine, limit=data.OFFERED) if run.config is not None}
    labels = {run_id: f"{run.title} · seed {run.seed} · {run.student}" for run_id, run in cards.items()}
    if len(cards) < 2:
        st.caption(
            "There are fewer than two simulations yet. Start some under *New simulation*: a race can take their settings."
        )
    chosen = _several(EARLIER, labels, [])
    st.caption(
        "Each races with the settings of its simulation, whatever they differ in; exam and luck are those below."
    )
    found = []
    for run_id in chosen:
        try:
            config = repeat.again(cards[run_id].config, recorded=bool(cards[run_id].recorded))
        except ConfigError as error:
            st.warning(words.literal(f"{cards[run_id].title}: {error.problem} {error.remedy}"), icon=":material/error:")
            continue
        found.append(config.model_dump())
    return found


PARTS: dict[str, Callable[[data.Engine], list[Own]]] = {
    WAYS: _ways, STUDENTS: _students, MIX: _mix, FEEDBACK: _feedback, ERRORS: _errors, LENGTH: _length, OTHER: _other,
    EARLIER: _earlier,
}  # fmt: skip
"""What racers can differ in, by its name on the page."""
OWN_LENGTH: dict[str, tuple[str, ...]] = {LENGTH: ("turns", "questions"), EARLIER: ("turns", "questions")}
"""Where racers bring lengths of their own."""
