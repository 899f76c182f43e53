"""DPO through the real TRL and PEFT: the adapter changes, the base does not, and only what the student chose counts."""

import hashlib
from dataclasses import asdict, replace

import pytest
import tiny
import torch
from run_help import beyond_rounding

from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.events import EpochFinished, TrainingStep, ValidationFinished
from studentsim.practice import Attempts
from studentsim.settings import DPOSettings
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.training.dpo import DPOStudentTrainer, MaskedPreferenceCollator
from studentsim.training.pairs import build_held_out_pairs, correct_solution_text, pairs_from_mistakes
from studentsim.types import Answer


def student(**learning) -> EmbeddedStudent:
    config = RunConfig.make(dpo=DPOSettings(**learning), max_new_tokens=16)
    return EmbeddedStudent(tiny.model(), tiny.tokenizer(), config)


def weights(student: EmbeddedStudent, adapter: bool) -> str:
    state = {n: p for n, p in student.model.state_dict().items() if ("lora_" in n) == adapter}
    return hashlib.sha256(b"".join(n.encode() + p.numpy().tobytes() for n, p in sorted(state.items()))).hexdigest()


def pairs(count: int = 6):
    return build_held_out_pairs(tiny.questions(count))


def learn(student: EmbeddedStudent, turn: int = 1, seed: int = 0, **learning) -> list:
    return list(DPOStudentTrainer(student, DPOSettings(**learning)).learn(pairs(6), pairs(4), turn=turn, seed=seed))


def figures_of(event) -> list:
    return [event.training, event.validation] if isinstance(event, EpochFinished) else [event.metrics]


def test_the_adapter_changes_and_the_base_does_not():
    s = student()
    base, before = weights(s, adapter=False), weights(s, adapter=True)
    twin = s.merged_model.model.layers[0].self_attn.q_proj.weight.clone()
    events = learn(s, batch=2, epochs=2)
    assert weights(s, adapter=False) == base and weights(s, adapter=True) != before
    assert not torch.equal(s.merged_model.model.layers[0].self_attn.q_proj.weight, twin)
    assert [e.step for e in events if isinstance(e, TrainingStep)] == [1, 2, 3, 4, 5, 6]
    assert isinstance(events[-1], ValidationFinished)


def test_every_step_tells_its_figures_and_the_margin_grows():
    events = [e for e in learn(student(), batch=6, epochs=8, learning_rate=5e-3) if isinstance(e, TrainingStep)]
    first, last = events[0].metrics, events[-1].metrics
    assert first.loss == pytest.approx(0.6931, abs=1e-3) and first.rewards_margins == pytest.approx(0, abs=1e-4)
    assert last.rewards_margins > 0.1 and last.rewards_accuracies == 1 and last.loss < first.loss
    assert last.logps_chosen - last.logps_rejected > first.logps_chosen - first.logps_rejected


def test_the_head_tells_what_trls_own_tells_and_leaves_the_model_as_it_was(monkeypatch):
    ours, trls = student(), student()
    told = learn(ours, batch=3, epochs=2)
    monkeypatch.setattr("studentsim.training.lm_head.patch", lambda model, split_rows, has_plain_lm_head: None)
    for one, two in zip(told, learn(trls, batch=3, epochs=2), strict=True):
        for figures, theirs in zip(figures_of(one), figures_of(two), strict=True):
            own, other = (beyond_rounding(asdict(f)) if f else f for f in (figures, theirs))
            assert own == (other and pytest.approx(other, abs=1e-4))
    assert "forward" not in vars(ours.model.get_base_model())


def test_the_twin_writes_as_the_trained_model_does():
    s = student()
    learn(s, batch=2, learning_rate=1e-2)
    ids = torch.tensor([s._prompt_ids(tiny.questions(1)[0])])
    with torch.no_grad():
        assert torch.allclose(s.model.eval()(ids).logits, s.merged_model(ids).logits, atol=1e-4)


def test_no_reference_adapter_is_left_behind():
    for reference in ("last-turn", "base"):
        s = student()
        learn(s, reference=reference)
        assert list(s.model.peft_config) == ["default"]


def test_last_turns_reference_begins_every_turn_at_no_margin_and_the_base_does_not():
    for reference, starts_at_zero in (("last-turn", True), ("base", False)):
        s = student()
        learn(s, turn=1, reference=reference, learning_rate=1e-2, epochs=6)
        second = learn(s, turn=2, reference=reference, learning_rate=1e-2)[0].metrics
        assert (abs(second.rewards_margins) < 1e-4) == starts_at_zero


def test_the_same_seed_trains_the_same_adapter_and_another_seed_another():
    one, two, other = student(), student(), student()
    assert learn(one, seed=7, batch=2) == learn(two, seed=7, batch=2)
    learn(other, seed=8, batch=2)
    assert weights(one, True) == weights(two, True) != weights(other, True)


