"""Benchmarks a run's model in this process: loads it, lets it answer and trains it a little. Prints progress and result as JSON.

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.benchmark

torch is imported only when the run's components are built.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import psutil

from studentsim.child_process import Message, run_json_job
from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.runs.failure import explain_benchmark_error
from studentsim.runs.model_info import EXPECTED_WRONG_SHARE, SpeedTrial
from studentsim.simulation import Components
from studentsim.student.huggingface.allocator import configure_allocator
from studentsim.training.solution_text import correct_solution_text
from studentsim.types import Answer, Pair, Question

T = TypeVar("T")

FAST_ANSWER_SECONDS = 10.0
"""If the first answer takes longer, only one is timed instead of a batch."""
MAX_BATCH_SECONDS = 40.0
"""About how long the batch may take, estimated from the first answer."""
MAX_ANSWER_TOKENS = 64
"""Tokens at which the benchmark cuts an answer; the time of whole ones is extrapolated."""
PROBE_ANSWER_TOKENS = 8
"""The same if only success or failure matters."""
TIMED_PROMPTS, TIMED_CONFIDENCES = 8, 16
"""Questions for timing prompts and confidences, both of which depend only on the number of tokens."""
MAX_LONG_PROMPTS = 16
"""The longest questions answered at once on a CPU; on a GPU, whose memory is the limit, as many as in the batch."""
MAX_PAIRS = 4
REHEARSAL_PAIRS = 8
"""Rehearsal pairs of the benchmark: as many as one rehearsal step takes."""

LOGPROB_TOLERANCES = {"float32": 0.05}
"""Largest difference of an option's log-probability (natural) with and without the cache; 16-bit rounding errors add up."""
HALF_PRECISION_TOLERANCE = 2.0


def benchmark_model(config: RunConfig, on_progress: Callable[[str], None] = lambda _: None) -> SpeedTrial:
    """Build the run's components and time each part; ``on_progress`` is called at each step.

    The run's longest questions are tried too, in a batch: some models fail only on long prompts, or run out of memory.

    :raises StudentsimError: the components cannot be built, or the model's probabilities are unreliable (``_check_cache``).
    """
    from studentsim.factory import build_components  # imports torch when called

    on_progress("loading torch, the questions and the model")
    configure_allocator()
    load_seconds, components = _timed(lambda: build_components(config))
    exam = components.bank.sample_exam_questions(min(config.exam_size, 64, len(components.bank.exam)), config.exam_seed)
    on_progress("a first answer")
    first_answer_seconds, answers = _timed(lambda: _answer_questions(components, exam[:1], with_p_correct=False))
    first_answer = answers[0]
    batch = exam[: _choose_batch_size(config, components, first_answer_seconds)]
    timed_prompts = batch[:TIMED_PROMPTS]
    on_progress(f"reading {len(timed_prompts)} prompts")
    prompts_seconds, _ = _timed(
        lambda: _answer_questions(components, timed_prompts, with_p_correct=False, max_tokens=1)
    )
    on_progress(f"{len(batch)} answers at once, of up to {min(MAX_ANSWER_TOKENS, config.max_new_tokens)} tokens")
    batch_seconds, answers = _timed(lambda: _answer_questions(components, batch, with_p_correct=False))
    timed_questions = batch[:TIMED_CONFIDENCES]
    on_progress(f"weighing the options of {len(timed_questions)}")
    confidence_seconds, _ = _timed(lambda: components.student.confidence(timed_questions))
    prompt_seconds, choice_seconds = prompts_seconds / len(timed_prompts), confidence_seconds / len(timed_questions)
    answer_seconds = prompt_seconds + max(0.0, batch_seconds / len(batch) - prompt_seconds) * estimate_length_factor(
        answers, config.max_new_tokens
    )
    questions_by_length = sort_by_length(config, components)
    max_long_prompts = len(batch) if components.student.peak_memory() else MAX_LONG_PROMPTS
    long_questions = questions_by_length[-min(len(batch), max_long_prompts) :]
    prompt_tokens, tokens_read = components.student.count_prompt_tokens(questions_by_length[-1])
    on_progress(f"the longest questions, up to {prompt_tokens:,} tokens")
    long_answers = _answer_questions(components, long_questions, with_p_correct=True, max_tokens=PROBE_ANSWER_TOKENS)
    _check_cache(config, components, [questions_by_length[-1], questions_by_length[0]])
    return SpeedTrial(
        said=components.student.summary,
        problem=exam[0].problem,
        text=first_answer.text,
        letter=first_answer.letter,
        loading=load_seconds,
        answer=answer_seconds,
        exam=choice_seconds
        if config.model_loading.exam_mode == "scored"
        else answer_seconds + max(0.0, choice_seconds - prompt_seconds),
        choice=choice_seconds,
        pair=_time_pairs(
            config,
            components,
            _build_pairs(config, batch, answers),
            _build_pairs(config, long_questions, long_answers),
            on_progress,
        ),
        memory=components.student.peak_memory() or float(psutil.Process().memory_info().rss),
        longest=prompt_tokens,
        read=tokens_read,
    )


