"""A language model tried out: short answers stand for whole ones, each step is said with its time, rehearsal is reckoned with."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import hubs
import pytest
from typer.testing import CliRunner

from studentsim import factory
from studentsim.cli import app
from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.runs import benchmark, model_info
from studentsim.settings import DPOSettings, ModelLoadingSettings, TeacherSettings
from studentsim.types import Answer


def written(tokens: int, ended: bool) -> Answer:
    return Answer("q", "", None, None, 0.0, 0.0, ended=ended, ids=(1,) * tokens)


@pytest.fixture(scope="module")
def gemma(tmp_path_factory):
    return hubs.save(tmp_path_factory.mktemp("models"), "gemma")


@pytest.fixture(autouse=True)
def bank(monkeypatch):
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: hubs.bank())


def test_short_answers_stand_for_whole_ones():
    cut, done = written(64, False), written(20, True)
    assert benchmark.estimate_length_factor([cut] * 4, 200) == pytest.approx(200 / 64)
    assert benchmark.estimate_length_factor([done] * 4, 200) == pytest.approx(1.0, abs=0.001)
    half = benchmark.estimate_length_factor([cut, done], 200)
    assert 1 < half < 200 / 64 and half < benchmark.estimate_length_factor([cut, done], 400)
    assert (
        benchmark.estimate_length_factor([cut], 64)
        == benchmark.estimate_length_factor([], 200)
        == benchmark.estimate_length_factor([written(0, False)], 200)
        == 1.0
    )


def test_slow_models_are_tried_on_fewer_generation_batch_size():
    config, cast = (
        RunConfig(),
        type("Cast", (), {"student": type("S", (), {"plan": type("P", (), {"generation_batch_size": 64})})}),
    )
    assert [benchmark._choose_batch_size(config, cast, seconds) for seconds in (0.0, 1.0, 5.0, 9.9, 10.0, 300.0)] == [
        40,
        40,
        28,
        12,
        1,
        1,
    ]


def test_no_answer_of_the_trial_is_longer_than_it_may_be_and_the_students_limit_stays(monkeypatch, gemma):
    monkeypatch.setattr(benchmark, "MAX_ANSWER_TOKENS", 6)
    built, lengths = [], []
    load = factory.build_components
    monkeypatch.setattr(factory, "build_components", lambda config: built.append(load(config)) or built[-1])
    answered = benchmark._answer_questions

    def watched(cast, questions, *, with_p_correct, max_tokens=6):
        answers = answered(cast, questions, with_p_correct=with_p_correct, max_tokens=max_tokens)
        lengths.extend(len(a.ids) for a in answers)
        assert cast.student.max_new_tokens == 12
        return answers

    monkeypatch.setattr(benchmark, "_answer_questions", watched)
    steps: list[str] = []
    found = benchmark.benchmark_model(
        hubs.config(gemma, max_new_tokens=12, dpo=DPOSettings(batch_size=8, rehearsal=0.0)), steps.append
    )
    assert max(lengths) <= benchmark.PROBE_ANSWER_TOKENS and built[0].student.max_new_tokens == 12
    assert found.answer > 0 and found.exam > 0 and "learning from 4 of the first" in steps[6] and len(steps) == 7


def test_scored_exams_cost_what_choosing_costs(gemma):
    assert (
        found := benchmark.benchmark_model(hubs.config(gemma, model_loading=ModelLoadingSettings(exam_mode="scored")))
    ).exam == found.choice


def test_rehearsal_is_tried_and_its_time_is_in_that_of_a_pair(monkeypatch, gemma):
    config = hubs.config(gemma, questions_per_turn=4, dpo=DPOSettings(batch_size=4, rehearsal=0.5))
    cast = factory.build_components(config)
    whole, steps = cast.trainer.rehearsal, []
    times = iter([3.0, 0.8, 7.0])  # learning from four pairs; scoring what is kept; learning from them with holding

    def timed(work):
        return next(times), work()

    monkeypatch.setattr(benchmark, "_timed", timed)
    questions = list(cast.bank.exam[:4])
    answers = benchmark._answer_questions(cast, questions, with_p_correct=False, max_tokens=4)
    pairs = benchmark._build_pairs(config, questions, answers)
    seconds = benchmark._time_pairs(config, cast, pairs, pairs, steps.append)
    assert [s.split()[0] for s in steps] == ["learning", "holding"] and cast.trainer.rehearsal is whole
    assert not whole.references
    kept = sum(len(p) for p in whole.subset(benchmark.REHEARSAL_PAIRS).pairs_by_key.values())
    share = benchmark._rehearsal_seconds_per_pair(config, cast, 0.8 / kept, 4.0)
    assert seconds == pytest.approx(0.75 + share) and share > 0


def test_a_key_that_every_lesson_practises_costs_no_rehearsal(gemma):
    config = hubs.config(gemma, questions_per_turn=4, dpo=DPOSettings(rehearsal=0.5))
    cast = factory.build_components(config)
    key, pairs = next(iter(cast.trainer.rehearsal.pairs_by_key.items()))
    cast.trainer.rehearsal.pairs_by_key = {key: pairs}
    only = config.model_copy(update={"skills": (key,)})
    assert benchmark._rehearsal_seconds_per_pair(only, cast, 1.0, 1.0) == 0


def test_pairs_of_the_trial_hold_what_the_runs_pairs_hold(gemma):
    questions = list(hubs.bank().exam[:2])
    answers = [replace(written(3, True), question_id=q.id, text="so") for q in questions]
    full = benchmark._build_pairs(hubs.config(gemma), questions, answers)
    brief = benchmark._build_pairs(
        hubs.config(gemma, teacher=TeacherSettings(chosen_text="option")), questions, answers
    )
    assert all(len(b.chosen) < len(f.chosen) for b, f in zip(brief, full, strict=True))


def test_each_step_is_said_with_the_seconds_since_the_beginning(monkeypatch, gemma):
    program = 'print(\'{"step": "a first answer"}\', flush=True); import time; time.sleep(1.2); print(\'{"step": "weighing options"}\')'
    monkeypatch.setattr(model_info, "BENCHMARK_ARGUMENTS", ("-c", program))
    done = CliRunner().invoke(app, ["check-model", str(gemma)])
    said = re.findall(r"(\d+) s  Trying it out: ([\w ,]+) …", done.stderr)
    assert [step for _, step in said] == [
        "finding it, and what it is quickest to compute in here", "a first answer", "weighing options",
    ]  # fmt: skip
    assert int(said[2][0]) >= int(said[1][0]) + 1 and isinstance(done.exception, StudentError)


def test_patience_ends_a_trial(monkeypatch, gemma):
    monkeypatch.setattr(model_info, "BENCHMARK_ARGUMENTS", ("-c", "import time; time.sleep(60)"))
    began = time.monotonic()
    done = CliRunner().invoke(app, ["check-model", str(gemma), "--patience", "1"])
    assert isinstance(done.exception, StudentError) and "within 1 seconds" in str(done.exception)
    assert time.monotonic() - began < 20


def test_ctrl_c_ends_the_command_and_the_trial_with_it(gemma, tmp_path):
    """As a terminal does it: the signal goes to the whole group; the trial takes no notice here, and is ended all the same."""
    script = tmp_path / "trial.py"
    script.write_text(
        "import os, signal, sys, time\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid()))\n"
        'print(\'{"step": "a first answer"}\', flush=True)\n'
        "time.sleep(60)\n"
    )
    program = (
        "from studentsim import cli; from studentsim.runs import model_info; import sys;"
        f"model_info.BENCHMARK_ARGUMENTS = ({str(script)!r},); sys.argv = ['studentsim', 'check-model', {str(gemma)!r}]; cli.main()"
    )
    command = subprocess.Popen(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, start_new_session=True,
        env={**os.environ, "STUDENTSIM_DATA": str(tmp_path / "data"), "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    for line in command.stderr:
        if "a first answer" in line:
            break
    os.killpg(command.pid, signal.SIGINT)
    rest = command.stderr.read()
    assert command.wait(timeout=20) != 0 and "Traceback" not in rest
    pid = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
