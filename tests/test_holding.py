"""A step's rehearsal, through the real TRL and PEFT, held to a plain computation."""

import pytest
import tiny
import torch

from studentsim.config import RunConfig
from studentsim.events import TrainingStep
from studentsim.settings import DPOSettings
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.training import rehearsal_loss
from studentsim.training.dpo import DPOStudentTrainer, RuntimeOptions
from studentsim.training.pairs import build_held_out_pairs
from studentsim.training.rehearsal import (
    STEP_INTERVAL,
    TEXTS_PER_STEP,
    Rehearsal,
    rehearsal_key,
    sample_rehearsal_pairs,
)
from studentsim.training.trainer import StepReporter

QUESTIONS = tiny.questions(30)
PRACTISED = {"average-of-three", "rectangle-perimeter"}
SETTINGS = {"batch_size": 4, "learning_rate": 1e-2, "max_grad_norm": 100.0}


def student() -> EmbeddedStudent:
    return EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(max_new_tokens=16))


def pairs(count: int):
    return build_held_out_pairs([q for q in QUESTIONS if rehearsal_key(q) in PRACTISED][:count])


def learner(own: EmbeddedStudent, manner: RuntimeOptions | None = None, **learning) -> DPOStudentTrainer:
    settings = DPOSettings(**{**SETTINGS, **learning})
    return DPOStudentTrainer(own, settings, manner, rehearsal=Rehearsal(sample_rehearsal_pairs(QUESTIONS, 3), 3))


