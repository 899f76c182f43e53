"""What a run settles of its prompts when it is made: the date they print, the form they ask for; and what is refused then."""

from __future__ import annotations

import functools
import io
import json
from dataclasses import replace
from datetime import date

import hubs
import pytest
import torch
from reply_cases import parse_reply
from visits import NEW, visit

from studentsim.cli import runner
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.runs import benchmark, model_info, model_job, preflight
from studentsim.runs.failure import explain_benchmark_error
from studentsim.settings import DPOSettings, ModelLoadingSettings, TeacherSettings
from studentsim.student.answer_parsing.reply import ParsedReply
from studentsim.student.huggingface import chat
from studentsim.student.huggingface.answer_form import LETTER_INSTRUCTION, WORKING_INSTRUCTION
from studentsim.student.huggingface.chat import ChatFormatter
from studentsim.student.huggingface.completions import encode_options
from studentsim.student.huggingface.loading import prepare_model
from studentsim.student.huggingface.student import HubStudent
from studentsim.teacher.hint_model import load_hint_model
from studentsim.types import Pair

DATED = (
    "{%- if not date_string is defined %}{%- if strftime_now is defined %}{%- set date_string = strftime_now('%d %b %Y') %}"
    "{%- else %}{%- set date_string = '26 Jul 2024' %}{%- endif %}{%- endif %}{{ bos_token }}Today Date: {{ date_string }}\n"
    '{{ strftime_now( "%Y-%m-%d" ) }}' + hubs.GEMMA_TEMPLATE.removeprefix("{{ bos_token }}")
)


@functools.cache
def student(**model_loading) -> HubStudent:
    config = hubs.config("-", model_loading=ModelLoadingSettings(**model_loading))
    return HubStudent(
        prepare_model(hubs.model("llama"), hubs.tokenizer(), config, dtype=torch.float32, revision=""), config
    )  # fmt: skip


# ------------------------------------------------------------------ the date


def test_a_template_that_prints_the_date_prints_the_runs_own():
    question = hubs.bank().exam[0]
    text = ChatFormatter(hubs.tokenizer(DATED), prompt_date="2025-02-03").build_question_prompt(question).text
    assert text.startswith("<bos>Today Date: 03 Feb 2025\n2025-02-03<start_of_turn>user\n")
    today = f"{date.today():%d %b %Y}"
    assert (
        today in ChatFormatter(hubs.tokenizer(DATED)).build_question_prompt(question).text
    )  # a run of before: as before
    plain = ChatFormatter(hubs.tokenizer(), prompt_date="2025-02-03").build_question_prompt(question)
    assert plain == ChatFormatter(hubs.tokenizer()).build_question_prompt(question)


def test_the_date_is_the_runs_own_where_a_tokenizer_has_several_templates():
    text = (
        ChatFormatter(hubs.tokenizer({"default": DATED, "tool_use": "{{ messages }}"}), prompt_date="2025-02-03")
        .build_question_prompt(hubs.bank().exam[0])
        .text
    )
    assert text.startswith("<bos>Today Date: 03 Feb 2025\n2025-02-03<start_of_turn>user\n")


def test_the_date_is_pinned_when_a_run_is_made_and_only_where_one_is_printed(tmp_path):
    folder = hubs.save(tmp_path, "gemma")
    assert preflight.check_run_config(RunConfig.make(model=str(folder))).model_loading.prompt_date == ""
    hubs.tokenizer(DATED).save_pretrained(folder)
    config = preflight.check_run_config(RunConfig.make(model=str(folder)))
    assert config.model_loading.prompt_date == date.today().isoformat()
    kept = RunConfig.make(model=str(folder), model_loading=ModelLoadingSettings(prompt_date="2024-12-24"))
    assert preflight.check_run_config(kept).model_loading.prompt_date == "2024-12-24"
    assert model_info.template_prints_date(None)


def test_the_date_is_pinned_for_whoever_writes_the_hints_too(tmp_path):
    writer = hubs.save(tmp_path, "gemma")
    hubs.tokenizer(DATED).save_pretrained(writer)
    told = TeacherSettings(attempts=2, hint_model=str(writer))
    assert (
        preflight.check_run_config(RunConfig.make(teacher=told)).model_loading.prompt_date == date.today().isoformat()
    )
    config = RunConfig.make(teacher=told, model_loading=ModelLoadingSettings(prompt_date="2025-02-03"))
    assert preflight.check_run_config(config).model_loading == config.model_loading
    hints = load_hint_model(str(writer), config.model_loading)
    assert "03 Feb 2025" in hints.chat.build_user_prompt("Give a hint.").text


@pytest.mark.parametrize("wrong", ["2025-13-01", "today", "2025-1-1"])
def test_a_date_that_is_none_is_refused(wrong):
    with pytest.raises(ConfigError, match=r"model_loading\.prompt_date"):
        RunConfig.make(model_loading={"prompt_date": wrong})


# ------------------------------------------------------------------ the form


def test_a_model_is_asked_for_a_letter_behind_the_options():
    question = hubs.bank().exam[0]
    free, letter = (student(answer_form=form)._build_prompt(question).text for form in ("free", "letter"))
    assert LETTER_INSTRUCTION in letter and LETTER_INSTRUCTION not in free
    assert (
        letter.replace(f"\n{LETTER_INSTRUCTION}", "") == free
        and f"{question.options[-1].text}\n{LETTER_INSTRUCTION}<end_of_turn>" in letter
    )


def test_a_model_is_asked_for_its_working_first():
    question = hubs.bank().exam[0]
    free, working = (student(answer_form=form)._build_prompt(question).text for form in ("free", "working"))
    assert working.replace(f"\n{WORKING_INSTRUCTION}", "") == free != working
    assert WORKING_INSTRUCTION.index("working first") < WORKING_INSTRUCTION.index("Answer: (letter)")


