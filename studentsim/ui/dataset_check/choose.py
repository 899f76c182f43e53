"""Choosing the questions to check. A link may name them (``?source=…``, ``?run=…``); nothing is read before the check starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import streamlit as st

from studentsim.curriculum import generator
from studentsim.datasets.adapter import normalize_category
from studentsim.datasets.resolve import SOURCE_SEPARATOR
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.runs.run_dir import open_run
from studentsim.store import ingest, queries
from studentsim.ui import data, dataset_picker

FROM_RUN, FROM_UPLOAD = "run", "upload"
CHECK_SOURCE_KINDS = {
    **dataset_picker.SOURCE_KINDS,
    FROM_UPLOAD: "A file to upload",
    FROM_RUN: "A simulation's questions",
}
MAX_UPLOAD_MB = 10
"""Size of an upload at most."""
UPLOAD_EXTENSIONS = ["json", "jsonl", "csv"]
MAX_OFFERED_BANKS = 30
"""Datasets of recent runs that are offered."""


@dataclass(frozen=True)
class CheckRequest:
    """The questions to check."""

    source: str
    """The dataset's name or path; for an upload the names of its files."""
    category: str = ""
    dataset_name: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    """For an upload, each file's name and content."""

    @property
    def title(self) -> str:
        """The dataset's title; plain text."""
        return " and ".join(name for name, _ in self.files) if self.files else dataset_picker.bank_title(self.source)

    @property
    def job_payload(self) -> dict[str, str]:
        """The request to the check job; an upload is named by its digest."""
        payload = {"what": "check", "source": self.source, "category": self.category, "set_name": self.dataset_name}
        if not self.files:
            return payload
        digests = [hashlib.sha256(content).hexdigest() for _, content in self.files]
        return {**payload, "digest": " ".join(digests)}


def render_request_form(engine: data.Engine) -> CheckRequest | None:
    """The form; None where nothing is chosen yet, or an input is invalid, which it shows."""
    _prefill_from_link(engine)
    kind = st.segmented_control(
        "Questions", list(CHECK_SOURCE_KINDS), format_func=CHECK_SOURCE_KINDS.__getitem__, required=True, key="check.bank",
        persist_state=dataset_picker.PERSIST_IN_SESSION, wrap=True, label_visibility="collapsed",
    )  # fmt: skip
    try:
        if kind == FROM_RUN:
            return _render_run_field(engine)
        if kind == FROM_UPLOAD:
            return _render_upload_field()
        if kind == generator.BANK_NAME:
            return CheckRequest(generator.BANK_NAME)
        if kind == dataset_picker.HUB_DATASET:
            return CheckRequest(dataset_picker.render_dataset_picker("check.bank"), *_render_row_hints(is_file=False))
        return _render_path_field()
    except ConfigError as error:
        st.error(
            f"{formatting.escape_markdown(error.problem)} {formatting.escape_markdown(error.remedy)}",
            icon=":material/error:",
        )
        return None


def _prefill_from_link(engine: data.Engine) -> None:
    """Set the fields to what the link names, once per link."""
    link_values = tuple(st.query_params.get(name, "") for name in ("source", "category", "run", "set"))
    if st.session_state.get("check.asked") == link_values:
        return
    st.session_state["check.asked"] = link_values
    source, category, run_id, dataset_name = link_values
    if run_id:
        config = open_run(engine.data_dir, run_id).read_config()
        source, category, dataset_name = config.bank, config.bank_category, config.bank_set
    dataset_picker.prefill_picker("check.bank", source or dataset_picker.LOCAL_FILE)
    if not source:
        st.session_state["check.bank.path"] = ""
    st.session_state["check.category"] = category
    st.session_state["check.set"] = dataset_name if dataset_name in dataset_picker.dataset_titles() else ""


def _render_path_field() -> CheckRequest | None:
    text = dataset_picker.render_path_field("check.bank")
    row_hints = _render_row_hints(is_file=True)
    return CheckRequest(dataset_picker.validate_path(text), *row_hints) if text else None


def _render_upload_field() -> CheckRequest | None:
    files = st.file_uploader(
        "Files of questions", type=UPLOAD_EXTENSIONS, max_upload_size=MAX_UPLOAD_MB, key="check.upload", help=dataset_picker.FORMATS_HELP,
        accept_multiple_files=True,
    )  # fmt: skip
    st.caption(
        f"JSON, JSON lines or CSV, at most {MAX_UPLOAD_MB} MB in all; several are looked at as one bank. They are looked at on this "
        "computer and not kept."
    )
    row_hints = _render_row_hints(is_file=True)
    if not files:
        return None
    size = sum(file.size for file in files)
    if size > MAX_UPLOAD_MB * 2**20:
        names = " and ".join(file.name for file in files[:3])
        verb = "has" if len(files) == 1 else "have"
        raise ConfigError(f"{names} {verb} {size / 2**20:.0f} MB, more than {MAX_UPLOAD_MB}.", "Upload a part of it.")
    chosen = tuple((file.name, file.getvalue()) for file in files)
    return CheckRequest(SOURCE_SEPARATOR.join(name for name, _ in chosen), *row_hints, files=chosen)


def _render_row_hints(*, is_file: bool) -> tuple[str, str]:
    """A category for all questions, and the dataset whose format a file has."""
    with st.expander("If the rows don't say it themselves", key="check.how"):
        category = dataset_picker.render_category_field("check.category")
        dataset_name = dataset_picker.render_format_field("check.set") if is_file else ""
    try:
        return (normalize_category(category) if category else ""), dataset_name
    except ValueError as error:
        raise ConfigError(f"{formatting.capitalize_first(str(error))}.", "Choose another name.") from error


def _render_run_field(engine: data.Engine) -> CheckRequest | None:
    ingest.sync_journals(engine.database, engine.runs_dir)
    title_by_request: dict[CheckRequest, str] = {}
    for row in queries.fetch_runs(engine.database).itertuples():
        config = data.parse_usable_config(row.config)
        if config is None:
            continue
        request = CheckRequest(config.bank, config.bank_category, config.bank_set)
        title_by_request.setdefault(
            request, f"{dataset_picker.bank_title(request.source)}: as in “{formatting.run_title(config)}”"
        )
        if len(title_by_request) == MAX_OFFERED_BANKS:
            break
    if not title_by_request:
        st.info("There is no simulation yet. Choose another kind of questions above.", icon=":material/info:")
        return None
    return st.selectbox(
        "Whose questions?",
        list(title_by_request),
        format_func=title_by_request.__getitem__,
        key="check.run",
        persist_state=dataset_picker.PERSIST_IN_SESSION,
    )
