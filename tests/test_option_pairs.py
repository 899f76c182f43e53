"""Reward accuracy on pairs of one form: the right option's text against a wrong one's, relative to the reference."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import hubs
import pandas as pd
import pytest
import store_runs
import tiny

from studentsim import factory
from studentsim.analysis import rewards
from studentsim.cli.figures import build_run_result
from studentsim.config import RunConfig
from studentsim.events import ValidationFinished
from studentsim.runs.run_dir import open_run
from studentsim.settings import DPOSettings
from studentsim.simulation import LoopState, simulate
from studentsim.store import queries
from studentsim.store.database import Database
from studentsim.store.export import export_run
from studentsim.store.ingest import sync_journals
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.training.dpo import DPOStudentTrainer
from studentsim.training.option_pairs import OptionPreferenceMeter, build_option_pairs
from studentsim.training.pairs import build_held_out_pairs
from studentsim.ui import charts

QUESTIONS = hubs.bank().study[:8]


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    return hubs.save(tmp_path_factory.mktemp("models"), "gemma")


def learner(gemma: Path, reference: str) -> DPOStudentTrainer:
    settings = DPOSettings(learning_rate=5e-3, batch_size=4, reference=reference, rehearsal=0.0)
    return factory.build_components(hubs.config(gemma, dpo=settings)).trainer


def looked(own: DPOStudentTrainer, turn: int) -> ValidationFinished:
    pairs = build_held_out_pairs(QUESTIONS)
    return [e for e in own.learn(pairs[:4], pairs[4:], turn=turn, seed=turn) if isinstance(e, ValidationFinished)][-1]


def test_both_texts_are_worded_alike_and_never_say_the_same():
    for pair in build_option_pairs(QUESTIONS):
        right = pair.question.correct_option
        assert pair.chosen == f"Answer: {right.letter}) {right.text}"
        letter, text = pair.rejected.removeprefix("Answer: ").split(") ", 1)
        assert pair.question.option(letter).text == text != right.text
    assert build_option_pairs(QUESTIONS) == build_option_pairs(QUESTIONS)
    assert len({p.rejected[8] for p in build_option_pairs(hubs.bank().study)}) > 1
    twice = [replace(o, text=QUESTIONS[0].correct_option.text) for o in QUESTIONS[0].options]
    assert build_option_pairs([replace(QUESTIONS[0], options=tuple(twice))]) == []


@pytest.mark.parametrize("reference", ["last-turn", "base"])
def test_the_figures_are_those_of_the_log_probabilities(gemma, reference: str):
    own = learner(gemma, reference)
    rows = [own.student.pair_ids(pair) for pair in build_option_pairs(QUESTIONS[4:])]
    before = base = own.student.pair_logps(rows)
    for turn in (1, 2):
        told = looked(own, turn)
        now = own.student.pair_logps(rows)
        against = base if reference == "base" else before
        margins = [0.1 * ((n[0] - b[0]) - (n[1] - b[1])) for n, b in zip(now, against, strict=True)]
        assert told.option_margins == pytest.approx(sum(margins) / len(margins), abs=1e-6)
        assert told.option_accuracies == sum(m > 0 for m in margins) / len(margins)
        before = now
    assert any(abs(m) > 1e-5 for m in margins)


@pytest.mark.parametrize(("reference", "computed"), [("last-turn", 3), ("base", 3)])
def test_the_reference_is_computed_once(gemma, reference: str, computed: int):
    own, calls = learner(gemma, reference), []
    logps = own.student.pair_logps
    options = OptionPreferenceMeter(own.student, own.learning)
    own.student.pair_logps = lambda rows, base=False: calls.append(base) or logps(rows, base=base)
    for _ in range(2):
        options.begin_turn(QUESTIONS)
        options.finish_turn()
    assert len(calls) == computed and sum(calls) == (reference == "base")
    options.begin_turn(QUESTIONS[:3])
    assert len(calls) == computed + 1


@pytest.mark.parametrize("reference", ["last-turn", pytest.param("base", marks=pytest.mark.long)])
def test_a_resumed_run_tells_the_same_as_one_that_was_never_stopped(gemma, tmp_path, reference: str):
    config = hubs.config(
        gemma, validation=4, dpo=DPOSettings(learning_rate=5e-3, batch_size=2, reference=reference, rehearsal=0.0)
    )

    def cast():
        return replace(factory.build_components(config), bank=hubs.bank())

    whole = [e for e in simulate(config, cast()) if isinstance(e, ValidationFinished)]
    first, before = cast(), []
    for event in simulate(config, first):
        before.append(event)
        if type(event).__name__ == "TurnFinished" and event.turn == 1:
            break
    first.save(tmp_path)
    assert [e.turn for e in whole] == [1, 2] and all(e.option_accuracies is not None for e in whole)
    asked = LoopState.from_events([e.to_json() for e in before])
    second = cast()
    second.load(tmp_path)
    assert [e for e in simulate(config, second, asked) if isinstance(e, ValidationFinished)] == whole[1:]


def test_the_embedded_student_does_not_read_options_and_tells_nothing_of_them():
    own = EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig(max_new_tokens=16))
    pairs = build_held_out_pairs(tiny.questions(6))
    (told,) = [
        e
        for e in DPOStudentTrainer(own, DPOSettings(batch_size=4)).learn(pairs[:4], pairs[4:], turn=1, seed=0)
        if isinstance(e, ValidationFinished)
    ]
    assert told.option_accuracies is None and told.option_margins is None


# ------------------------------------------------------------------ kept, queried, exported, shown


def run_with_options(run: list) -> list:
    return [
        replace(e, option_accuracies=0.75, option_margins=0.2 * e.turn)
        if isinstance(e, ValidationFinished) and e.turn > 1
        else e
        for e in run
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    store_runs.put(tmp_path, "r1", run_with_options(store_runs.whole_run()))
    store_runs.put(tmp_path, "old", store_runs.whole_run(run_id="old"))
    return tmp_path


def test_the_database_keeps_them_and_old_journals_have_none(data: Path):
    with Database.open(data) as db:
        sync_journals(db, db.runs_folder)
        frame = queries.fetch_validations(db, "r1")
        assert frame.option_accuracies.isna().tolist() == [True, False, False]
        assert frame.option_margins.tolist()[1:] == pytest.approx([0.4, 0.6])
        assert queries.fetch_validations(db, "old").option_accuracies.isna().all()
    export_run(data, "r1", data / "out")
    assert pd.read_csv(data / "out" / "validations.csv").option_margins.tolist()[1:] == pytest.approx([0.4, 0.6])


def test_the_command_line_tells_them_lesson_by_lesson(data: Path):
    turns = build_run_result(open_run(data, "r1"))["turns"]
    assert [turn["options"] for turn in turns] == [
        None,
        {"accuracies": 0.75, "margins": 0.4},
        {"accuracies": 0.75, "margins": 0.2 * 3},
    ]


def test_the_sentence_speaks_of_the_latest_lesson_that_looked():
    frame = pd.DataFrame(
        {"turn": [1, 2, 3], "pairs": 24, "option_accuracies": [0.5, 0.625, None], "option_margins": [0.0, 0.14, None]}
    )
    told = rewards.describe_option_preference(frame)
    assert (
        "After lesson 2" in told
        and "15 of 24 held-out questions, which is 43 to 79 of 100;" in told
        and "+0.14" in told
    )
    assert (
        rewards.describe_option_preference(frame[frame.turn == 3])
        == rewards.describe_option_preference(pd.DataFrame())
        == ""
    )


@pytest.mark.parametrize(("view", "column"), [("accuracies", "option_accuracies"), ("margins", "option_margins")])
def test_the_chart_has_one_line_more_where_options_were_looked_at(view: str, column: str):
    columns = ["turn", *(c for v in rewards.REWARD_VIEWS.values() for c in v.columns)]
    steps = pd.DataFrame({c: [1.0, 2.0] for c in columns} | {"x": [0.5, 1.0], "step": [1, 2], "steps": [2, 2]})
    passes = pd.DataFrame(
        {c: [1.0, 2.0] for c in columns} | {"option_accuracies": [0.5, 0.75], "option_margins": [0.1, 0.2]}
    )
    figure = charts.training_figure(steps, passes, rewards.REWARD_VIEWS[view], turns=2)
    line = figure.data[-1]
    factor = 100 if view == "accuracies" else 1
    assert line.name == "right option, held-out questions" and list(line.y) == pytest.approx(
        list(factor * passes[column])
    )
    without = charts.training_figure(steps, passes.drop(columns=column), rewards.REWARD_VIEWS[view], turns=2)
    assert len(without.data) == len(figure.data) - 1
