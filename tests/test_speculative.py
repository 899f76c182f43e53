"""Writing along drafts changes what it costs, never what is written."""

import dataclasses

import numpy as np
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from studentsim.config import RunConfig
from studentsim.student.embedded import student as embedded
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.prompts import completion_ids, prompt_ids
from studentsim.student.embedded.speculative import generate_with_drafts
from studentsim.student.embedded.student import EmbeddedStudent, draw_uniforms
from studentsim.student.generation.generate import generate, prefill

LIMIT = 24
STUDENT = EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(max_new_tokens=LIMIT))


def prompts(count: int) -> list[list[int]]:
    return [prompt_ids(tiny.tokenizer(), tiny.opening(), q.problem) for q in tiny.questions(count)]


def plainly(uniforms: np.ndarray, **manner) -> list:
    model = STUDENT.decoder
    return generate(
        model, prefill(model, prompts(len(uniforms)), 0), STUDENT.calculator, uniforms, eos_token_id=1, **manner
    )


def along(uniforms: np.ndarray, drafts: list, **manner) -> tuple[list, list]:
    """Along the drafts, and plainly from where they end."""
    model, calculator = STUDENT.decoder, STUDENT.calculator
    written, first = generate_with_drafts(
        model, prompts(len(uniforms)), calculator, uniforms, drafts, eos_token_id=1, **manner
    )
    rest = [k for k, w in enumerate(written) if not w.is_done(uniforms.shape[1])]
    if rest:
        begun = [written[k] for k in rest]
        prefix = prefill(model, prompts(len(uniforms)), 0).take_rows(rest)
        done = generate(model, prefix, calculator, uniforms[rest], eos_token_id=1, partial_generations=begun, **manner)
        for k, w in zip(rest, done, strict=True):
            written[k] = w
    return written, first


def luck_of(seed: int, rows: int = 4) -> np.ndarray:
    return np.stack([draw_uniforms(("exam", seed, k), LIMIT) for k in range(rows)])


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000), kept=st.lists(st.integers(0, LIMIT + 4), min_size=4, max_size=4),
    temperature=st.sampled_from([1.0, 0.7, 0.0]), min_p=st.sampled_from([0.0, 0.03]),
)  # fmt: skip
def test_whatever_the_drafts_say_the_same_is_written(seed, kept, temperature, min_p):
    """Drafts that agree with what would be written for ``kept`` tokens and then say something else, or nothing to the point at all."""
    uniforms, manner = luck_of(seed), {"temperature": temperature, "min_p": min_p}
    wanted = plainly(uniforms, **manner)
    working = completion_ids(tiny.tokenizer(), tiny.questions(1)[0].correct_option.solution)
    drafts = [[working, [*w.ids[:n], 7, 9, 1], [*w.ids, 1], working[:3]] for w, n in zip(wanted, kept, strict=True)]
    written, first = along(uniforms, drafts, **manner)
    assert [(w.ids, w.ended) for w in written] == [(w.ids, w.ended) for w in wanted]
    assert [w.logprob for w in written] == pytest.approx([w.logprob for w in wanted], abs=2e-3)
    assert len(first) == 4 and all(logprob <= 0 for logprob in first)


def test_a_draft_that_is_what_would_be_written_costs_one_pass(monkeypatch):
    uniforms = luck_of(1)
    wanted = plainly(uniforms)
    passes = []
    hidden = STUDENT.decoder.hidden_states
    monkeypatch.setattr(STUDENT.decoder, "hidden_states", lambda **inputs: passes.append(1) or hidden(**inputs))
    written, _ = along(uniforms, [[[*w.ids, 1]] for w in wanted])
    assert [w.ids for w in written] == [w.ids for w in wanted]
    assert len(passes) == 1  # prompts and what follows, together


def test_in_the_middle_of_the_calculators_result_it_goes_on_with_the_rest():
    calculator = STUDENT.calculator
    ids = completion_ids(tiny.tokenizer(), "Add: 999 + 999 =")[:-1]
    result = calculator.result_ids(ids)
    assert len(result) > 1
    forced, pending = calculator.forced_ids([*ids, result[0]])
    assert forced[-1] == result[0] and list(pending) == result[1:] and set(forced[:-1]) == {None}


def test_the_shipped_student_answers_the_same_with_and_without_its_drafts(monkeypatch):
    questions = tiny.questions(40)
    model, tokenizer = load_embedded_model()
    student = EmbeddedStudent(model, tokenizer, RunConfig.make())
    answers = {a.question_id: a for a in student.answer(questions, seed_key=("exam", 0), with_p_correct=True)}
    monkeypatch.setattr(embedded, "DRAFT_BATCH_SIZE", 7)
    others = {a.question_id: a for a in student.answer(questions, seed_key=("exam", 0), with_p_correct=True)}
    plain = [
        dataclasses.replace(q, options=tuple(dataclasses.replace(o, solution=None) for o in q.options))
        for q in questions
    ]
    alone = {a.question_id: a for a in student.answer(plain, seed_key=("exam", 0))}
    assert (
        {i: a.text for i, a in answers.items()}
        == {i: a.text for i, a in others.items()}
        == {i: a.text for i, a in alone.items()}
    )
    assert [answers[i].logprob for i in alone] == pytest.approx([a.logprob for a in alone.values()], abs=1e-3)
    assert [answers[i].p_correct for i in alone] == pytest.approx([others[i].p_correct for i in alone], abs=1e-4)
