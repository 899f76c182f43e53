"""Training in two parts at once: the same figures, whatever the machine."""

from dataclasses import asdict

import pytest
import tiny
import torch
from hypothesis import given
from hypothesis import strategies as st

from studentsim import parallel
from studentsim.config import RunConfig
from studentsim.events import EpochFinished
from studentsim.settings import DPOSettings
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.training import microbatch
from studentsim.training.dpo import DPOStudentTrainer, RuntimeOptions
from studentsim.training.pairs import build_held_out_pairs


def learnt(in_parts: bool, **learning):
    """What three steps tell, and the adapter after them."""
    settings = DPOSettings(learning_rate=5e-3, batch_size=4, **learning)
    student = EmbeddedStudent(tiny.model(), tiny.tokenizer(), RunConfig.make(dpo=settings, max_new_tokens=16))
    learner = DPOStudentTrainer(student, settings, RuntimeOptions(split_rows=in_parts))
    told = list(
        learner.learn(build_held_out_pairs(tiny.questions(11)), build_held_out_pairs(tiny.questions(3)), turn=1, seed=0)
    )
    return told, [p.detach().clone() for p in student.model.parameters() if p.requires_grad]


def steps_of(told):
    """What has figures of its own: an epoch's are those of its steps."""
    return [event for event in told if not isinstance(event, EpochFinished)]


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40))
def test_every_row_is_in_one_part_and_the_parts_are_as_even_as_they_can_be(lengths):
    parts = microbatch.split_rows_by_length(lengths)
    assert sorted(row for part in parts for row in part) == list(range(len(lengths)))
    assert len(parts) == min(2, len(lengths))
    most = max(len(part) * max(lengths[row] for row in part) for part in parts)
    if len(lengths) > 1:
        falling = sorted(lengths, reverse=True)
        assert most == min(max(k * falling[0], (len(falling) - k) * falling[k]) for k in range(1, len(falling)))
    assert all(max((lengths[r] for r in late), default=0) <= min(lengths[r] for r in parts[0]) for late in parts[1:])


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40))
def test_rows_without_padding_are_shared_out_by_their_tokens(lengths):
    parts = microbatch.split_rows_by_tokens(lengths)
    assert sorted(row for part in parts for row in part) == list(range(len(lengths)))
    assert len(parts) == min(2, len(lengths))
    tokens = [sum(lengths[row] for row in part) for part in parts]
    if len(parts) == 2:  # the shortest of the larger part went where less was
        larger = parts[tokens.index(max(tokens))]
        assert max(tokens) - min(tokens) <= min(lengths[row] for row in larger)


@pytest.mark.parametrize("at_once", [0, 1, 2, 3])
def test_what_is_told_again_for_the_backward_pass_gives_the_same_gradient(at_once):
    weight = torch.randn(4, 3, generator=torch.Generator().manual_seed(1), requires_grad=True)
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(2))
    calls = []

    def compute_part(part):
        calls.append((torch.is_grad_enabled(), part))
        own = (x[part] @ weight.T).tanh().flatten()
        return own, own.detach() + 1

    parts = [[0, 1], [2], [3, 4]]
    figures = microbatch.compute_parts(compute_part, parts, [weight], recompute_at_once=at_once)
    assert [len(first) for first, _ in figures] == [8, 4, 8] and all(torch.equal(b, a + 1) for a, b in figures)
    (gradient,) = torch.autograd.grad(sum((n + 1) * first.sum() for n, (first, _) in enumerate(figures)), [weight])
    whole = sum((n + 1) * (x[part] @ weight.T).tanh().sum() for n, part in enumerate(parts))
    assert torch.allclose(gradient, *torch.autograd.grad(whole, [weight]))
    assert sorted(calls) == sorted((kept, part) for part in parts for kept in ([False, True] if at_once else [True]))


@pytest.mark.parametrize("settings", [{}, {"reference": "base", "sft_weight": 0.5}])
def test_two_parts_learn_what_the_whole_learns(settings):
    (whole, one), (parts, two) = learnt(False, **settings), learnt(True, **settings)
    assert len(whole) == len(parts)
    for a, b in zip(steps_of(whole), steps_of(parts), strict=True):
        assert asdict(b.metrics) == pytest.approx(asdict(a.metrics), abs=1e-4)
    # Adam's first steps are as large for a tiny gradient as for a large one, rounding and all: so nearly the same.
    for a, b in zip(one, two, strict=True):
        assert torch.allclose(a, b, atol=1e-3)


def test_the_number_of_cores_changes_not_one_bit(monkeypatch):
    found = []
    for threads in ("1", "3"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        parallel._thread_pool.cache_clear()
        found.append(learnt(True))
    parallel._thread_pool.cache_clear()
    (told, weights), (others, same) = found
    assert others == told and all(torch.equal(a, b) for a, b in zip(weights, same, strict=True))


def test_the_gradient_is_that_of_the_whole():
    weight = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    rows = torch.randn(7, 3, dtype=torch.float64)

    def tell(part):
        figures = (rows[part] @ weight.T).tanh().sum(-1)
        return figures, figures.detach() > 0

    def loss(parts):
        return sum(
            ((first * first).sum() for first, _ in microbatch.compute_parts(tell, parts, [weight])), torch.tensor(0.0)
        )

    (apart_,) = torch.autograd.grad(loss([[0, 3, 5], [1, 2, 4, 6]]), weight)
    (whole,) = torch.autograd.grad((tell(list(range(7)))[0] ** 2).sum(), weight)
    assert torch.allclose(apart_, whole)
    with torch.no_grad():
        assert not microbatch.compute_parts(tell, [[0], [1]], [weight])[0][0].requires_grad
