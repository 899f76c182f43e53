"""The racers of a new race: two to four, equal except in what the user lets differ.

Each function of ``DIFFERENCE_INPUTS`` renders the fields for one kind of difference and returns each racer's own settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st

from studentsim.analysis import setting_differences
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import category_names, formatting, teacher_settings
from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.selection.registry import BASELINE_STRATEGY, DEFAULT_STRATEGY, find_strategy
from studentsim.student.embedded.profiles import PROFILES
from studentsim.types import CATEGORIES
from studentsim.ui import data, literal, repeat
from studentsim.ui.new.form import number_bounds, setting_field
from studentsim.ui.new.mix import TOTAL_PERCENT, even_shares, move_share, proportional_shares, single_category_shares
from studentsim.ui.watch import links

RacerSettings = dict[str, Any]
"""One racer's own settings; those of ``dpo`` and ``teacher`` as mappings."""

DIFFER_BY_STRATEGY = "Ways of choosing"
DIFFER_BY_STUDENT = "Students"
DIFFER_BY_MIX = "Category mix"
DIFFER_BY_FEEDBACK = "Feedback"
DIFFER_BY_ERROR_RATE = "Teacher's errors"
DIFFER_BY_LENGTH = "Length"
DIFFER_BY_OTHER_SETTING = "Another setting"
DIFFER_BY_EARLIER_RUN = "Earlier simulations"
DEFAULT_CONFIG = RunConfig()

_STUDENT_NAMES = {id: profile.title for id, profile in PROFILES.items()}
_STRATEGY_NAMES = {id: style.name for id, style in STRATEGY_STYLES.items()}
_FEEDBACK_OPTIONS: dict[str, tuple[str, RacerSettings]] = {
    "one": ("One try at a question", {"attempts": 1}),
    "mark": ("Two tries, told that it is wrong", {"attempts": 2, "feedback": "mark"}),
    "hint": ("Two tries, a hint between", {"attempts": 2, "feedback": "hint"}),
    "explanation": ("Two tries, the explanation between", {"attempts": 2, "feedback": "explanation"}),
    "none": ("Two tries, nothing said between", {"attempts": 2, "feedback": "none"}),
    "hint3": ("Three tries, a hint between", {"attempts": 3, "feedback": "hint"}),
}
_ERROR_RATES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
_DEFAULT_LENGTHS = ((20, 40), (40, 20), (20, 20), (10, 80))
"""Default lessons and questions per lesson of each racer."""
_OTHER_SETTINGS = (
    "dpo.learning_rate", "dpo.epochs", "dpo.beta", "dpo.rehearsal", "dpo.batch_size", "dpo.loss",
    "dpo.reference", "dpo.sft_weight", "dpo.label_smoothing", "dpo.lora_rank", "dpo.lora_alpha",
    "dpo.max_grad_norm", "teacher.chosen_source", "teacher.chosen_text", "teacher.challenge_rate", "threshold", "temperature", "min_p",
    "mix_rule", "exam_every", "validation",
)  # fmt: skip
"""Settings that a race can vary by value; the others have fields of their own or would make the race unfair."""

_CUSTOM_MIXES = {"own": "A mix of my own", "own2": "Another mix of my own"}
_COMPANION_SETTINGS: dict[str, tuple[RacerSettings, str]] = {
    "teacher.chosen_source": ({"attempts": 2, "feedback": "hint"}, "All have two tries, a hint between: with one nobody corrects itself."),
    "teacher.challenge_rate": ({"attempts": 2, "feedback": "hint"}, "All have two tries, a hint between: with one nobody answers a doubt."),
    "dpo.label_smoothing": ({"loss": "robust"}, "All learn with the robust loss: no other heeds this setting."),
}  # fmt: skip
"""Settings that have an effect only with others: these, and the reason shown."""


def _render_multiselect(label: str, options: dict[Any, str], default: Sequence[Any]) -> list[Any]:
    return st.multiselect(
        f"{label}, two to four",
        list(options),
        default=list(default),
        format_func=options.__getitem__,
        max_selections=links.MAX_RACE_RUNS,
        key=f"watch.race.{label}",
    )


def _render_selectbox(label: str, options: dict[str, str], default: str) -> str:
    ids = list(options)
    return st.selectbox(
        label, ids, index=ids.index(default), format_func=options.__getitem__, key=f"watch.race.{label}"
    )


def _render_captions(lines: Iterable[str]) -> None:
    """A caption for each line."""
    for line in lines:
        literal.caption(line)


def _choose_student() -> RacerSettings:
    return {"student": _render_selectbox("Student", _STUDENT_NAMES, DEFAULT_CONFIG.student)}


