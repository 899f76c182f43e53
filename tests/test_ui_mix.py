"""What is practised, and which mistakes led to it, on Watch, in a race, on a projector and in Compare; and the paper's table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import fakes
import journals
import pandas as pd
import pytest
from store_runs import CONFIG, put, whole_run
from streamlit.testing.v1 import AppTest
from visits import WATCH, text_of, visit

from studentsim.analysis import mix_table, paper_table
from studentsim.config import RunConfig
from studentsim.events import Event, ExamFinished, RunEnded, RunStarted, TurnFinished, TurnStarted
from studentsim.labels import strategy_styles
from studentsim.narration import mix_summary
from studentsim.selection.registry import STRATEGIES
from studentsim.simulation import simulate
from studentsim.store import practice_mix
from studentsim.types import CATEGORIES
from studentsim.ui import charts, data
from studentsim.ui.watch import live_run, mix

COMPARE = "pages/3_Compare.py"
WRONG = {"general": 11, "physics": 17, "gain": 16, "geometry": 14}
PLAN = {"general": 8, "physics": 12, "gain": 11, "geometry": 9}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every look is a new one, and none is kept from test to test."""
    monkeypatch.setattr(live_run, "SNAPSHOT_TTL_SECONDS", 0.0)
    yield
    live_run._run_cache.clear()


def simulated(**settings: object) -> tuple[RunConfig, list[Event]]:
    config = fakes.config(**settings)
    return config, list(simulate(config, fakes.fake(config)))


def keep(
    folder: Path, run_id: str, *, until: int | None = None, status: str = "finished", **settings: object
) -> RunConfig:
    """A run by the real loop and a fake student, in the data folder; ``until``: only so many of its lessons, and it is not over."""
    config, events = simulated(**settings)
    if until is not None:
        end = next(i for i, e in enumerate(events) if isinstance(e, TurnFinished) and e.turn == until)
        events, status = events[: end + 1], "paused"
    start = RunStarted(0, run_id, config.model_dump(mode="json"), {})
    put(folder, run_id, [start, *events, RunEnded(events[-1].turn, status, 3.0)])
    (folder / "runs" / run_id / "config.json").write_text(config.model_dump_json())
    return config


def component_data(app: AppTest) -> list[dict]:
    return [json.loads(e.proto.bytes or e.proto.json or e.proto.mixed.json) for e in app.get("bidi_component")]


def picture(app: AppTest) -> dict:
    """The one picture of mistakes and practice that the page has."""
    (found,) = [d for d in component_data(app) if d.get("alt", "").startswith("Mistakes and practice")]
    return found


def mix_rows_of(config: RunConfig, *events: Event) -> tuple[list[dict], list[dict]]:
    lines = [event.to_json() for event in events]
    lessons, exams = ([e for e in lines if e["type"] == kind] for kind in ("TurnStarted", "ExamFinished"))
    found = practice_mix.build_practice_mix_rows("r", config.model_dump(mode="json"), lessons, exams)
    return found, practice_mix.build_exam_mix_rows("r", exams)


def exam(turn: int, wrong: dict[str, int] = WRONG, plan: dict[str, int] = PLAN) -> ExamFinished:
    asked = dict.fromkeys(wrong, 40)
    return ExamFinished(turn, 160 - sum(wrong.values()), 160, 0, 0.1, 0.9, wrong, asked, plan, None, 1.0)


# ------------------------------------------------------------------ what is said


@pytest.mark.parametrize(
    ("after", "going_on", "says"),
    [
        ((), True, "so 12 of the next 40 questions will be."),
        ((TurnStarted(5, (), PLAN),), True, "so 12 of the next 40 questions are."),
        ((TurnStarted(5, (), PLAN), TurnStarted(6, (), PLAN)), True, "so 12 of the next 40 questions were."),
        ((TurnStarted(5, (), PLAN),), False, "so 12 of the next 40 questions were."),
    ],
)
def test_the_last_exams_mistakes_are_told_with_what_they_lead_to(after, going_on, says):
    config = RunConfig(turns=20)
    lessons, exams = mix_rows_of(config, exam(4), *after)
    said = mix_summary.describe_current_mix(config, lessons, exams, is_running=going_on)
    assert said == f"17 of 58 mistakes in the exam after lesson 4 were in physics, {says}"


