"""P0's table of figures: epoch by epoch, as TRL logged them; and looking in the midst of training changes nothing."""

from __future__ import annotations

from dataclasses import asdict, replace

import hubs
import pytest
import tiny
import torch
from transformers import GraniteConfig

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.events import AnswerRecorded, EpochFinished, PreferenceMetrics, TrainingStep, ValidationFinished
from studentsim.settings import DPOSettings, ModelLoadingSettings
from studentsim.simulation import Components, LoopState, simulate
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.teacher.teacher import Teacher
from studentsim.training import trainer
from studentsim.training.dpo import DPOStudentTrainer
from studentsim.training.epoch_metrics import EpochMeans
from studentsim.training.pairs import build_held_out_pairs


def student(learning: DPOSettings) -> EmbeddedStudent:
    return EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(dpo=learning, max_new_tokens=16))


def learn(every: str = "turn", *, held_out: int = 4, of: EmbeddedStudent | None = None, **settings):
    """Seven pairs, four a step, two epochs; the student and its events."""
    learning = DPOSettings(learning_rate=5e-3, batch_size=4, **{"epochs": 2, **settings})
    own = of or student(learning)
    learner = DPOStudentTrainer(own, learning, validation_every=every)
    pairs, others = build_held_out_pairs(tiny.questions(7)), build_held_out_pairs(tiny.questions(12)[7:][:held_out])
    return own, list(learner.learn(pairs, others, turn=1, seed=5))


def adapter(model) -> list[torch.Tensor]:
    return [p.detach().clone() for p in model.parameters() if p.requires_grad]


