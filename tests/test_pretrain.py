"""Making the embedded student: the corpus holds what it should, and a stopped run goes on where it was."""

import re
from collections import Counter
from random import Random

import pytest
import torch

from studentsim.arithmetic import calculate
from studentsim.curriculum.generator import SKILLS
from studentsim.errors import ConfigError
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.pretraining import train as pretraining
from studentsim.student.embedded.pretraining.data import (  # fmt: skip
    CARELESS_SHARE,
    REVISION_SHARE,
    Mixture,
    ProblemPool,
    make_example,
    misconception_weights,
    sample_example,
    sample_worked_problems,
)
from studentsim.student.embedded.pretraining.drills import make_drill
from studentsim.student.embedded.pretraining.train import Recipe, TrainingPhase, learning_rate, pretrain
from studentsim.student.embedded.prompt_text import (
    BOOK_TOKEN,
    LEANINGS,
    LEVEL_STEPS,
    PASSAGE_VERDICT_WORDS,
    WORK_TOKEN,
)

SMALL = Recipe(
    phases=(TrainingPhase(2, 1e-3), TrainingPhase(2, 1e-3, Mixture(drill_share=0.5))),
    batch_size=3,
    batches_per_group=2,
    draws_per_skill=1,
    checkpoint_every=1,
)


@pytest.fixture(scope="module")
def shelf():
    return ProblemPool(sample_worked_problems(3, seed=0))


PLAIN = Mixture()


def examples(shelf, count, skill=None, mixture=PLAIN):
    """Each with the material it was made of."""
    rng = Random(0)
    for _ in range(count):
        stuff = rng.choice(shelf.by_skill[skill]) if skill else shelf.sample(rng)
        yield stuff, make_example(stuff, shelf, mixture, rng)


def right(stuff, attempt):
    return attempt == stuff.solutions[0].text


def test_each_level_sees_right_workings_as_often_as_it_says(shelf):
    seen, correct = Counter(), Counter()
    for stuff, e in examples(shelf, 12_000, "rectangle-perimeter"):
        if not e.passage:
            seen[e.level] += 1
            correct[e.level] += right(stuff, e.attempts[0])
    assert len(seen) == LEVEL_STEPS + 1 and not correct[0.0] and correct[1.0] == seen[1.0]
    for level in seen:
        assert correct[level] / seen[level] == pytest.approx(level, abs=0.08)


def test_slips_lean_as_the_leaning_says(shelf):
    skill = next(s for s in SKILLS.values() if {slip.kind for slip in s.misconceptions} == {"careless", "concept"})
    kinds = {leaning: Counter() for leaning in LEANINGS}
    for stuff, e in examples(shelf, 6000, skill.id):
        if not right(stuff, e.attempts[0]):
            slip = [w.text for w in stuff.solutions].index(e.attempts[0]) - 1
            kinds[e.leaning][skill.misconceptions[slip].kind] += 1
    for leaning, seen in kinds.items():
        assert seen["careless"] / seen.total() == pytest.approx(CARELESS_SHARE[leaning], abs=0.05)


def test_a_fitting_passage_helps_and_another_skills_changes_nothing(shelf):
    seen, correct, hints = (
        Counter(),
        Counter(),
        {s.id: {slip.hint for slip in s.misconceptions} for s in SKILLS.values()},
    )
    mixture = Mixture(passage_share=0.4, passage_help_rate=0.6)
    for stuff, e in examples(shelf, 20_000, mixture=mixture):
        if not e.passage:
            kind = "none"
        elif e.passage.startswith("Example: "):
            first = stuff.solutions[0].text.partition(":")[0]
            kind = "fitting" if f"\n{first}:" in e.passage else "other"
        else:
            kind = "fitting" if e.passage in hints[stuff.skill.id] else "other"
        seen[kind] += 1
        correct[kind] += right(stuff, e.attempts[0])
    share = {kind: correct[kind] / seen[kind] for kind in seen}
    assert (seen["fitting"] + seen["other"]) / 20_000 == pytest.approx(mixture.passage_share, abs=0.02)
    assert share["fitting"] == pytest.approx(0.5 + 0.5 * mixture.passage_help_rate, abs=0.04)
    assert share["other"] == pytest.approx(share["none"], abs=0.04)


