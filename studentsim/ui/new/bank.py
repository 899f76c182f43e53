"""The bank of a new run: the built-in curriculum, a public set, or a file or folder; one category for all; doubtful rows in or out.

What a file holds is read here and now. A set of the hub is only looked at when somebody asks, by a process of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from studentsim.bank import curriculum
from studentsim.bank.sources import is_on_hub, open_bank
from studentsim.config import RunConfig
from studentsim.errors import BankError, ConfigError
from studentsim.runs.bank_job import chance
from studentsim.runs.preflight import Outline, outline
from studentsim.ui import banks, jobs, shell, words
from studentsim.ui.new.form import KEEP, Form, key

JOB = "studentsim.runs.bank_job"
COST = (
    "Rows with doubled options, a doubled question, or a key that can't be right are then neither practised nor examined. On "
    "MathQA that costs a third of the questions, since there the worked formula must lead to the key; on the other sets hardly any."
)
NOT_ITS_OWN = (
    "The embedded student knows the built-in curriculum alone. Other questions are put to it, but it can hardly read them: it will "
    "guess or not answer, and learn little."
)
ITS_OWN = "The embedded student was taught these questions' kinds, and knows nothing else."


@dataclass(frozen=True)
class Known:
    """What can be said of the chosen bank before a run is made. ``outline`` is None where that takes a look at the hub."""

    outline: Outline | None
    categories: tuple[str, ...]
    chance: float | None
    """What guessing would reach in its exams, 0 to 1; None: not known."""


def fill(config: RunConfig) -> None:
    """Put a run's bank into the fields."""
    banks.fill(key("bank"), config.bank)


def bank(form: Form) -> Known:
    """The choice. Writes ``bank``, ``bank_category``, ``bank_set`` and ``leave_out_doubtful`` into the form's settings."""
    _taken_over()
    kind = st.segmented_control(
        "Bank of questions", list(banks.KINDS), format_func=banks.KINDS.__getitem__, required=True, key=key("bank"),
        persist_state=KEEP, wrap=True,
    )  # fmt: skip
    source = _source(form, str(kind))
    form.under("bank", "Bank of questions")
    own_model = form.settings["model"] != "embedded"
    if kind == curriculum.NAME:
        form.settings |= {"bank": source, "bank_category": "", "bank_set": "", "leave_out_doubtful": False}
        st.caption("" if own_model else ITS_OWN)
        return Known(*(lambda found: (found, found.categories, 0.2))(outline(source)))
    if not own_model:
        st.warning(NOT_ITS_OWN, icon=":material/info:")
    form.settings |= {"bank": source} | _settings(form, files=kind == banks.FILE)
    if not source:
        return Known(None, (), None)
    return _on_hub(form, source) if is_on_hub(source) else _in_file(form, source)


def _source(form: Form, kind: str) -> str:
    """The bank's name or path; blank where it may not be used, which is then said at the field."""
    if kind == curriculum.NAME:
        return kind
    if kind == banks.SET:
        return banks.choose_set(key("bank"))
    text = st.text_input(
        "Path of the file or folder on this computer", key="new.bank.path", persist_state=KEEP, placeholder=banks.EXAMPLE,
        max_chars=1000,
    ).strip()  # fmt: skip
    st.caption(f"{banks.FORMATS} {words.literal(banks.SEVERAL)}")
    try:
        return banks.checked_path(text)
    except ConfigError as error:
        form.refuse(ConfigError(error.problem, error.remedy, field="bank"))
        return ""


def _settings(form: Form, *, files: bool) -> dict[str, object]:
    """What is done with the rows of a bank that is not built in."""
    left, right = st.columns(2, gap="medium")
    with left:
        category = st.text_input(
            "One category for all of them", key=key("bank_category"), persist_state=KEEP, max_chars=80,
            placeholder="blank: the set's own",
        ).strip()  # fmt: skip
        form.under("bank_category", "One category for all of them")
        st.caption("For questions that name no category, or whose categories are too many to tell apart.")
    with right:
        leave_out = st.toggle("Leave out doubtful rows", key=key("leave_out_doubtful"), persist_state=KEEP)
        st.caption(COST)
    set_name = ""
    if files:
        names = banks.set_names()
        set_name = st.selectbox(
            "The file is of the set", list(names), format_func=names.__getitem__, key=key("bank_set"), persist_state=KEEP
        )  # fmt: skip
        form.under("bank_set", "The file is of the set")
    return {"bank_category": category, "bank_set": set_name, "leave_out_doubtful": leave_out}


