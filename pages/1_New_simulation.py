"""New simulation: student, questions, way of choosing, length; then Start. ``?like=<run id>`` begins with that run's settings."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, shell
from studentsim.ui.new import (
    advanced,
    category_mix,
    choosing,
    fill,
    form,
    length,
    model,
    model_check,
    questions,
    start,
    teacher,
)

with shell.page("New simulation") as engine:
    new = form.Form(fill.begin(engine))
    components.page_title("New simulation")
    st.markdown("Four choices, each already made sensibly. Change what you are curious about, then start.")
    fill.note(engine)

    st.header("1. Which student?", anchor=False)
    model_place = model.student(new)
    st.header("2. Which questions may it practise?", anchor=False)
    bank = questions.questions(new)
    left = st.empty()
    st.header("3. How are they chosen?", anchor=False)
    choosing.strategy(new)
    pool = questions.pool(new, bank)
    category_mix.category_mix(new, questions.categories(new, bank), pool, bank.categories)
    st.header("4. For how long?", anchor=False)
    length.length(new)
    left.markdown(questions.pool_sentence(new, pool, bank.categories))
    teacher.teacher(new)
    advanced.advanced(new)
    run_id = start.start(engine, new)
    model_check.check(new, model_place)
    if run_id:
        start.go_to(run_id)