def test_revisions_follow_feedback_and_hints_help_more_than_a_bare_mark(shelf):
    mended = {"hint": [], "mark": []}
    revisions = 0
    for stuff, e in examples(shelf, 8000):
        revisions += bool(e.feedback_texts)
        if e.feedback_texts and not right(stuff, e.attempts[0]):
            level = "mark" if e.feedback_texts[0] == "Not quite. Try again." else "hint"
            mended[level].append(right(stuff, e.attempts[1]))
    assert revisions / 8000 == pytest.approx(REVISION_SHARE, abs=0.02)
    assert sum(mended["hint"]) / len(mended["hint"]) > sum(mended["mark"]) / len(mended["mark"]) + 0.3


def test_slip_weights_are_shares():
    for skill in SKILLS.values():
        for leaning in LEANINGS:
            assert sum(misconception_weights(skill, leaning).values()) == pytest.approx(1)


def test_loss_falls_on_what_the_student_writes_and_not_on_the_calculators_results():
    import tiny

    from studentsim.student.embedded.calculator import Calculator

    shelf = ProblemPool(sample_worked_problems(1, 0))
    ids, learnt = pretraining._encode_example(
        tiny.tokenizer(), Calculator(tiny.tokenizer()), shelf, Mixture(), Random(1)
    )
    text = tiny.tokenizer().decode([i for i, own in zip(ids, learnt, strict=True) if own])
    assert "Answer:" in text and "?" not in text and "= " not in text and "Answer: " not in text


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_stopped_pretraining_goes_on_to_the_very_same_weights(tmp_path, monkeypatch, after):
    """After a checkpoint in a phase, and after the first phase's last."""
    pretrain(tmp_path / "whole", recipe=SMALL, checkpoint_dir=tmp_path / "a", on_message=lambda line: None)
    save, saved = pretraining._save_checkpoint, []

    def save_and_stop(*args):
        save(*args)
        saved.append(args)
        if len(saved) == after:
            raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "_save_checkpoint", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        pretrain(tmp_path / "stopped", recipe=SMALL, checkpoint_dir=tmp_path / "b", on_message=lambda line: None)
    monkeypatch.setattr(pretraining, "_save_checkpoint", save)
    said = []
    pretrain(tmp_path / "stopped", recipe=SMALL, checkpoint_dir=tmp_path / "b", on_message=said.append)
    assert f"starting at step {after} of 4" in said[0]
    logs = [(tmp_path / name / pretraining.LOG_FILENAME).read_text().splitlines() for name in ("whole", "stopped")]
    assert len(logs[0]) == len(logs[1]) == 3 and logs[0][:2] == logs[1][:2]  # the recipe, the model, the last step
    whole, stopped = (load_embedded_model(folder=tmp_path / name)[0].state_dict() for name in ("whole", "stopped"))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_a_log_tells_where_another_device_took_over(tmp_path, monkeypatch):
    one = Recipe(
        phases=(TrainingPhase(2, 1e-3),), batch_size=2, batches_per_group=2, draws_per_skill=1, checkpoint_every=1
    )
    pretrain(tmp_path / "out", recipe=one, checkpoint_dir=tmp_path / "work", on_message=lambda line: None)
    path = tmp_path / "work" / "checkpoint.pt"
    state, loaded = torch.load(path, weights_only=True), []
    log = [line.replace("on cpu", "on cuda") for line in state["log"][:2]]
    torch.save({**state, "step": 1, "device": "cuda", "log": log}, path)
    load = torch.load
    monkeypatch.setattr(
        torch, "load", lambda *args, **how: loaded.append(how.get("map_location")) or load(*args, **how)
    )
    pretrain(tmp_path / "out", recipe=one, checkpoint_dir=tmp_path / "work", on_message=lambda line: None)
    told = (tmp_path / "out" / pretraining.LOG_FILENAME).read_text().splitlines()
    assert (
        told[1].endswith("on cuda") and told[2] == "goes on after step 1 on cpu" and told[3].startswith("step      2")
    )
    assert loaded == ["cpu"], "a GPU's checkpoint opens where there is none"


