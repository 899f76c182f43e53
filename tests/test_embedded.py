"""The student that ships: small, safe, as its profiles say, and able to learn. Through the real TRL and PEFT."""

import pytest
from safetensors import safe_open

from studentsim import factory
from studentsim.config import RunConfig
from studentsim.curriculum.feedback import format_feedback
from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS, generate_questions
from studentsim.errors import StudentError
from studentsim.evaluation.profile_eval import evaluate_profile
from studentsim.events import AnswerRecorded, ExamFinished, TurnFinished
from studentsim.simulation import simulate
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.student.embedded.weight_versions import SHIPPED_WEIGHTS_DIR


def test_the_weights_are_safetensors_of_at_most_8_mb():
    file = SHIPPED_WEIGHTS_DIR / "model.safetensors"
    assert file.stat().st_size <= 8_000_000
    with safe_open(file, "pt") as weights:
        assert len(list(weights.keys())) > 20
    assert not [p for p in SHIPPED_WEIGHTS_DIR.iterdir() if p.suffix in (".bin", ".pt", ".pth", ".pkl")]


@pytest.mark.parametrize("profile", ["balanced", pytest.param("geometry", marks=pytest.mark.long)])
def test_a_placement_test_finds_about_what_the_profile_says(profile):
    """A quick look with 70 questions a category, two standard errors and a bit; ``evaluate_profile`` does it with 600."""
    result = evaluate_profile(RunConfig.make(student=profile), 70)
    assert result.well_formed_share > 0.97
    assert all(abs(row.accuracy - row.intended) < 0.17 for row in result.category_results)


def test_a_few_turns_of_practice_raise_the_exam():
    config = RunConfig.make(turns=4, questions_per_turn=40, exam_size=126, exam_every=4, validation=12)
    events = list(simulate(config, factory.build_components(config)))
    exams = [e for e in events if isinstance(e, ExamFinished)]
    assert exams[-1].correct / 126 > exams[0].correct / 126 + 0.08
    margins = [e.rewards.rewards_margins for e in events if isinstance(e, TurnFinished) and e.rewards]
    assert len(margins) == 4 and sum(margins) > 0  # of each lesson's last step, which may hold one pair alone
    answers = [e for e in events if isinstance(e, AnswerRecorded)]
    assert all(e.logprob < 0 and e.milliseconds > 0 for e in answers)
    assert all(0 <= e.p_correct <= 1 if e.phase == "exam" else e.p_correct is None for e in answers)
    wrong = [e for e in answers if not e.is_correct]
    assert sum(e.misconception in MISCONCEPTIONS for e in wrong) / len(wrong) > 0.8


def test_a_hint_helps_a_wrong_attempt_more_than_a_bare_second_try():
    import numpy as np

    from studentsim.student.answer_parsing.final_line import parse_answer
    from studentsim.student.embedded.student import draw_uniforms
    from studentsim.student.generation.generate import generate, prefill

    model, tokenizer = load_embedded_model()
    student = EmbeddedStudent(model, tokenizer, RunConfig.make())
    questions = [q for skill in list(SKILLS) for q in generate_questions(skill, "exam", 1)]
    right = {}
    for level in ("mark", "hint"):
        prompts = []
        for question in questions:
            option = next(o for o in question.options if o.misconception)
            said = format_feedback(level, hint=MISCONCEPTIONS[option.misconception].hint)
            prompts.append(student._prompt_ids(question, [(option.solution, said)]))
        uniforms = np.stack([draw_uniforms(("revision", q.id), 112) for q in questions])
        written = generate(
            student.merged_model,
            prefill(student.merged_model, prompts, tokenizer.pad_token_id),
            student.calculator,
            uniforms,
            eos_token_id=tokenizer.eos_token_id,
        )
        right[level] = sum(
            parse_answer(tokenizer.decode(w.ids), q)[0] == q.correct for w, q in zip(written, questions, strict=True)
        ) / len(questions)
    assert right["hint"] > right["mark"] + 0.2


def test_missing_or_damaged_weights_are_told_with_the_remedy(tmp_path):
    with pytest.raises(StudentError, match="pretrain"):
        load_embedded_model(folder=tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(StudentError, match="cannot be read"):
        load_embedded_model(folder=tmp_path)