def test_before_the_first_exam_and_after_one_without_mistakes_no_cause_is_made_up():
    config = RunConfig()
    assert "will settle the mix" in mix_summary.describe_current_mix(config, [], [], is_running=True)
    assert mix_summary.describe_current_mix(config, [], [], is_running=False) == ""
    lessons, exams = mix_rows_of(config, exam(4, dict.fromkeys(WRONG, 0)))
    assert "all categories count alike" in mix_summary.describe_current_mix(config, lessons, exams, is_running=True)


def test_no_number_is_announced_where_the_settings_limit_the_pool():
    """The plan counts categories that cannot come; the lesson's own mix is told once it has begun."""
    config = RunConfig(categories=("gain", "geometry"))
    lessons, exams = mix_rows_of(config, exam(4))
    said = mix_summary.describe_current_mix(config, lessons, exams, is_running=True)
    assert (
        said
        == "16 of 58 mistakes in the exam after lesson 4 were in “profit, discount, interest”; the next lesson's mix follows that."
    )


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("own", [None, {"gain": 50.0, "geometry": 50.0}])
def test_every_way_says_what_its_mix_rests_on_and_only_some_rest_on_mistakes(strategy, own):
    config = RunConfig(strategy=strategy, mix=own)
    said = mix_summary.describe_mix_source(config)
    assert ("follows the mistakes" in said) == config.follows_mistakes
    assert ("set by hand" in said) == (own is not None and strategy != "fixed")
    lessons, exams = mix_rows_of(config, exam(4), TurnStarted(5, (), PLAN))
    if not config.follows_mistakes:
        assert mix_summary.describe_current_mix(
            config, lessons, exams, is_running=True
        ) == said and "mistakes" not in said.replace("does not look at the mistakes", "")


def test_a_way_of_a_newer_version_claims_nothing_but_that_it_heeds_no_exam():
    config = RunConfig.model_construct(**{**RunConfig().__dict__, "strategy": "clever"})
    assert (
        mix_summary.describe_mix_source(config)
        == "This way of choosing (clever) does not look at the mistakes of the exams."
    )


# ------------------------------------------------------------------ what stands side by side


def test_an_exam_is_shown_with_the_first_lesson_that_it_led_to():
    lessons, exams = mix_rows_of(
        RunConfig(), exam(0), TurnStarted(1, (), PLAN), exam(4), TurnStarted(5, (), PLAN), TurnStarted(6, (), PLAN)
    )

    def turns(lessons: list[dict], *, going_on: bool) -> tuple[set[int], set[int]]:
        found = mix_table.latest_exam_and_lesson(lessons, exams, is_running=going_on)
        return tuple({row["turn"] for row in rows} for rows in found)

    assert turns(lessons, going_on=True) == turns(lessons, going_on=False) == ({4}, {5})
    first = [row for row in lessons if row["turn"] == 1]
    assert turns(first, going_on=True) == ({4}, set()), "its lesson is still to come"
    assert turns(first, going_on=False) == ({0}, {1}), "no lesson will come after the last exam"
    assert mix_table.latest_exam_and_lesson([], [], is_running=True) == ([], [])


def test_runs_of_other_categories_share_their_columns():
    one, two = ({"turn": 1, "category": c, "wrong": n, "practised": n} for c, n in (("a", 3), ("b", 5)))
    columns, counts = mix_table.align_run_mixes([([one], [one]), ([two], [])])
    assert columns == ("a", "b") and counts == [((3, 0), (3, 0)), ((0, 5), (0, 0))]


# ------------------------------------------------------------------ pictures


def cells(figure) -> tuple:
    above, below = figure.data
    return above, below


