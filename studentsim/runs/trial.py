"""A model tried out in this process: loaded, asked, taught a little. Prints JSON objects: what it does now, last what came of it.

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.trial

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
from studentsim.heap import limit_memory
from studentsim.records import Answer, Pair, Question
from studentsim.runs.models import WRONG, Trial
from studentsim.runs.trouble import trial_trouble_of
from studentsim.simulation import Cast
from studentsim.solution_text import right_answer

T = TypeVar("T")

QUICK = 10.0
"""Seconds a first answer may take for a whole batch to be tried after it."""
BATCH_SECONDS = 40.0
"""About how long the batch may take, going by the first answer; of slow models fewer are tried at once."""
LONGEST_ANSWER = 64
"""Tokens at which the trial cuts an answer; how long whole ones take is reckoned from those."""
FEW_TOKENS = 8
"""The same where it is only to be seen whether it works."""
FEW_PROMPTS, FEW_WEIGHED = 8, 16
"""Questions of which the time to read a prompt, and to weigh its options, is taken: both grow with the number of tokens alone."""
FEW_LONG = 16
"""The longest questions at once on a processor, whose memory a batch of others has tried; a GPU gets as many as of those."""
MOST_PAIRS = 4
REHEARSED = 8
"""Kept pairs of the trial: as many as a step holds."""

TOLERANCE = {"float32": 0.05}
"""Most that an option's log-probability (natural) may differ between reading with and without a cache; rounding to 16 bits adds up."""
ROUNDED = 2.0


def measure(config: RunConfig, on_step: Callable[[str], None] = lambda _: None) -> Trial:
    """Load everyone the run needs, and take the time of each part; ``on_step`` hears what comes now.

    The longest questions of the run are tried too, many at once: some models fail on long prompts alone, and memory may not do.

    :raises StudentsimError: one of them cannot be had, or what the model tells is not to be relied on.
    """
    from studentsim.casting import load_cast  # imports torch when called

    on_step("loading torch, the questions and the model")
    limit_memory()
    loading, cast = _timed(lambda: load_cast(config))
    exam = cast.bank.exam_questions(min(config.exam, 64, len(cast.bank.exam)), config.exam_seed)
    on_step("a first answer")
    seconds, answers = _timed(lambda: _answered(cast, exam[:1], sure=False))
    first = answers[0]
    batch = exam[: _at_once(config, cast, seconds)]
    some = batch[:FEW_PROMPTS]
    on_step(f"reading {len(some)} prompts")
    read, _ = _timed(lambda: _answered(cast, some, sure=False, tokens=1))
    on_step(f"{len(batch)} answers at once, of up to {min(LONGEST_ANSWER, config.max_new_tokens)} tokens")
    written, answers = _timed(lambda: _answered(cast, batch, sure=False))
    weighed = batch[:FEW_WEIGHED]
    on_step(f"weighing the options of {len(weighed)}")
    chosen, _ = _timed(lambda: cast.student.confidence(weighed))
    prompt, choice = read / len(some), chosen / len(weighed)
    answer = prompt + max(0.0, written / len(batch) - prompt) * growth(answers, config.max_new_tokens)
    ordered = by_length(config, cast)
    most = len(batch) if cast.student.peak_memory() else FEW_LONG
    long = ordered[-min(len(batch), most) :]
    whole, kept = cast.student.prompt_tokens(ordered[-1])
    on_step(f"the longest questions, up to {whole:,} tokens")
    long_answers = _answered(cast, long, sure=True, tokens=FEW_TOKENS)
    _check_cache(config, cast, [ordered[-1], ordered[0]])
    return Trial(
        said=cast.student.said,
        problem=exam[0].problem,
        text=first.text,
        letter=first.letter,
        loading=loading,
        answer=answer,
        exam=choice if config.hub.exams == "scored" else answer + max(0.0, choice - prompt),
        choice=choice,
        pair=_pair_seconds(config, cast, _pairs(config, batch, answers), _pairs(config, long, long_answers), on_step),
        memory=cast.student.peak_memory() or float(psutil.Process().memory_info().rss),
        longest=whole,
        read=kept,
    )


def growth(answers: Sequence[Answer], limit: int) -> float:
    """How many times as many tokens these answers would have if they were cut at ``limit`` rather than where the trial cuts them.

    At each token the share that ends there is taken to be the same: those that ended, of all tokens written (the estimate of greatest
    likelihood for a geometric distribution that is cut off).

    >>> growth([Answer("q", "", None, None, 0.0, 0.0, ended=False, ids=(1,) * 64)], 200)
    3.125
    """
    tokens = sum(len(a.ids or ()) for a in answers)
    if limit <= LONGEST_ANSWER or not tokens:
        return 1.0
    ends = sum(a.ended is not False for a in answers) / tokens
    expected = (1 - (1 - ends) ** limit) / ends if ends else float(limit)
    return max(1.0, expected * len(answers) / tokens)


def _at_once(config: RunConfig, cast: Cast, first: float) -> int:
    """Answers in the trial's batch; ``first`` is how long one took. A batch takes a good deal less than each of it alone."""
    if first >= QUICK:
        return 1
    fits = int(4 * (BATCH_SECONDS / max(first, 1e-3) - 1))
    return max(1, min(cast.student.plan.answers_at_once, config.questions, fits))


