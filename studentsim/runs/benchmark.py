"""A model tried out in this process: loaded, asked, taught a little. Prints JSON objects: what it does now, last what came of it.

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.benchmark

torch is imported by the cast alone, when it is loaded.
"""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import psutil

from studentsim.config import RunConfig
from studentsim.errors import StudentError, StudentsimError
from studentsim.runs.failure import classify_benchmark_error
from studentsim.runs.model_info import EXPECTED_WRONG_SHARE, BenchmarkResult
from studentsim.simulation import Components
from studentsim.student.huggingface.allocator import configure_allocator
from studentsim.training.solution_text import correct_solution_text
from studentsim.types import Answer, Pair, Question

T = TypeVar("T")

FAST_ANSWER_SECONDS = 10.0
"""Seconds a first answer may take for a whole batch to be tried after it."""
MAX_BATCH_SECONDS = 40.0
"""About how long the batch may take, going by the first answer; of slow models fewer are tried at once."""
MAX_ANSWER_TOKENS = 64
"""Tokens at which the trial cuts an answer; how long whole ones take is reckoned from those."""
PROBE_ANSWER_TOKENS = 8
"""The same where it is only to be seen whether it works."""
TIMED_PROMPTS, TIMED_CONFIDENCES = 8, 16
"""Questions of which the time to read a prompt, and to weigh its options, is taken: both grow with the number of tokens alone."""
MAX_LONG_PROMPTS = 16
"""The longest questions at once on a processor, whose memory a batch of others has tried; a GPU gets as many as of those."""
MAX_PAIRS = 4
REHEARSAL_PAIRS = 8
"""Kept pairs of the trial: as many as a step holds."""

LOGPROB_TOLERANCES = {"float32": 0.05}
"""Most that an option's log-probability (natural) may differ between reading with and without a cache; rounding to 16 bits adds up."""
HALF_PRECISION_TOLERANCE = 2.0