def test_an_exams_mistakes_are_as_wide_as_the_lessons_that_they_led_to():
    config = RunConfig(turns=6, exam_every=2)
    events = [exam(0), TurnStarted(1, (), PLAN), TurnStarted(2, (), PLAN), exam(2), TurnStarted(3, (), PLAN)]
    found = mix_table.build_mix_table(*mix_rows_of(config, *events))
    mistakes, questions = cells(charts.mix_by_lesson_figure(found, exam_turns=config.exam_turns(), revision="a"))
    physics = [i for i, told in enumerate(mistakes.hovertext) if told.startswith("physics")]
    edges = [(mistakes.x[i] - mistakes.width[i] / 2, mistakes.x[i] + mistakes.width[i] / 2) for i in physics]
    assert [tuple(round(edge) for edge in pair) for pair in edges] == [(0, 2), (2, 4)]
    assert [mistakes.text[i] for i in physics] == [
        "17",
        "17",
    ] and "17 of 40 wrong, and 58 mistakes in all" in mistakes.hovertext[physics[0]]
    own = [i for i, told in enumerate(questions.hovertext) if told.startswith("physics")]
    assert [(questions.text[i], round(questions.width[i])) for i in own] == [("12", 2), ("12", 1)]
    assert all(base + height <= 0 for base, height in zip(mistakes.base, mistakes.y, strict=True) if base < 0)
    assert max(mistakes.base) < max(questions.base), "mistakes stand above, on an axis that runs down"


def test_its_cells_stay_where_they_are_while_a_run_goes_on_and_the_last_exam_says_what_it_asks_for():
    config = RunConfig(turns=4, exam_every=2)
    taught = [TurnStarted(turn, (), PLAN) for turn in range(1, 5)]
    events = [exam(0), *taught[:2], exam(2), *taught[2:], exam(4)]
    figures = [
        charts.mix_by_lesson_figure(
            mix_table.build_mix_table(*mix_rows_of(config, *events[:n]), follows_mistakes=True),
            exam_turns=config.exam_turns(),
        )
        for n in (1, 3, 4, 5, 7)
    ]
    assert len({str(figure.layout.xaxis.range) for figure in figures}) == 1
    assert len({str(figure.layout.yaxis) for figure in figures}) == 1
    hatched = [sum(shape == "/" for shape in figure.data[1].marker.pattern.shape) for figure in figures]
    assert hatched == [4, 0, 4, 0, 4]
    reach = figures[-1].layout.xaxis.range[1]
    for trace in figures[-1].data:
        assert all(0 <= x - w / 2 and x + w / 2 <= reach for x, w in zip(trace.x, trace.width, strict=True))


def test_equal_shares_are_equally_dark_and_no_number_hides_in_colour_alone():
    figure = charts.mix_by_strategy_figure([("<b>A</b>", (10, 30), (10, 30)), ("B", (0, 0), (5, 0))], ["x", "<i>y</i>"])
    above, below = cells(figure)
    assert list(above.text) == ["10", "30"] and list(below.text) == ["10", "30", "5", "0"], "no mistakes, no cells"
    shades = [strategy_styles.diverging_color(n / 10 + 0.05) for n in range(10)]
    assert [4 - shades.index(c) for c in above.marker.color] == [shades.index(c) - 5 for c in below.marker.color][:2]
    assert "<b>" not in str(figure.layout.yaxis.ticktext) + str(above.hovertext) and "<i>" not in str(
        figure.layout.xaxis.ticktext
    )
    shares = charts.mix_by_strategy_figure([("A", (1, 3), (10, 30))], ["x", "y"], of_hundred=True)
    assert list(shares.data[0].text) == ["25", "75"] and "3 of 4 mistakes" in shares.data[0].hovertext[1]


# ------------------------------------------------------------------ pages


def test_watch_shows_each_lessons_mix_beside_the_mistakes_that_led_to_it(folder: Path):
    config = keep(folder, "it", turns=4)
    app = visit(WATCH, run="it")
    assert not app.exception and "Which mistakes led to which practice?" in text_of(app)
    run = live_run.take_snapshot(data.get_engine(), "it")
    assert run.practised and {row["category"] for row in run.practised} == set(CATEGORIES)
    said = mix_summary.describe_mix_cause(config, run.practised)
    assert said in text_of(app).replace("\\", "") and ", so " in said and said in picture(app)["alt"]
    assert "Hatched: what the last exam asks for." in text_of(app)


