"""The question bank of a new run: the built-in curriculum, a public set, or a file or folder, and what is done with its rows.

A background process reads them: a file at once, a set of the hub only on request.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from studentsim.child_process import Message
from studentsim.config import RunConfig
from studentsim.curriculum import generator
from studentsim.datasets.registry import compute_files_stamp
from studentsim.datasets.resolve import has_hub_dataset
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.runs.preflight import BankOutline, load_bank_outline
from studentsim.types import FIVE_OPTION_CHANCE
from studentsim.ui import background, dataset_picker, layout, literal
from studentsim.ui.new.child_reader import read_in_child
from studentsim.ui.new.form import RunForm, format_problem, persisted, session_key

JOB_MODULE = "studentsim.runs.dataset_job"
DOUBTFUL_ROWS_CAPTION = (
    "Rows with doubled options, a doubled question, or a key that can't be right are then neither practised nor examined. On "
    "MathQA that costs a third of the questions, since there the worked formula must lead to the key; on the other sets hardly any."
)
FOREIGN_BANK_WARNING = (
    "The embedded student knows the built-in curriculum alone. Other questions are put to it, but it can hardly read them: it will "
    "guess or not answer, and learn little."
)
BUILT_IN_BANK_CAPTION = "The embedded student was taught these questions' kinds, and knows nothing else."


@dataclass(frozen=True)
class BankInfo:
    """What is known of the chosen bank before a run is made. ``outline`` is None where only the hub could tell."""

    outline: BankOutline | None
    categories: tuple[str, ...]
    chance: float | None
    """Accuracy of guessing in its exams, 0 to 1; None: not known."""


def prefill_bank(config: RunConfig) -> None:
    """Fill the bank's fields from a run's settings."""
    dataset_picker.prefill_picker(session_key("bank"), config.bank)


def render_bank_choice(form: RunForm) -> BankInfo:
    """The bank's fields. Writes ``bank``, ``bank_category``, ``bank_set`` and ``drop_invalid`` into ``form.settings``."""
    _apply_requested_bank()
    kind = st.segmented_control(
        "Bank of questions", list(dataset_picker.SOURCE_KINDS), format_func=dataset_picker.SOURCE_KINDS.__getitem__, required=True,
        wrap=True, **persisted("bank"),
    )  # fmt: skip
    source = _render_source_field(form, str(kind))
    form.add_error_slot("bank", "Bank of questions")
    has_custom_model = form.settings["model"] != "embedded"
    if kind == generator.BANK_NAME:
        form.settings |= {"bank": source, "bank_category": "", "bank_set": "", "drop_invalid": False}
        st.caption("" if has_custom_model else BUILT_IN_BANK_CAPTION)
        form.bank_outline = outline = load_bank_outline(source)  # known without reading anything
        return BankInfo(outline, outline.categories, FIVE_OPTION_CHANCE)
    if not has_custom_model:
        st.warning(FOREIGN_BANK_WARNING, icon=":material/info:")
    form.settings |= {"bank": source} | _render_row_settings(form, is_file=kind == dataset_picker.LOCAL_FILE)
    if not source:
        return BankInfo(None, (), None)
    return _load_hub_info(form, source) if has_hub_dataset(source) else _load_file_info(form, source)


def _render_source_field(form: RunForm, kind: str) -> str:
    """The bank's name or path; blank, with an error at the field, if it may not be used."""
    if kind == generator.BANK_NAME:
        return kind
    if kind == dataset_picker.HUB_DATASET:
        return dataset_picker.render_dataset_picker(session_key("bank"))
    try:
        return dataset_picker.validate_path(dataset_picker.render_path_field(session_key("bank")))
    except ConfigError as error:
        form.record_error(ConfigError(error.problem, error.remedy, field="bank"))
        return ""


def _render_row_settings(form: RunForm, *, is_file: bool) -> dict[str, object]:
    """The settings ``bank_category``, ``bank_set`` and ``drop_invalid`` of a bank that is not built in."""
    left, right = st.columns(2, gap="medium")
    with left:
        category = dataset_picker.render_category_field(session_key("bank_category"))
        form.add_error_slot("bank_category", dataset_picker.CATEGORY_LABEL)
        st.caption("For questions that name no category, or whose categories are too many to list.")
    with right:
        drop_doubtful = st.toggle("Leave out doubtful rows", **persisted("drop_invalid"))
        st.caption(DOUBTFUL_ROWS_CAPTION)
    set_name = ""
    if is_file:
        set_name = dataset_picker.render_format_field(session_key("bank_set"))
        form.add_error_slot("bank_set", dataset_picker.FORMAT_LABEL)
    return {"bank_category": category, "bank_set": set_name, "drop_invalid": drop_doubtful}


