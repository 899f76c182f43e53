"""Repeat with n seeds: on New simulation, a new race, a race and Compare; and that a group is one thing to Compare."""

from __future__ import annotations

from pathlib import Path

import pytest
from journals import make_group, make_run
from visits import NEW, WATCH, link_labels, text_of, visit

from studentsim.analysis.estimate import DurationEstimate
from studentsim.analysis.run_groups import ComparedRun
from studentsim.config import RunConfig
from studentsim.errors import ConfigError
from studentsim.labels import formatting
from studentsim.runs import groups
from studentsim.runs.manager import RunManager
from studentsim.runs.run_dir import open_run
from studentsim.ui import repeat
from studentsim.ui.compare import data
from studentsim.ui.compare.group_summary import summarize_group
from studentsim.ui.new.category_mix import MIX_LABELS

COMPARE = "pages/3_Compare.py"


def cells(folder: Path, count: int) -> list[tuple[str, str, dict]]:
    found = [open_run(folder, f"run-{i + 1}").cell for i in range(count)]
    return [(cell.group, cell.plan, cell.coordinates) for cell in found if cell]


# ------------------------------------------------------------------ New simulation


def test_one_button_on_new_simulation_starts_five_seeds_as_a_group_and_leads_to_compare(started: list, folder: Path):
    app = visit(NEW)
    assert not app.exception and not app.error
    button = app.button(key="new.repeat")
    assert button.label == "Repeat with 5 seeds" and app.number_input(key="new.seeds").value == 5
    assert "5 runs (seeds 0 to 4), all with the same exam." in text_of(app) and "2 are at work at a time" in text_of(
        app
    )
    button.click().run()
    assert not app.exception
    configs = [config for config, _ in started]
    assert [config.seed for config in configs] == [0, 1, 2, 3, 4]
    assert {config.model_copy(update={"seed": 0}) for config in configs} == {RunConfig()}
    told = cells(folder, 5)
    assert len({group for group, *_ in told}) == 1 and {plan for _, plan, _ in told} == {"repeat"}
    assert [coordinates for *_, coordinates in told] == [{"seed": seed} for seed in range(5)]
    assert app.title[0].value == "Compare" and app.query_params["runs"] == told[0][0]
    assert "5 seeds (0 to 4)" in app.multiselect(key="compare.runs").format_func(told[0][0])


def test_the_number_of_seeds_is_the_user_s_and_begins_at_the_run_s_own(started: list):
    app = visit(NEW)
    app.number_input(key="new.seed").set_value(7).run()
    app.text_input(key="new.name").set_value("Class 7").run()
    app.number_input(key="new.seeds").set_value(2).run()
    assert app.button(key="new.repeat").label == "Repeat with 2 seeds"
    app.button(key="new.repeat").click().run()
    assert [(c.seed, c.name) for c, _ in started] == [(7, "Class 7, seed 7"), (8, "Class 7, seed 8")]


def test_a_double_click_repeats_once(started: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streamlit.switch_page", lambda *_, **__: None)
    app = visit(NEW)
    app.number_input(key="new.seeds").set_value(2).run()
    for _ in range(2):
        app.button(key="new.repeat").click().run()
    assert len(started) == 4 and len({token for _, token in started}) == 2


def test_settings_that_cannot_work_can_not_be_repeated_either(started: list):
    app = visit(NEW)
    app.text_input(key="new.name").set_value("a\u202eb").run()
    assert app.button(key="new.repeat").disabled and not started


def test_what_only_the_start_finds_wrong_is_said_and_nothing_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch):
    def start(self: RunManager, config: RunConfig, token: str = "", cell: object = None) -> str:
        raise ConfigError("The bank has too few questions.", "Ask for fewer.", field="exam")

    monkeypatch.setattr(RunManager, "start", start)
    app = visit(NEW)
    app.button(key="new.repeat").click().run()
    assert not app.exception and any("Ask for fewer" in error.value for error in app.error)


def test_the_time_is_told_for_all_of_them():
    told = repeat.describe_repeat([RunConfig()], range(5), [DurationEstimate(60, 60, 3)])
    assert "5 minutes" in told and told.startswith("5 runs (seeds 0 to 4)")
    race = repeat.describe_repeat(
        [RunConfig(), RunConfig(strategy="none")], [0, 1], [DurationEstimate(60, 60, 3), DurationEstimate(30, 30, 3)]
    )
    assert race.startswith("2 runs of each of the 2 (seeds 0 and 1)") and "3 minutes" in race
    unknown = repeat.describe_repeat([RunConfig(model="own/model")], [0, 1], [DurationEstimate(1, 1, 0)])
    assert "2 times as long as one" in unknown


