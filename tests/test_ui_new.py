"""New simulation: what is set up is what is started, what is wrong is said at its field, and any run can be begun again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from journals import make_run
from streamlit.testing.v1 import AppTest
from visits import HOME, NEW, text_of, visit

from studentsim.cli import runner
from studentsim.config import RunConfig
from studentsim.errors import BankError, ConfigError
from studentsim.labels import formatting
from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.narration import run_summary
from studentsim.runs import preflight
from studentsim.runs.manager import RunManager
from studentsim.settings import DPOSettings
from studentsim.student.embedded.profiles import PROFILES
from studentsim.types import CATEGORIES
from studentsim.ui import data
from studentsim.ui.new import questions

BOTTOM = 3
"""The container at the window's lower edge, in Streamlit's own numbering."""
FEW = Path(__file__).parent / "fixtures" / "mathqa_small.json"


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def sliders(app: AppTest) -> dict[str, int]:
    return {s.key.removeprefix("new.share."): s.value for s in app.slider if s.key.startswith("new.share.")}


# ------------------------------------------------------------------ what is set up is what is started


def test_nothing_changed_the_default_run_is_started(started: list):
    app = visit(NEW)
    assert not app.exception and not app.error
    assert "none twice" in text_of(app) and "5,040 questions from all categories" in text_of(app)
    press(app, "new.start")
    ((config, _),) = started
    assert config == RunConfig()


def test_new_simulation_starts_the_run_that_was_set_up(started: list):
    app = visit(NEW)
    press(app, "new.student.physics-gap")
    press(app, "new.strategy.random")
    app.number_input(key="new.turns").set_value(6)
    app.number_input(key="new.learning_rate").set_value(0.002)
    app.pills(key="new.difficulties").set_value([3, 1])
    app.pills(key="new.categories").set_value(["physics", "gain"])
    app.multiselect(key="new.skills").set_value(["sale-price"]).run()
    press(app, "new.start")
    assert not app.exception
    ((config, _),) = started
    assert config == RunConfig(
        student="physics-gap", strategy="random", turns=6, difficulties=(1, 3), categories=("physics", "gain"),
        skills=("sale-price",), dpo=DPOSettings(learning_rate=0.002),
    )  # fmt: skip
    assert app.query_params["run"] == "run-1"


@pytest.mark.parametrize("field, ids", [("student", list(PROFILES)), ("strategy", list(STRATEGY_STYLES))])
def test_every_card_can_be_chosen_and_shows_that_it_is(folder: Path, field: str, ids: list[str]):
    app = visit(NEW)
    for id in ids:
        press(app, f"new.{field}.{id}")
        assert not app.exception and not app.error
        assert [i for i in ids if "_checked" in app.button(key=f"new.{field}.{i}").icon and "un" not in app.button(
            key=f"new.{field}.{i}").icon] == [id]  # fmt: skip


def test_the_ready_made_lengths_and_the_paper_s_protocol_fill_the_fields(started: list):
    app = visit(NEW)
    press(app, "new.length.Quick look")
    assert app.number_input(key="new.turns").value == 6
    press(app, "new.paper")
    assert "student: the embedded one" in text_of(app) and "the paper google/flan-t5-large" in text_of(app)
    press(app, "new.start")
    assert started[0][0] == RunConfig.paper() == runner.build_config("paper", {})


@pytest.mark.parametrize("first", ["the protocol", "the model"])
def test_the_paper_s_protocol_with_a_model_and_a_marker_of_one_s_own_is_that_of_the_command_line(
    started: list, monkeypatch: pytest.MonkeyPatch, first: str
):
    monkeypatch.setattr(preflight, "check_student", lambda config: config)
    app = visit(NEW)
    if first == "the protocol":
        press(app, "new.paper")
    app.segmented_control(key="new.whose").set_value("own").run()
    app.text_input(key="new.model").set_value("a/model").run()
    if first == "the model":
        press(app, "new.paper")
    app.selectbox(key="new.which").set_value("own").run()
    app.text_input(key="new.grader").set_value("a/marker").run()
    press(app, "new.start")
    assert started[0][0] == runner.build_config("paper", {"model": "a/model", "grader": "a/marker"})


def test_where_the_page_departs_from_the_paper_is_said_in_its_own_words(started: list):
    app = visit(NEW)
    press(app, "new.strategy.likely-wrong")
    press(app, "new.paper")
    app.selectbox(key="new.which").set_value("own").run()
    app.text_input(key="new.grader").set_value("a/marker").run()
    told = text_of(app)
    assert "way of choosing: What it would get wrong; in the paper Mixed bag or Follow the mistakes or" in told
    assert "marker: a/marker; in the paper google/flan-t5-large" in told and "likely-wrong" not in told


def test_the_paper_s_protocol_leaves_student_questions_way_of_choosing_and_seed(started: list):
    app = visit(NEW)
    press(app, "new.student.physics-gap")
    press(app, "new.strategy.random")
    app.number_input(key="new.seed").set_value(7)
    app.pills(key="new.categories").set_value(["physics"]).run()
    press(app, "new.paper")
    press(app, "new.start")
    given = {"student": "physics-gap", "strategy": "random", "seed": 7, "categories": "physics"}
    assert started[0][0] == runner.build_config("paper", given)


def test_the_paper_s_protocol_leaves_a_student_its_own_table_and_others_get_none(
    started: list, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    table = {"title": "Mira", "categories": {"physics": 10.0}}
    make_run(folder, "it", student="mira", student_table=table)
    app = visit(NEW, like="it")
    assert "Mira, a student with a table of its own" in text_of(app)
    press(app, "new.paper")
    press(app, "new.start")
    config = started[0][0]
    assert (config.student, config.student_table.title, config.dpo.rehearsal) == ("mira", "Mira", 0.0)
    app = visit(NEW, like="it")
    monkeypatch.setattr(preflight, "check_student", lambda config: config)
    app.segmented_control(key="new.whose").set_value("own").run()
    app.text_input(key="new.model").set_value("a/model").run()
    press(app, "new.start")
    assert started[1][0].model == "a/model" and started[1][0].student_table is None
    app = visit(NEW, like="it")
    press(app, "new.student.balanced")
    press(app, "new.start")
    assert started[2][0].student == "balanced" and started[2][0].student_table is None


def test_the_defaults_come_back_at_a_click(started: list):
    app = visit(NEW)
    press(app, "new.strategy.none")
    press(app, "new.paper")
    press(app, "new.defaults")
    press(app, "new.start")
    assert started[0][0] == RunConfig()


# ------------------------------------------------------------------ the category mix


def test_the_own_mix_keeps_its_sum_while_a_slider_moves(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("own").run()
    app.slider(key="new.share.geometry").set_value(60).run()
    values = sliders(app)
    assert values["geometry"] == 60 and sum(values.values()) == 100
    press(app, "new.start")
    assert started[0][0].mix == {category: float(share) for category, share in values.items()}


def test_each_ready_made_mix_sets_the_sliders_and_moving_one_makes_it_my_own(folder: Path):
    app = visit(NEW)
    press(app, "new.student.geometry")
    for name in ("even", "bank", "lacks"):
        app.segmented_control(key="new.mix").set_value(name).run()
        assert sum(sliders(app).values()) == 100
    assert max(sliders(app), key=lambda c: sliders(app)[c]) == "probability"
    assert "Of 40 questions a lesson" in text_of(app)
    app.slider(key="new.share.gain").set_value(0).run()
    assert app.segmented_control(key="new.mix").value == "own"
    assert sum(sliders(app).values()) == 100


def test_the_mix_is_among_the_categories_that_may_be_practised(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("own")
    app.pills(key="new.categories").set_value(["gain", "other"]).run()
    assert sliders(app) == {"gain": 50, "other": 50}
    app.pills(key="new.categories").set_value(["gain"]).run()
    assert sliders(app) == {} and "Only “profit, discount, interest” is chosen" in text_of(app)
    press(app, "new.start")
    assert started[0][0].mix is None


def numbers_of(app: AppTest) -> dict[str, int]:
    return {c: app.number_input(key=f"new.number.{c}").value for c in sliders(app)}


def test_a_number_box_moves_its_slider_and_a_locked_share_stays(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("even").run()
    app.checkbox(key="new.lock.physics").check().run()
    assert app.segmented_control(key="new.mix").value == "own"
    assert app.slider(key="new.share.physics").disabled and app.number_input(key="new.number.physics").disabled
    app.number_input(key="new.number.gain").set_value(60).run()
    values = sliders(app)
    assert (values["gain"], values["physics"]) == (60, 17) and sum(values.values()) == 100 and numbers_of(app) == values
    app.slider(key="new.share.gain").set_value(100).run()
    assert sliders(app)["gain"] == 83 and sliders(app)["physics"] == 17
    press(app, "new.start")
    assert not app.exception and started[0][0].mix["physics"] == 17


def test_a_ready_made_mix_and_other_categories_open_the_locks(folder: Path):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("own").run()
    app.checkbox(key="new.lock.gain").check().run()
    app.segmented_control(key="new.mix").set_value("bank").run()
    assert not app.checkbox(key="new.lock.gain").value
    app.checkbox(key="new.lock.gain").check().run()
    app.pills(key="new.categories").set_value(["gain", "other", "physics"]).run()
    assert not app.checkbox(key="new.lock.gain").value and sum(sliders(app).values()) == 100
    for category in ("gain", "other"):
        app.checkbox(key=f"new.lock.{category}").check().run()
    assert all(s.disabled for s in app.slider), "the third has nothing to move against"


EACH_WAY = [
    pytest.param(s, marks=() if s in ("random", "category", "none") else pytest.mark.long) for s in STRATEGY_STYLES
]


@pytest.mark.parametrize("strategy", [way for way in EACH_WAY if "fixed" not in way.values])
def test_that_an_own_mix_goes_before_the_way_is_said_at_the_field_in_the_summary_and_in_the_name(
    started: list, strategy: str
):
    app = visit(NEW)
    press(app, f"new.strategy.{strategy}")
    assert "settles the categories" not in text_of(app)
    app.segmented_control(key="new.mix").set_value("even").run()
    app.number_input(key="new.number.physics").set_value(75).run()
    assert f"The mix below settles the categories, whatever *{STRATEGY_STYLES[strategy].name}* would choose" in text_of(
        app
    )
    told = "own mix (physics 75 %, “averages, ages, ratios” 5 %, …)"
    summary = next(m.value for m in app.markdown if "20 lessons of 40" in m.value)
    assert told in summary and "follow the mistakes" not in summary
    assert told in app.text_input(key="new.name").placeholder
    press(app, "new.start")
    assert told in formatting.run_title(started[0][0])


def test_the_same_questions_again_heed_no_mix_and_say_so(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.mix").set_value("even").run()
    press(app, "new.strategy.fixed")
    assert "heeds no mix" in app.info[0].value and not app.slider
    press(app, "new.start")
    assert started[0][0].mix is None


# ------------------------------------------------------------------ what is wrong is said at its field


@pytest.mark.parametrize("name", ["a\u202eb", "a\x7fb"])
def test_a_bad_name_is_said_at_its_field_and_nothing_can_be_started(started: list, name: str):
    app = visit(NEW)
    app.text_input(key="new.name").set_value(name).run()
    assert not app.exception
    assert len(app.error) == 1 and "name" in app.error[0].value
    assert "*Name* above needs another value" in text_of(app)
    assert app.button(key="new.start").disabled
    assert started == []


@pytest.mark.parametrize(
    "field, value, label",
    [
        ("learning_rate", 0.0, "Size of a learning step"),
        ("threshold", 0.0, "Counts as unsure below"),
        ("exam_size", 5000, "Questions in each exam"),
    ],
)  # fmt: skip
def test_a_wrong_number_is_said_at_its_field_before_the_start(folder: Path, field: str, value: float, label: str):
    app = visit(NEW)
    app.number_input(key=f"new.{field}").set_value(value).run()
    assert not app.exception and len(app.error) == 1
    assert f"*{label}* above needs another value" in text_of(app)


def test_a_pool_smaller_than_a_lesson_is_said_at_the_questions(folder: Path):
    app = visit(NEW)
    app.multiselect(key="new.skills").set_value(["sale-price"])
    app.number_input(key="new.questions_per_turn").set_value(200).run()
    assert "the pool holds 120" in app.error[0].value and app.button(key="new.start").disabled


@pytest.mark.parametrize("error, where", [
    (ConfigError("Too many.", "Ask for fewer.", field="exam_size"), "Questions in each exam"),
    (BankError("The bank cannot be read.", "Name another."), "Bank of questions"),
    (ConfigError("Something else.", "Do something.", field="parent"), ""),
])  # fmt: skip
def test_what_only_the_start_can_find_wrong_is_said_at_its_field(
    folder: Path, monkeypatch: pytest.MonkeyPatch, error: ConfigError, where: str
):
    def refuse(self: RunManager, config: RunConfig, token: str = "") -> str:
        raise error

    monkeypatch.setattr(RunManager, "start", refuse)
    app = press(visit(NEW), "new.start")
    assert not app.exception
    assert [e.value for e in app.error] == [f"{error.problem} {error.remedy}"]
    assert bool(where) == (f"*{where}* above needs another value" in text_of(app))


# ------------------------------------------------------------------ other banks


def test_a_mathqa_file_is_taken_with_an_honest_warning(started: list, tmp_path: Path):
    row = {"Rationale": "answer : b", "options": "a ) 1 , b ) 2 , c ) 3 , d ) 4 , e ) 5", "correct": "b"}
    rows = [{**row, "Problem": f"what is {n} less {n - 2} ?", "category": ("gain", "other")[n % 2]} for n in range(60)]
    whole = tmp_path / "whole.json"
    whole.write_text(json.dumps(rows))
    app = visit(NEW)
    app.segmented_control(key="new.bank").set_value("file").run()
    assert "No file is named yet" in app.error[0].value and "can hardly read" in app.warning[0].value
    for path in (FEW.parent / "nothing.json", FEW):
        app.text_input(key="new.bank.path").set_value(str(path)).run()
        assert not app.exception and "*Bank of questions* above" in text_of(app)
    app.text_input(key="new.bank.path").set_value(str(whole)).run()
    assert not app.exception
    assert "The pool holds" in text_of(app) and app.pills(key="new.categories").options == [
        "profit, discount, interest",
        "sequences, counting, percent",
    ]
    assert "new.difficulties" not in [p.key for p in app.pills]
    app.number_input(key="new.questions_per_turn").set_value(5)
    app.number_input(key="new.exam_size").set_value(2).run()
    press(app, "new.start")
    assert started[0][0].bank == str(whole)


def test_a_path_that_climbs_is_refused_at_the_bank(folder: Path):
    app = visit(NEW)
    app.segmented_control(key="new.bank").set_value("file").run()
    app.text_input(key="new.bank.path").set_value("../secret.json").run()
    assert not app.exception and len(app.error) == 1 and app.button(key="new.start").disabled


def test_the_hub_s_bank_can_be_chosen_without_asking_the_network(started: list):
    app = visit(NEW)
    app.segmented_control(key="new.bank").set_value("set").run()
    assert app.selectbox(key="new.bank.set").value == "math_qa"
    assert not app.exception and not app.error and "looked up when the simulation starts" in text_of(app)
    press(app, "new.start")
    assert started[0][0].bank == "math_qa"


# ------------------------------------------------------------------ run again with changes

OWN = {
    "name": "Class 7", "student": "careless", "strategy": "log-probability", "turns": 7, "questions_per_turn": 8, "exam_size": 60,
    "exam_every": 3, "validation": 0, "seed": 11, "exam_seed": 12, "temperature": 0.5, "min_p": 0.01, "max_new_tokens": 60,
    "categories": ("gain", "other"), "difficulties": (2,), "mix": {"gain": 33.5, "other": 66.5}, "mix_rule": "paper",
    "threshold": 0.25,
    "dpo": {
        "beta": 0.3, "epochs": 3, "learning_rate": 5e-7, "batch_size": 4, "loss": "robust", "sft_weight": 0.2,
        "label_smoothing": 0.1, "reference": "base", "lora_rank": 4, "lora_alpha": 32,
        "lora_targets": ("q_proj", "v_proj"), "max_grad_norm": 2.0, "rehearsal": 0.1,
    },
}  # fmt: skip


def test_run_again_fills_every_field_from_the_run(started: list, folder: Path):
    make_run(folder, "it", **OWN)
    app = visit(NEW, like="it")
    assert not app.exception and not app.error
    assert "Filled in as in *Class 7*" in text_of(app)
    press(app, "new.start")
    again = RunConfig.make(**{**OWN, "name": "Class 7 again", "mix": {"gain": 34.0, "other": 66.0}})
    assert started[0][0] == again


def test_what_was_changed_after_run_again_stays_changed(started: list, folder: Path):
    make_run(folder, "it", **OWN)
    app = visit(NEW, like="it")
    app.number_input(key="new.turns").set_value(9).run()
    press(app, "new.strategy.random")
    press(app, "new.start")
    assert (started[0][0].turns, started[0][0].strategy, started[0][0].seed) == (9, "random", 11)


def test_a_link_that_asks_to_practise_a_category_gives_it_half_of_the_questions(started: list, folder: Path):
    make_run(folder, "it", student="careless")
    app = visit(NEW, like="it", focus="probability")
    assert not app.exception and "50 of 100 practice questions are about probability" in text_of(app)
    app.button(key="new.start").click().run()
    ((config, _),) = started
    assert config.student == "careless" and config.mix["probability"] == 50 and sum(config.mix.values()) == 100


@pytest.mark.parametrize("focus", ["nothing", "<b>", "x" * 3000])
def test_an_unknown_category_to_practise_changes_nothing(started: list, focus: str):
    app = visit(NEW, focus=focus)
    assert not app.exception and "50 of 100" not in text_of(app)


@pytest.mark.parametrize("like", ["nobody", "' OR 1=1--", "../../etc/passwd", "x" * 5000, "<script>", "a\0b"])
def test_a_link_to_no_run_leaves_the_defaults_and_says_so(started: list, like: str):
    app = visit(NEW, like=like)
    assert not app.exception and not app.error
    assert "There is no run" in text_of(app) and "default settings" in text_of(app)
    press(app, "new.start")
    assert started[0][0] == RunConfig()


def test_a_run_whose_settings_cannot_be_read_leaves_the_defaults(folder: Path):
    path = make_run(folder, "it")
    (path / "config.json").write_text('{"strategy": "telepathy"}')
    (path / "events.jsonl").unlink()  # whose first event holds them too
    app = visit(NEW, like="it")
    assert not app.exception and not app.error and "can't be used here" in text_of(app)


def test_home_and_the_form_tell_one_estimate(folder: Path):
    config = RunConfig()
    guess = data.estimate_duration(data.get_engine(), config)
    told = run_summary.describe_estimated_duration(guess.low_seconds, guess.high_seconds, guess.run_count)
    assert told in text_of(visit(HOME)) and told in text_of(visit(NEW))


def test_start_is_pinned_to_the_window_s_edge_with_what_it_starts(folder: Path):
    app = visit(NEW)
    pinned = app._tree.children[BOTTOM]
    assert [button.label for button in pinned.get("button")] == ["Start"]
    (short,) = [caption.value for caption in pinned.get("caption")]
    assert short.startswith("20 lessons of 40 questions, 11 exams of 240. About ")
    app.number_input(key="new.turns").set_value(6).run()
    assert app._tree.children[BOTTOM].get("caption")[0].value.startswith("6 lessons")
    app.text_input(key="new.name").set_value("a\u202eb").run()
    assert "Name" in app._tree.children[BOTTOM].get("markdown")[0].value, "what keeps it shut is said beside it"


def test_the_estimate_rests_on_this_computer_s_own_runs_and_tells_of_a_queue(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    assert "two processor cores" in text_of(visit(NEW))
    make_run(folder, "own")
    assert "on this computer when nothing else runs" in text_of(visit(NEW))
    for run in ("again", "third"):
        make_run(folder, run, questions_per_turn=80)
    assert "going by its last 3 simulations" in text_of(visit(NEW))
    for run in ("one", "two"):
        make_run(folder, run, status="", turn=1, until="study", alive=True)
    assert "this one starts when there is room" in text_of(visit(NEW))


def test_the_pool_s_sentence_tells_how_often_a_question_comes():
    class Filled:
        settings = {"turns": 20, "questions_per_turn": 40, "categories": ("gain", "other")}

    assert questions.describe_pool(Filled, {"gain": 300, "other": 100}, CATEGORIES) == (
        "The pool holds 400 questions from “profit, discount, interest” and “sequences, counting, percent”; this "
        "simulation asks 800, so that each comes about 2.0 times."
    )
    assert questions.describe_pool(Filled, {}, CATEGORIES) == ""