def _pair_seconds(
    config: RunConfig, cast: Cast, pairs: Sequence[Pair], long: Sequence[Pair], on_step: Callable[[str], None]
) -> float:
    """Seconds a pair, all epochs together, and its share of what rehearsal takes; the longest pairs are tried as well."""
    pairs = pairs[: min(MOST_PAIRS, config.learning.batch)]
    on_step(f"learning from {len(pairs)} of the first, and of the longest")
    learnt, _ = _timed(lambda: list(cast.learner.learn(pairs, [], turn=1, seed=0)))
    list(cast.learner.learn(long[-min(MOST_PAIRS, cast.student.plan.pairs_at_once) :], [], turn=2, seed=0))
    seconds = learnt / len(pairs)
    whole = getattr(cast.learner, "rehearsal", None)
    if whole is None or not whole.kept:
        return seconds
    on_step("holding what is not practised")
    cast.learner.rehearsal = part = whole.part(REHEARSED)
    try:
        scored, _ = _timed(lambda: part.begin(cast.student, ()))
        held, _ = _timed(lambda: list(cast.learner.learn(pairs, [], turn=3, seed=0, practised=frozenset())))
    finally:
        cast.learner.rehearsal = whole
    steps = -(-config.learning.epochs * -(-len(pairs) // config.learning.batch) // whole.every)
    reference = scored / sum(len(kept) for kept in part.kept.values())
    return seconds + _rehearsal_share(config, cast, reference, max(0.0, held - learnt) / steps)


def _rehearsal_share(config: RunConfig, cast: Cast, reference: float, step: float) -> float:
    """Seconds of rehearsal for each pair of a lesson; ``reference`` are those to score a kept pair, ``step`` those of a step that holds.

    A lesson is taken to draw its questions from the whole pool: so it practises a key by its share, and scores those that it leaves
    and the last one practised.
    """
    whole = cast.learner.rehearsal
    pool = cast.bank.pool(config.categories, config.skills, config.difficulties)
    counts = Counter(q.skill or q.category for q in pool)
    practised = {key: 1 - (1 - counts[key] / len(pool)) ** config.questions for key in whole.kept}
    anew = sum(len(pairs) * practised[key] * (1 - practised[key]) for key, pairs in whole.kept.items())
    any_left = 1 - math.prod(practised.values())
    pairs = max(1.0, WRONG * config.questions)
    steps = -(-config.learning.epochs * math.ceil(pairs / config.learning.batch) // whole.every)
    return (anew * reference + any_left * steps * step) / pairs


def by_length(config: RunConfig, cast: Cast) -> list[Question]:
    """All questions that the run may ask, by their characters, options among them."""
    bank = cast.bank
    asked = (*bank.pool(config.categories, config.skills, config.difficulties), *bank.exam, *bank.validation)
    return sorted(asked, key=lambda q: len(q.problem) + sum(len(o.text) for o in q.options))


def _check_cache(config: RunConfig, cast: Cast, questions: Sequence[Question]) -> None:
    """Hold what the model tells of these questions to plain forward passes.

    :raises StudentError: they differ.
    """
    gap = cast.student.cache_gap(questions)
    most = TOLERANCE.get(str(cast.student.dtype).removeprefix("torch."), ROUNDED)
    if not gap <= most:
        raise StudentError(
            f"On the longest question the model {config.model} tells other probabilities when it reads in pieces: an option's "
            f"log-probability is off by {gap:.2g}.",
            "Its answers could not be relied on: choose another model, or a bank with shorter questions.",
        )


def _answered(cast: Cast, questions: Sequence[Question], *, sure: bool, tokens: int = LONGEST_ANSWER) -> list[Answer]:
    """Answers of ``tokens`` at most; the student's own limit is as it was afterwards."""
    student = cast.student
    limit, student.limit = student.limit, min(student.limit, tokens)
    try:
        return list(student.answer(questions, luck=("trial",), sure=sure))
    finally:
        student.limit = limit


def _pairs(config: RunConfig, questions: Sequence[Question], answers: Sequence[Answer]) -> list[Pair]:
    """As a lesson's: the right working against what was written, right or wrong."""
    by_id = {q.id: q for q in questions}
    return [
        Pair(
            q := by_id[a.question_id], right_answer(q, config.teaching.chosen_text), a.text or "?",
            rejected_ended=a.ended is not False, rejected_ids=a.ids,
        )
        for a in answers
    ]  # fmt: skip


def _timed(work: Callable[[], T]) -> tuple[float, T]:
    began = time.monotonic()
    result = work()
    return time.monotonic() - began, result


def main() -> None:
    """Try out what the settings on stdin name; print each step, and last the trial, or the error, as JSON."""
    out = sys.stdout

    def say(message: dict[str, object]) -> None:
        print(json.dumps(message), file=out, flush=True)

    try:
        config = RunConfig.from_json(sys.stdin.read())
        with contextlib.redirect_stdout(sys.stderr):  # libraries may print
            found = {"kind": "", "trial": asdict(measure(config, lambda step: say({"step": step})))}
    except StudentsimError as error:
        found = {"problem": error.problem, "remedy": error.remedy, "kind": type(error).__name__}
        found["field"] = getattr(error, "field", "")
    except Exception as error:  # whatever a model may throw: told in words, not as a traceback
        trouble = trial_trouble_of(error)
        found = {"problem": trouble.message, "remedy": trouble.remedy, "kind": "StudentError", "field": ""}
    say(found)


if __name__ == "__main__":
    main()