# ------------------------------------------------------------------ a race


def test_a_new_race_is_repeated_seed_by_seed_so_that_a_stop_leaves_whole_races(started: list, folder: Path):
    app = visit(WATCH, race="new")
    app.number_input(key="watch.race.again.seeds").set_value(2).run()
    app.button(key="watch.race.again.repeat").click().run()
    assert not app.exception
    assert [(c.strategy, c.seed) for c, _ in started] == [
        ("category", 0),
        ("random", 0),
        ("category", 1),
        ("random", 1),
    ]
    assert {c.exam_seed for c, _ in started} == {0}
    told = cells(folder, 4)
    assert {plan for _, plan, _ in told} == {"race"} and set(told[0][2]) == {"seed", "strategy"}
    assert app.title[0].value == "Compare" and app.query_params["runs"] == told[0][0]


def test_a_race_without_more_seeds_is_a_group_too(started: list, folder: Path):
    app = visit(WATCH, race="new")
    app.button(key="watch.race.start").click().run()
    assert app.query_params["race"] == "run-1,run-2"
    assert len({group for group, *_ in cells(folder, 2)}) == 1


def test_a_race_there_is_repeats_with_seeds_it_has_not_had(started: list, folder: Path):
    make_run(folder, "a", strategy="random", seed=3)
    make_run(folder, "b", strategy="none", seed=3)
    app = visit(WATCH, race="a,b")
    app.number_input(key="watch.race.more.seeds").set_value(2).run()
    app.button(key="watch.race.more.repeat").click().run()
    assert [(c.strategy, c.seed) for c, _ in started] == [(w, s) for s in (4, 5) for w in ("random", "none")]
    assert app.query_params["runs"].startswith("a,b,group-")


def racers_of(app, started: list, what: str) -> list[RunConfig]:
    app.segmented_control(key="watch.race.differs").set_value(what).run()
    assert not app.exception and not app.error, what
    app.button(key="watch.race.start").click().run()
    assert not app.exception
    return [config for config, _ in started]


@pytest.mark.parametrize(
    "what, values",
    [
        ("Category mix", lambda c: c.mix and tuple(c.mix.items())),
        ("Feedback", lambda c: (c.teacher.attempts, c.teacher.feedback)),
        ("Teacher's errors", lambda c: c.teacher.error_rate),
        ("Length", lambda c: (c.turns, c.questions_per_turn)),
        ("Another setting", lambda c: c.dpo.learning_rate),
    ],
)
def test_a_race_can_differ_in_anything_and_in_nothing_else(started: list, what: str, values):
    configs = racers_of(visit(WATCH, race="new"), started, what)
    assert len(configs) == 2 and len({values(c) for c in configs}) == 2
    (differ,) = {tuple(sorted(cell.coordinates)) for cell in groups.build_cells("g", "race", configs)}
    asked = {
        "Category mix": {"mix"}, "Feedback": {"teacher.attempts", "teacher.feedback"}, "Length": {"turns", "questions_per_turn"},
        "Teacher's errors": {"teacher.error_rate"}, "Another setting": {"dpo.learning_rate"},
    }  # fmt: skip
    assert set(differ) <= asked[what]


def test_a_race_calls_an_even_mix_as_the_form_does(folder: Path):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Category mix").run()
    assert MIX_LABELS["even"] in app.multiselect(key="watch.race.Category mix").options


def test_an_own_mix_in_a_race_is_taken_in_proportion(started: list):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Category mix").run()
    app.multiselect(key="watch.race.Category mix").set_value(["way", "own", "own2"]).run()
    for category in ("general", "gain", "geometry", "other", "probability"):
        app.number_input(key=f"watch.race.mix.own.{category}").set_value(0)
    app.number_input(key="watch.race.mix.own2.physics").set_value(0)
    app.run()
    assert "these percentages are taken: physics 100" in text_of(app)
    app.button(key="watch.race.start").click().run()
    assert started[1][0].mix["physics"] == 100 and started[0][0].mix is None
    assert started[2][0].mix["physics"] == 0 and sum(started[2][0].mix.values()) == 100


def test_a_race_s_mixes_are_named_by_what_the_categories_hold(started: list):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Category mix").run()
    mixes = app.multiselect(key="watch.race.Category mix")
    assert (
        "Half “averages, ages, ratios”" in mixes.options and "Nothing but “profit, discount, interest”" in mixes.options
    )
    assert "Half physics" in mixes.options and not {"Half general", "Nothing but gain", "Half other"} & set(
        mixes.options
    )
    mixes.set_value(["way", "own"]).run()
    assert app.number_input(key="watch.race.mix.own.other").label == "sequences, counting, percent"
    app.number_input(key="watch.race.mix.own.other").set_value(50).run()
    assert "“sequences, counting, percent” 37" in text_of(app)


