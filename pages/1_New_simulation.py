"""New simulation: student, questions, strategy, length; then Start. ``?like=<run id>`` starts from that run's settings."""

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
    run_form = form.RunForm(prefill.prefill_from_link(engine))
    components.render_page_title("New simulation")
    st.markdown("Four choices, each already made sensibly. Change what you are curious about, then start.")
    prefill.render_origin_note(engine)

    st.header("1. Which student?", anchor=False)
    model_check_area = model.render_model_choice(run_form)
    st.header("2. Which questions may it practise?", anchor=False)
    bank_info = questions.render_question_choice(run_form)
    pool_area = st.empty()
    st.header("3. How are they chosen?", anchor=False)
    choosing.render_strategy_choice(run_form)
    pool_counts = questions.count_pool(run_form, bank_info)
    practice_categories = questions.practice_categories(run_form, bank_info)
    category_mix.render_category_mix(run_form, practice_categories, pool_counts, bank_info.categories)
    st.header("4. For how long?", anchor=False)
    length.render_length_fields(run_form)
    pool_area.markdown(questions.describe_pool(run_form, pool_counts, bank_info.categories))
    teacher.render_teacher_settings(run_form)
    advanced.render_advanced_settings(run_form)
    run_id = start.render_start(engine, run_form)
    model_check.render_model_check(run_form, model_check_area)
    if run_id:
        start.switch_to_run(run_id)