def test_watch_tells_it_as_soon_as_the_exam_is_over(folder: Path):
    keep(folder, "it", turns=4, until=2)
    assert " questions will be." in text_of(visit(WATCH, run="it"))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"strategy": "random"}, "Any question of the pool may come"),
        ({"strategy": "log-probability"}, "on which the student is unsure"),
        ({"mix": {"gain": 60.0, "physics": 40.0}}, "set by hand (own mix"),
        ({"strategy": "fixed"}, "the mix never changes"),
        ({"strategy": "none"}, "nothing is learnt from them"),
    ],
)
def test_a_way_without_mistakes_says_what_its_mix_rests_on(folder: Path, settings: dict, says: str):
    keep(folder, "it", turns=2, **settings)
    app = visit(WATCH, run="it")
    text = text_of(app).replace("\\", "")
    assert says in text and mix_summary.MISTAKES_NOT_USED_NOTE in text and "What does it practise?" in text
    assert not app.exception and "what the last exam asks for" not in text and ", so " not in picture(app)["alt"]


def test_old_journals_show_their_mix_too(folder: Path):
    """Nothing is asked of events that version 0.1 did not write."""
    journals.as_of_0_1(journals.make_run(folder, "it"))
    assert "mistakes" in picture(visit(WATCH, run="it"))["alt"]


def test_a_race_shows_each_runs_mix_and_what_it_rests_on(folder: Path):
    keep(folder, "a", turns=2)
    keep(folder, "b", turns=2, strategy="random")
    app = visit(WATCH, race="a,b")
    text = text_of(app).replace("\\", "")
    assert not app.exception and "What does each practise, and after which mistakes?" in text
    assert "Mixed bag: Any question of the pool may come" in text and "Follow the mistakes: " in text
    figure = json.loads(picture(app)["figure"])
    assert figure["layout"]["yaxis"]["ticktext"] == ["Follow the mistakes", "Mixed bag"]


def test_a_race_before_any_lesson_and_a_run_before_its_first_exam_show_no_mix(folder: Path):
    for name in ("a", "b"):
        journals.make_run(folder, name, status="", turn=-1, until="exam", alive=True)
    assert "What does each practise" not in text_of(visit(WATCH, race="a,b"))
    assert "Which mistakes led" not in text_of(visit(WATCH, run="a"))
    assert mix.build_mix_card(live_run.take_snapshot(data.get_engine(), "a")) == {}


def test_the_projector_shows_the_mix_of_each_run(folder: Path):
    keep(folder, "a", turns=2)
    keep(folder, "b", turns=4, until=2)
    (cards,) = [d["cards"] for d in component_data(visit(WATCH, race="a,b", present="1")) if "cards" in d]
    done, waiting = (card["mix"] for card in cards)
    run = live_run.take_snapshot(data.get_engine(), "a")
    assert done["sentence"] == mix.describe_mix(run) and done["follows"]
    first = [row for row in run.practised if row["turn"] == 1]
    assert [(p["mistakes"], p["questions"]) for p in done["parts"]] == [
        (row["wrong"], row["practised"]) for row in first
    ]
    assert {part["questions"] for part in waiting["parts"]} == {None}, "the lesson has not begun"
    assert all("ost mistakes" in told["most"] for told in (done, waiting)) and "questions" not in waiting["most"]


def test_beside_other_runs_a_card_tells_the_category_with_the_most_mistakes_in_words():
    six = ("general", "physics", "gain", "geometry", "other", "probability")
    assert mix.describe_most_mistakes(six, (8, 49, 8, 6, 9, 7), (4, 22, 3, 4, 4, 3)) == (
        "Most mistakes in physics: 49 of 87; 22 of 40 questions practise it."
    )
    assert (
        mix.describe_most_mistakes(six, (9, 1, 2, 0, 0, 0), None)
        == "Most mistakes in “averages, ages, ratios”: 9 of 12."
    )
    assert (
        mix.describe_most_mistakes(("a", "b"), (4, 4), (1, 1))
        == "No category has the most mistakes alone: 2 have 4 of 8 each."
    )
    assert mix.describe_most_mistakes(("a",), (0,), (5,)) == "No mistake in the last exam."