def test_another_setting_of_few_values_offers_them(started: list):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Another setting").run()
    app.selectbox(key="watch.race.Setting").set_value("teacher.chosen_text").run()
    app.multiselect(key="watch.race.Values of chosen_text").set_value(["full", "short", "option"]).run()
    app.button(key="watch.race.start").click().run()
    assert [c.teacher.chosen_text for c, _ in started] == ["full", "short", "option"]


def test_a_value_out_of_bounds_is_said_and_nothing_can_start(started: list):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Another setting").run()
    app.number_input(key="watch.race.dpo.learning_rate.0").set_value(0.0).run()
    assert not app.exception and "greater than 0" in app.error[0].value
    assert app.button(key="watch.race.start").disabled and app.button(key="watch.race.again.repeat").disabled


def test_every_setting_that_a_race_can_differ_in_can_be_chosen(folder: Path):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Another setting").run()
    for name in app.selectbox(key="watch.race.Setting").options:
        app.selectbox(key="watch.race.Setting").select(name).run()
        assert not app.exception, name
        assert not app.error, (name, app.error[0].value)
        for button in ("watch.race.start", "watch.race.again.repeat"):
            assert not app.button(key=button).disabled, name


def test_earlier_simulations_race_with_their_settings_on_one_exam(started: list, folder: Path):
    make_run(folder, "a", strategy="random", seed=3, exam_seed=5, name="A", turns=3)
    make_run(folder, "b", student="careless", teacher={"attempts": 2, "feedback": "hint"}, name="B")
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Earlier simulations").run()
    assert app.button(key="watch.race.start").disabled
    app.multiselect(key="watch.race.Earlier simulations").set_value(["a", "b"]).run()
    app.button(key="watch.race.start").click().run()
    configs = [config for config, _ in started]
    assert [(c.name, c.strategy, c.student, c.turns) for c in configs] == [
        ("A", "random", "balanced", 3),
        ("B", "category", "careless", 4),
    ]
    assert {(c.seed, c.exam_seed, c.exam_size) for c in configs} == {(0, 0, 240)} and configs[
        1
    ].teacher.feedback == "hint"


def test_two_racers_who_are_alike_cannot_start(folder: Path):
    app = visit(WATCH, race="new")
    app.segmented_control(key="watch.race.differs").set_value("Teacher's errors").run()
    app.multiselect(key="watch.race.Teacher's errors").set_value([0.0, 0.2]).run()
    assert not app.button(key="watch.race.start").disabled
    app.segmented_control(key="watch.race.differs").set_value("Length").run()
    for field, value in (("turns", 10), ("questions", 20)):
        for racer in (1, 2):
            app.number_input(key=f"watch.race.{field}.{racer}").set_value(value)
    app.run()
    assert app.button(key="watch.race.start").disabled and "alike in everything" in text_of(app)


# ------------------------------------------------------------------ Compare


def run(run_id: str, *, group: str = "", **settings: object) -> ComparedRun:
    return ComparedRun(run_id, RunConfig(**settings), "finished", False, 0.0, 4, 1, group_id=group)


def test_a_group_is_chosen_as_one_thing_and_drawn_as_a_mean_with_its_interval(folder: Path):
    make_group(folder, racers=({"strategy": "random"}, {"strategy": "category"}), seeds=3)
    make_run(folder, "other", student="careless")
    app = visit(COMPARE, runs="group-1")
    assert not app.exception and not app.error
    assert app.session_state["compare.runs"] == ["group-1"] and app.query_params["runs"] == "group-1"
    text = text_of(app)
    assert "mixed bag 3, follow the mistakes 3 runs" in text
    labels = app.multiselect(key="compare.runs").options
    assert any(
        label.startswith("Race: mixed bag; follow the mistakes · Balanced beginner · 2 ways × 3 seeds (0 to 2)")
        for label in labels
    )
    assert "Seed" in str(app.table[0].value)


def test_a_group_of_one_way_beside_single_runs(folder: Path):
    make_group(folder, seeds=2, strategy="random")
    make_run(folder, "alone", strategy="category")
    app = visit(COMPARE, runs="alone,group-1")
    assert not app.exception and app.session_state["compare.runs"] == ["alone", "group-1"]
    assert len(app.get("page_link")) >= 9


def test_names_of_groups_in_a_link_are_known_unknown_or_left_with_one_run():
    runs = {
        r.run_id: r
        for r in (run("a", group="group-1", seed=0), run("b", group="group-1", seed=1), run("c", group="group-2"))
    }
    asked = data.parse_selection(["group-1,c,group-9"], runs)
    assert asked.names == ("group-1", "c") and asked.unknown_names == ("group-9",)
    assert [r.run_id for r in data.resolve_runs(["group-1", "b", "c"], runs)] == ["a", "b", "c"]
    assert [r.run_id for r in data.resolve_runs(["group-2"], runs)] == ["c"]