def _outline_request(form: RunForm, source: str) -> dict[str, object]:
    settings = {name: form.settings[f"bank_{name}"] for name in ("category", "set")}
    return {
        "what": "outline", "source": source, "category": settings["category"], "set_name": settings["set"],
        "drop_invalid": form.settings["drop_invalid"],
    }  # fmt: skip


def _load_file_info(form: RunForm, source: str) -> BankInfo:
    try:
        RunConfig.make(bank_category=form.settings["bank_category"])
    except ConfigError as error:
        form.record_error(ConfigError(error.problem, error.remedy, field="bank"))
        return BankInfo(None, (), None)
    request, version = _outline_request(form, source), compute_files_stamp(source)
    result = read_in_child(form, JOB_MODULE, request, version, key="new.bank", label="the questions")
    if result is None:
        return BankInfo(None, (), None)
    if "problem" in result:
        form.record_error(ConfigError(result["problem"], result["remedy"], field="bank"))
        _render_check_link("Check them row by row", form)
        return BankInfo(None, (), None)
    info = _render_bank_summary(form, result)
    form.bank_outline = info.outline
    return info


def _load_hub_info(form: RunForm, source: str) -> BankInfo:
    """What is known of a set of the hub: everything once it was looked up, before that at most its categories."""
    job_arguments = _outline_request(form, source)
    job = background.find_job(JOB_MODULE, job_arguments)
    if job and job.result and "outline" in job.result:
        return _render_bank_summary(form, job.result)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Look at this set now",
            key="new.bank.look",
            icon=":material/search:",
            on_click=background.start_job,
            args=(JOB_MODULE, job_arguments),
            disabled=bool(job and job.is_running),
        )
        st.caption("Else how many questions it has is looked up when the simulation starts.", width="content")
    if job:
        st.fragment(_render_job_status, run_every=1.0 if job.is_running else None)(job)
    return BankInfo(None, dataset_picker.known_categories(source, form.settings["bank_category"]), None)


def _render_job_status(job: background.Job) -> None:
    """Progress of the lookup at the hub; reruns the page when it is done."""
    if job.result is None:
        st.caption(
            f":material/hourglass_top: Looking it up: {formatting.format_duration(job.elapsed_seconds)} so far. You can go on meanwhile."
        )
    elif "problem" in job.result:
        st.error(format_problem(job.result["problem"], job.result["remedy"]), icon=":material/error:")
    else:
        st.rerun()


def _render_bank_summary(form: RunForm, result: Message) -> BankInfo:
    """How many questions the bank of a job's result has for this run, and how many were left out as doubtful."""
    outline, chance = BankOutline.from_json(result["outline"]), result["outline"]["chance"]
    total_count = result["outline"]["total"]
    study_count, exam_count = sum(outline.study.values()), outline.exam
    text = (
        f"It has {formatting.pluralize(study_count, 'question')} to practise and {exam_count:,} for exams, in "
        f"{formatting.pluralize(len(outline.categories), 'category', 'categories')}. "
        f"Guessing would give {formatting.round_percent(chance)} of 100."
    )
    if total_count:
        text += f" Left out as doubtful: {total_count - study_count - exam_count:,} of {total_count:,}."
    st.markdown(text)
    _render_fit_button(study_count, exam_count)
    _render_check_link("Check them row by row", form)
    return BankInfo(outline, outline.categories, chance)


def _render_fit_button(study_count: int, exam_count: int) -> None:
    """A button that shortens lessons and exams to what the bank holds, if they are longer."""
    limits = {"questions_per_turn": study_count, "exam_size": exam_count}
    fields = {field: n for field, n in limits.items() if int(st.session_state[session_key(field)] or 0) > n}
    if fields:
        lengths_text = " and ".join(
            f"{'lessons' if field == 'questions_per_turn' else 'exams'} of {n:,}" for field, n in fields.items()
        )
        st.button(
            f"Fit the length to them: {lengths_text}",
            key="new.bank.fit",
            icon=":material/fit_width:",
            on_click=lambda: st.session_state.update({session_key(field): n for field, n in fields.items()}),
        )


def _render_check_link(label: str, form: RunForm) -> None:
    parameters = {
        "source": form.settings["bank"],
        "category": form.settings["bank_category"],
        "set": form.settings["bank_set"],
    }
    query = {name: value for name, value in parameters.items() if value}
    literal.link(layout.CHECK_QUESTIONS_PAGE, label, ":material/fact_check:", query)


def _apply_requested_bank() -> None:
    """Fill in a bank that another page sent here (``dataset_picker.set_pending_bank``)."""
    if requested := st.session_state.pop(dataset_picker.PENDING_BANK_KEY, None):
        source, category, set_name = requested
        dataset_picker.prefill_picker(session_key("bank"), source)
        st.session_state[session_key("bank_category")], st.session_state[session_key("bank_set")] = category, set_name
        st.session_state[session_key("drop_invalid")] = False