def test_compare_shows_what_each_way_practised_and_what_its_mix_rests_on(folder: Path):
    keep(folder, "a", turns=2)
    keep(folder, "b", turns=2, strategy="random")
    app = visit(COMPARE, runs="a,b")
    text = text_of(app).replace("\\", "")
    assert not app.exception and "What did each practise, and after which mistakes?" in text
    assert "Mixed bag: Any question of the pool may come" in text
    assert "Follow the mistakes: Each lesson's mix of categories follows the mistakes of the exam before it." in text


def test_compare_counts_each_exam_once_and_only_those_before_a_lesson(folder: Path):
    from studentsim.ui.compare import mix

    keep(folder, "a", turns=2)
    run = live_run.take_snapshot(data.get_engine(), "a")
    database, groups = data.get_engine().database, (("A", (("a", run.turn),)),)
    columns, ((label, mistakes, questions),) = mix._count_mixes(database, groups)
    first = [row for row in run.mistakes if row["turn"] == 0]
    assert label == "A" and list(columns) == [row["category"] for row in first]
    assert list(mistakes) == [row["wrong"] for row in first] and sum(questions) == 2 * run.config.questions_per_turn


# ------------------------------------------------------------------ the paper's table


def test_the_papers_table_has_practice_figures_mistakes_and_ratio_of_each_lesson(folder: Path):
    put(folder, "it", whole_run())
    (folder / "runs" / "it" / "config.json").write_text(CONFIG.model_dump_json())
    app = visit(WATCH, run="it")
    app.session_state["watch.paper.it"] = True
    app.run()
    (table,) = [frame.value for frame in app.dataframe if "next mix (Ratio)" in frame.value]
    assert list(table["lesson"]) == [0, 1, 2, 3] and list(table["training loss"].isna()) == [True, False, False, False]
    for head in (
        "practice: right",
        "practice: 95 % from",
        "validation loss",
        "rewards/margins",
        "rewards/accuracies",
        "logps/chosen",
    ):
        assert head in table and table[head].notna().sum() == 3, head
    assert table["exam: wrong by category"].tolist()[0] == "1, 2" and table["next mix (Ratio)"].tolist()[0] == "1, 2"
    assert "Categories in this order: general, gain." in text_of(app)


def test_the_papers_table_of_a_run_that_recorded_no_passes_is_told_from_its_steps(folder: Path):
    run = journals.make_run(folder, "it", turns=2)
    assert run.exists()
    seen = live_run.take_snapshot(data.get_engine(), "it")
    table = paper_table.paper_table_frame(
        seen.lessons, seen.exams, seen.mistakes, seen.steps, seen.validations, pd.DataFrame({"turn": []})
    )
    assert list(table.turn) == [0, 1, 2] and "epoch" not in table
    assert table.training_loss[1] == pytest.approx(seen.steps[seen.steps.turn == 1].loss.mean())
    assert table.rewards_margins[2] == pytest.approx(seen.validations.rewards_margins.iloc[-1])


def test_each_pass_has_a_row_where_there_were_several():
    epochs = pd.DataFrame(
        [{"turn": 1, "epoch": n, "epochs": 2, "training_loss": 0.6, "validation_loss": 0.5}
         | {f"validation_{name}": 0.1 for name in paper_table.DPO_METRICS} for n in (1, 2)]
    )  # fmt: skip
    lessons = pd.DataFrame([{"turn": 1, "correct": 4, "questions": 8, "accuracy": 0.5, "ci_low": 0.2, "ci_high": 0.8}])
    none = pd.DataFrame({"turn": []})
    table = paper_table.paper_table_frame(lessons, none, [], none, none, epochs)
    assert list(table.epoch) == ["1 of 2", "2 of 2"] and list(table.correct.isna()) == [True, False]


def test_the_note_says_whether_the_lessons_follow_the_ratio():
    rows = [{"category": c, "turn": 0} for c in ("a", "b")]
    assert "which the lessons follow" in paper_table.paper_table_note(RunConfig(), rows)
    assert "does not follow it" in paper_table.paper_table_note(RunConfig(strategy="random"), rows)
