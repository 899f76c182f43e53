"""The embedded student: answers, confidence, and the pair log-probabilities that training needs; it carries a LoRA adapter."""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.parallel import parallel_map
from studentsim.rng import derive_seed
from studentsim.student import adapter
from studentsim.student.answer_parsing.final_line import parse_answer
from studentsim.student.batching import iter_batches, iter_even_batches
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.confidence import ConfidenceEstimator, candidate_solutions
from studentsim.student.embedded.passages import judge_passages
from studentsim.student.embedded.profiles import get_run_profile
from studentsim.student.embedded.prompts import (
    completion_ids,
    control_token_ids,
    has_level_tokens,
    profile_token_ids,
    prompt_ids,
)
from studentsim.student.embedded.speculative import generate_with_drafts
from studentsim.student.embedded.weight_versions import FINGERPRINT_0_1
from studentsim.student.generation.generate import PrefilledPrompts, completion_logprobs, generate, prefill
from studentsim.student.generation.llama_decoder import Decoder
from studentsim.student.generation.sampling import Generation
from studentsim.types import Answer, AttemptHistory, Pair, PairScore, Question

FIRST_BATCH_SIZE = 24
"""Rows generated before all others where there are many, so that the pages soon have something to show."""

GENERATION_BATCH_SIZE = 120
"""Rows generated at once, token by token."""

DRAFT_BATCH_SIZE = 12
"""Rows that follow their drafts at once: few, so that the tensors stay in a core's cache."""

LENGTH_WINDOW = 60
"""Rows that are sorted by length together: an exam's first answers are there after this many."""

PAIR_BATCH_SIZE = 12
"""Pairs of similar length scored at once."""

ENCODING_CACHE_SIZE = 4096
"""Solutions whose ids are cached: an exam comes again and again."""


@dataclass
class _PendingAnswer:
    """A question whose answer is being generated."""

    question: Question
    prompt: list[int]
    uniforms: np.ndarray
    """Uniforms (N,), one for each token."""
    generation: Generation = Generation([], 0.0, False)
    p_correct: float | None = None
    milliseconds: float = 0.0


