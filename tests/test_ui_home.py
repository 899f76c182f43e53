"""Home: the first visit with its recorded study, the list of runs, and what can be done with a run there."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pandas as pd
import pytest
from journals import edit_journal, make_run
from visits import HOME, WATCH, link_labels, text_of, visit

from studentsim.analysis.differences import AccuracyDifference
from studentsim.analysis.run_groups import ComparedRun, RunGroup
from studentsim.config import RunConfig
from studentsim.labels.strategy_styles import STRATEGY_STYLES
from studentsim.runs import demo
from studentsim.runs.lease import Lease
from studentsim.runs.run_dir import RunFolder, list_runs
from studentsim.store import ingest
from studentsim.store.database import Database
from studentsim.ui import charts, data
from studentsim.ui.home import rows, sentences
from studentsim.ui.watch import live_run

COMPARE = "pages/3_Compare.py"
INTRODUCTION = "A small language model plays a student"


NAMES = {strategy: look.name for strategy, look in STRATEGY_STYLES.items()}


def packed(study: demo.RecordedStudy, to: Path, scratch: Path, **settings: Any) -> Path:
    """The study's runs as the product would carry them, in the folder ``to``."""
    for config in study.build_configs(NAMES, questions_per_turn=8, exam_size=60, **settings):
        demo.pack_run(RunFolder(make_run(scratch, study.run_id_for(config), **config.model_dump())), to)
    return to


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small recorded study."""
    scratch = tmp_path_factory.mktemp("scratch")
    return packed(demo.EMBEDDED_STUDY, tmp_path_factory.mktemp("recorded"), scratch, turns=4)


@pytest.fixture(scope="module")
def taken_in(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that has the study already, also in its database."""
    folder = tmp_path_factory.mktemp("taken-in")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(demo.RECORDED_VARIABLE, "1")
        demo.unpack_recorded_runs(folder, source)
    with Database.open(folder) as database:
        ingest.sync_journals(database, folder / "runs")
    return folder


