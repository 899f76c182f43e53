"""Settings: what is wrong is named with its field and value; what is right survives the journal."""

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim import presets
from studentsim.config import RunConfig, check_categories
from studentsim.errors import ConfigError
from studentsim.presets import list_departures
from studentsim.selection.registry import STRATEGIES
from studentsim.settings import DPOSettings, ModelLoadingSettings, TeacherSettings


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ({"turns": 0}, "turns"), ({"turns": -1}, "turns"), ({"turns": 10**9}, "turns"), ({"turns": 1.5}, "turns"),
        ({"strategy": "best"}, "strategy"), ({"mix": {"general": 50.0}}, "mix"), ({"mix": {"general": float("nan")}}, "mix"),
        ({"mix": {"general": 120.0, "physics": -20.0}}, "mix"), ({"mix": {"general": float("inf")}}, "mix"),
        ({"name": "a\nb"}, "name"), ({"name": "x" * 300}, "name"), ({"name": "a\0b"}, "name"),
        ({"seed": 1.5}, "seed"), ({"seed": "zero"}, "seed"), ({"seed": -1}, "seed"), ({"seed": None}, "seed"),
        ({"model": "../weights"}, "model"), ({"model": " "}, "model"), ({"bank": "a/../../b"}, "bank"),
        ({"learning_rate": 1}, "learning_rate"), ({"questions_per_turn": True}, "questions_per_turn"), ({"exam_every": 0}, "exam_every"),
    ],
)  # fmt: skip
def test_a_bad_setting_is_refused_at_its_field(setting, field):
    with pytest.raises(ConfigError) as caught:
        RunConfig.make(**setting)
    assert caught.value.field == field and caught.value.remedy


@pytest.mark.parametrize(
    "setting", [{"beta": 0}, {"learning_rate": float("nan")}, {"loss": "best"}, {"lora_targets": ()}]
)
def test_a_bad_dpo_setting_is_refused(setting):
    with pytest.raises(ConfigError) as caught:
        RunConfig.make(dpo=setting)
    assert caught.value.field.startswith("dpo")


def test_a_blank_name_is_made_from_student_and_strategy():
    assert RunConfig.make(name="  ").title == "balanced, category"


def test_unknown_categories_are_named():
    with pytest.raises(ConfigError, match="algebra"):
        check_categories(RunConfig.make(categories=("algebra",)))
    with pytest.raises(ConfigError, match="algebra"):
        check_categories(RunConfig.make(mix={"algebra": 100.0}))


@given(
    st.builds(
        RunConfig,
        seed=st.integers(0, 2**31 - 1),
        strategy=st.sampled_from(list(STRATEGIES)),
        turns=st.integers(1, 1000),
        mix=st.none() | st.just({"general": 25.0, "other": 75.0}),
        categories=st.sampled_from([(), ("general", "other")]),
        dpo=st.builds(DPOSettings, beta=st.floats(0.01, 5), epochs=st.integers(1, 20)),
    )
)
def test_a_config_survives_its_own_json(config):
    assert RunConfig.from_json(config.model_dump_json()) == config


@given(st.integers(1, 60), st.integers(1, 60))
def test_exams_come_before_training_every_k_turns_and_at_the_end(turns, every):
    exams = RunConfig.make(turns=turns, exam_every=every).exam_turns()
    assert exams[0] == 0 and exams[-1] == turns
    assert all(t % every == 0 for t in exams[:-1])


def test_the_papers_protocol_is_what_the_paper_says():
    paper = RunConfig.paper()
    assert (paper.turns, paper.questions_per_turn, paper.exam_size, paper.exam_every, paper.mix_rule) == (
        20,
        40,
        40,
        2,
        "paper",
    )
    assert (paper.dpo.beta, paper.dpo.epochs, paper.dpo.lora_rank, paper.dpo.lora_alpha) == (
        0.1,
        2,
        8,
        8,
    )
    assert (paper.validation, paper.teacher.grade_source, paper.teacher.grader) == (40, "grader", "embedded")
    assert (
        paper.model_loading.quantisation == "none"
        and RunConfig.paper(model="google/gemma-2b-it").model_loading.quantisation == "nf4"
    )


def test_a_run_tells_in_what_it_departs_from_the_paper():
    assert [d.aspect for d in list_departures(RunConfig.paper())] == ["student", "marker", "questions"]
    whole = RunConfig.paper(
        model="google/gemma-2b-it",
        bank="math_qa",
        teacher=TeacherSettings(grader="google/flan-t5-large", grade_source="grader"),
    )
    assert list_departures(whole) == []
    changed = whole.model_copy(
        update={"turns": 3, "strategy": "none", "model_loading": ModelLoadingSettings(), "teacher": TeacherSettings()}
    )
    assert [d.aspect for d in list_departures(changed)] == ["weights", "marks", "way of choosing", "lessons"]
    assert "lessons: 3 (the paper: 20)." in map(str, list_departures(changed))
    held = whole.model_copy(update={"dpo": whole.dpo.model_copy(update={"rehearsal": 0.3})})
    assert [str(d) for d in list_departures(held)] == [
        "how strongly what a lesson does not practise is held where it was: 0.3 (the paper: 0)."
    ]
    asked = whole.model_copy(update={"model_loading": whole.model_loading.model_copy(update={"answer_form": "letter"})})
    assert [(d.run_value, d.paper_value) for d in list_departures(asked)] == [("letter", "free")]


@pytest.mark.parametrize("path, name, papers", presets._PAPER_SETTINGS)
def test_the_preset_itself_has_each_of_the_papers_values(path, name, papers):
    assert reduce(getattr, path.split("."), RunConfig.paper()) == papers, name


def test_a_new_run_rehearses_and_the_papers_does_not():
    assert RunConfig().dpo.rehearsal == 0.5 and RunConfig.paper().dpo.rehearsal == 0
    for wrong in (-0.1, 10.5, float("nan")):
        with pytest.raises(ConfigError, match="rehearsal"):
            RunConfig.make(dpo={"rehearsal": wrong})


def test_the_message_to_an_unknown_strategy_lists_all():
    for wrong in ("best", ["random"], None):
        with pytest.raises(ConfigError) as caught:
            RunConfig.make(strategy=wrong)
        assert caught.value.problem == f"strategy is {wrong!r}."
        *others, last = (f"'{id}'" for id in STRATEGIES)
        assert caught.value.remedy == f"Choose {', '.join(others)} or {last}."
        assert caught.value.field == "strategy"