class EmbeddedStudent:
    """See ``studentsim.student.protocols.Student``. ``model`` is trained; ``merged_model`` (base + adapter) generates and scores."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, config: RunConfig) -> None:
        torch.set_num_threads(1)  # ``parallel_map`` computes whole batches in a thread for each core
        self.tokenizer = tokenizer
        self.profile = get_run_profile(config)
        self._has_level_tokens = has_level_tokens(tokenizer)
        self.weights_fingerprint = getattr(model, "weights_fingerprint", "")  # a model that was not loaded has none
        self.temperature = config.temperature
        self.min_p = config.min_p
        self.max_new_tokens = config.max_new_tokens
        self.calculator = Calculator(tokenizer)
        self._generation_kwargs = {
            "eos_token_id": tokenizer.eos_token_id,
            "temperature": self.temperature,
            "min_p": self.min_p,
        }
        self._completion_ids = lru_cache(ENCODING_CACHE_SIZE)(lambda text: completion_ids(tokenizer, text))
        self._logprob_cache: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
        self.merged_model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decoder = Decoder(self.merged_model)
        self._estimator = ConfidenceEstimator(self.decoder, self.calculator, self._prompt_ids, self._completion_ids)
        self.model = adapter.attach_adapter(model, config.dpo, config.seed)

    # ------------------------------------------------------------------ answering

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
        passages: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """One answer for each question; see ``Student.answer``. Only the last earlier attempt is in the prompt, as in pretraining.

        ``passages``: passages to show with a question, by question id (open book).

        :raises StudentError: when there are passages but the weights are version 0.1's, which were trained without.
        """
        earlier, useful_passages = earlier or {}, self._useful_passages(questions, passages or {})
        prompts = [self._prompt_ids(q, earlier.get(q.id, ()), useful_passages.get(q.id, ""), True) for q in questions]
        rows = [
            _PendingAnswer(q, prompt, draw_uniforms((*seed_key, q.id), self.max_new_tokens))
            for q, prompt in zip(questions, prompts, strict=True)
        ]
        rows.sort(key=lambda row: (len(row.prompt), row.question.id))  # similar lengths together
        # First what agrees with a known solution, many tokens in a pass; then the rest, token by token.
        rows_with_solutions = [row for row in rows if row.question.correct_option.solution]
        rows_with_solutions.sort(key=lambda row: len(row.question.correct_option.solution or ""))
        queue = deque(rows_with_solutions)
        for _ in parallel_map(self._generate_with_drafts, self._batches_by_length(rows_with_solutions)):
            while queue and queue[0].p_correct is not None:  # yield in this order, whatever the batches
                row = queue.popleft()
                if row.generation.is_done(self.max_new_tokens):
                    yield self._to_answer(row, with_p_correct)
        unfinished = [row for row in rows if not row.generation.is_done(self.max_new_tokens)]
        first_count = FIRST_BATCH_SIZE if len(unfinished) > GENERATION_BATCH_SIZE else 0
        batches = [unfinished[:first_count]] if first_count else []
        batches += iter_batches(unfinished[first_count:], GENERATION_BATCH_SIZE)
        for batch in parallel_map(self._generate, batches):
            yield from (self._to_answer(row, with_p_correct) for row in batch)

    def _batches_by_length(self, rows: Sequence[_PendingAnswer]) -> Iterator[Sequence[_PendingAnswer]]:
        """The rows in batches, sorted by length within windows of ``LENGTH_WINDOW``."""
        for window in iter_batches(rows, LENGTH_WINDOW):
            lengths = {
                r.question.id: len(r.prompt) + len(self._completion_ids(r.question.correct_option.solution or ""))
                for r in window
            }
            yield from iter_even_batches(
                sorted(window, key=lambda r: (lengths[r.question.id], r.question.id)), DRAFT_BATCH_SIZE
            )

    def _prompt_ids(
        self,
        question: Question,
        earlier: Sequence[tuple[str, str]] = (),
        passage: str = "",
        passage_fits: bool | None = None,
    ) -> list[int]:
        return prompt_ids(
            self.tokenizer, self._control_ids(question), question.problem, earlier[-1:], passage, passage_fits
        )

    def _useful_passages(self, questions: Sequence[Question], passages: Mapping[str, str]) -> dict[str, str]:
        """The passages that the student judges useful, by question id. The others are left out of the prompt."""
        with_passage = [q for q in questions if passages.get(q.id)]
        if with_passage and not self._has_level_tokens:
            raise StudentError(
                "The embedded student of version 0.1 has never had a book beside a question.",
                "Take today's, without weights.",
            )
        # The verdict comes where the prompt has the token before the solution, so that token is cut off.
        verdicts = judge_passages(
            self.decoder, self.tokenizer, [self._prompt_ids(q, passage=passages[q.id])[:-1] for q in with_passage]
        )
        return {q.id: passages[q.id] for q, is_useful in zip(with_passage, verdicts, strict=True) if is_useful}

    def _control_ids(self, question: Question) -> list[int]:
        if not self._has_level_tokens:
            return profile_token_ids(self.tokenizer, self.profile.id)
        level = self.profile.level(question.skill, question.category, question.difficulty)
        return control_token_ids(self.tokenizer, level, self.profile.leaning)

    def _generate_with_drafts(self, rows: Sequence[_PendingAnswer]) -> Sequence[_PendingAnswer]:
        """Generate with the questions' solutions as drafts, the correct one first."""
        started = time.monotonic()
        drafts = [[self._completion_ids(solution) for solution in candidate_solutions(row.question)] for row in rows]
        generations, first_logprobs = generate_with_drafts(
            self.decoder, [row.prompt for row in rows], self.calculator, np.stack([row.uniforms for row in rows]), drafts,
            **self._generation_kwargs,
        )  # fmt: skip
        for row, row_drafts, generation, logprob in zip(rows, drafts, generations, first_logprobs, strict=True):
            row.generation, row.p_correct = generation, math.exp(logprob)
            self._logprob_cache[tuple(row.prompt), tuple(row_drafts[0])] = logprob
        return _add_elapsed_time(rows, started)

    def _generate(self, rows: Sequence[_PendingAnswer]) -> Sequence[_PendingAnswer]:
        """Continue each row's generation until it ends."""
        started = time.monotonic()
        generations = generate(
            self.decoder, self._prefill(rows), self.calculator, np.stack([row.uniforms for row in rows]),
            partial_generations=[row.generation for row in rows], **self._generation_kwargs,
        )  # fmt: skip
        for row, generation in zip(rows, generations, strict=True):
            row.generation = generation
        return _add_elapsed_time(rows, started)

    def _prefill(self, rows: Sequence[_PendingAnswer]) -> PrefilledPrompts:
        return prefill(self.decoder, [row.prompt for row in rows], self.tokenizer.pad_token_id)

    def _to_answer(self, row: _PendingAnswer, with_p_correct: bool) -> Answer:
        generation = row.generation
        if generation.ended:
            self._logprob_cache[tuple(row.prompt), (*generation.ids, self._generation_kwargs["eos_token_id"])] = (
                generation.logprob
            )
        text = self.tokenizer.decode(generation.ids)
        letter, value = parse_answer(text, row.question)
        p_correct = row.p_correct if with_p_correct else None
        return Answer(
            row.question.id,
            text,
            letter,
            value,
            generation.logprob,
            row.milliseconds,
            p_correct,
            ended=generation.ended,
        )

    # ------------------------------------------------------------------ confidence

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """For each question the probability (0 to 1) of the most probable candidate (P0, strategy "log-probability").

        Where options have solutions, these are the candidates; else the options' texts as answers, their probabilities normalised to
        sum to 1.
        """
        return self._estimator.confidence(questions)

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """For each question the probability (0 to 1) of the correct solution; without solutions, the correct option's share.

        Cheaper than ``confidence``: it scores one solution of each question.
        """
        return self._estimator.p_correct(questions)

    # ------------------------------------------------------------------ training

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids, with masks that are 0 for the calculator's results."""
        # A text that was cut off at the maximal length gets no end token: the student did not choose to end.
        chosen = completion_ids(self.tokenizer, pair.chosen)[: None if pair.chosen_ended else -1]
        rejected = completion_ids(self.tokenizer, pair.rejected)[: None if pair.rejected_ended else -1]
        return {
            "prompt_ids": self._prompt_ids(pair.question),
            "chosen_ids": chosen,
            "rejected_ids": rejected,
            "chosen_mask": self.calculator.loss_mask(chosen),
            "rejected_mask": self.calculator.loss_mask(rejected),
        }

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected by the merged model as last trained, or, with ``base``, without the adapter."""
        if base:
            adapter.merge_adapter_into(self.merged_model, self.model, base_only=True)
            self.decoder.load_weights(self.merged_model)
            self._logprob_cache.clear()
            try:
                return self.pair_logps(rows)
            finally:
                self.on_adapter_changed()
        logps = [self._cached_pair_logps(row) for row in rows]
        for n, scored in self._iter_pair_scores(rows, [n for n, cached in enumerate(logps) if None in cached]):
            logps[n] = scored.logps
        return logps

    def pair_scores(self, rows: Sequence[dict[str, list[int]]]) -> list[PairScore]:
        """As ``pair_logps``, with the mean logits; uncached."""
        scores = dict(self._iter_pair_scores(rows, range(len(rows)), logits=True))
        return [scores[n] for n in range(len(rows))]

    def _iter_pair_scores(
        self, rows: Sequence[dict[str, list[int]]], indices: Iterable[int], *, logits: bool = False
    ) -> Iterator[tuple[int, PairScore]]:
        """Yield (index, score) for the rows at ``indices``, batched by length; without ``logits`` the mean logits are 0."""
        by_length = sorted(indices, key=lambda n: max(len(rows[n]["chosen_ids"]), len(rows[n]["rejected_ids"])))
        batches = list(iter_batches(by_length, PAIR_BATCH_SIZE))
        batch_scores = parallel_map(lambda b: self._score_pair_batch([rows[n] for n in b], logits), batches)
        for batch, scores in zip(batches, batch_scores, strict=True):
            yield from zip(batch, scores, strict=True)

    def _score_pair_batch(self, rows: Sequence[dict[str, list[int]]], logits: bool) -> list[PairScore]:
        prefix = prefill(self.decoder, [row["prompt_ids"] for row in rows], self.tokenizer.pad_token_id)
        means: list[list[float]] = []
        logprobs = completion_logprobs(
            self.decoder,
            prefix,
            [[row["chosen_ids"], row["rejected_ids"]] for row in rows],
            [[row["chosen_mask"], row["rejected_mask"]] for row in rows],
            mean_logits=means if logits else None,
        )
        return [
            PairScore(*logps, *mean) for logps, mean in zip(logprobs, means or [(0.0, 0.0)] * len(rows), strict=True)
        ]

    def _cached_pair_logps(self, row: dict[str, list[int]]) -> tuple[float | None, float | None]:
        """A pair's log-probabilities, each None unless answering has computed it."""
        prompt = tuple(row["prompt_ids"])
        chosen, rejected = (prompt, tuple(row["chosen_ids"])), (prompt, tuple(row["rejected_ids"]))
        return self._logprob_cache.get(chosen), self._logprob_cache.get(rejected)

    def on_adapter_changed(self) -> None:
        """Merge the adapter into ``merged_model`` anew; to be called after each change of the adapter."""
        adapter.merge_adapter_into(self.merged_model, self.model)
        self.decoder.load_weights(self.merged_model)
        self._logprob_cache.clear()

    def save(self, folder: Path) -> None:
        """Write the adapter, with the fingerprint of the weights it belongs to; see ``Student.save``."""
        adapter.save_adapter(self.model, folder, base_fingerprint=self.weights_fingerprint)

    def load(self, folder: Path) -> None:
        """Load an adapter; see ``Student.load``. One that names no weights was trained on version 0.1's.

        :raises StudentError: when it cannot be read or was trained on other weights.
        """
        adapter.check_base_fingerprint(folder, self.weights_fingerprint, default_fingerprint=FINGERPRINT_0_1)
        adapter.load_adapter(self.model, folder)
        self.on_adapter_changed()


def _add_elapsed_time(rows: Sequence[_PendingAnswer], started: float) -> Sequence[_PendingAnswer]:
    for row in rows:
        row.milliseconds += 1000 * (time.monotonic() - started) / len(rows)
    return rows


def draw_uniforms(seed_key: Sequence[object], count: int) -> np.ndarray:
    """The first ``count`` uniforms (0 to 1) of a row's random stream."""
    return np.random.Generator(np.random.Philox(key=derive_seed(*seed_key))).random(count)