def estimate_length_factor(answers: Sequence[Answer], max_tokens: int) -> float:
    """The expected ratio of tokens if these answers were cut at ``max_tokens`` instead of at ``MAX_ANSWER_TOKENS``.

    Assumes a geometric distribution of lengths; its parameter is the maximum likelihood estimate from the censored lengths: answers
    that ended, divided by all tokens.

    >>> estimate_length_factor([Answer("q", "", None, None, 0.0, 0.0, ended=False, ids=(1,) * 64)], 200)
    3.125
    """
    tokens = sum(len(a.ids or ()) for a in answers)
    if max_tokens <= MAX_ANSWER_TOKENS or not tokens:
        return 1.0
    end_probability = sum(a.ended is not False for a in answers) / tokens
    expected = (1 - (1 - end_probability) ** max_tokens) / end_probability if end_probability else float(max_tokens)
    return max(1.0, expected * len(answers) / tokens)


def _choose_batch_size(config: RunConfig, components: Components, first_answer_seconds: float) -> int:
    """Answers in the benchmark's batch, by how long one took alone; a batch of n takes far less than n times as long."""
    if first_answer_seconds >= FAST_ANSWER_SECONDS:
        return 1
    fits = int(4 * (MAX_BATCH_SECONDS / max(first_answer_seconds, 1e-3) - 1))
    return max(1, min(components.student.plan.generation_batch_size, config.questions_per_turn, fits))


