"""New simulation: student, questions, way of choosing, length; then Start. ``?like=<run id>`` begins with that run's settings."""

from __future__ import annotations

import streamlit as st

from studentsim.ui import components, layout
from studentsim.ui.new import (
    advanced,
    category_mix,
    choosing,
    form,
    length,
    model,
    model_check,
    prefill,
    questions,
    start,
    teacher,
)

with layout.page_frame("New simulation") as engine:
    new = form.RunForm(prefill.prefill_from_link(engine))
    components.render_page_title("New simulation")
    st.markdown("Four choices, each already made sensibly. Change what you are curious about, then start.")
    prefill.render_origin_note(engine)

    st.header("1. Which student?", anchor=False)
    model_place = model.render_model_choice(new)
    st.header("2. Which questions may it practise?", anchor=False)
    bank = questions.render_question_choice(new)
    left = st.empty()
    st.header("3. How are they chosen?", anchor=False)
    choosing.render_strategy_choice(new)
    pool = questions.count_pool(new, bank)
    category_mix.render_category_mix(new, questions.practice_categories(new, bank), pool, bank.categories)
    st.header("4. For how long?", anchor=False)
    length.render_length_fields(new)
    left.markdown(questions.describe_pool(new, pool, bank.categories))
    teacher.render_teacher_settings(new)
    advanced.render_advanced_settings(new)
    run_id = start.render_start(engine, new)
    model_check.render_model_check(new, model_place)
    if run_id:
        start.switch_to_run(run_id)
