"""Writing and scoring in batches agree with the plain way, row by row."""

import dataclasses
import math

import numpy as np
import pytest
import tiny
import torch

from studentsim.config import RunConfig
from studentsim.student.embedded.prompts import completion_ids, prompt_ids
from studentsim.student.embedded.student import EmbeddedStudent, draw_uniforms
from studentsim.student.generation.generate import completion_logprobs, generate, prefill
from studentsim.types import Pair


def student(**settings) -> EmbeddedStudent:
    return EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(max_new_tokens=24, **settings))


def prompts() -> list[list[int]]:
    return [prompt_ids(tiny.tokenizer(), tiny.opening(), q.problem) for q in tiny.questions(6)]


def plain_logprob(model, prompt: list[int], completion: list[int], own: list[int]) -> float:
    """The log-probability by one plain forward pass without cache, padding or batch."""
    with torch.no_grad():
        logps = model(input_ids=torch.tensor([prompt + completion])).logits[0].float().log_softmax(-1)
    return sum(
        logps[len(prompt) + k - 1, token].item() * own[k] for k, token in enumerate(completion)
    )  # fmt: skip


def test_scores_with_a_shared_prompt_equal_plain_forward_passes():
    model, student_ = tiny.model(), student()
    questions = tiny.questions(6)
    completions = [
        [completion_ids(tiny.tokenizer(), o.solution) for o in q.options if o.solution][:3] for q in questions
    ]
    masks = [[student_.calculator.loss_mask(c) for c in row] for row in completions]
    got = completion_logprobs(model, prefill(model, prompts(), 0), completions, masks)
    for prompt, row, own, scores in zip(prompts(), completions, masks, got, strict=True):
        for c, m, s in zip(row, own, scores, strict=True):
            assert s == pytest.approx(plain_logprob(model, prompt, c, m), abs=1e-3)


def test_scoring_leaves_the_prefix_as_it_was():
    model = tiny.model()
    prefix = prefill(model, prompts(), 0)
    rows = [[[5, 6, 7]]] * 6
    first = completion_logprobs(model, prefix, rows, rows)
    assert completion_logprobs(model, prefix, rows, rows) == first


def test_writing_leaves_the_prefix_as_it_was():
    model, calculator = tiny.model(), student().calculator
    uniforms = np.stack([draw_uniforms(("exam", 0, k), 24) for k in range(6)])
    prefix = prefill(model, prompts(), 0)
    first = generate(model, prefix, calculator, uniforms, eos_token_id=1)
    assert generate(model, prefix, calculator, uniforms, eos_token_id=1) == first
    some = generate(model, prefix.take_rows([4, 1]), calculator, uniforms[[4, 1]], eos_token_id=1)
    assert [w.ids for w in some] == [first[4].ids, first[1].ids]


def test_p_right_is_the_right_workings_probability_and_what_was_told_is_not_scored_again(monkeypatch):
    s = student()
    questions = [_short(q) for q in tiny.questions(6)]
    answers = {a.question_id: a for a in s.answer(questions, seed_key=("exam", 0), with_p_correct=True)}
    for q in questions:
        prompt, right = s._prompt_ids(q), completion_ids(tiny.tokenizer(), q.correct_option.solution)
        told = plain_logprob(s.merged_model, prompt, right, s.calculator.loss_mask(right))
        assert math.log(answers[q.id].p_correct) == pytest.approx(told, abs=1e-3)
    rows = [s.pair_ids(Pair(q, q.correct_option.solution, "Answer: 1")) for q in questions]
    both = s.pair_logps(rows)
    s._logprob_cache.clear()
    assert [c for c, _ in both] == pytest.approx([c for c, _ in s.pair_logps(rows)], abs=1e-3)
    for row in rows:
        s._logprob_cache[tuple(row["prompt_ids"]), tuple(row["chosen_ids"])] = -1.0
        s._logprob_cache[tuple(row["prompt_ids"]), tuple(row["rejected_ids"])] = -2.0
    monkeypatch.setattr("studentsim.student.embedded.student.prefill", None)  # nothing is left to be read
    assert s.pair_logps(rows) == [(-1.0, -2.0)] * 6
    s.on_adapter_changed()
    assert not s._logprob_cache


def test_p_right_is_told_where_it_is_asked_for():
    for sure in (True, False):
        (answer,) = student().answer([_short(tiny.questions(1)[0])], seed_key=("exam", 0), with_p_correct=sure)
        assert (answer.p_correct is not None) == sure


def _short(question):
    option = dataclasses.replace(question.correct_option, solution=f"Answer: {question.correct_option.text}")
    options = tuple(option if o.letter == option.letter else o for o in question.options)
    return dataclasses.replace(question, options=options)