def _choose_strategy() -> RacerSettings:
    return {"strategy": _render_selectbox("Way of choosing", _STRATEGY_NAMES, DEFAULT_CONFIG.strategy)}


def _with_shared_choices(racers: Iterable[RacerSettings]) -> list[RacerSettings]:
    """The racers with a student and a strategy that all have."""
    shared = {**_choose_student(), **_choose_strategy()}
    return [{**shared, **racer} for racer in racers]


def _choose_strategies(_: data.Engine) -> list[RacerSettings]:
    chosen = _render_multiselect(DIFFER_BY_STRATEGY, _STRATEGY_NAMES, [DEFAULT_STRATEGY.id, BASELINE_STRATEGY.id])
    _render_captions(f"{STRATEGY_STYLES[id].name}: {STRATEGY_STYLES[id].summary}" for id in chosen)
    shared = _choose_student()
    return [{**shared, "strategy": id} for id in chosen]


def _choose_students(_: data.Engine) -> list[RacerSettings]:
    chosen = _render_multiselect(DIFFER_BY_STUDENT, _STUDENT_NAMES, list(PROFILES)[:2])
    _render_captions(f"{PROFILES[id].title}: {PROFILES[id].summary}" for id in chosen)
    shared = _choose_strategy()
    return [{**shared, "student": id} for id in chosen]


def _choose_mixes(_: data.Engine) -> list[RacerSettings]:
    mix_options: dict[str, tuple[str, dict[str, int] | None]] = {
        "way": ("As the way of choosing has it", None),
        "even": ("Even mix", even_shares(CATEGORIES)),
        **{
            f"half {c}": (f"Half {_format_category(c)}", move_share(even_shares(CATEGORIES), c, 50)) for c in CATEGORIES
        },
        **{
            f"only {c}": (f"Nothing but {_format_category(c)}", single_category_shares(CATEGORIES, c))
            for c in CATEGORIES
        },
        **{id: (label, None) for id, label in _CUSTOM_MIXES.items()},
    }
    chosen = _render_multiselect(DIFFER_BY_MIX, {id: name for id, (name, _) in mix_options.items()}, ["way", "even"])
    custom_mixes = {id: _choose_custom_mix(id) for id in chosen if id in _CUSTOM_MIXES}
    shared = {**_choose_student(), **_choose_strategy()}
    strategy = find_strategy(str(shared["strategy"]))
    if not strategy.heeds_mix:
        st.caption(f"*{formatting.escape_markdown(strategy.label)}* heeds no mix: all racers would be alike.")
    shares = {id: custom_mixes.get(id, mix) for id, (_, mix) in mix_options.items()}
    return [{**shared, "mix": shares[id] and {c: float(share) for c, share in shares[id].items()}} for id in chosen]


def _format_category(category: str) -> str:
    return category_names.inline_category_label(category, CATEGORIES)


def _choose_custom_mix(id: str) -> dict[str, int]:
    st.markdown(f"{_CUSTOM_MIXES[id]}, in percent")
    columns = st.columns(len(CATEGORIES))
    shares = {
        category: int(
            column.number_input(
                category_names.curriculum_category_label(category), 0, 100, share, key=f"watch.race.mix.{id}.{category}"
            )
            or 0
        )
        for column, (category, share) in zip(columns, even_shares(CATEGORIES).items(), strict=True)
    }
    mix = proportional_shares(shares)
    if sum(shares.values()) != TOTAL_PERCENT:
        mix_text = ", ".join(f"{_format_category(category)} {share}" for category, share in mix.items() if share)
        st.caption(f"They sum to {sum(shares.values())}, so these percentages are taken: {mix_text}.")
    return mix


def _choose_feedback(_: data.Engine) -> list[RacerSettings]:
    chosen = _render_multiselect(
        DIFFER_BY_FEEDBACK, {id: name for id, (name, _) in _FEEDBACK_OPTIONS.items()}, ["one", "hint"]
    )
    return _with_shared_choices({"teacher": _FEEDBACK_OPTIONS[id][1]} for id in chosen)


def _choose_error_rates(_: data.Engine) -> list[RacerSettings]:
    rates = {
        rate: f"{teacher_settings.format_share(rate)} marks wrong" if rate else "No mark wrong" for rate in _ERROR_RATES
    }
    chosen = _render_multiselect(DIFFER_BY_ERROR_RATE, rates, [0.0, 0.2])
    return _with_shared_choices({"teacher": {"error_rate": rate}} for rate in chosen)


def _choose_racer_count() -> int:
    return int(
        st.segmented_control(
            "How many take part?", [2, 3, 4], default=2, required=True, key="watch.race.count", format_func=str
        )
    )


