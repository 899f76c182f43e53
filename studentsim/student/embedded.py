"""The embedded student at work: answers in its own words and sums, says how sure it is, carries a LoRA adapter."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from studentsim import luck as lucks
from studentsim.config import RunConfig
from studentsim.records import Answer, Earlier, Pair, Question
from studentsim.student import adapter
from studentsim.student.calculator import Calculator
from studentsim.student.generate import Prefix, Written, read, score, write
from studentsim.student.parsing import read_answer
from studentsim.student.profiles import profile
from studentsim.student.prompts import completion_ids, prompt_ids

T = TypeVar("T")

FIRST = 24
"""Rows written before all others where there are many, so that a page has something to show at once."""

BATCH = 120
"""Rows written at once: enough to keep two cores busy."""


class EmbeddedStudent:
    """See ``studentsim.student.base.Student``. ``model`` is trained, ``twin`` (base and adapter merged) writes."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, config: RunConfig) -> None:
        self.tokenizer = tokenizer
        self.profile = profile(config.student).id
        self.temperature = config.temperature
        self.min_p = config.min_p
        self.limit = config.max_new_tokens
        self.calculator = Calculator(tokenizer)
        self.twin = copy.deepcopy(model).eval().requires_grad_(False)
        self.model = adapter.put_on(model, config.learning, config.seed)

    # ------------------------------------------------------------------ answering

    def answer(
        self,
        questions: Sequence[Question],
        *,
        luck: Sequence[object],
        sure: bool = False,
        earlier: Earlier | None = None,
    ) -> Iterator[Answer]:
        """One answer for each question; see ``Student.answer``. Of earlier attempts the last is read, as in pretraining."""
        prompts = {q.id: self._prompt(q, (earlier or {}).get(q.id, ())) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id]), q.id))
        first = FIRST if len(in_order) > BATCH else 0
        for batch in (*_batches(in_order[:first], BATCH), *_batches(in_order[first:], BATCH)):
            started = time.monotonic()
            prefix = read(self.twin, [prompts[q.id] for q in batch], self.tokenizer.pad_token_id)
            written = self._write(prefix, [(*luck, q.id) for q in batch])
            p_right = self._p_right(prefix, batch, written) if sure else [None] * len(batch)
            milliseconds = 1000 * (time.monotonic() - started) / len(batch)
            for question, row, p in zip(batch, written, p_right, strict=True):
                text = self.tokenizer.decode(row.ids)
                letter, value = read_answer(text, question)
                yield Answer(question.id, text, letter, value, row.logprob, milliseconds, p)

    def _prompt(self, question: Question, earlier: Sequence[tuple[str, str]] = ()) -> list[int]:
        return prompt_ids(self.tokenizer, self.profile, question.problem, earlier[-1:])

    def _write(self, prefix: Prefix, lucks_of_rows: Sequence[Sequence[object]]) -> list[Written]:
        uniforms = np.stack([uniforms_of(luck, self.limit) for luck in lucks_of_rows])
        end = self.tokenizer.eos_token_id
        return write(
            self.twin, prefix, self.calculator, uniforms, end=end, temperature=self.temperature, min_p=self.min_p
        )  # fmt: skip

    def _p_right(self, prefix: Prefix, questions: Sequence[Question], written: Sequence[Written]) -> list[float | None]:
        """Probability of writing the right working, word for word; None for a batch with questions without workings."""
        if any(q.right.working is None for q in questions):
            return [None] * len(questions)
        right = [completion_ids(self.tokenizer, q.right.working or "") for q in questions]
        # Who wrote it has told its log-probability already: after some lessons that is nearly everyone.
        logps = [w.logprob if w.ended and w.ids == ids[:-1] else None for w, ids in zip(written, right, strict=True)]
        others = [row for row, logp in enumerate(logps) if logp is None]
        if others:
            scored = self._score(prefix.rows(others), [[right[row]] for row in others])
            for row, (logp,) in zip(others, scored, strict=True):
                logps[row] = logp
        return [math.exp(logp) for logp in logps]

    # ------------------------------------------------------------------ being sure

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """Probability of the likeliest candidate (P0, strategy "log-probability").

        Where options carry workings, the candidates are those workings; else the options' texts as answers, their
        probabilities normalised over the options.
        """
        found: dict[str, float] = {}
        worked = [q for q in questions if q.right.working]
        plain = [q for q in questions if not q.right.working]
        for group, normalised in ((worked, False), (plain, True)):
            for batch in _batches(group, BATCH):
                candidates = [_candidates(q) for q in batch]
                most = max(map(len, candidates))
                # All rows must offer the same number: the first is repeated, which changes neither the largest …
                padded = [c + c[:1] * (most - len(c)) for c in candidates]
                prefix = read(self.twin, [self._prompt(q) for q in batch], self.tokenizer.pad_token_id)
                scored = self._score(prefix, [[completion_ids(self.tokenizer, w) for w in row] for row in padded])
                for question, own, row in zip(batch, candidates, scored, strict=True):
                    p = [math.exp(x) for x in row[: len(own)]]  # … nor, cut off here, the sum
                    found[question.id] = max(p) / sum(p) if normalised and sum(p) > 0 else max(p)
        return [found[q.id] for q in questions]

    def _score(self, prefix: Prefix, ids: Sequence[Sequence[list[int]]]) -> list[list[float]]:
        return score(self.twin, prefix, ids, [[self.calculator.mask(c) for c in row] for row in ids])

    # ------------------------------------------------------------------ learning

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids, with masks that leave the calculator's results out of DPO's log-probabilities."""
        chosen = completion_ids(self.tokenizer, pair.chosen)
        rejected = completion_ids(self.tokenizer, pair.rejected)
        return {
            "prompt_ids": self._prompt(pair.question),
            "chosen_ids": chosen,
            "rejected_ids": rejected,
            "chosen_mask": self.calculator.mask(chosen),
            "rejected_mask": self.calculator.mask(rejected),
        }

    def pair_logps(self, rows: Sequence[dict[str, list[int]]]) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected, by the twin: the student as it was when last trained."""
        found: list[tuple[float, float]] = []
        for batch in _batches(rows, BATCH // 2):
            prefix = read(self.twin, [row["prompt_ids"] for row in batch], self.tokenizer.pad_token_id)
            ids = [[row["chosen_ids"], row["rejected_ids"]] for row in batch]
            own = [[row["chosen_mask"], row["rejected_mask"]] for row in batch]
            found += [(chosen, rejected) for chosen, rejected in score(self.twin, prefix, ids, own)]
        return found

    def trained(self) -> None:
        """To be called when the adapter has changed: the twin takes it over."""
        adapter.merge_into(self.twin, self.model)

    def save(self, folder: Path) -> None:
        """Write the adapter; see ``Student.save``."""
        adapter.save(self.model, folder)

    def load(self, folder: Path) -> None:
        """Take up a saved adapter; see ``Student.load``."""
        adapter.load(self.model, folder)
        self.trained()


def uniforms_of(luck: Sequence[object], count: int) -> np.ndarray:
    """The first ``count`` uniforms (0 to 1) of a row's luck."""
    return np.random.Generator(np.random.Philox(key=lucks.number(*luck))).random(count)


def _candidates(question: Question) -> list[str]:
    worked = [o.working for o in question.options if o.working]
    return worked if question.right.working else [f"Answer: {o.text}" for o in question.options]


def _batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
