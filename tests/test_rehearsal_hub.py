"""Rehearsal with models as the hub has them, tiny ones with random weights: where a bank has no skills its categories are kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import hubs
import pytest
import torch

from studentsim import factory
from studentsim.curriculum.generator import generate_questions
from studentsim.datasets.bank import Bank
from studentsim.events import TrainingStep
from studentsim.settings import DPOSettings, ModelLoadingSettings
from studentsim.training.pairs import build_held_out_pairs

PRACTISED, KEPT = "geometry", "probability"
LESSONS, PAIRS = 4, 8


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def two_categories(monkeypatch):
    counts = {"study": 24, "validation": 8, "exam": 2}
    skills = ("rectangle-perimeter", "chance-of-one-kind")
    questions = [
        replace(q, skill=None) for split, n in counts.items() for s in skills for q in generate_questions(s, split, n)
    ]
    monkeypatch.setattr(factory, "open_bank", lambda *_, **__: Bank.from_questions("two", questions))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    return {kind: hubs.save(folder, kind) for kind in ("llama", "qwen2")}


@dataclass
class Outcome:
    """After some lessons: mean |change| of the kept category's held-out log-probabilities; of the practised pairs, and of held-out
    ones of their category, the mean gain of chosen over rejected (nats) and the share in which chosen gained; the optimiser steps."""

    drift: float
    gain: float
    preferred: float
    others_gain: float
    others_preferred: float
    steps: list[TrainingStep]


def one_category_alone(folder, strength: float, *, practised=frozenset({PRACTISED}), lessons=LESSONS, **hub) -> Outcome:
    learning = DPOSettings(learning_rate=1e-3, batch_size=4, rehearsal=strength)
    cast = factory.build_components(
        hubs.config(folder, dpo=learning, model_loading=ModelLoadingSettings(**hub), max_new_tokens=60)
    )
    pairs = build_held_out_pairs([q for q in cast.bank.study if q.category == PRACTISED])
    held_out, others = (
        build_held_out_pairs([q for q in cast.bank.validation if q.category == c]) for c in (KEPT, PRACTISED)
    )

    def said(of) -> torch.Tensor:
        return torch.tensor(cast.student.pair_logps([cast.student.pair_ids(p) for p in of]))

    before, steps = [said(of) for of in (held_out, pairs, others)], []
    for turn in range(1, lessons + 1):
        begin = PAIRS * (turn - 1) % len(pairs)
        told = cast.trainer.learn(pairs[begin : begin + PAIRS], [], turn=turn, seed=turn, practised=practised)
        steps += [event for event in told if isinstance(event, TrainingStep)]
    kept, *learnt = (said(of) - then for of, then in zip((held_out, pairs, others), before, strict=True))
    gains = [change[:, 0] - change[:, 1] for change in learnt]
    told = [figure.item() for gain in gains for figure in (gain.mean(), (gain > 0).float().mean())]
    return Outcome(kept.abs().mean().item(), *told, steps)


@pytest.mark.parametrize("kind", ["llama", pytest.param("qwen2", marks=pytest.mark.long)])
def test_what_is_left_alone_drifts_half_as_far_at_most_and_what_is_practised_is_learnt_as_well(models, kind):
    without, rehearsed = (one_category_alone(models[kind], strength) for strength in (0.0, 0.3))
    assert without.drift > 1 and without.gain > 5, "there is something to hold, and something is learnt"
    assert rehearsed.drift <= without.drift / 2
    assert rehearsed.preferred >= without.preferred > 0.9
    assert rehearsed.others_preferred >= without.others_preferred > 0.9
    # The lead itself has no end and grows more slowly: every second step also holds.
    assert rehearsed.gain >= 0.4 * without.gain and rehearsed.others_gain >= 0.4 * without.others_gain
    assert [s.metrics.rehearsal is None for s in rehearsed.steps] == [False, True] * LESSONS
    assert all(s.metrics.rehearsal is None for s in without.steps)


def held(outcome: Outcome) -> list[float]:
    assert [s.metrics.rehearsal is None for s in outcome.steps] == [False, True] * (len(outcome.steps) // 2)
    return [s.metrics.rehearsal for s in outcome.steps if s.metrics.rehearsal is not None]


def test_in_small_portions_with_checkpointing_the_same_is_held(models):
    plain = held(one_category_alone(models["llama"], 0.3, lessons=2))
    assert plain[0] == pytest.approx(0, abs=1e-6) and plain[1] > 0.1
    small = one_category_alone(models["llama"], 0.3, lessons=2, gradient_checkpointing="on", micro_batch_size=1)
    # Rows that lie in one pack share the reading of their prefix, so the last bits differ, and Adam makes more of that.
    assert held(small) == pytest.approx(plain, abs=1e-6, rel=0.03)


def test_computed_in_bfloat16_it_begins_where_the_student_stands(models):
    """Rounding is no drift: scored and trained in the same precision, the first step finds next to none."""
    first, second = held(one_category_alone(models["llama"], 0.3, lessons=2, dtype="bfloat16"))
    assert 0 < first < 0.05 < second < math.inf


def test_a_lesson_that_practises_all_categories_keeps_nothing_and_costs_nothing(models, monkeypatch):
    from studentsim.student.huggingface.student import HubStudent

    scored, told_by = [], HubStudent.pair_scores

    def counted(self, rows, **how):
        scored.append(len(rows))
        return told_by(self, rows, **how)

    monkeypatch.setattr(HubStudent, "pair_scores", counted)
    found = []
    for strength in (0.0, 0.3):
        scored.clear()
        outcome = one_category_alone(models["llama"], strength, practised={PRACTISED, KEPT}, lessons=2)
        found.append((outcome, tuple(scored)))
    assert found[0] == found[1]
