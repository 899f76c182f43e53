"""The embedded student's confidence and probability of a correct answer, computed without answering.

Solutions are scored by ``best_candidate_logprobs``, which processes prompt and first solution in one pass, and another solution only
where it may be more probable. Options without solutions are all scored, since their probabilities are normalised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from studentsim.parallel import parallel_map
from studentsim.student.batching import iter_even_batches
from studentsim.student.embedded.best_candidate import best_candidate_logprobs
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.generation.generate import completion_logprobs, prefill
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.student.huggingface.option_probabilities import option_probabilities
from studentsim.types import Question

QUESTION_BATCH_SIZE = 10
"""Questions scored at once: few, so that the tensors stay in a core's cache and a turn's 40 questions divide evenly among two cores."""

PAD_ID = 0
"""Pads shorter prompts; masked, so any id would do."""


@dataclass(frozen=True)
class ConfidenceEstimator:
    """Scores questions. ``prompt_ids`` encodes a question, ``completion_ids`` a text with its end token."""

    decoder: Decoder
    calculator: Calculator
    prompt_ids: Callable[[Question], list[int]]
    completion_ids: Callable[[str], list[int]]

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """Probability (0 to 1) of each question's most probable solution, or, without solutions, of its most probable option."""
        return self._score(questions, candidate_solutions, lambda question, shares: max(shares))

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """Probability (0 to 1) of each question's correct solution, or, without solutions, of its correct option."""
        return self._score(
            questions,
            lambda question: [question.correct_option.solution],
            lambda question, shares: shares[question.options.index(question.correct_option)],
        )

    def _score(
        self,
        questions: Sequence[Question],
        solutions: Callable[[Question], list[str]],
        pick_share: Callable[[Question, list[float]], float],
    ) -> list[float]:
        """The most probable of each question's ``solutions``; without solutions, what ``pick_share`` picks of its options' shares."""
        with_solution = [(q, solutions(q)) for q in questions if q.correct_option.solution]
        probabilities = self._best_probabilities(with_solution)
        for question, shares in self._option_shares([q for q in questions if not q.correct_option.solution]):
            probabilities[question.id] = pick_share(question, shares)
        return [probabilities[q.id] for q in questions]

    def _best_probabilities(self, candidates: Sequence[tuple[Question, list[str]]]) -> dict[str, float]:
        """By question id the probability (0 to 1) of the most probable of its texts; fastest where that is the first."""
        rows = [(q.id, self.prompt_ids(q), self.completion_ids(texts[0]), texts) for q, texts in candidates]
        rows.sort(key=lambda row: (len(row[1]) + len(row[2]), row[0]))  # similar lengths together

        def score_batch(batch: Sequence[tuple[str, list[int], list[int], list[str]]]) -> list[float]:
            ids = [[first, *map(self.completion_ids, texts[1:])] for _, _, first, texts in batch]
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
        """Each question's option probabilities, normalised to sum to 1."""
        batches = list(iter_even_batches(questions, QUESTION_BATCH_SIZE))
        return [
            (question, option_probabilities(logprobs))
            for batch, batch_logprobs in zip(batches, parallel_map(self._option_logprobs, batches), strict=True)
            for question, logprobs in zip(batch, batch_logprobs, strict=True)
        ]

    def _option_logprobs(self, questions: Sequence[Question]) -> list[list[float]]:
        """For each question the log-probability of each option as an answer."""
        answers = [[f"Answer: {o.text}" for o in q.options] for q in questions]
        max_options = max(map(len, answers))
        padded = [row + row[:1] * (max_options - len(row)) for row in answers]  # all rows need the same number
        ids = [[self.completion_ids(text) for text in row] for row in padded]
        prefix = prefill(self.decoder, [self.prompt_ids(q) for q in questions], PAD_ID)
        logprobs = completion_logprobs(
            self.decoder, prefix, ids, [[self.calculator.loss_mask(c) for c in row] for row in ids]
        )
        return [row[: len(texts)] for row, texts in zip(logprobs, answers, strict=True)]


def candidate_solutions(question: Question) -> list[str]:
    """The solutions of a question's options, the correct one first."""
    return [o.solution for o in sorted(question.options, key=lambda o: o.letter != question.correct) if o.solution]