def benchmark_model(config: RunConfig, on_progress: Callable[[str], None] = lambda _: None) -> BenchmarkResult:
    """Load everyone the run needs, and take the time of each part; ``on_progress`` hears what comes now.

    The longest questions of the run are tried too, many at once: some models fail on long prompts alone, and memory may not do.

    :raises StudentsimError: one of them cannot be had, or what the model tells is not to be relied on.
    """
    from studentsim.factory import build_components  # imports torch when called

    on_progress("loading torch, the questions and the model")
    configure_allocator()
    load_seconds, components = _timed(lambda: build_components(config))
    exam = components.bank.sample_exam_questions(min(config.exam, 64, len(components.bank.exam)), config.exam_seed)
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
    return BenchmarkResult(
        said=components.student.summary,
        problem=exam[0].problem,
        text=first_answer.text,
        letter=first_answer.letter,
        loading=load_seconds,
        answer=answer_seconds,
        exam=choice_seconds
        if config.hub.exams == "scored"
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
    """How many times as many tokens these answers would have if they were cut at ``max_tokens`` rather than where the trial cuts them.

    At each token the share that ends there is taken to be the same: those that ended, of all tokens written (the estimate of greatest
    likelihood for a geometric distribution that is cut off).

    >>> estimate_length_factor([Answer("q", "", None, None, 0.0, 0.0, ended=False, ids=(1,) * 64)], 200)
    3.125
    """
    tokens = sum(len(a.ids or ()) for a in answers)
    if max_tokens <= MAX_ANSWER_TOKENS or not tokens:
        return 1.0
    ends = sum(a.ended is not False for a in answers) / tokens
    expected = (1 - (1 - ends) ** max_tokens) / ends if ends else float(max_tokens)
    return max(1.0, expected * len(answers) / tokens)


def _choose_batch_size(config: RunConfig, components: Components, first_answer_seconds: float) -> int:
    """Answers in the trial's batch; ``first_answer_seconds`` is how long one took. A batch takes a good deal less than each of it alone."""
    if first_answer_seconds >= FAST_ANSWER_SECONDS:
        return 1
    fits = int(4 * (MAX_BATCH_SECONDS / max(first_answer_seconds, 1e-3) - 1))
    return max(1, min(components.student.plan.generation_batch_size, config.questions, fits))


def _time_pairs(
    config: RunConfig,
    components: Components,
    pairs: Sequence[Pair],
    long_pairs: Sequence[Pair],
    on_progress: Callable[[str], None],
) -> float:
    """Seconds a pair, all epochs together, and its share of what rehearsal takes; the longest pairs are tried as well."""
    pairs = pairs[: min(MAX_PAIRS, config.learning.batch)]
    on_progress(f"learning from {len(pairs)} of the first, and of the longest")
    training_seconds, _ = _timed(lambda: list(components.trainer.learn(pairs, [], turn=1, seed=0)))
    list(
        components.trainer.learn(
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
            lambda: list(components.trainer.learn(pairs, [], turn=3, seed=0, practised=frozenset()))
        )
    finally:
        components.trainer.rehearsal = full_rehearsal
    steps = -(-config.learning.epochs * -(-len(pairs) // config.learning.batch) // full_rehearsal.step_interval)
    reference_seconds = scoring_seconds / sum(len(kept) for kept in small_rehearsal.pairs_by_key.values())
    return seconds + _rehearsal_seconds_per_pair(
        config, components, reference_seconds, max(0.0, rehearsed_seconds - training_seconds) / steps
    )


def _rehearsal_seconds_per_pair(
    config: RunConfig, components: Components, reference_seconds: float, step_seconds: float
) -> float:
    """Seconds of rehearsal for each pair of a lesson; ``reference_seconds`` are those to score a kept pair, ``step_seconds`` those of a step that holds.

    A lesson is taken to draw its questions from the whole pool: so it practises a key by its share, and scores those that it leaves
    and the last one practised.
    """
    rehearsal = components.trainer.rehearsal
    pool = components.bank.filter_study_questions(config.categories, config.skills, config.difficulties)
    counts = Counter(q.skill or q.category for q in pool)
    practised = {key: 1 - (1 - counts[key] / len(pool)) ** config.questions for key in rehearsal.pairs_by_key}
    rescored_pairs = sum(
        len(pairs) * practised[key] * (1 - practised[key]) for key, pairs in rehearsal.pairs_by_key.items()
    )
    any_left = 1 - math.prod(practised.values())
    pairs = max(1.0, EXPECTED_WRONG_SHARE * config.questions)
    steps = -(-config.learning.epochs * math.ceil(pairs / config.learning.batch) // rehearsal.step_interval)
    return (rescored_pairs * reference_seconds + any_left * steps * step_seconds) / pairs


def sort_by_length(config: RunConfig, components: Components) -> list[Question]:
    """All questions that the run may ask, by their characters, options among them."""
    bank = components.bank
    questions = (
        *bank.filter_study_questions(config.categories, config.skills, config.difficulties),
        *bank.exam,
        *bank.validation,
    )
    return sorted(questions, key=lambda q: len(q.problem) + sum(len(o.text) for o in q.options))


def _check_cache(config: RunConfig, components: Components, questions: Sequence[Question]) -> None:
    """Hold what the model tells of these questions to plain forward passes.

    :raises StudentError: they differ.
    """
    gap = components.student.measure_cache_error(questions)
    tolerance = LOGPROB_TOLERANCES.get(str(components.student.dtype).removeprefix("torch."), HALF_PRECISION_TOLERANCE)
    if not gap <= tolerance:
        raise StudentError(
            f"On the longest question the model {config.model} tells other probabilities when it reads in pieces: an option's "
            f"log-probability is off by {gap:.2g}.",
            "Its answers could not be relied on: choose another model, or a bank with shorter questions.",
        )


def _answer_questions(
    components: Components, questions: Sequence[Question], *, with_p_correct: bool, max_tokens: int = MAX_ANSWER_TOKENS
) -> list[Answer]:
    """Answers of ``max_tokens`` at most; the student's own limit is as it was afterwards."""
    student = components.student
    limit, student.max_new_tokens = student.max_new_tokens, min(student.max_new_tokens, max_tokens)
    try:
        return list(student.answer(questions, seed_key=("trial",), with_p_correct=with_p_correct))
    finally:
        student.max_new_tokens = limit


def _build_pairs(config: RunConfig, questions: Sequence[Question], answers: Sequence[Answer]) -> list[Pair]:
    """As a lesson's: the right working against what was written, right or wrong."""
    by_id = {q.id: q for q in questions}
    return [
        Pair(
            q := by_id[a.question_id], correct_solution_text(q, config.teaching.chosen_text), a.text or "?",
            rejected_ended=a.ended is not False, rejected_ids=a.ids,
        )
        for a in answers
    ]  # fmt: skip


def _timed(function: Callable[[], T]) -> tuple[float, T]:
    started_at = time.monotonic()
    result = function()
    return time.monotonic() - started_at, result


def main() -> None:
    """Try out what the settings on stdin name; print each step, and last the trial, or the error, as JSON."""
    out = sys.stdout

    def print_message(message: dict[str, object]) -> None:
        print(json.dumps(message), file=out, flush=True)

    try:
        config = RunConfig.from_json(sys.stdin.read())
        with contextlib.redirect_stdout(sys.stderr):  # libraries may print
            result = {"kind": "", "trial": asdict(benchmark_model(config, lambda step: print_message({"step": step})))}
    except StudentsimError as error:
        result = {"problem": error.problem, "remedy": error.remedy, "kind": type(error).__name__}
        result["field"] = getattr(error, "field", "")
    except Exception as error:  # whatever a model may throw: told in words, not as a traceback
        failure = classify_benchmark_error(error)
        result = {"problem": failure.message, "remedy": failure.remedy, "kind": "StudentError", "field": ""}
    print_message(result)


if __name__ == "__main__":
    main()