def test_workings_are_learnt_in_the_form_that_is_asked_for_and_read_as_their_letter():
    question = hubs.bank().exam[0]
    wrong = next(o for o in question.options if o.solution and o.letter != question.correct)
    unworked = replace(question, options=tuple(replace(o, solution=None) for o in question.options))
    ticked = f"Because.\nAnswer: {question.correct}) {question.correct_option.text}"
    for asked, chosen, rejected in (
        (question, question.correct_option.solution, wrong.solution),
        (unworked, ticked, f"Answer: {wrong.letter}) {wrong.text}"),
    ):
        for form in ("letter", "working"):
            row = student(answer_form=form).pair_ids(Pair(asked, chosen, rejected))
            texts = [
                student().tokenizer.decode(row[side], skip_special_tokens=True)
                for side in ("chosen_ids", "rejected_ids")
            ]
            for text, option in zip(texts, (question.correct_option, wrong), strict=True):
                assert text.endswith(f"Answer: ({option.letter})") and parse_reply(text, question)[0] == option.letter
        plain = student(answer_form="free").pair_ids(Pair(asked, chosen, rejected))
        assert student().tokenizer.decode(plain["chosen_ids"], skip_special_tokens=True).strip() == chosen


def test_an_answer_holds_the_option_that_the_value_beside_its_letter_shows(monkeypatch):
    said = ParsedReply("a", "980", "b")
    monkeypatch.setattr("studentsim.student.huggingface.student.parse_reply_full", lambda *_, **__: said)
    (answer,) = student().answer(hubs.bank().exam[:1], seed_key=("x",))
    assert (answer.letter, answer.value, answer.value_letter) == said and answer.letter != answer.value_letter


def test_letters_are_weighed_in_the_form_that_is_asked_for():
    question = hubs.bank().exam[0]

    def weighed(**model_loading) -> str:
        own = student(**model_loading)
        ids = encode_options(
            question, own._build_prompt(question), own.chat, option_scoring=own.model_loading.option_scoring
        )[2]
        return own.tokenizer.decode(ids, skip_special_tokens=True).strip()

    for form in ("letter", "working"):
        assert weighed(answer_form=form, scores="letter") == "Answer: (c)"
    assert weighed(answer_form="letter") == f"Answer: {question.options[2].text}"
    assert weighed(scores="letter") == "Answer: c"


def test_new_runs_of_models_ask_as_the_paper_does_unless_told_otherwise():
    assert runner.build_config("default", {"model": "a/b"}).model_loading.answer_form == "free"
    for form in ("letter", "working"):
        assert runner.build_config("default", {"model": "a/b", "answer_form": form}).model_loading.answer_form == form
    assert runner.build_config("paper", {"model": "a/b"}).model_loading.answer_form == "free"
    assert (
        RunConfig().model_loading.answer_form == runner.build_config("default", {}).model_loading.answer_form == "free"
    )
    assert (
        RunConfig.from_json('{"model": "a/b", "model_loading": {"option_scoring": "text"}}').model_loading
        == ModelLoadingSettings()
    )


# ------------------------------------------------------------------ what is refused


def test_label_smoothing_with_a_loss_that_does_not_heed_it_is_refused_for_new_runs_alone():
    for loss in ("sigmoid", "ipo", "hinge"):
        config = RunConfig.make(dpo=DPOSettings(loss=loss, label_smoothing=0.1))
        with pytest.raises(ConfigError, match=loss) as caught:
            preflight.check_run_config(config)
        assert caught.value.field == "dpo.label_smoothing" and "robust" in caught.value.remedy
        assert RunConfig.from_json(config.model_dump_json()) == config  # an old journal's settings open
    preflight.check_run_config(RunConfig.make(dpo=DPOSettings(loss="robust", label_smoothing=0.1)))


def test_the_page_says_so_at_the_field(folder):
    app = visit(NEW)
    app.number_input(key="new.label_smoothing").set_value(0.1).run()
    assert [e.value for e in app.error if "label" in e.value] and app.button(key="new.start").disabled
    app.selectbox(key="new.loss").set_value("robust").run()
    assert not app.error and not app.button(key="new.start").disabled


# ------------------------------------------------------------------ a trial that fails


def test_what_fails_in_a_trial_is_told_without_a_log_that_does_not_exist():
    try:
        chat.fix_template_date("{{ x }}", "no date")
    except ValueError as error:
        told = explain_benchmark_error(error)
    assert (
        "ValueError: Invalid isoformat string" in told.problem
        and "chat.py:" in told.problem
        and "fix_template_date" in told.problem
    )
    for error in (RuntimeError("CUDA out of memory"), OSError(28, "full"), KeyError("x")):
        told = explain_benchmark_error(error)
        assert "log" not in told.problem + told.remedy and "resume" not in told.remedy and told.remedy


@pytest.mark.parametrize("main", [benchmark.main, model_job.main])
def test_a_trial_that_crashes_ends_with_the_reason(monkeypatch, capsys, tmp_path, main):
    def crash(*_, **__):
        raise RuntimeError("The size of tensor a (151) must match the size of tensor b (128)")

    config = hubs.config(hubs.save(tmp_path, "llama"))
    monkeypatch.setattr(benchmark, "benchmark_model", crash)
    monkeypatch.setattr("sys.stdin", io.StringIO(config.model_dump_json()))
    main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "RuntimeError: The size of tensor a (151)" in found["problem"] and "crash" in found["problem"]
    assert found["remedy"] and "log" not in found["problem"] + found["remedy"]