def _time_pairs(
    config: RunConfig,
    components: Components,
    pairs: Sequence[Pair],
    long_pairs: Sequence[Pair],
    on_progress: Callable[[str], None],
) -> float:
    """Seconds per pair, all epochs and its share of the rehearsal included; the longest pairs are tried too."""
    pairs = pairs[: min(MAX_PAIRS, config.dpo.batch_size)]
    on_progress(f"learning from {len(pairs)} of the first, and of the longest")
    training_seconds, _ = _timed(lambda: list(components.trainer.train(pairs, [], turn=1, seed=0)))
    list(
        components.trainer.train(
            long_pairs[-min(MAX_PAIRS, components.student.plan.micro_batch_size) :], [], turn=2, seed=0
        )
    )
    seconds = training_seconds / len(pairs)
    full_rehearsal = getattr(components.trainer, "rehearsal", None)
    if full_rehearsal is None or not full_rehearsal.pairs_by_key:
        return seconds
    on_progress("holding what is not practised")
    components.trainer.rehearsal = small_rehearsal = full_rehearsal.subset(REHEARSAL_PAIRS)
    try:
        scoring_seconds, _ = _timed(lambda: small_rehearsal.begin_turn(components.student, ()))
        rehearsed_seconds, _ = _timed(
            lambda: list(components.trainer.train(pairs, [], turn=3, seed=0, practised=frozenset()))
        )
    finally:
        components.trainer.rehearsal = full_rehearsal
    steps = -(-config.dpo.epochs * -(-len(pairs) // config.dpo.batch_size) // full_rehearsal.step_interval)
    reference_seconds = scoring_seconds / sum(map(len, small_rehearsal.pairs_by_key.values()))
    return seconds + _rehearsal_seconds_per_pair(
        config, components, reference_seconds, max(0.0, rehearsed_seconds - training_seconds) / steps
    )


def _rehearsal_seconds_per_pair(
    config: RunConfig, components: Components, reference_seconds: float, step_seconds: float
) -> float:
    """Seconds of rehearsal per pair of a turn, from the seconds to score a rehearsal pair and those of a rehearsal step.

    Assumes that a turn samples its questions from the whole pool: so the probability that it practises a key follows from the key's
    share, and keys are scored again when the last turn practised them and this one does not.
    """
    rehearsal = components.trainer.rehearsal
    pool = components.bank.filter_study_questions(config.categories, config.skills, config.difficulties)
    counts = Counter(q.skill or q.category for q in pool)
    practised = {key: 1 - (1 - counts[key] / len(pool)) ** config.questions_per_turn for key in rehearsal.pairs_by_key}
    rescored_pairs = sum(
        len(pairs) * practised[key] * (1 - practised[key]) for key, pairs in rehearsal.pairs_by_key.items()
    )
    p_any_rehearsed = 1 - math.prod(practised.values())
    pairs = max(1.0, EXPECTED_WRONG_SHARE * config.questions_per_turn)
    steps = -(-config.dpo.epochs * math.ceil(pairs / config.dpo.batch_size) // rehearsal.step_interval)
    return (rescored_pairs * reference_seconds + p_any_rehearsed * steps * step_seconds) / pairs


def sort_by_length(config: RunConfig, components: Components) -> list[Question]:
    """All questions that the run may ask, by their number of characters, options included."""
    bank = components.bank
    questions = (
        *bank.filter_study_questions(config.categories, config.skills, config.difficulties),
        *bank.exam,
        *bank.validation,
    )
    return sorted(questions, key=lambda q: len(q.problem) + sum(len(o.text) for o in q.options))


def _check_cache(config: RunConfig, components: Components, questions: Sequence[Question]) -> None:
    """Compare the model's log-probabilities with a key-value cache to those of full forward passes.

    :raises StudentError: they differ by more than the tolerance.
    """
    max_error = components.student.measure_cache_error(questions)
    tolerance = LOGPROB_TOLERANCES.get(str(components.student.dtype).removeprefix("torch."), HALF_PRECISION_TOLERANCE)
    if not max_error <= tolerance:
        raise StudentError(
            f"On the longest question the model {config.model} tells other probabilities when it reads in pieces: an option's "
            f"log-probability is off by {max_error:.2g}.",
            "Its answers could not be relied on: choose another model, or a bank with shorter questions.",
        )


def _answer_questions(
    components: Components, questions: Sequence[Question], *, with_p_correct: bool, max_tokens: int = MAX_ANSWER_TOKENS
) -> list[Answer]:
    """Answers of at most ``max_tokens`` tokens; the student's own limit is restored afterwards."""
    student = components.student
    limit, student.max_new_tokens = student.max_new_tokens, min(student.max_new_tokens, max_tokens)
    try:
        return list(student.answer(questions, seed_key=("trial",), with_p_correct=with_p_correct))
    finally:
        student.max_new_tokens = limit


def _build_pairs(config: RunConfig, questions: Sequence[Question], answers: Sequence[Answer]) -> list[Pair]:
    """Pairs as a turn's: the solution is chosen, the answer rejected, be it correct or wrong."""
    by_id = {q.id: q for q in questions}
    return [
        Pair(
            q := by_id[a.question_id], correct_solution_text(q, config.teacher.chosen_text), a.text or "?",
            rejected_ended=a.ended is not False, rejected_ids=a.ids,
        )
        for a in answers
    ]  # fmt: skip


def _timed(function: Callable[[], T]) -> tuple[float, T]:
    started_at = time.monotonic()
    result = function()
    return time.monotonic() - started_at, result


def _work(request: str, report: Callable[[Message], None]) -> Message:
    benchmark = benchmark_model(RunConfig.from_json(request), lambda step: report({"step": step}))
    return {"trial": asdict(benchmark)}


def main() -> None:
    """Benchmark the model of the settings on stdin; print each step, and last the result or the error, as JSON."""
    run_json_job(_work, explain_error=explain_benchmark_error)


if __name__ == "__main__":
    main()