def _choose_lengths(_: data.Engine) -> list[RacerSettings]:
    racers: list[RacerSettings] = []
    count = _choose_racer_count()
    for i, (column, (turns, questions)) in enumerate(zip(st.columns(count), _DEFAULT_LENGTHS, strict=False), 1):
        with column:
            racer = {
                "turns": st.number_input(f"Racer {i}: lessons", 1, 200, turns, key=f"watch.race.turns.{i}"),
                "questions_per_turn": st.number_input(
                    "Questions in each", 1, 500, questions, key=f"watch.race.questions.{i}"
                ),
            }
            racers.append(racer)
            st.caption(f"{racer['turns'] * racer['questions_per_turn']:,} practice questions")
    if len({racer["questions_per_turn"] for racer in racers}) < len(racers):
        st.caption(
            "Of two that practise as many questions in each lesson, the shorter run is the beginning of the longer one: same seed."
        )
    return _with_shared_choices(racers)


def _choose_other_setting(_: data.Engine) -> list[RacerSettings]:
    name = _render_selectbox(
        "Setting",
        {name: formatting.capitalize_first(setting_differences.SETTING_LABELS[name]) for name in _OTHER_SETTINGS},
        _OTHER_SETTINGS[0],
    )
    part, _, field = name.rpartition(".")
    values = _choose_setting_values(name, field)
    companions, reason = _COMPANION_SETTINGS.get(name, ({}, ""))
    if reason:
        st.caption(reason)
    return _with_shared_choices({part: {**companions, field: value}} if part else {field: value} for value in values)


def _choose_setting_values(name: str, field: str) -> list[Any]:
    """Two to four values of a setting: of its literals, or numbers within its bounds."""
    info = setting_field(field)
    if get_origin(info.annotation) is Literal:
        options = list(get_args(info.annotation))
        return _render_multiselect(
            f"Values of {field}",
            {option: setting_differences.format_value(name, option) for option in options},
            options[:2],
        )
    kind, low, high = number_bounds(field)
    default = kind(info.default)
    count = _choose_racer_count()
    values = []
    for i, column in enumerate(st.columns(count)):
        initial = kind(min(max(default * 2**i if default else i * 0.1, low), high))
        values.append(
            column.number_input(
                f"Racer {i + 1}",
                low,
                high,
                initial,
                format="%d" if kind is int else "%g",
                step=None if kind is int else initial / 10 or 0.01,
                key=f"watch.race.{name}.{i}",
            )
        )
    return values


def _choose_earlier_runs(engine: data.Engine) -> list[RacerSettings]:
    cards = {
        run.run_id: run for run in data.list_recent_runs(engine, limit=data.MAX_LISTED_RUNS) if run.config is not None
    }
    labels = {run_id: f"{run.title} · seed {run.seed} · {run.student_label}" for run_id, run in cards.items()}
    if len(cards) < 2:
        st.caption(
            "There are fewer than two simulations yet. Start some under *New simulation*: a race can take their settings."
        )
    chosen = _render_multiselect(DIFFER_BY_EARLIER_RUN, labels, [])
    st.caption(
        "Each races with the settings of its simulation, whatever they differ in; exam and seed are those below."
    )
    racers = []
    for run_id in chosen:
        try:
            config = repeat.config_for_new_run(cards[run_id].config, is_recorded=bool(cards[run_id].recorded_label))
        except ConfigError as error:
            literal.warning(f"{cards[run_id].title}: {error.problem} {error.remedy}", icon=":material/error:")
            continue
        racers.append(config.model_dump())
    return racers


DIFFERENCE_INPUTS: dict[str, Callable[[data.Engine], list[RacerSettings]]] = {
    DIFFER_BY_STRATEGY: _choose_strategies,
    DIFFER_BY_STUDENT: _choose_students,
    DIFFER_BY_MIX: _choose_mixes,
    DIFFER_BY_FEEDBACK: _choose_feedback,
    DIFFER_BY_ERROR_RATE: _choose_error_rates,
    DIFFER_BY_LENGTH: _choose_lengths,
    DIFFER_BY_OTHER_SETTING: _choose_other_setting,
    DIFFER_BY_EARLIER_RUN: _choose_earlier_runs,
}
"""What racers can differ in, by its label on the page."""
LENGTH_SETTINGS_BY_DIFFERENCE: dict[str, tuple[str, ...]] = {
    DIFFER_BY_LENGTH: ("turns", "questions_per_turn"),
    DIFFER_BY_EARLIER_RUN: ("turns", "questions_per_turn"),
}
"""Shared fields that are hidden where each racer has its own length."""
