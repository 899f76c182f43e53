"""Asking the student first costs less than scoring every candidate, and tells the same: figures, sides of a threshold, choices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

import pytest
import tiny
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_selection import situation

from studentsim.config import RunConfig
from studentsim.curriculum.generator import SKILLS, generate_questions
from studentsim.selection.registry import select_questions
from studentsim.selection.scores import ScoreRecorder
from studentsim.student.batching import iter_even_batches
from studentsim.student.embedded import student as embedded
from studentsim.student.embedded.best_candidate import best_candidate_logprobs
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.model import load_embedded_model
from studentsim.student.embedded.prompts import completion_ids
from studentsim.student.embedded.speculative import _sample_with_draft, _SamplingSettings
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.student.generation.sampling import sample_tokens
from studentsim.types import Question

NOISE = 1e-5
"""Differences of a figure by float32's rounding alone; three times what was seen."""


def plain_logprob(model: torch.nn.Module, prompt: Sequence[int], ids: Sequence[int], mask: Sequence[int]) -> float:
    """The log-probability of one text, by transformers' model in one pass of its own, summed in double precision."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([[*prompt, *ids]])).logits[0, len(prompt) - 1 : -1].double()
    told = logits.log_softmax(-1)[torch.arange(len(ids)), torch.tensor(ids)]
    return float((told * torch.tensor(mask)).sum())


# ------------------------------------------------------------------ the likeliest of some texts


def masked(texts: list, masks: list) -> Callable[[list[int], int], list[int]]:
    """A function that tells each text's own mask."""
    known = {
        id(ids): mask
        for own, own_masks in zip(texts, masks, strict=True)
        for ids, mask in zip(own, own_masks, strict=True)
    }
    return lambda ids, until: known[id(ids)][:until]


@pytest.fixture(scope="module")
def peaked() -> torch.nn.Module:
    """A tiny model that is set on something at each place: its head is made two hundred times as steep."""
    model = tiny.model(seed=4)
    with torch.no_grad():
        model.model.norm.weight.mul_(200.0)
    return model


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_likeliest_is_that_of_all_texts_scored_one_by_one(peaked: torch.nn.Module, data: st.DataObject):
    """Over texts that share any beginning, come twice, and count different ids of what they share."""
    token = st.integers(10, 13)
    prompts, texts, masks = [], [], []
    for _ in range(data.draw(st.integers(1, 3))):
        prompts.append(data.draw(st.lists(token, min_size=1, max_size=6)))
        own = data.draw(st.lists(st.lists(token, max_size=7), min_size=1, max_size=5))
        texts.append([[*ids, 1] for ids in own])
        masks.append(
            [data.draw(st.lists(st.integers(0, 1), min_size=len(ids), max_size=len(ids))) for ids in texts[-1]]
        )
    found = best_candidate_logprobs(Decoder(peaked), prompts, texts, masked(texts, masks))
    for logprob, prompt, own, own_masks in zip(found, prompts, texts, masks, strict=True):
        plain = [plain_logprob(peaked, prompt, ids, mask) for ids, mask in zip(own, own_masks, strict=True)]
        assert logprob == pytest.approx(max(plain), abs=1e-4, rel=1e-5)


