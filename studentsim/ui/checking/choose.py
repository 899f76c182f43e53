"""Which questions are to be checked. A link may name them (``?source=…``, ``?run=…``); nothing is read until somebody asks for it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import streamlit as st

from studentsim.bank import curriculum
from studentsim.bank.draft import category_name
from studentsim.bank.parts import SEPARATOR
from studentsim.errors import ConfigError
from studentsim.runs.folder import open_run
from studentsim.store import ingest, queries
from studentsim.ui import banks, data, words
from studentsim.ui.cards import config_of

RUN, UPLOAD = "run", "upload"
KINDS = {**banks.KINDS, UPLOAD: "A file to upload", RUN: "A simulation's questions"}
MOST_MB = 10
"""Largest upload."""
ENDINGS = ["json", "jsonl", "csv"]
OFFERED = 30
"""Banks of recent simulations that are offered."""


@dataclass(frozen=True)
class Asked:
    """What is to be checked."""

    source: str
    """The bank's name or path; of an upload the names of its files."""
    category: str = ""
    set_name: str = ""
    files: tuple[tuple[str, bytes], ...] = ()
    """Of an upload: each file's name and content."""

    @property
    def title(self) -> str:
        """The bank as people call it, to be shown literally."""
        return " and ".join(name for name, _ in self.files) if self.files else banks.title(self.source)

    @property
    def question(self) -> dict[str, str]:
        """What the check is asked, without an upload's content."""
        told = {"what": "check", "source": self.source, "category": self.category, "set_name": self.set_name}
        if not self.files:
            return told
        digests = [hashlib.sha256(content).hexdigest() for _, content in self.files]
        return {**told, "digest": " ".join(digests)}


def choose(engine: data.Engine) -> Asked | None:
    """The fields; None: nothing is chosen yet, or what is wrong with it is said at its field."""
    _fill(engine)
    kind = st.segmented_control(
        "Questions", list(KINDS), format_func=KINDS.__getitem__, required=True, key="check.bank", persist_state=banks.KEEP,
        wrap=True, label_visibility="collapsed",
    )  # fmt: skip
    try:
        if kind == RUN:
            return _run(engine)
        if kind == UPLOAD:
            return _upload()
        if kind == curriculum.NAME:
            return Asked(curriculum.NAME)
        if kind == banks.SET:
            return Asked(banks.choose_set("check.bank"), *_how(file=False))
        return _path()
    except ConfigError as error:
        st.error(f"{words.literal(error.problem)} {words.literal(error.remedy)}", icon=":material/error:")
        return None


def _fill(engine: data.Engine) -> None:
    """Put what the link names into the fields, once for each link."""
    asked = tuple(st.query_params.get(name, "") for name in ("source", "category", "run", "set"))
    if st.session_state.get("check.asked") == asked:
        return
    st.session_state["check.asked"] = asked
    source, category, run_id, set_name = asked
    if run_id:
        config = open_run(engine.folder, run_id).config()
        source, category, set_name = config.bank, config.bank_category, config.bank_set
    banks.fill("check.bank", source or banks.FILE)
    if not source:
        st.session_state["check.bank.path"] = ""
    st.session_state["check.category"] = category
    st.session_state["check.set"] = set_name if set_name in banks.set_names() else ""


def _path() -> Asked | None:
    text = st.text_input(
        "Path of the file or folder on this computer", key="check.bank.path", persist_state=banks.KEEP, max_chars=1000,
        placeholder=banks.EXAMPLE,
    ).strip()  # fmt: skip
    st.caption(f"{banks.FORMATS} {words.literal(banks.SEVERAL)}")
    how = _how(file=True)
    return Asked(banks.checked_path(text), *how) if text else None


def _upload() -> Asked | None:
    files = st.file_uploader(
        "Files of questions", type=ENDINGS, max_upload_size=MOST_MB, key="check.upload", help=banks.FORMATS,
        accept_multiple_files=True,
    )  # fmt: skip
    st.caption(
        f"JSON, JSON lines or CSV, at most {MOST_MB} MB in all; several are looked at as one bank. They are looked at on this "
        "computer and not kept."
    )
    how = _how(file=True)
    if not files:
        return None
    size = sum(file.size for file in files)
    if size > MOST_MB * 2**20:
        names = " and ".join(file.name for file in files[:3])
        verb = "has" if len(files) == 1 else "have"
        raise ConfigError(f"{names} {verb} {size / 2**20:.0f} MB, more than {MOST_MB}.", "Upload a part of it.")
    chosen = tuple((file.name, file.getvalue()) for file in files)
    return Asked(SEPARATOR.join(name for name, _ in chosen), *how, files=chosen)


def _how(*, file: bool) -> tuple[str, str]:
    """One category for all, and which set a file is of."""
    with st.expander("If the rows don't say it themselves", key="check.how"):
        category = st.text_input(
            "One category for all of them", key="check.category", persist_state=banks.KEEP, max_chars=80,
            placeholder="blank: the set's own",
        ).strip()  # fmt: skip
        names = banks.set_names()
        set_name = ""
        if file:
            set_name = st.selectbox(
                "The file is of the set", list(names), format_func=names.__getitem__, key="check.set", persist_state=banks.KEEP
            )  # fmt: skip
    try:
        return (category_name(category) if category else ""), set_name
    except ValueError as error:
        raise ConfigError(f"{words.capital(str(error))}.", "Choose another name.") from error


def _run(engine: data.Engine) -> Asked | None:
    ingest.sync(engine.database, engine.runs_folder)
    found: dict[Asked, str] = {}
    for row in queries.runs(engine.database).itertuples():
        config = config_of(json.loads(row.config))
        asked = Asked(config.bank, config.bank_category, config.bank_set)
        found.setdefault(asked, f"{banks.title(asked.source)}: as in “{words.title(config)}”")
        if len(found) == OFFERED:
            break
    if not found:
        st.info("There is no simulation yet. Choose another kind of questions above.", icon=":material/info:")
        return None
    return st.selectbox(
        "Whose questions?", list(found), format_func=found.__getitem__, key="check.run", persist_state=banks.KEEP
    )