@pytest.fixture
def untouched(folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose app finds a small recorded study in the product."""
    monkeypatch.setenv(demo.RECORDED_VARIABLE, "1")
    monkeypatch.setattr(demo.unpack_recorded_runs, "__defaults__", (source,))
    return folder


@pytest.fixture
def study(untouched: Path, taken_in: Path) -> Path:
    """Such a data folder after the first visit."""
    shutil.copytree(taken_in, untouched, dirs_exist_ok=True)
    return untouched


# ------------------------------------------------------------------ the first visit


def test_home_without_runs_says_what_this_is_and_offers_one_button(folder: Path):
    app = visit(HOME)
    assert not app.exception and not app.error
    assert [b.label for b in app.button] == ["Watch a student learn"]
    assert INTRODUCTION in text_of(app) and "not your pupils" in text_of(app)
    assert "You have not run a simulation yet" in text_of(app)
    assert {"Start a race", "Choose everything yourself"} <= set(link_labels(app))


def test_the_first_visit_shows_the_recorded_study_with_its_sentence_and_its_label(untouched: Path):
    app = visit(HOME)
    assert not app.exception and not app.error
    text = text_of(app)
    assert "Without teaching, this student answers" in text and "What does teaching change?" in text
    assert f"recorded {time.strftime('%d %B %Y', time.gmtime()).lstrip('0')}" in text
    assert "You have not run a simulation yet" in text
    assert len(app.get("plotly_chart")) == 1 and not app.get("bidi_component")
    app.session_state["home.recorded"] = True  # as a click on the fold does
    app.run()
    assert "the same student (Physics gap)" in text_of(app)
    assert (
        "Seeds: mixed bag 1, 2, 3, 4, 5; follow the mistakes 1, 2, 3, 4, 5; no teaching 1; same questions again 1."
        in text_of(app)
    )
    assert len(app.get("bidi_component")) == sum(demo.EMBEDDED_STUDY.seeds_by_strategy.values())  # a small picture each
    names = {
        f"Recorded study, {STRATEGY_STYLES[s].name.lower()}, seed {seed + 1}"
        for s, count in demo.EMBEDDED_STUDY.seeds_by_strategy.items()
        for seed in range(count)
    }
    assert names <= set(link_labels(app))


def test_an_earlier_version_s_recorded_runs_are_listed_but_not_in_what_is_said(study: Path):
    make_run(study, "recorded-random", strategy="random", name="Recorded study, mixed bag", turns=4, student="careless")
    events = study / "runs" / "recorded-random" / "events.jsonl"
    edit_journal(events, lambda line: line.replace('"recorded":false', '"recorded":true'))
    app = visit(HOME)
    assert not app.exception and "Look into the 13 recorded runs" in [e.label for e in app.expander]
    before = text_of(app)
    app.session_state["home.recorded"] = True
    app.run()
    assert "came with an earlier version" in text_of(app) and "Recorded study, mixed bag" in link_labels(app)
    assert "Without teaching, this student answers" in before and "careless" not in before.lower()


def test_a_recorded_run_looks_finished_and_recorded_wherever_it_is_opened(study: Path):
    visit(HOME)
    card = next(
        run for run in data.list_recent_runs(data.get_engine(), limit=99) if run.run_id == "recorded-random-seed-1"
    )
    snapshot = live_run.take_snapshot(data.get_engine(), "recorded-random-seed-1")
    assert card.status == snapshot.status == "finished"
    assert card.recorded_label == snapshot.recorded_label and card.recorded_label.startswith("recorded ")
    assert card.title == snapshot.title == "Recorded study, mixed bag, seed 1"


def test_own_runs_come_before_the_recorded_ones_and_are_not_among_them(study: Path):
    make_run(study, "own", name="Mine")
    text = text_of(visit(HOME))
    assert "Recent simulations" in text and "You have not run" not in text
    assert "Look into the 12 recorded runs" in [e.label for e in visit(HOME).expander]


def test_the_recorded_study_is_gone_from_home_once_its_runs_are_deleted(study: Path):
    visit(HOME)
    for folder in list_runs(study):
        data.get_engine().manager.delete(folder.run_id)
    data.close_engines()
    app = visit(HOME)
    assert "What does teaching change?" not in text_of(app) and not app.exception and list_runs(study) == []


def test_home_tells_of_smollm2_s_study_below_the_embedded_student_s_with_a_way_to_compare(
    study: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    both = Path(shutil.copytree(source, tmp_path / "both"))
    packed(demo.SMOLLM2_STUDY, both, tmp_path / "small", bank="dev.json", turns=2, exam_every=1)
    monkeypatch.setattr(demo.unpack_recorded_runs, "__defaults__", (both,))
    app = visit(HOME)
    assert not app.exception and not app.error
    text = text_of(app)
    assert text.index("What does teaching change?") < text.index("And a real language model?")
    assert "2 lessons of 8 questions, 5 ways of choosing with 3 seeds each, and sat an exam of 60 questions" in text
    assert len(app.get("plotly_chart")) == 1 and not app.get("bidi_component")  # no second picture on a first visit
    folds = [e.label for e in app.expander]
    assert "Look into the 12 recorded runs" in folds and "Look into its 15 recorded runs" in folds
    (link,) = [link for link in app.get("page_link") if "paper's curves" in link.proto.label]
    asked = parse_qs(link.proto.query_string)
    chosen = asked["runs"][0].split(",")
    assert len(chosen) == 12 and asked["paper"] == ["1"] and not any("none" in run_id for run_id in chosen)
    compared = visit(COMPARE, runs=asked["runs"][0], paper="1")
    assert not compared.exception and not compared.error
    assert {run_id.split("-seed")[0] for run_id in compared.session_state["compare.runs"]} == {
        "recorded-smollm2-random", "recorded-smollm2-category", "recorded-smollm2-log-probability",
        "recorded-smollm2-log-probability-category",
    }  # fmt: skip
    untold = visit(COMPARE)  # a first look there is the embedded student's, although SmolLM2 was recorded later
    assert all(demo.is_embedded_study_run(run_id) for run_id in untold.session_state["compare.runs"])


# ------------------------------------------------------------------ the list


def test_home_lists_runs_with_their_state_and_last_exam_in_words(folder: Path):
    make_run(folder, "done", exam_size=60)
    make_run(folder, "stuck", status="failed", turn=2, until="training", name="Class $7_b$")
    app = visit(HOME)
    assert not app.exception and not app.error
    text = text_of(app)
    assert "finished" in text and "stopped by a problem" in text
    assert "right after 4 lessons" in text and "lesson 2 of 4" in text
    assert " to " in text and "Balanced beginner" in text
    assert {r"Class \$7\_b\$", "Follow the mistakes"} <= set(link_labels(app))
    assert len(app.get("bidi_component")) == 2


@pytest.mark.parametrize(
    "settings, says",
    [
        ({"status": "", "turn": -1, "until": "loading", "alive": True}, "getting ready"),
        ({"status": "", "turn": 2, "until": "study", "alive": True}, "learning"),
        ({"status": "paused", "turn": 2}, "paused"),
        ({"status": "cancelled", "turn": 2}, "cancelled"),
        ({"status": "", "turn": -1, "until": "exam"}, "no exam yet"),
        ({"exam_size": 1, "questions_per_turn": 1, "turns": 1}, "of 1"),
    ],
)
def test_home_shows_a_run_in_every_state(folder: Path, settings: dict, says: str):
    make_run(folder, "it", **settings)
    app = visit(HOME)
    assert not app.exception and not app.error and says in text_of(app)


def test_older_runs_are_folded_away_until_asked_for(folder: Path):
    for i in range(rows.INITIAL_ROWS + 2):
        make_run(folder, f"run-{i}", name=f"Class {i}", turns=1, exam_size=6)
    app = visit(HOME)
    assert "2 earlier simulations" in [e.label for e in app.expander]
    assert sum(label.startswith("Class") for label in link_labels(app)) == rows.INITIAL_ROWS


def test_the_button_starts_the_default_run_and_leads_to_it(started: list):
    app = visit(HOME)
    app.button[0].click().run()
    assert not app.exception
    ((config, _),) = started
    assert config == RunConfig()
    assert app.query_params["run"] == "run-1"


def test_a_double_click_starts_one_run_and_a_later_click_another(started: list, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("streamlit.switch_page", lambda *_, **__: None)  # the second click finds Home still there
    app = visit(HOME)
    app.button(key="home.start").click().run()
    app.button(key="home.start").click().run()
    app.run()
    app.button(key="home.start").click().run()
    first, second, third = (token for _, token in started)
    assert first == second != third


# ------------------------------------------------------------------ what can be done with a run


def test_a_run_is_deleted_only_after_it_was_confirmed(folder: Path):
    make_run(folder, "it", name="Class 7")
    app = visit(HOME)
    app.menu_button(key="home.more.it").click(rows.DELETE_OPTION).run()
    assert "Nothing brings them back" in text_of(app) and (folder / "runs" / "it").exists()
    app.button(key="home.delete").click().run()
    assert not app.exception and not app.error
    assert not (folder / "runs" / "it").exists()
    app = visit(HOME)
    assert "Class 7" not in link_labels(app) and "You have not run a simulation yet" in text_of(app)
    gone = visit(WATCH, run="it")
    assert "was deleted" in gone.error[0].value


def test_a_run_at_work_cannot_be_deleted(folder: Path):
    make_run(folder, "it", status="", turn=2, until="study", alive=True)
    app = visit(HOME)
    app.menu_button(key="home.more.it").click(rows.DELETE_OPTION).run()
    assert "It is at work" in text_of(app)
    assert "home.delete" not in [b.key for b in app.button] and (folder / "runs" / "it").exists()


def test_a_run_that_began_to_work_meanwhile_is_not_deleted_and_that_is_said(folder: Path):
    make_run(folder, "it", status="", turn=2, until="study")
    app = visit(HOME)
    app.menu_button(key="home.more.it").click(rows.DELETE_OPTION).run()
    Lease.acquire(RunFolder(folder / "runs" / "it")).write_heartbeat()
    app.button(key="home.delete").click().run()
    assert "is at work" in app.error[0].value and (folder / "runs" / "it").exists()


def test_run_again_leads_to_the_form_with_that_run(folder: Path):
    make_run(folder, "it", student="careless", name="Class 7")
    app = visit(HOME)
    app.menu_button(key="home.more.it").click(rows.RERUN_OPTION).run()
    assert not app.exception
    assert app.title[0].value == "New simulation" and app.query_params["like"] == "it"
    assert app.session_state["new.student"] == "careless"


# ------------------------------------------------------------------ what is said of the study


def exams(**last: tuple[int, float, float]) -> pd.DataFrame:
    """A study of two exams: 30 of 100 before any lesson, then for each way what is given: correct of 100, low, high."""
    told = []
    for strategy, (correct, low, high) in last.items():
        strategy = strategy.replace("_", "-")
        told += [(strategy, 0, 30, 100, 0.3, 0.22, 0.4, 1), (strategy, 20, correct, 100, correct / 100, low, high, 1)]
    return pd.DataFrame(
        told, columns=["strategy", "turn", "correct", "questions", "accuracy", "ci_low", "ci_high", "runs"]
    )


def difference(
    gained: float, low: float, high: float, *, runs: int = 3, way: str = "category", of: str = "random"
) -> AccuracyDifference:
    def group(strategy: str) -> RunGroup:
        return RunGroup(
            "it",
            strategy,
            0,
            tuple(ComparedRun(f"{strategy}-{i}", RunConfig(), "finished", True, 0.0, 12, 1) for i in range(runs)),
        )

    return AccuracyDifference(group(way), group(of), 12, 240, gained, low, high, 0.6 + gained, 0.6, 1)


def against_none(**bounds: tuple[float, float]) -> list[AccuracyDifference]:
    """Each way's difference from no teaching, within its bounds."""
    return [difference(sum(b) / 2, *b, way=way, of="none") for way, b in bounds.items()]


def test_the_finding_claims_only_what_the_differences_from_no_teaching_bear():
    frame = exams(none=(30, 0.22, 0.4), random=(60, 0.5, 0.69), category=(66, 0.56, 0.74))
    assert sentences.describe_study_result(frame, None, against_none(random=(0.2, 0.4), category=(0.25, 0.45))) == (
        "Without teaching, this student answers 30 of 100 (22 to 40) never-practised questions rightly after 20 lessons. Taught, it "
        "reaches 60 to 66 of 100, depending on how its practice is chosen."
    )
    some = sentences.describe_study_result(frame, None, against_none(random=(-0.1, 0.4), category=(0.25, 0.45)))
    assert some.endswith(
        "It is brought to 66 of 100 (56 to 74) by *Follow the mistakes*. *Mixed bag*, 60 of 100 (50 to 69), cannot be told apart "
        "from no teaching."
    )
    none = sentences.describe_study_result(frame, None, against_none(random=(-0.1, 0.4), category=(-0.1, 0.45)))
    assert none.endswith(
        "*Mixed bag*, 60 of 100 (50 to 69), and *Follow the mistakes*, 66 of 100 (56 to 74), cannot be told apart from no teaching."
    )
    worse = sentences.describe_study_result(frame, None, against_none(random=(-0.4, -0.1), category=(0.1, 0.45)))
    assert worse.endswith("*Mixed bag*, 60 of 100 (50 to 69), does worse than no teaching.")
    assert "ways of teaching it reaches" not in some + none + worse
    assert "whether that is more is unknown" in sentences.describe_study_result(frame)


def test_a_mean_over_runs_is_rounded_once():
    """Through a whole number of questions 41.48 of 100 came out as 42, where the picture said 41."""
    frame = exams(random=(41, 0.3, 0.5)).assign(accuracy=0.4148, questions=720, runs=3)
    assert "answers 41 of 100 (30 to 50)" in sentences.describe_study_result(frame)


def test_the_finding_needs_neither_a_control_nor_several_ways():
    assert sentences.describe_study_result(exams(random=(60, 0.5, 0.69))) == (
        "After 20 lessons of practice this student answers 60 of 100 (50 to 69)."
    )
    assert sentences.describe_study_result(exams(none=(30, 0.22, 0.4))) == ""


def test_the_finding_tells_the_two_compared_ways_over_their_seeds_and_how_the_control_ends():
    frame = exams(none=(30, 0.22, 0.4), random=(60, 0.5, 0.69), category=(66, 0.56, 0.74), fixed=(41, 0.32, 0.51))
    both = against_none(random=(0.2, 0.4), category=(0.25, 0.45))
    clear = sentences.describe_study_result(frame, difference(0.06, 0.02, 0.1), both)
    assert clear.endswith(
        "Taught, it reaches 60 to 66 of 100, depending on how its practice is chosen. *Follow the mistakes* gets 6 more of 100 right than "
        "*Mixed bag* (2 to 10 more; 3 runs of each, each with a seed of its own). *Same questions again* ends at 41 of 100 (32 to 51)."
    )
    unclear = sentences.describe_study_result(frame, difference(0.03, -0.02, 0.08))
    assert (
        "*Follow the mistakes* and *Mixed bag* cannot be told apart: 3 more of 100 right for the first (2 fewer to 8 more;"
        in unclear
    )
    even = sentences.describe_study_result(frame, difference(0.001, -0.01, 0.012))
    assert (
        "*Follow the mistakes* and *Mixed bag* cannot be told apart: as many of 100 right (1 fewer to 1 more;" in even
    )
    single = sentences.describe_study_result(frame, difference(0.06, 0.02, 0.1, runs=1))
    assert "One run of a way cannot tell it from chance." in single and "seed of its own" not in single


def test_a_gap_is_claimed_only_where_luck_would_seldom_make_one():
    def start(*correct: int) -> pd.DataFrame:
        return pd.DataFrame({"category": [f"c{i}" for i in range(len(correct))], "correct": correct, "questions": 40})

    assert sentences.describe_initial_gap("Physics gap", start(34, 4, 33, 35), 0.2) == (
        "This student (Physics gap) begins with a gap: before any lesson it has 4 of 40 questions right in c1, and 85 of 100 in the "
        "other categories. Guessing would give about 8: it does not guess, and each of its slips leads to a wrong option."
    )
    assert sentences.describe_initial_gap("it", start(34, 9, 33, 35), 0.2).endswith("in the other categories.")
    for even in (start(34, 30, 33, 35), start(), start(4)):
        assert sentences.describe_initial_gap("it", even, 0.2) == ""


def test_the_study_s_picture_has_a_line_and_a_name_for_each_way():
    figure = charts.study_figure(exams(none=(30, 0.22, 0.4), random=(60, 0.5, 0.69), category=(61, 0.51, 0.7)))
    assert [trace.name for trace in figure.data if trace.name] == ["Follow the mistakes", "Mixed bag", "No teaching"]
    assert {a.text for a in figure.layout.annotations} >= {"<b>60</b> Mixed bag", "<b>30</b> No teaching"}
