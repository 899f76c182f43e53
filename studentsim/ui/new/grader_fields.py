"""The choice of a trained grader: the embedded one or another model, with its evaluation."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import streamlit as st

from studentsim.analysis import grader_evaluation
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.narration import teaching_summary
from studentsim.student.huggingface import resolve
from studentsim.ui import literal, reply_kind_table
from studentsim.ui.new.child_reader import read_in_child
from studentsim.ui.new.form import RunForm, persisted, render_text_field, session_key

GRADER_JOB_MODULE = "studentsim.analysis.grader_job"
CUSTOM = "own"
KIND_LABELS = {grader_evaluation.EMBEDDED_GRADER: "The one that comes with the app", CUSTOM: "Another model"}


def prefill_grader(teacher: Mapping[str, Any]) -> None:
    """Fill the grader's fields from a run's ``teacher`` settings."""
    is_custom = teacher["grader"] not in ("", grader_evaluation.EMBEDDED_GRADER)
    st.session_state[session_key("which")] = CUSTOM if is_custom else grader_evaluation.EMBEDDED_GRADER
    st.session_state[session_key("grader")] = teacher["grader"] if is_custom else ""
    st.session_state[session_key("grader_revision")] = teacher.get("grader_revision", "") if is_custom else ""


def grader_settings() -> dict[str, str]:
    """The fields as ``TeacherSettings`` settings, not validated."""
    if st.session_state[session_key("which")] != CUSTOM:
        return {"grader": grader_evaluation.EMBEDDED_GRADER, "grader_revision": ""}
    return {field: str(st.session_state[session_key(field)] or "").strip() for field in ("grader", "grader_revision")}


def render_grader_choice(form: RunForm, *, is_grade_source: bool) -> None:
    """The grader's fields and its evaluation; ``is_grade_source``: its grades, not the key's, are used."""
    st.selectbox(
        "Which trained marker",
        list(KIND_LABELS),
        format_func=KIND_LABELS.__getitem__,
        **persisted("which"),
    )
    if st.session_state[session_key("which")] == CUSTOM:
        _render_custom_grader(form)
    else:
        _render_embedded_grader(form)
    if is_grade_source:
        st.caption("What it gets wrong is counted, and shown as errors of the teacher.")


def _render_embedded_grader(form: RunForm) -> None:
    if (evaluation := grader_evaluation.load_evaluation()) is not None:
        literal.caption(teaching_summary.describe_grader_evaluation(evaluation))
    form.add_error_slot("grader", "Who marks practice")
    if not grader_evaluation.is_grader_installed():
        form.record_error(
            ConfigError(
                "The trained marker is not installed.",
                "Let the answer key mark, or make the marker first: python -m studentsim train-grader.",
                field="teacher.grader",
            )
        )


def _render_custom_grader(form: RunForm) -> None:
    """Fields for another model: a local folder is checked at once, a hub name when the run starts."""
    name = render_text_field(
        form, "grader", "Its folder on this computer, or its name at the hub",
        "A T5 or BART that has learnt to say Correct or Wrong, as in the paper. Make one from a student's own answers, in a terminal:",
        error_label="The marker's folder or name", max_chars=300, placeholder="/home/me/my-marker", on_change=_clear_revision,
    )  # fmt: skip
    literal.code(grader_evaluation.TRAIN_GRADER_COMMAND)
    version = render_text_field(form, "grader_revision", "Its version", max_chars=100, placeholder="blank: today's")
    try:
        _render_grader_info(form, name, version)
    except ConfigError as error:
        form.record_error(error)


def _render_grader_info(form: RunForm, name: str, version: str) -> None:
    """Show the evaluation of another grader.

    :raises ConfigError: it is missing or not a grader.
    """
    if not name:
        raise ConfigError(
            "No marker is named yet.",
            "Give its folder, or choose the one that comes with the app.",
            field="teacher.grader",
        )
    if name == grader_evaluation.EMBEDDED_GRADER:
        raise ConfigError(
            "“embedded” is the one that comes with the app.",
            "Choose it above, or name another.",
            field="teacher.grader",
        )
    if not resolve.is_local_folder(name):
        st.caption("It is looked for when you start, here and at the hub, and downloaded if it is not here.")
        return
    request = {"grader": name, "grader_revision": version}
    result = read_in_child(
        form, GRADER_JOB_MODULE, request, _folder_stamp(name), key=session_key("grader"), label="the marker"
    )
    if result is None:
        return
    if "problem" in result:
        raise ConfigError(result["problem"], result["remedy"], field=result.get("field") or "teacher.grader")
    evaluation = grader_evaluation.parse_evaluation(result["evaluation"])
    st.caption(
        formatting.escape_markdown(teaching_summary.describe_grader_evaluation(evaluation))
        if evaluation
        else "How often it marks as the key does is not known. This tells: "
        f"python -m studentsim evaluate-grader --grader {formatting.escape_markdown(str(Path(name)))}"
    )
    if evaluation:
        reply_kind_table.render_reply_kinds(evaluation, session_key("marker_replies"))


def _folder_stamp(name: str) -> tuple[tuple[int, int], ...]:
    """Sizes and times of the files on which what is shown depends: changes when the folder's grader does."""
    stats = []
    for file in (grader_evaluation.EVALUATION_FILE, grader_evaluation.WEIGHTS_FILE, "config.json"):
        with suppress(OSError, ValueError):
            file_stat = os.stat(os.path.join(os.path.expanduser(name), file))
            stats.append((file_stat.st_size, file_stat.st_mtime_ns))
    return tuple(stats)


def _clear_revision() -> None:
    """Another model's revision does not apply."""
    st.session_state[session_key("grader_revision")] = ""