def test_the_learning_rate_warms_up_and_comes_down():
    phase = Recipe().phases[0]
    rates = [learning_rate(step, phase) for step in (1, phase.warmup_steps, phase.steps // 2, phase.steps)]
    assert rates[0] < rates[1] > rates[2] > rates[3] > 0 and max(rates) <= phase.peak_learning_rate


def test_a_step_has_its_place_in_a_phase():
    assert [SMALL.locate_step(step) for step in (1, 2, 3, 4)] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    with pytest.raises(ValueError, match="behind the last"):
        SMALL.locate_step(5)


def test_drills_come_as_often_as_the_phase_says_and_are_right():
    rng = Random(0)
    shelf = ProblemPool(sample_worked_problems(1, 0))
    drills = [
        e
        for e in (sample_example(shelf, Mixture(drill_share=0.25), rng) for _ in range(4000))
        if "The first: " in e.attempts[0]
    ]
    assert len(drills) / 4000 == pytest.approx(0.25, abs=0.03)
    for e in drills[:200]:
        *steps, answer = e.attempts[0].split("\n")
        results = [step.rpartition(" = ")[2] for step in steps]
        sums = [step.partition(": ")[2].rpartition(" = ")[0] for step in steps]
        assert [calculate(s) for s in sums] == results and answer == f"Answer: {results[-1]}"


def test_every_number_is_common_in_drills():
    rng, seen = Random(0), Counter()
    for _ in range(20_000):
        seen.update(re.findall(r"(?<![\d.])\d{3}(?!\d)", make_drill(rng)[1]))
    assert len(seen) == 900 and min(seen.values()) >= 5


@pytest.mark.parametrize("device", ["gpu", "", "cuda"])
def test_a_device_that_is_not_there_is_refused_before_anything_is_written(tmp_path, monkeypatch, device):
    monkeypatch.setattr(pretraining.torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="cannot be made on") as caught:
        pretrain(tmp_path / "out", recipe=SMALL, checkpoint_dir=tmp_path / "work", device=device)
    assert caught.value.remedy and not list(tmp_path.iterdir())


def test_whether_a_passage_fits_is_said_behind_it_and_learnt_in_the_phase_that_judges():
    import tiny

    tokenizer, shelf = tiny.tokenizer(), ProblemPool(sample_worked_problems(2, 0))
    book, use, work = (
        tokenizer.convert_tokens_to_ids(t) for t in (BOOK_TOKEN, list(PASSAGE_VERDICT_WORDS), WORK_TOKEN)
    )
    assert None not in use and use[0] != use[1]
    said = Counter()
    for judged in (True, False):
        mixture = Mixture(passage_share=1.0, passage_help_rate=0.4, judges_passages=judged)
        for seed in range(40):
            made = sample_example(shelf, mixture, Random(seed))
            ids, learnt = pretraining._encode_example(tokenizer, Calculator(tokenizer), shelf, mixture, Random(seed))
            begins = ids.index(work)
            assert book in ids[:begins] and (made.passage_fits is not None) == judged
            if judged:
                assert ids[begins - 1] == use[made.passage_fits] and learnt[: begins + 1] == [0] * (begins - 1) + [1, 0]
                said[made.passage_fits] += 1
            else:
                assert not any(learnt[: begins + 1])
    assert min(said[True], said[False]) > 10