def _in_file(form: Form, source: str) -> Known:
    category, leave_out = form.settings["bank_category"], form.settings["leave_out_doubtful"]
    try:
        RunConfig.make(bank_category=category)
        with st.spinner("Reading the questions …", show_time=True):
            how = {"category": category, "set_name": form.settings["bank_set"]}
            found = outline(source, leave_out_doubtful=leave_out, **how)
            opened = open_bank(source, leave_out_doubtful=leave_out, **how)
            whole = _size(source, how) if leave_out else 0
    except (ConfigError, BankError) as error:
        form.refuse(ConfigError(error.problem, error.remedy, field="bank"))
        _check_link("Check them row by row", form)
        return Known(None, (), None)
    guessing = chance(opened)
    _told(form, sum(found.study.values()), found.exam, len(found.categories), guessing, of=whole)
    return Known(found, found.categories, guessing)


def _size(source: str, how: dict[str, str]) -> int:
    """Questions with the doubtful ones among them; 0 where some rows cannot be read, so that there is no such bank."""
    try:
        whole = outline(source, **how)
    except BankError:
        return 0
    return sum(whole.study.values()) + whole.exam


def _on_hub(form: Form, source: str) -> Known:
    """What is known of a set of the hub: after a look at it, all; before, its categories at most."""
    asked = {"what": "outline", "source": source, "category": form.settings["bank_category"],
             "set_name": form.settings["bank_set"], "leave_out_doubtful": form.settings["leave_out_doubtful"]}  # fmt: skip
    job = jobs.known(JOB, asked)
    if job and job.result and "outline" in job.result:
        seen = job.result["outline"]
        _told(form, sum(seen["study"].values()), seen["exam"], len(seen["study"]), seen["chance"])
        found = Outline(tuple(seen["study"]), {(c, None, None): n for c, n in seen["study"].items() if n}, seen["exam"])
        return Known(found, found.categories, seen["chance"])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Look at this set now", key="new.bank.look", icon=":material/search:", on_click=jobs.start, args=(JOB, asked),
                  disabled=bool(job and job.running))  # fmt: skip
        st.caption("Else how many questions it has is looked up when the simulation starts.", width="content")
    if job:
        st.fragment(_looking, run_every=1.0 if job.running else None)(job)
    return Known(None, banks.categories(source, form.settings["bank_category"]), None)


def _looking(job: jobs.Job) -> None:
    """How a look at the hub goes; the page is drawn anew when it is done."""
    if job.result is None:
        st.caption(
            f":material/hourglass_top: Looking it up: {words.duration(job.seconds)} so far. You can go on meanwhile."
        )
    elif "problem" in job.result:
        st.error(
            f"{words.literal(job.result['problem'])} {words.literal(job.result['remedy'])}", icon=":material/error:"
        )
    else:
        st.rerun()


def _told(form: Form, study: int, exam: int, categories: int, guessing: float, *, of: int = 0) -> None:
    """What a bank holds for this run, of how many questions there would be with the doubtful ones."""
    text = (
        f"It has {words.plural(study, 'question')} to practise and {exam:,} for exams, in "
        f"{words.plural(categories, 'category', 'categories')}. Guessing would give {words.hundred(guessing)} of 100."
    )
    if of:
        text += f" Left out as doubtful: {of - study - exam:,} of {of:,}."
    st.markdown(text)
    _fit(study, exam)
    _check_link("Check them row by row", form)


def _fit(study: int, exam: int) -> None:
    """A button that makes lessons and exams no longer than the bank, where they are."""
    most = {"questions": study, "exam": exam}
    fields = {field: n for field, n in most.items() if int(st.session_state[key(field)] or 0) > n}
    if fields:
        told = " and ".join(f"{'lessons' if field == 'questions' else 'exams'} of {n:,}" for field, n in fields.items())
        st.button(
            f"Fit the length to them: {told}",
            key="new.bank.fit",
            icon=":material/fit_width:",
            on_click=lambda: st.session_state.update({key(field): n for field, n in fields.items()}),
        )


def _check_link(label: str, form: Form) -> None:
    asked = {
        "source": form.settings["bank"],
        "category": form.settings["bank_category"],
        "set": form.settings["bank_set"],
    }
    query = {name: value for name, value in asked.items() if value}
    st.page_link(shell.CHECK, label=label, icon=":material/fact_check:", query_params=query)


def _taken_over() -> None:
    """Take up a bank that another page sent here (``banks.use``)."""
    if wanted := st.session_state.pop(banks.WANTED, None):
        source, category, set_name = wanted
        banks.fill(key("bank"), source)
        st.session_state[key("bank_category")], st.session_state[key("bank_set")] = category, set_name
        st.session_state[key("leave_out_doubtful")] = False
