"""What the embedded student tells of a question before it answers: how sure it is, and how probably it would be right.

Workings are asked after by ``best_candidate_logprobs``, which reads prompt and first working in one pass and another working only where it may be the
likeliest. Options without workings are scored all, since their probabilities are shares of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from studentsim.parallel import parallel_map
from studentsim.student.embedded.batching import iter_even_batches
from studentsim.student.embedded.best_candidate import best_candidate_logprobs
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.generation.generate import completion_logprobs, prefill
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.types import Question

QUESTION_BATCH_SIZE = 10
"""Questions asked after at once: few, so that what is computed stays in a core's cache, and a lesson's 40 are even work for two cores."""

PAD_ID = 0
"""Stands where a shorter prompt's row is filled up; masked, so any id would do."""


class ConfidenceEstimator:
    """Tells a student's figures of questions. ``prompt`` and ``encoded`` make ids of a question and of a text with its end."""

    def __init__(
        self,
        decoder: Decoder,
        calculator: Calculator,
        prompt_ids: Callable[[Question], list[int]],
        completion_ids: Callable[[str], list[int]],
    ) -> None:
        self.decoder = decoder
        self.calculator = calculator
        self._prompt_ids = prompt_ids
        self._completion_ids = completion_ids

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """Probability of each question's likeliest candidate: a working, or an option's share of all options' probabilities."""
        probabilities = self._best_probabilities(
            [(q, candidate_workings(q)) for q in questions if q.correct_option.solution]
        )
        for question, shares in self._option_shares([q for q in questions if not q.correct_option.solution]):
            probabilities[question.id] = max(shares)
        return [probabilities[q.id] for q in questions]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """Probability of each question's right working, or the right option's share."""
        probabilities = self._best_probabilities(
            [(q, [q.correct_option.solution]) for q in questions if q.correct_option.solution]
        )
        for question, shares in self._option_shares([q for q in questions if not q.correct_option.solution]):
            probabilities[question.id] = shares[question.options.index(question.correct_option)]
        return [probabilities[q.id] for q in questions]

    def _best_probabilities(self, candidates: Sequence[tuple[Question, list[str]]]) -> dict[str, float]:
        """By question id the probability (0 to 1) of the likeliest of its texts. The first is read first, and should be likely."""
        rows = [(q.id, self._prompt_ids(q), self._completion_ids(own[0]), own) for q, own in candidates]
        rows.sort(key=lambda row: (len(row[1]) + len(row[2]), row[0]))  # rows of like length go together

        def score_batch(batch: Sequence[tuple[str, list[int], list[int], list[str]]]) -> list[float]:
            ids = [[first, *map(self._completion_ids, own[1:])] for _, _, first, own in batch]
            return best_candidate_logprobs(
                self.decoder, [prompt for _, prompt, _, _ in batch], ids, self.calculator.loss_mask
            )

        batches = list(iter_even_batches(rows, QUESTION_BATCH_SIZE))
        return {
            row[0]: math.exp(logprob)
            for batch, logprobs in zip(batches, parallel_map(score_batch, batches), strict=True)
            for row, logprob in zip(batch, logprobs, strict=True)
        }

    def _option_shares(self, questions: Sequence[Question]) -> list[tuple[Question, list[float]]]:
        """Each question's options' shares of their probabilities' sum."""
        batches = list(iter_even_batches(questions, QUESTION_BATCH_SIZE))
        return [
            (question, _softmax(logprobs))
            for batch, scored in zip(batches, parallel_map(self._option_logprobs, batches), strict=True)
            for question, logprobs in zip(batch, scored, strict=True)
        ]

    def _option_logprobs(self, questions: Sequence[Question]) -> list[list[float]]:
        """For each question the log-probability of each of its options, as answers."""
        texts = [[f"Answer: {o.text}" for o in q.options] for q in questions]
        max_options = max(map(len, texts))
        padded = [own + own[:1] * (max_options - len(own)) for own in texts]  # all rows must offer the same number
        ids = [[self._completion_ids(text) for text in own] for own in padded]
        prefix = prefill(self.decoder, [self._prompt_ids(q) for q in questions], PAD_ID)
        logprobs = completion_logprobs(
            self.decoder, prefix, ids, [[self.calculator.loss_mask(c) for c in row] for row in ids]
        )
        return [row[: len(own)] for row, own in zip(logprobs, texts, strict=True)]


def candidate_workings(question: Question) -> list[str]:
    """The workings that are known, the right one first."""
    return [o.solution for o in sorted(question.options, key=lambda o: o.letter != question.correct) if o.solution]


def _softmax(logprobs: Sequence[float]) -> list[float]:
    highest = max(logprobs)
    weights = [math.exp(logprob - highest) for logprob in logprobs]
    return [weight / sum(weights) for weight in weights]