def read_by(decoder: Decoder, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions of each pass from now on."""
    passes: list[int] = []
    hidden = decoder.hidden_states

    def counted(**inputs):
        passes.append(inputs["input_ids"].numel())
        return hidden(**inputs)

    monkeypatch.setattr(decoder, "hidden_states", counted)
    return passes


def test_texts_that_cannot_be_the_likeliest_are_not_read(peaked: torch.nn.Module, monkeypatch: pytest.MonkeyPatch):
    decoder = Decoder(peaked)
    best: list[int] = []
    with torch.no_grad():
        while len(best) < 8:  # what the model itself goes on with
            best.append(int(peaked(input_ids=torch.tensor([[5, *best]])).logits[0, -1].argmax()))
    others = [[*best[:4], 99, 98, 97], [98, 11, 12]]
    passes = read_by(decoder, monkeypatch)
    found = best_candidate_logprobs(decoder, [[5]], [[best, *others]], lambda ids, until: [1] * until)
    assert passes == [8]  # prompt and best text; of the others one token each was told by it
    assert found == pytest.approx([plain_logprob(peaked, [5], best, [1] * 8)], abs=1e-4)
    passes.clear()
    assert best_candidate_logprobs(
        decoder, [[5]], [[others[0], best]], lambda ids, until: [1] * until
    ) == pytest.approx(found, abs=1e-4)
    assert passes == [7, 3]  # the second is read on from where it parts from the first


# ------------------------------------------------------------------ the student that ships


@pytest.fixture(scope="module")
def student() -> EmbeddedStudent:
    return EmbeddedStudent(*load_embedded_model(), RunConfig.make())


@pytest.fixture(scope="module")
def questions() -> tuple[Question, ...]:
    """48 of the study split, 8 a category."""
    by_category: dict[str, list[Question]] = {}
    for number in range(3):
        for skill in SKILLS:
            question = generate_questions(skill, "study", number + 1)[number]
            by_category.setdefault(question.category, []).append(question)
    return tuple(q for own in by_category.values() for q in own[:8])


@pytest.fixture(scope="module")
def plain(student: EmbeddedStudent, questions: tuple[Question, ...]) -> dict[str, float]:
    """By question id the likeliest working's probability, each working scored in a pass of its own."""
    calculator = Calculator(student.tokenizer)
    found = {}
    for q in questions:
        texts = [completion_ids(student.tokenizer, o.solution) for o in q.options if o.solution]
        prompt = student._prompt_ids(q)
        found[q.id] = max(
            math.exp(plain_logprob(student.merged_model, prompt, t, calculator.loss_mask(t))) for t in texts
        )
    return found


@pytest.mark.parametrize("strategy", ["log-probability", "log-probability+category"])
@pytest.mark.parametrize(("seed", "threshold"), [(1, 0.5), (2, 0.42), (3, 0.25)])
def test_the_same_questions_are_chosen_by_the_same_figures(
    student: EmbeddedStudent, questions: tuple[Question, ...], plain: dict[str, float],
    strategy: str, seed: int, threshold: float,
):  # fmt: skip
    chosen, looked = {}, {}
    for way, figures in (("plain", lambda qs: [plain[q.id] for q in qs]), ("fast", student.confidence)):
        lookups = ScoreRecorder()
        given = situation(
            pool=questions, count=8, rng=Random(seed), threshold=threshold, wrong_by_category={"gain": 3, "physics": 4},
            times_asked={}, confidence=lookups.wrap("confidence", figures),
        )  # fmt: skip
        chosen[way], looked[way] = [q.id for q in select_questions(strategy, given)], lookups.scores
    assert chosen["fast"] == chosen["plain"]
    assert list(looked["fast"]) == list(looked["plain"])
    for id, figure in looked["fast"].items():
        assert figure == pytest.approx(plain[id], rel=2e-3, abs=NOISE)  # four digits, rounded down
        assert (figure < threshold) == (plain[id] < threshold)


def test_figures_are_those_of_every_working_scored(
    student: EmbeddedStudent, questions: tuple[Question, ...], plain: dict[str, float]
):
    found = student.confidence(questions)
    assert found == pytest.approx([plain[q.id] for q in questions], abs=NOISE)
    assert max(found) > min(found) + 0.1
    alone = [student.confidence([q])[0] for q in questions[:6]]
    assert alone == pytest.approx(found[:6], abs=NOISE)


# ------------------------------------------------------------------ what else is made quick


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000), steep=st.floats(0.1, 40), min_p=st.sampled_from([0.0, 0.03, 0.3]),
    temperature=st.sampled_from([1.0, 0.7, 0.0]), u=st.floats(0, 1, exclude_max=True),
)  # fmt: skip
def test_a_token_is_drawn_without_a_sum_only_where_no_other_could_be(seed, steep, min_p, temperature, u):
    scores = torch.randn(6, 50, generator=torch.Generator().manual_seed(seed)) * steep
    p, uniforms = scores.softmax(-1), torch.full((6,), u, dtype=torch.float64)
    draft = torch.cat([scores[:4].argmax(-1), torch.tensor([7, 8])])  # most are what is likeliest, two are anything
    manner = _SamplingSettings(Calculator(tiny.tokenizer()), uniforms[None].numpy(), 1, temperature, min_p)
    assert torch.equal(_sample_with_draft(p, uniforms, draft, manner), sample_tokens(p, uniforms, temperature, min_p))


def test_a_mask_of_the_first_ids_is_that_of_all_cut_there(student: EmbeddedStudent, questions: tuple[Question, ...]):
    calculator = student.calculator
    for q in questions[:6]:
        ids = completion_ids(student.tokenizer, q.correct_option.solution)
        whole = calculator.loss_mask(ids)
        assert 0 in whole
        assert all(calculator.loss_mask(ids, until) == whole[:until] for until in range(len(ids) + 1))


@given(st.integers(0, 400), st.integers(1, 30))
def test_batches_are_even_and_none_is_too_large(count: int, size: int):
    batches = list(iter_even_batches(range(count), size))
    assert [n for batch in batches for n in batch] == list(range(count))
    assert all(0 < len(batch) <= size for batch in batches)
    assert count == 0 or max(map(len, batches)) - min(map(len, batches)) <= 1
    assert len(batches) % 2 == 0 or len(batches) == count


def test_answers_come_in_one_order_whatever_is_computed_together(
    student: EmbeddedStudent, questions: tuple[Question, ...], monkeypatch: pytest.MonkeyPatch
):
    told = [(a.question_id, a.text) for a in student.answer(questions[:30], seed_key=("exam", 1), with_p_correct=True)]
    monkeypatch.setattr(embedded, "LENGTH_WINDOW", 9)
    monkeypatch.setattr(embedded, "DRAFT_BATCH_SIZE", 4)
    assert told == [
        (a.question_id, a.text) for a in student.answer(questions[:30], seed_key=("exam", 1), with_p_correct=True)
    ]
    known = sorted(questions[:30], key=lambda q: len(q.correct_option.solution or ""))
    lengths = [len(next(q for q in known if q.id == id).correct_option.solution or "") for id, _ in told]
    assert lengths[:20] == sorted(lengths[:20])
