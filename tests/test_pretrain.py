"""Making the embedded student: the corpus holds what it should, and a stopped run goes on where it was."""

from collections import Counter
from random import Random

import pytest
import torch

from studentsim.bank.curriculum import SKILLS
from studentsim.student import pretrain as pretraining
from studentsim.student.corpus import REVISIONS, example, material
from studentsim.student.model import load_embedded
from studentsim.student.pretrain import Recipe, learning_rate, pretrain
from studentsim.student.profiles import PROFILES, slip_weights

SMALL = Recipe(phases=((4, 1e-3),), batch=3, group=2, per_skill=1, checkpoint_every=2, compiled=False)


@pytest.fixture(scope="module")
def stuff():
    return material(3, seed=0)


def test_each_profile_sees_right_workings_as_often_as_its_mastery_says(stuff):
    rng = Random(0)
    skill = "rectangle-perimeter"
    ours = [m for m in stuff if m.skill.id == skill]
    seen, right = Counter(), Counter()
    for _ in range(6000):
        m = rng.choice(ours)
        e = example(m, rng)
        seen[e.profile] += 1
        right[e.profile] += e.workings[0] == m.workings[0].text
    for profile in PROFILES.values():
        assert right[profile.id] / seen[profile.id] == pytest.approx(profile.mastery[skill], abs=0.06)


def test_revisions_follow_feedback_and_hints_help_more_than_a_bare_mark(stuff):
    rng = Random(0)
    mended = {"hint": [], "mark": []}
    revisions = 0
    for _ in range(8000):
        m = rng.choice(stuff)
        e = example(m, rng)
        revisions += bool(e.said)
        if e.said and e.workings[0] != m.workings[0].text:
            level = "mark" if e.said[0] == "Not quite. Try again." else "hint"
            mended[level].append(e.workings[1] == m.workings[0].text)
    assert revisions / 8000 == pytest.approx(REVISIONS, abs=0.02)
    assert sum(mended["hint"]) / len(mended["hint"]) > sum(mended["mark"]) / len(mended["mark"]) + 0.3


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_a_profile_is_a_whole_table(profile):
    assert set(profile.mastery) == set(SKILLS) and all(0 < m < 1 for m in profile.mastery.values())
    for skill in SKILLS:
        assert sum(slip_weights(profile, skill).values()) == pytest.approx(1)


def test_loss_falls_on_what_the_student_writes_and_not_on_the_calculators_results():
    import tiny

    from studentsim.student.calculator import Calculator

    ids, learnt = pretraining._row(tiny.tokenizer(), Calculator(tiny.tokenizer()), material(1, 0)[0], Random(1))
    text = tiny.tokenizer().decode([i for i, own in zip(ids, learnt, strict=True) if own])
    assert "Answer:" in text and "?" not in text and "= " not in text and "Answer: " not in text


def test_a_stopped_pretraining_goes_on_to_the_very_same_weights(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    pretrain(tmp_path / "whole", recipe=SMALL, work=tmp_path / "a", say=lambda line: None)
    save = pretraining._save

    def save_and_stop(*args):
        save(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(pretraining, "_save", save_and_stop)
    with pytest.raises(KeyboardInterrupt):
        pretrain(tmp_path / "stopped", recipe=SMALL, work=tmp_path / "b", say=lambda line: None)
    monkeypatch.setattr(pretraining, "_save", save)
    said = []
    pretrain(tmp_path / "stopped", recipe=SMALL, work=tmp_path / "b", say=said.append)
    assert "starting at step 2 of 4" in said[0]
    whole, stopped = (load_embedded(folder=tmp_path / name)[0].state_dict() for name in ("whole", "stopped"))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_the_learning_rate_warms_up_and_comes_down():
    rates = [learning_rate(step, Recipe()) for step in (1, 300, 3000, 6000)]
    assert rates[0] < rates[1] and rates[1] > rates[2] > rates[3] > 0
    assert learning_rate(6001, Recipe()) > rates[3]
    with pytest.raises(ValueError, match="behind the last"):
        learning_rate(Recipe().steps + 1, Recipe())