def test_no_pairs_is_no_error():
    s = student()
    before = weights(s, True)
    assert list(DPOStudentTrainer(s, DPOSettings()).learn([], pairs(), turn=1, seed=0)) == []
    assert weights(s, True) == before


def test_closing_the_iterator_stops_the_training():
    s = student()
    events = DPOStudentTrainer(s, DPOSettings(batch_size=1, epochs=20)).learn(pairs(6), [], turn=1, seed=0)
    assert next(events).steps == 120
    events.close()
    assert list(s.model.peft_config) == ["default"]


def test_an_error_in_training_reaches_whoever_asked():
    s = student()
    broken = [type(p)(p.question, p.chosen, p.rejected) for p in pairs(2)]
    s.pair_ids = lambda pair: {"prompt_ids": "not ids"}
    with pytest.raises(Exception, match=r"."):
        list(DPOStudentTrainer(s, DPOSettings()).learn(broken, [], turn=1, seed=0))


def test_the_calculators_tokens_do_not_count():
    s = student()
    row = s.pair_ids(pairs(1)[0])
    batch = MaskedPreferenceCollator(pad_token_id=0)([row, row])
    begin = len(row["prompt_ids"])
    assert batch["completion_mask"][0, begin : begin + len(row["chosen_ids"])].tolist() == row["chosen_mask"]
    assert batch["completion_mask"][2, begin : begin + len(row["rejected_ids"])].tolist() == row["rejected_mask"]
    assert 0 in row["chosen_mask"] and batch["completion_mask"].sum() == 2 * (
        sum(row["chosen_mask"]) + sum(row["rejected_mask"])
    )


@pytest.mark.parametrize("loss", ["sigmoid", "robust", "ipo", "hinge"])
def test_every_loss_of_the_settings_trains(loss):
    assert learn(student(), loss=loss, label_smoothing=0.1 if loss == "robust" else 0.0, sft_weight=0.5)


def test_an_adapter_saved_and_loaded_is_the_same_to_the_last_bit(tmp_path):
    s, fresh = student(), student()
    learn(s, batch=2)
    s.save(tmp_path)
    fresh.load(tmp_path)
    assert weights(fresh, True) == weights(s, True)
    assert (tmp_path / "adapter_model.safetensors").is_file() and (tmp_path / "adapter_config.json").is_file()
    from peft import PeftModel

    assert PeftModel.from_pretrained(tiny.model(), tmp_path)


def test_a_damaged_or_foreign_adapter_is_refused(tmp_path):
    s = student()
    s.save(tmp_path)
    with pytest.raises(StudentError, match="not those of this run"):
        student(lora_rank=4).load(tmp_path)
    file = tmp_path / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(StudentError, match="cannot be read"):
        student().load(tmp_path)


def test_projections_that_the_model_lacks_are_named():
    with pytest.raises(StudentError, match="query_key_value"):
        student(lora_targets=("query_key_value",))


def test_pairs_are_made_of_wrong_answers_alone():
    questions = tiny.questions(4)
    teacher = AnswerKeyGrader()
    answers = [
        Answer(questions[0].id, questions[0].rationale, questions[0].correct, None, -1, 1),
        Answer(questions[1].id, "Answer: 1", None, "1", -1, 1),
        Answer(questions[2].id, "", None, None, -1, 1),
        Answer(questions[3].id, questions[3].options[0].text, _wrong(questions[3]), None, -1, 1),
    ]
    made = pairs_from_mistakes(
        [Attempts(q, [(a, teacher.grade(q, a))]) for q, a in zip(questions, answers, strict=True)]
    )
    assert [(p.question.id, p.rejected) for p in made] == [
        (questions[1].id, "Answer: 1"), (questions[3].id, questions[3].options[0].text),
    ]  # fmt: skip
    assert all(p.chosen == p.question.rationale for p in made)


def test_a_question_without_workings_is_taught_by_rationale_letter_and_option():
    question = replace(tiny.questions(1)[0], rationale="Because.")
    question = replace(question, options=tuple(replace(o, solution=None) for o in question.options))
    assert correct_solution_text(question) == f"Because.\nAnswer: {question.correct}) {question.correct_option.text}"
    assert build_held_out_pairs([question])[0].rejected.startswith("Answer: ")


def _wrong(question) -> str:
    return next(o.letter for o in question.options if o.letter != question.correct)


def test_the_key_names_the_misconception_behind_the_chosen_option():
    question = tiny.questions(1)[0]
    for option in question.options:
        mark = AnswerKeyGrader().grade(question, Answer(question.id, "", option.letter, None, 0, 0))
        assert mark.is_correct == (option.letter == question.correct) and mark.misconception == option.misconception
    assert AnswerKeyGrader().grade(question, Answer(question.id, "", None, None, 0, 0)).is_correct is False