def trainable(model) -> list[torch.nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def steps_of(who: DPOStudentTrainer, count: int = 4, **how) -> list[TrainingStep]:
    told = who.learn(pairs(count), [], turn=1, seed=5, **{"practised": PRACTISED, **how})
    return [e for e in told if isinstance(e, TrainingStep)]


@pytest.fixture
def gradients(monkeypatch) -> list[list[torch.Tensor]]:
    """Each optimiser step's gradients, as the optimiser gets them."""
    found: list[list[torch.Tensor]] = []

    def keep(self, args, state, control, model=None, **kwargs):
        found.append([p.grad.clone() for p in trainable(model)])

    monkeypatch.setattr(StepReporter, "on_pre_optimizer_step", keep, raising=False)
    return found


def plain_logp(own: EmbeddedStudent, row, which: str) -> torch.Tensor:
    """Of one text alone, by the whole logits."""
    ids = torch.tensor([row["prompt_ids"] + row[f"{which}_ids"]])
    logps = own.model(input_ids=ids).logits[0, :-1].log_softmax(-1).gather(-1, ids[0, 1:, None])[:, 0]
    own_choice = torch.tensor([0] * (len(row["prompt_ids"]) - 1) + list(row[f"{which}_mask"]))
    return (logps * own_choice).sum()


def shifted(who: DPOStudentTrainer) -> None:
    """References that lie off by 1 to 4 nats, and one that lies far out."""
    begin = who.rehearsal.begin_turn

    def begin_then_shift(own, practised):
        begin(own, practised)
        for key, rows in who.rehearsal.references.items():
            off = [(1.0 + n % 4, -2.0) for n in range(len(rows))]
            off[0] = (40.0, 3.0)
            who.rehearsal.references[key] = [(c + a, r + b) for (c, r), (a, b) in zip(rows, off, strict=True)]

    who.rehearsal.begin_turn = begin_then_shift


def expected(own: EmbeddedStudent, who: DPOStudentTrainer) -> tuple[list[torch.Tensor], float, float]:
    """A first step's gradients, its rehearsal loss, and how much of its gradient counts: DPO's at margin 0 and the squared drift,
    by hand."""
    beta, drift = who.learning.beta, 0.0
    rows = [own.pair_ids(p) for p in pairs(4)]
    own.model.train()
    margins = torch.stack([plain_logp(own, row, "chosen") - plain_logp(own, row, "rejected") for row in rows])
    loss = -torch.nn.functional.logsigmoid(beta * (margins - margins.detach())).mean()
    who.rehearsal.begin_turn(own, PRACTISED)
    batch = who.rehearsal.sample_batches(own, 1, PRACTISED, 1)[0]
    for held in batch:
        drift = drift + 2 * (plain_logp(own, held.row, held.side) - held.reference_logp).square().clamp(max=25) / len(
            batch
        )
    lesson = torch.autograd.grad(loss, trainable(own.model))
    held_back = torch.autograd.grad(STEP_INTERVAL * who.learning.rehearsal * drift, trainable(own.model))
    share = min(1.0, (rehearsal_loss.MAX_GRADIENT_RATIO * length(lesson) / length(held_back)).item())
    return [a + share * b for a, b in zip(lesson, held_back, strict=True)], drift.item(), share


def length(gradients) -> torch.Tensor:
    return torch.cat([g.flatten() for g in gradients]).norm()


@pytest.mark.parametrize(
    "manner, strength",
    [
        (RuntimeOptions(), 0.3),
        (RuntimeOptions(), 1e-3),
        (RuntimeOptions(split_rows=True), 0.3),
        (RuntimeOptions(micro_batch_size=1), 0.3),
        (RuntimeOptions(has_plain_lm_head=False), 0.3),
        (RuntimeOptions(gradient_checkpointing=True, micro_batch_size=2), 0.3),
    ],
    ids=["whole", "weak", "in parts", "one at once", "logits whole", "checkpointing, two at once"],
)
def test_a_steps_gradient_is_that_of_both_losses_by_hand(gradients, manner, strength):
    by_hand, who = student(), learner(student(), manner, rehearsal=strength)
    plain = learner(by_hand, rehearsal=strength)
    shifted(plain)
    wanted, drift, share = expected(by_hand, plain)
    assert (share == 1) == (strength < 0.1), "one is too long beside the lesson's and cut, one is not"
    shifted(who)
    step, *rest = steps_of(who)
    assert not rest and step.metrics.rehearsal == pytest.approx(drift, rel=1e-4) and drift > 5
    assert len(gradients) == 1
    largest = max(g.abs().max() for g in wanted)
    for ours, theirs in zip(gradients[0], wanted, strict=True):
        assert torch.allclose(ours, theirs, atol=2e-4 * largest, rtol=1e-3)


def test_far_gone_pairs_pull_no_more():
    told = torch.tensor([-5.0, -40.0, 2.0], requires_grad=True)
    found = rehearsal_loss.squared_drift(told, torch.tensor([-7.0, -10.0, 2.0]))
    assert found.tolist() == [4.0, rehearsal_loss.MAX_SQUARED_DRIFT, 0.0]
    found.sum().backward()
    assert told.grad.tolist() == [4.0, 0.0, 0.0]


def test_every_second_step_rehearses_beginning_with_the_first_and_passes_go_on_counting():
    told = steps_of(learner(student(), batch_size=2, epochs=3), 6)
    assert [s.metrics.rehearsal is not None for s in told] == [True, False] * 4 + [True]
    assert told[0].metrics.rehearsal == pytest.approx(0, abs=1e-6), "nothing has drifted yet"
    assert told[-1].metrics.rehearsal > told[0].metrics.rehearsal


def held_rows(monkeypatch) -> list[int]:
    """How many texts each of rehearsal's passes through the model has, as they come."""
    seen, told_by = [], rehearsal_loss.compute_text_logps
    monkeypatch.setattr(
        rehearsal_loss,
        "compute_text_logps",
        lambda model, inputs: seen.append(len(inputs["input_ids"])) or told_by(model, inputs),
    )
    return seen


def test_few_go_through_the_model_at_once_where_it_is_large(monkeypatch):
    seen = held_rows(monkeypatch)
    steps_of(learner(student(), RuntimeOptions(micro_batch_size=1)))
    steps_of(learner(student()))
    assert seen == [2] * (TEXTS_PER_STEP // 2) + [TEXTS_PER_STEP]


@pytest.mark.parametrize("how", ["off", "all practised", "not told"])
def test_where_nothing_is_rehearsed_it_costs_nothing_and_all_is_as_without(monkeypatch, how):
    """No pass through the model more, no random number drawn: the adapter is the same to the last bit."""
    seen, passes = held_rows(monkeypatch), []
    own, bare = student(), student()
    everything = {rehearsal_key(q) for q in QUESTIONS}
    for who in (own, bare):
        who.model.get_base_model().model.register_forward_hook(lambda *_, who=who: passes.append(who is own))
        scores = who.pair_scores
        who.pair_scores = lambda rows, scores=scores, who=who: passes.append(who is own) or scores(rows)
    off = learner(own, rehearsal=0.0 if how == "off" else 0.3)
    ours = steps_of(off, practised={"off": PRACTISED, "all practised": everything, "not told": None}[how])
    theirs = steps_of(DPOStudentTrainer(bare, DPOSettings(**SETTINGS)))
    assert ours == theirs and ours[0].metrics.rehearsal is None and not seen
    assert passes.count(True) == passes.count(False) > 0
    assert all(torch.equal(a, b) for a, b in zip(trainable(own.model), trainable(bare.model), strict=True))
