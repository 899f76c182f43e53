"""The validation pass tells what TRL's own tells."""

from dataclasses import asdict

import pytest
import tiny

from studentsim.config import RunConfig
from studentsim.events import ValidationFinished
from studentsim.settings import DPOSettings
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.training.dpo import DPOStudentTrainer
from studentsim.training.heldout_metrics import compute_held_out_metrics
from studentsim.training.pairs import build_held_out_pairs
from studentsim.training.trainer import StepReporter


@pytest.mark.parametrize(
    "settings",
    [
        {}, {"sft_weight": 0.5}, {"loss": "hinge", "beta": 0.3}, {"loss": "ipo"}, {"loss": "ipo", "sft_weight": 1.0},
        {"loss": "robust", "label_smoothing": 0.2}, {"reference": "base"}, {"reference": "base", "epochs": 2},
    ],
)  # fmt: skip
def test_the_figures_are_those_of_trl(settings, tmp_path):
    learning = DPOSettings(learning_rate=5e-3, batch_size=4, **settings)
    student = EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(dpo=learning, max_new_tokens=16))
    learner = DPOStudentTrainer(student, learning)
    pairs, held_out = build_held_out_pairs(tiny.questions(6)), build_held_out_pairs(tiny.questions(11)[6:])
    reference = learner._build_dataset(held_out)  # as the student is before it learns
    told = next(e for e in learner.learn(pairs, held_out, turn=1, seed=0) if isinstance(e, ValidationFinished))
    trainer = learner._build_trainer(pairs, 0, str(tmp_path), StepReporter(None))
    columns = ("ref_chosen_logps", "ref_rejected_logps")
    if not set(columns) <= set(reference.column_names):
        logps = student.pair_logps([student.pair_ids(p) for p in held_out], base=True)
        for column, values in zip(columns, zip(*logps, strict=True), strict=True):
            reference = reference.add_column(column, list(values))
    trainer.precompute_ref_logps = True
    trainer.args.per_device_eval_batch_size = len(held_out)
    trainer.eval_dataset = reference
    trls = trainer.evaluate()
    for name, value in asdict(told.metrics).items():
        if name == "rehearsal":  # not TRL's, and of training steps alone
            continue
        theirs = trls["eval_" + (name if name == "loss" else name.replace("_", "/", 1))]
        assert value == pytest.approx(theirs, abs=1e-4), name


@pytest.mark.parametrize("reference", ["last-turn", "base"])
def test_the_next_turns_reference_is_what_the_last_pass_told(reference, monkeypatch):
    learning = DPOSettings(learning_rate=5e-3, reference=reference)
    student = EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(dpo=learning, max_new_tokens=16))
    learner, told = DPOStudentTrainer(student, learning), []
    pairs, held_out = build_held_out_pairs(tiny.questions(6)), build_held_out_pairs(tiny.questions(9)[6:])
    list(learner.learn(pairs, held_out, turn=1, seed=0))
    wanted = student.pair_logps([student.pair_ids(p) for p in held_out], base=reference == "base")

    def told_of(own, before, *rest):
        told.append(before)
        return compute_held_out_metrics(own, before, *rest)

    monkeypatch.setattr("studentsim.training.dpo.compute_held_out_metrics", told_of)
    list(learner.learn(pairs, held_out, turn=2, seed=1))
    assert told == [wanted]  # to the last bit: a resumed run works it out anew


def test_no_held_out_pairs_is_no_error():
    student = EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(max_new_tokens=16))
    events = list(
        DPOStudentTrainer(student, DPOSettings()).learn(build_held_out_pairs(tiny.questions(3)), [], turn=1, seed=0)
    )
    assert events and not any(isinstance(e, ValidationFinished) for e in events)
