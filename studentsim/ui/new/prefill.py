"""The form's initial settings: the defaults or an earlier run's (``?like=<run id>``), with half of the practice on one category
(``&focus=``), another model as the student (``&model=smollm2``), or runs to compare with (``&beside=``).
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from studentsim.config import RunConfig
from studentsim.errors import StudentsimError, UnknownRun
from studentsim.labels import formatting
from studentsim.runs.run_dir import open_run
from studentsim.store import ingest, queries
from studentsim.student.embedded.weight_versions import canonical_weights_name, pin_weights
from studentsim.types import CATEGORIES
from studentsim.ui import data, layout, literal
from studentsim.ui.new import bank, comparison_target, grader_fields, mix, model, teacher
from studentsim.ui.new.form import session_key

DEFAULT_CONFIG = RunConfig()
FOCUS_PERCENT = 50
"""Percent of practice on the category of ``&focus=``."""
LINK_PARAMETERS = ("like", "focus", "model", "beside")
"""Query parameters that are read here."""
MAX_MODEL_NAME_CHARS = RunConfig.model_fields["model"].metadata[0].max_length
"""Characters of a model's name at most."""
SPECIAL_FIELDS = ("bank", "mix", "dpo", "model", "model_loading")
"""Settings without a field, or whose field does not hold the setting itself."""
PRESET_KEY = "new.preset"
"""Session key: ``paper`` once the paper's preset was applied, so that another model gets the paper's settings for it; else blank."""
BACK_BUTTON_PIXELS, RACE_LINK_PIXELS = 176, 248
"""Fixed widths of the button and the link, so that their row wraps before they are rendered as it does afterwards."""


def prefill_from_link(engine: data.Engine) -> dict[str, Any]:
    """Fill the form on the first visit, and whenever the link changes. Returns the settings that it was filled with."""
    link_values = tuple(st.query_params.get(name, "") for name in LINK_PARAMETERS)
    if "new.base" not in st.session_state or (any(link_values) and link_values != st.session_state["new.asked"]):
        like, focus, model_name, compare_with = link_values
        if like:
            origin_text, config = _prefill_from_run(engine, like)
        else:
            origin_text, config = "", None
            prefill_form(DEFAULT_CONFIG)
        st.session_state["new.said"] = (
            origin_text
            + _apply_focus(focus)
            + comparison_target.prefill_comparison_target(engine, compare_with, config)
        )
        if model_name.strip():
            model.select_model(model_name.strip()[:MAX_MODEL_NAME_CHARS])
        st.session_state["new.asked"] = link_values
    return st.session_state["new.base"]


def render_origin_note(engine: data.Engine) -> None:
    """Where the form's settings come from, a button that restores the defaults, and a link to a race."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if origin_text := st.session_state["new.said"]:
            st.markdown(origin_text, width="content")
        st.button(
            "Back to the defaults",
            key="new.defaults",
            type="tertiary",
            icon=":material/restart_alt:",
            on_click=_reset_to_defaults,
            args=(engine,),
            width=BACK_BUTTON_PIXELS,
        )
        literal.link(
            layout.WATCH_PAGE,
            "Or several at once: start a race",
            ":material/flag:",
            {"race": "new"},
            width=RACE_LINK_PIXELS,
        )


def _reset_to_defaults(engine: data.Engine) -> None:
    for name in LINK_PARAMETERS:
        st.query_params.pop(name, None)
    st.session_state["new.asked"], st.session_state["new.said"] = ("",) * len(LINK_PARAMETERS), ""
    prefill_form(DEFAULT_CONFIG)
    comparison_target.prefill_comparison_target(engine, "", None)


def _prefill_from_run(engine: data.Engine, run_id: str) -> tuple[str, RunConfig | None]:
    """Fill the form from a run. Returns the note to show, and the run's settings; None if they cannot be used."""
    try:
        config = open_run(engine.data_dir, run_id).read_config()
        ingest.sync_journals(engine.database, engine.runs_dir, run_id)
        is_recorded = queries.fetch_run(engine.database, run_id).recorded
        version_note = _describe_version_change(config)
    except UnknownRun as error:
        prefill_form(DEFAULT_CONFIG)
        return f":material/info: {formatting.escape_markdown(error.problem)} These are the default settings.", None
    except StudentsimError as error:
        prefill_form(DEFAULT_CONFIG)
        problem = formatting.escape_markdown(error.problem)
        note = f":material/info: That simulation's settings can't be used here: {problem} These are the default ones."
        return note, None
    base_name = config.name.removesuffix(f", seed {config.seed}")  # appended to the names of a group's runs
    name = "" if is_recorded or not base_name else f"{base_name[:74]} again"
    # the fastest dtype was chosen for the computer that made the recorded run
    model_loading = config.model_loading.model_copy(update={"dtype": "auto"}) if is_recorded else config.model_loading
    prefill_form(config.model_copy(update={"name": name, "weights": "", "model_loading": model_loading}))
    return f"Filled in as in *{formatting.escape_markdown(formatting.run_title(config))}*.{version_note}", config