def test_no_more_runs_are_compared_than_a_group_may_have():
    runs = {f"r{i}": run(f"r{i}", group=f"group-{i // 50}", seed=i) for i in range(150)}
    assert (
        len(data.resolve_runs(["group-0", "group-1", "group-2"], runs))
        == data.MAX_COMPARED_RUNS
        == groups.MAX_GROUP_RUNS
    )


def test_a_group_is_proposed_as_one_thing():
    runs = {f"g{i}": run(f"g{i}", group="group-1", seed=i // 2, strategy=("random", "none")[i % 2]) for i in range(30)}
    assert data.propose_selection(runs, "g3") == ["group-1"]
    runs["alone"] = run("alone", seed=99)
    assert set(data.propose_selection(runs, "g3")) == {"group-1", "alone"}
    assert data.propose_selection({"a": run("a", group="group-1")}, None) == ["a"]


def test_compare_repeats_each_way_with_seeds_that_none_of_them_has_had(started: list, folder: Path):
    make_run(folder, "a", strategy="random", seed=0)
    make_run(folder, "b", strategy="random", seed=2)
    make_run(folder, "c", strategy="none", seed=0)
    app = visit(COMPARE, runs="a,b,c")
    app.number_input(key="compare.seeds").set_value(2).run()
    assert "2 runs of each of the 2 (seeds 1 and 3)" in text_of(app)
    app.button(key="compare.repeat").click().run()
    assert not app.exception and not app.error
    assert [(c.strategy, c.seed) for c, _ in started] == [(w, s) for s in (1, 3) for w in ("random", "none")]
    group = open_run(folder, "run-1").cell.group
    assert app.query_params["runs"] == f"a,b,c,{group}" and app.session_state["compare.runs"] == ["a", "b", "c", group]


def test_more_runs_than_a_group_may_have_are_not_begun(started: list, folder: Path):
    for i, way in enumerate(("random", "none", "category", "fixed", "likely-wrong")):
        make_run(folder, f"r{i}", strategy=way, turns=1, exam_size=6)
    app = visit(COMPARE, runs=",".join(f"r{i}" for i in range(5)))
    app.number_input(key="compare.seeds").set_value(20).run()
    assert app.button(key="compare.repeat").disabled and "That would be 100 runs" in text_of(app)


def test_many_runs_are_folded_by_their_way_until_asked_for(folder: Path):
    make_group(folder, racers=({"strategy": "random"}, {"strategy": "none"}), seeds=5, turns=1, exam_size=6)
    app = visit(COMPARE, runs="group-1")
    assert {"Mixed bag: 5 runs, seeds 0 to 4", "No teaching: 5 runs, seeds 0 to 4"} <= {e.label for e in app.expander}
    assert "Answers" not in link_labels(app)[9:]
    app.session_state["compare.closer.0"] = True
    app.run()
    assert not app.exception and link_labels(app).count("Answers") == 1 + 5


def test_a_group_is_called_by_what_its_runs_share():
    def named(**settings: object) -> RunConfig:
        return RunConfig(**settings)

    alone = summarize_group([named(seed=s, strategy="random") for s in (0, 1, 3)])
    assert (alone.title, alone.student, alone.size_label) == ("mixed bag", "Balanced beginner", "3 seeds (0, 1 and 3)")
    own = summarize_group([named(seed=s, name=f"Class 7, seed {s}") for s in (0, 1)])
    assert own.title == "Class 7"
    race = summarize_group([named(student=s, seed=4) for s in ("balanced", "careless")])
    assert race.student == "" and race.size_label == "2 ways × 1 seed (4)" and race.title.startswith("race: ")


def test_seeds_are_told_shortly():
    assert (
        formatting.format_seeds([]) == "no seed"
        and formatting.format_seeds([4]) == "seed 4"
        and formatting.format_seeds([1, 3]) == "seeds 1 and 3"
    )
    assert (
        formatting.format_seeds(range(20)) == "seeds 0 to 19"
        and formatting.format_seeds(range(0, 40, 2)) == "20 seeds from 0 to 38"
    )


def test_a_new_race_s_start_is_pinned_in_sight(folder: Path):
    app = visit(WATCH, race="new")
    pinned = app._tree.children[3]  # the container at the window's lower edge, in Streamlit's own numbering
    assert [button.label for button in pinned.get("button")] == ["Start the race"]
    assert pinned.get("markdown")[0].value.startswith("About ")
