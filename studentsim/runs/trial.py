"""A model tried out in this process: loaded, asked, taught a little. Prints JSON objects: what it does now, last what came of it.

    echo '{"model": "google/gemma-2b-it"}' | python -m studentsim.runs.trial

torch is imported by the cast alone, when it is loaded.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TypeVar

import psutil

from studentsim.config import RunConfig
from studentsim.errors import StudentError, StudentsimError
from studentsim.records import Answer, Pair, Question
from studentsim.runs.models import Trial
from studentsim.runs.trouble import trial_trouble_of
from studentsim.simulation import Cast

T = TypeVar("T")

QUICK = 10.0
"""Seconds a first answer may take for a whole batch to be tried after it."""


TOLERANCE = {"float32": 0.05}
"""Most that an option's log-probability (natural) may differ between reading with and without a cache; rounding to 16 bits adds up."""
ROUNDED = 2.0


def measure(config: RunConfig, on_step: Callable[[str], None] = lambda _: None) -> Trial:
    """Load everyone the run needs, and take the time of each part; ``on_step`` hears what comes now.

    The longest questions of the run are tried too, as many at once: some models fail on long prompts alone, and memory may not do.

    :raises StudentsimError: one of them cannot be had, or what the model tells is not to be relied on.
    """
    from studentsim.casting import load_cast  # imports torch when called

    on_step("loading questions and model")
    began = time.monotonic()
    cast = load_cast(config)
    loading = time.monotonic() - began
    exam = cast.bank.exam_questions(min(config.exam, 64, len(cast.bank.exam)), config.exam_seed)
    on_step("a first answer")
    seconds, answers = _timed(lambda: _answered(cast, exam[:1], sure=False))
    first = answers[0]
    at_once = cast.student.plan.answers_at_once if seconds < QUICK else 1
    batch = exam[: max(1, min(at_once, config.questions))]
    on_step(f"{len(batch)} at once, in practice")
    written, answers = _timed(lambda: _answered(cast, batch, sure=False))
    on_step(f"{len(batch)} at once, in an exam")
    examined, _ = _timed(lambda: _answered(cast, batch, sure=True))
    on_step("weighing options")
    chosen, _ = _timed(lambda: cast.student.confidence(batch))
    ordered = by_length(config, cast)
    long = ordered[-len(batch) :]
    whole, read = cast.student.prompt_tokens(ordered[-1])
    on_step(f"the longest questions, up to {whole:,} tokens")
    long_answers = _answered(cast, long, sure=True)
    _check_cache(config, cast, [ordered[-1], ordered[0]])
    pairs = _pairs(batch, answers)[: config.learning.batch]
    on_step(f"learning from {len(pairs)} of the first, and of the longest")
    learnt, _ = _timed(lambda: list(cast.learner.learn(pairs, [], turn=1, seed=0)))
    list(cast.learner.learn(_pairs(long, long_answers)[-config.learning.batch :], [], turn=2, seed=0))
    return Trial(
        said=cast.student.said,
        problem=exam[0].problem,
        text=first.text,
        letter=first.letter,
        loading=loading,
        answer=written / len(batch),
        exam=examined / len(batch),
        choice=chosen / len(batch),
        pair=learnt / len(pairs),
        memory=cast.student.peak_memory() or float(psutil.Process().memory_info().rss),
        longest=whole,
        read=read,
    )


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


def _answered(cast: Cast, questions: Sequence[Question], *, sure: bool) -> list[Answer]:
    return list(cast.student.answer(questions, luck=("trial",), sure=sure))


def _pairs(questions: Sequence[Question], answers: Sequence[Answer]) -> list[Pair]:
    """As long as a lesson's: the right working against what was written, right or wrong."""
    by_id = {q.id: q for q in questions}
    return [
        Pair(
            q := by_id[a.question_id], q.rationale or f"Answer: {q.right.text}", a.text or "?",
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