def of_kind(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_an_epochs_figures_are_the_means_of_trls_own_logs_weighted_by_pairs(monkeypatch):
    logged, hand_over = [], trainer.StepReporter.on_log

    def on_log(self, args, state, control, logs=None, **kwargs):
        logged.append(dict(logs or {}))
        hand_over(self, args, state, control, logs=logs, **kwargs)

    monkeypatch.setattr(trainer.StepReporter, "on_log", on_log)
    _, events = learn()
    logged = [logs for logs in logged if "loss" in logs]
    epochs = of_kind(events, EpochFinished)
    assert len(logged) == 4 and [(e.epoch, e.epochs) for e in epochs] == [(1, 2), (2, 2)]
    for epoch, (full, rest) in zip(epochs, (logged[:2], logged[2:]), strict=True):
        for name, value in asdict(epoch.training).items():
            if name == "rehearsal":  # not TRL's, and nothing is rehearsed here
                assert value is None
                continue
            theirs = name if name == "loss" else name.replace("_", "/", 1)
            assert value == pytest.approx((4 * full[theirs] + 3 * rest[theirs]) / 7, rel=1e-12), name
    assert all(step.metrics.logits_chosen is not None for step in of_kind(events, TrainingStep))


def test_a_pass_in_the_midst_tells_what_it_would_tell_had_training_ended_there():
    _, whole = learn("epoch")
    for ended in (1, 2):
        _, shorter = learn("turn", epochs=ended)
        (validated,) = of_kind(shorter, ValidationFinished)
        assert of_kind(whole, EpochFinished)[ended - 1].validation == validated.metrics


def test_by_default_the_last_epoch_alone_is_validated_and_it_is_the_turns_pass():
    _, events = learn()
    *first, last = of_kind(events, EpochFinished)
    assert [e.validation for e in first] == [None]
    assert (
        last.validation == of_kind(events, ValidationFinished)[0].metrics
        and last.validation.logits_rejected is not None
    )
    assert [type(e).__name__ for e in events[-3:]] == ["TrainingStep", "EpochFinished", "ValidationFinished"]


@pytest.mark.parametrize("reference", ["last-turn", pytest.param("base", marks=pytest.mark.long)])
def test_looking_after_every_epoch_changes_nothing_that_is_learnt_or_answered(reference):
    found = []
    for every in ("turn", "epoch"):
        own, first = learn(every, reference=reference)
        _, second = learn(every, reference=reference, of=own)  # the next turn's reference is the last pass's
        answers = [(a.question_id, a.text, a.logprob) for a in own.answer(tiny.questions(4), seed_key=("exam", 0))]
        kept = [e if not isinstance(e, EpochFinished) else replace(e, validation=None) for e in (*first, *second)]
        found.append((kept, adapter(own.model), answers))
    (events, weights, answers), (same_events, same_weights, same_answers) = found
    assert events == same_events and answers == same_answers
    assert all(torch.equal(a, b) for a, b in zip(weights, same_weights, strict=True))


def test_a_language_models_dropout_and_portions_are_not_disturbed_by_a_look(tmp_path):
    folder = hubs.save(tmp_path, "llama")
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"attention_dropout": 0.0', '"attention_dropout": 0.3'))
    found = []
    for every in ("turn", "epoch"):
        learning = DPOSettings(learning_rate=1e-3, batch_size=4, epochs=2)
        hub = ModelLoadingSettings(micro_batch_size=2, gradient_checkpointing="on")
        cast = factory.build_components(hubs.config(folder, dpo=learning, validation_every=every, model_loading=hub))
        pairs = build_held_out_pairs(hubs.bank().study[:6])
        events = list(cast.trainer.learn(pairs[:5], pairs[5:], turn=1, seed=3))
        found.append((of_kind(events, TrainingStep), of_kind(events, ValidationFinished), adapter(cast.student.model)))
        assert [e.validation is not None for e in of_kind(events, EpochFinished)] == [every == "epoch", True]
    (steps, passes, weights), (same_steps, same_passes, same_weights) = found
    assert cast.student.base_model.config.attention_dropout == 0.3
    assert steps == same_steps and passes == same_passes
    assert all(torch.equal(a, b) for a, b in zip(weights, same_weights, strict=True))


@pytest.mark.parametrize("kind", ["llama", "granite"])
def test_a_language_models_mean_logits_are_those_of_plain_passes(tmp_path, monkeypatch, kind):
    small = {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "hidden_size": 64}
    scaled = {**small, "intermediate_size": 96, "max_position_embeddings": 512, "logits_scaling": 0.5}
    monkeypatch.setitem(hubs.ARCHITECTURES, "granite", lambda **ids: GraniteConfig(**scaled, **ids))
    own = factory.build_components(hubs.config(hubs.save(tmp_path, kind))).student
    rows = [own.pair_ids(pair) for pair in build_held_out_pairs(hubs.bank().study[:4])]
    for row, score in zip(rows, own.pair_scores(rows), strict=True):
        for side, logp, mean in (
            ("chosen", score.chosen, score.chosen_logits),
            ("rejected", score.rejected, score.rejected_logits),
        ):
            begin, ids = len(row["prompt_ids"]), torch.tensor([row["prompt_ids"] + row[f"{side}_ids"]])
            with torch.no_grad():
                logits = own.base_model(ids).logits[0, begin - 1 : -1].float()
            assert mean == pytest.approx(logits.mean().item(), abs=1e-4)
            told = logits.log_softmax(-1).gather(-1, ids[0, begin:, None]).sum().item()
            assert logp == pytest.approx(told, abs=1e-3)


def test_without_held_out_pairs_an_epoch_has_training_figures_alone():
    for every in ("turn", "epoch"):
        _, events = learn(every, held_out=0)
        assert [e.validation for e in of_kind(events, EpochFinished)] == [None] * 2
        assert not of_kind(events, ValidationFinished)


def test_no_pairs_no_epochs():
    own = student(DPOSettings())
    assert list(DPOStudentTrainer(own, DPOSettings(), validation_every="epoch").learn([], [], turn=1, seed=0)) == []


def test_stopping_in_the_midst_looks_at_nothing_more(monkeypatch):
    looked, look = [], DPOStudentTrainer._score_held_out
    monkeypatch.setattr(DPOStudentTrainer, "_score_held_out", lambda self, rows: looked.append(1) or look(self, rows))
    learning = DPOSettings(batch_size=1, epochs=20)
    own = student(learning)
    pairs = build_held_out_pairs(tiny.questions(6))
    events = DPOStudentTrainer(own, learning, validation_every="epoch").learn(pairs, pairs[:2], turn=1, seed=0)
    next(events)
    events.close()
    assert len(looked) <= 1 and list(own.model.peft_config) == ["default"]


def test_an_error_while_looking_reaches_whoever_asked(monkeypatch):
    def look(self, rows):
        raise MemoryError("full")

    monkeypatch.setattr(DPOStudentTrainer, "_score_held_out", look)
    with pytest.raises(MemoryError, match="full"):
        learn("epoch")


def test_a_figure_that_one_step_lacks_has_no_mean():
    means = EpochMeans(pair_count=3, batch_size=2)
    plain = PreferenceMetrics(0.5, 1, -1, 1, 2, -10, -12)
    means.add_step(replace(plain, logits_chosen=1.0))
    means.add_step(replace(plain, loss=0.2))
    told = means.finish_epoch()
    assert told.loss == pytest.approx((2 * 0.5 + 0.2) / 3) and told.logits_chosen is None and means.epoch == 2


def test_a_resumed_run_tells_the_same_epochs_as_one_that_was_never_stopped(tmp_path):
    config = RunConfig.make(
        turns=2, questions_per_turn=5, exam_size=5, validation=3, max_new_tokens=16, validation_every="epoch",
        dpo=DPOSettings(epochs=2, batch_size=4, learning_rate=5e-3),
    )  # fmt: skip
    questions = [*tiny.questions(15), *tiny.questions(5, "exam"), *tiny.questions(5, "validation")]

    def cast() -> Components:
        own = EmbeddedStudent(tiny.model(), tiny.tokenizer(), config)
        learner = DPOStudentTrainer(own, config.dpo, validation_every=config.validation_every)
        return Components(Bank.from_questions("curriculum", questions), own, Teacher(config.teacher), learner)

    def told(events) -> list:
        kinds = (TrainingStep, EpochFinished, ValidationFinished, AnswerRecorded)
        return [replace(e, milliseconds=0.0) if isinstance(e, AnswerRecorded) else e for e in of_kind(events, kinds)]

    whole = list(simulate(config, cast()))
    first, before = cast(), []
    for event in simulate(config, first):
        before.append(event)
        if type(event).__name__ == "TurnFinished" and event.turn == 1:
            break
    first.student.save(tmp_path)
    again = cast()
    again.student.load(tmp_path)
    progress = LoopState.from_events([e.to_json() for e in before])
    assert told([*before, *simulate(config, again, progress)]) == told(whole)
    epochs = of_kind(whole, EpochFinished)
    assert [(e.turn, e.epoch) for e in epochs] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert all(e.validation is not None for e in epochs)