def test_a_row_writes_the_same_whoever_is_in_its_batch():
    model, calculator = tiny.model(), student().calculator
    uniforms = np.stack([draw_uniforms(("exam", 0, k), 24) for k in range(6)])
    together = generate(model, prefill(model, prompts(), 0), calculator, uniforms, eos_token_id=1)
    for k, prompt in enumerate(prompts()):
        single = generate(model, prefill(model, [prompt], 0), calculator, uniforms[k : k + 1], eos_token_id=1)[0]
        assert single.ids == together[k].ids
        assert single.logprob == pytest.approx(together[k].logprob, abs=1e-3)


def test_the_told_log_probability_is_that_of_the_tokens_the_student_chose():
    model, student_ = tiny.model(), student()
    uniforms = np.stack([draw_uniforms(("exam", 0, k), 24) for k in range(6)])
    for prompt, row in zip(
        prompts(),
        generate(model, prefill(model, prompts(), 0), student_.calculator, uniforms, eos_token_id=1),
        strict=True,
    ):
        ids = [*row.ids, 1] if row.ended else row.ids
        assert row.logprob == pytest.approx(
            plain_logprob(model, prompt, ids, student_.calculator.loss_mask(ids)), abs=2e-3
        )


def test_temperature_zero_takes_the_likeliest_token():
    model = tiny.model()
    uniforms = np.full((1, 8), 0.999)
    prompt = prompts()[0]
    written = generate(
        model, prefill(model, [prompt], 0), student().calculator, uniforms, eos_token_id=1, temperature=0
    )[0].ids
    ids = list(prompt)
    for token in written:
        with torch.no_grad():
            assert model(input_ids=torch.tensor([ids])).logits[0, -1].argmax().item() == token
        ids.append(token)


def test_answers_do_not_depend_on_the_order_of_the_questions():
    one = {a.question_id: (a.text, a.letter) for a in student().answer(tiny.questions(6), seed_key=("exam", 0))}
    two = {a.question_id: (a.text, a.letter) for a in student().answer(tiny.questions(6)[::-1], seed_key=("exam", 0))}
    other = {a.question_id: (a.text, a.letter) for a in student().answer(tiny.questions(6), seed_key=("exam", 1))}
    assert one == two != other


def test_confidence_is_the_likeliest_working():
    model, student_ = tiny.model(), student()
    for question, told in zip(tiny.questions(5), student_.confidence(tiny.questions(5)), strict=True):
        prompt = prompt_ids(tiny.tokenizer(), tiny.opening(), question.problem)
        ids = [completion_ids(tiny.tokenizer(), o.solution) for o in question.options if o.solution]
        best = max(math.exp(plain_logprob(model, prompt, c, student_.calculator.loss_mask(c))) for c in ids)
        assert told == pytest.approx(best, rel=1e-2, abs=1e-12)


def test_p_correct_is_what_an_exam_tells_of_the_right_working_whoever_is_in_the_batch():
    student_, questions = student(), tiny.questions(9)
    told = student_.p_correct(questions)
    exam = {a.question_id: a.p_correct for a in student_.answer(questions, seed_key=("exam", 0), with_p_correct=True)}
    assert told == pytest.approx([exam[q.id] for q in questions], rel=1e-3)
    assert student_.p_correct(questions[::-1])[::-1] == pytest.approx(told, rel=1e-4)
    right = [w <= c * (1 + 1e-4) for w, c in zip(told, student_.confidence(questions), strict=True)]
    assert all(right) and all(0 <= p <= 1 for p in told)  # the likeliest working is at least as likely as the right one


def test_p_correct_without_workings_is_the_right_options_share():
    plain = [
        dataclasses.replace(q, options=tuple(dataclasses.replace(o, solution=None) for o in q.options))
        for q in tiny.questions(4)
    ]
    student_, shares = student(), []
    for letter in "abcde":
        shares.append(student_.p_correct([dataclasses.replace(q, correct=letter) for q in plain]))
    for question, told in zip(plain, zip(*shares, strict=True), strict=True):
        assert sum(told) == pytest.approx(1, abs=1e-5)
        assert max(told) == pytest.approx(student_.confidence([question])[0], rel=1e-4)
    assert student_.p_correct([]) == []


def test_confidence_on_questions_without_workings_is_a_share_of_the_options():
    plain = [
        dataclasses.replace(q, options=tuple(dataclasses.replace(o, solution=None) for o in q.options))
        for q in tiny.questions(3)
    ]
    assert all(0.2 <= p <= 1 for p in student().confidence(plain))
    assert [a.p_correct for a in student().answer(plain, seed_key=("x",), with_p_correct=True)] == [None] * 3