def _describe_version_change(config: RunConfig) -> str:
    """A note that the student's weights have changed since this run; blank if they have not.

    :raises StudentError: the embedded student's weights are missing.
    """
    if (
        config.model != "embedded"
        or not config.weights
        or canonical_weights_name(config.weights) == canonical_weights_name(pin_weights())
    ):
        return ""
    version_text = (
        formatting.student_version_label(config).removeprefix("student ") or f"another one ({config.weights})"
    )
    return f" That run's student was {version_text}; this one is today's."


def _apply_focus(category: str) -> str:
    """Put half of the practice on ``category`` and share the rest evenly. Returns the note to show; blank for an unknown category."""
    if category not in CATEGORIES:
        return ""
    st.session_state["new.mix"] = "own"
    st.session_state["new.shares"] = mix.move_share(mix.even_shares(CATEGORIES), category, FOCUS_PERCENT)
    return f" {FOCUS_PERCENT} of 100 practice questions are about {formatting.escape_markdown(category)}: see the mix of categories."


def prefill_form(config: RunConfig) -> None:
    """Fill the form's fields from these settings."""
    st.session_state[PRESET_KEY] = ""
    settings = config.model_dump()
    st.session_state["new.base"] = settings
    _fill_fields({**settings, **settings["dpo"]})
    bank.prefill_bank(config)
    model.prefill_model(config)
    st.session_state["new.mix"] = "own" if config.mix else "way"
    st.session_state["new.shares"] = mix.proportional_shares(config.mix) if config.mix else {}
    st.session_state["new.locked"], st.session_state["new.by_hand"] = [], []
    teacher.prefill_teacher(settings["teacher"], settings["dpo"])


def _fill_fields(settings: dict[str, Any]) -> None:
    for field, value in settings.items():
        if field not in SPECIAL_FIELDS:
            st.session_state[session_key(field)] = list(value) if isinstance(value, tuple) else value


_UNCHANGED_FIELDS = (
    "name", "seed", "exam_seed", "model", "student", "student_table", "bank", "bank_category", "bank_set",
    "drop_invalid", "categories", "skills", "difficulties", "strategy", "mix",
)  # fmt: skip
"""Settings that the paper's preset leaves as they are: student, questions, strategy."""
_UNCHANGED_HUB_FIELDS = ("revision", "prompt_date", "device", "dtype")
"""Settings of ``ModelLoadingSettings`` that it leaves: the model's version, and what depends on this computer."""


def apply_paper_preset() -> None:
    """Fill the fields from the paper's preset, as ``--preset paper`` does; ``_UNCHANGED_FIELDS`` and the choice of grader stay."""
    is_language_model = st.session_state["new.whose"] != model.EMBEDDED
    protocol = RunConfig.paper(model="own" if is_language_model else "embedded").model_dump()
    base = st.session_state["new.base"]
    model_loading = {
        **protocol["model_loading"],
        **{field: base["model_loading"][field] for field in _UNCHANGED_HUB_FIELDS},
    }
    teacher_settings = {**protocol["teacher"], **grader_fields.grader_settings()}
    preset_fields = {field: value for field, value in protocol.items() if field not in _UNCHANGED_FIELDS}
    st.session_state["new.base"] = {
        **base,
        **preset_fields,
        "model_loading": model_loading,
        "teacher": teacher_settings,
    }
    fields = {
        **preset_fields,
        **protocol["dpo"],
        **{f: v for f, v in model_loading.items() if f not in _UNCHANGED_HUB_FIELDS},
    }
    _fill_fields({field: value for field, value in fields.items() if field != "teacher"})
    teacher.prefill_teacher(teacher_settings, protocol["dpo"])
    st.session_state[PRESET_KEY] = "paper"
