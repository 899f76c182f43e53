"""The embedded student at work: answers in its own words and sums, says how sure it is, carries a LoRA adapter."""

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
from studentsim.student.embedded.batching import iter_batches, iter_even_batches
from studentsim.student.embedded.calculator import Calculator
from studentsim.student.embedded.confidence import ConfidenceEstimator, candidate_workings
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
"""Rows written before all others where there are many, so that a page has something to show at once."""

GENERATION_BATCH_SIZE = 120
"""Rows written at once, token after token."""

DRAFT_BATCH_SIZE = 12
"""Rows that follow their drafts at once: few, so that what is computed stays in a core's cache."""

LENGTH_WINDOW = 60
"""Rows among which those of like length are sought: an exam's first answers are there after as many."""

PAIR_BATCH_SIZE = 12
"""Pairs of like length that are scored at once."""

ENCODING_CACHE_SIZE = 4096
"""Workings whose ids are kept: an exam comes again and again."""


@dataclass
class _PendingAnswer:
    """A question on its way to its answer."""

    question: Question
    prompt: list[int]
    uniforms: np.ndarray
    """Uniforms (N,), one for each token."""
    generation: Generation = Generation([], 0.0, False)
    p_correct: float | None = None
    milliseconds: float = 0.0


class EmbeddedStudent:
    """See ``studentsim.student.protocols.Student``. ``model`` is trained, ``merged_model`` (base and adapter merged) writes."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, config: RunConfig) -> None:
        torch.set_num_threads(1)  # the cores are for whole batches: ``parallel_map`` has a thread for each
        self.tokenizer = tokenizer
        self.profile = get_run_profile(config)
        self._has_level_tokens = has_level_tokens(tokenizer)
        self.weights_fingerprint = getattr(model, "weights_fingerprint", "")  # a model made on the spot has none
        self.temperature = config.temperature
        self.min_p = config.min_p
        self.max_new_tokens = config.max_new_tokens
        self.calculator = Calculator(tokenizer)
        self._generation_kwargs = {"end": tokenizer.eos_token_id, "temperature": self.temperature, "min_p": self.min_p}
        self._completion_ids = lru_cache(ENCODING_CACHE_SIZE)(lambda working: completion_ids(tokenizer, working))
        self._logprob_cache: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
        self.merged_model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decoder = Decoder(self.merged_model)
        self._estimator = ConfidenceEstimator(self.decoder, self.calculator, self._prompt_ids, self._completion_ids)
        self.model = adapter.attach_adapter(model, config.learning, config.seed)

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
        """One answer for each question; see ``Student.answer``. Of earlier attempts the last is read, as in pretraining.

        ``passages``: what lies open beside a question while it is answered, by question id (an open book).

        :raises StudentError: there are passages, but the weights are version 0.1's, which know none.
        """
        earlier, useful_passages = earlier or {}, self._useful_passages(questions, passages or {})
        prompts = [self._prompt_ids(q, earlier.get(q.id, ()), useful_passages.get(q.id, ""), True) for q in questions]
        rows = [
            _PendingAnswer(q, prompt, draw_uniforms((*seed_key, q.id), self.max_new_tokens))
            for q, prompt in zip(questions, prompts, strict=True)
        ]
        rows.sort(key=lambda row: (len(row.prompt), row.question.id))  # rows of like length go together
        # First what follows a known working, many tokens in a pass; then, token after token, what does not.
        rows_with_workings = [row for row in rows if row.question.correct_option.solution]
        rows_with_workings.sort(key=lambda row: len(row.question.correct_option.solution or ""))
        queue = deque(rows_with_workings)
        for _ in parallel_map(self._generate_with_drafts, self._batches_by_length(rows_with_workings)):
            while queue and queue[0].p_correct is not None:  # they come in this order, whatever is computed together
                row = queue.popleft()
                if row.generation.is_done(self.max_new_tokens):
                    yield self._to_answer(row, with_p_correct)
        unfinished = [row for row in rows if not row.generation.is_done(self.max_new_tokens)]
        first_count = FIRST_BATCH_SIZE if len(unfinished) > GENERATION_BATCH_SIZE else 0
        for batch in parallel_map(
            self._generate,
            (
                *iter_batches(unfinished[:first_count], GENERATION_BATCH_SIZE),
                *iter_batches(unfinished[first_count:], GENERATION_BATCH_SIZE),
            ),
        ):
            yield from (self._to_answer(row, with_p_correct) for row in batch)

    def _batches_by_length(self, rows: Sequence[_PendingAnswer]) -> Iterator[Sequence[_PendingAnswer]]:
        """The rows in batches to be computed, those of like length together as far as they stand near each other."""
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
        """The passages that the student takes to be of use, by question id. Others it lays aside: what it writes is the same without."""
        with_passage = [q for q in questions if passages.get(q.id)]
        if with_passage and not self._has_level_tokens:
            raise StudentError(
                "The embedded student of version 0.1 has never had a book beside a question.",
                "Take today's, without weights.",
            )
        # Judged is the prompt without the token that opens the working: what comes there is whether the passage is of use.
        verdicts = judge_passages(
            self.decoder, self.tokenizer, [self._prompt_ids(q, passage=passages[q.id])[:-1] for q in with_passage]
        )
        return {q.id: passages[q.id] for q, judged in zip(with_passage, verdicts, strict=True) if judged}

    def _control_ids(self, question: Question) -> list[int]:
        if not self._has_level_tokens:
            return profile_token_ids(self.tokenizer, self.profile.id)
        level = self.profile.level(question.skill, question.category, question.difficulty)
        return control_token_ids(self.tokenizer, level, self.profile.leaning)

    def _generate_with_drafts(self, rows: Sequence[_PendingAnswer]) -> Sequence[_PendingAnswer]:
        """Write along the questions' workings, the right one first: what their answers will probably be."""
        started = time.monotonic()
        drafts = [[self._completion_ids(working) for working in candidate_workings(row.question)] for row in rows]
        generations, first_logprobs = generate_with_drafts(
            self.decoder, [row.prompt for row in rows], self.calculator, np.stack([row.uniforms for row in rows]), drafts,
            **self._generation_kwargs,
        )  # fmt: skip
        for row, row_drafts, generation, logprob in zip(rows, drafts, generations, first_logprobs, strict=True):
            row.generation, row.p_correct = generation, math.exp(logprob)
            self._logprob_cache[tuple(row.prompt), tuple(row_drafts[0])] = logprob
        return _add_elapsed_time(rows, started)

    def _generate(self, rows: Sequence[_PendingAnswer]) -> Sequence[_PendingAnswer]:
        """Write on, each row from where it is."""
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
            self._logprob_cache[tuple(row.prompt), (*generation.ids, self._generation_kwargs["end"])] = (
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

    # ------------------------------------------------------------------ being sure

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """Probability of the likeliest candidate (P0, strategy "log-probability").

        Where options carry workings, the candidates are those workings; else the options' texts as answers, their
        probabilities normalised over the options.
        """
        return self._estimator.confidence(questions)

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """Probability of the right working, 0 to 1; where options carry none, the right option's share of all options.

        At most ``confidence``'s work: one working a question instead of those that may be the likeliest.
        """
        return self._estimator.p_correct(questions)

    # ------------------------------------------------------------------ learning

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids, with masks that leave the calculator's results out of DPO's log-probabilities."""
        # A text that was cut at the longest answer gets no end token: stopping there was not chosen.
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
        """Log-probabilities of chosen and rejected, by the twin: the student as it was when last trained, or the ``base``."""
        if base:
            adapter.merge_adapter_into(self.merged_model, self.model, base_only=True)
            self.decoder.load_weights(self.merged_model)
            self._logprob_cache.clear()
            try:
                return self.pair_logps(rows)
            finally:
                self.on_adapter_changed()
        logps = [self._cached_pair_logps(row) for row in rows]
        for n, scored in self._iter_pair_scores(rows, [n for n, known in enumerate(logps) if None in known]):
            logps[n] = (scored.chosen, scored.rejected)
        return logps

    def pair_scores(self, rows: Sequence[dict[str, list[int]]]) -> list[PairScore]:
        """As ``pair_logps``, with the mean logits. Every row is scored, whatever answering has told."""
        scores = dict(self._iter_pair_scores(rows, range(len(rows)), logits=True))
        return [scores[n] for n in range(len(rows))]

    def _iter_pair_scores(
        self, rows: Sequence[dict[str, list[int]]], indices: Iterable[int], *, logits: bool = False
    ) -> Iterator[tuple[int, PairScore]]:
        """The ``indices`` rows' figures, each with its number, those of like length together; mean logits are 0 where not asked for."""
        in_order = sorted(indices, key=lambda n: max(len(rows[n]["chosen_ids"]), len(rows[n]["rejected_ids"])))
        batches = list(iter_batches(in_order, PAIR_BATCH_SIZE))
        batch_scores = parallel_map(lambda b: self._score_pair_batch([rows[n] for n in b], logits), batches)
        for batch, scores in zip(batches, batch_scores, strict=True):
            yield from zip(batch, scores, strict=True)

    def _score_pair_batch(self, rows: Sequence[dict[str, list[int]]], logits: bool) -> list[PairScore]:
        prefix = prefill(self.decoder, [row["prompt_ids"] for row in rows], self.tokenizer.pad_token_id)
        means: list[list[float]] = []
        logprobs = completion_logprobs(
            self.decoder, prefix,
            [[row["chosen_ids"], row["rejected_ids"]] for row in rows],
            [[row["chosen_mask"], row["rejected_mask"]] for row in rows],
            mean_logits=means if logits else None,
        )  # fmt: skip
        return [
            PairScore(*logps, *mean) for logps, mean in zip(logprobs, means or [(0.0, 0.0)] * len(rows), strict=True)
        ]

    def _cached_pair_logps(self, row: dict[str, list[int]]) -> tuple[float | None, float | None]:
        """What answering has told already of a pair: of the right working, and of what the student wrote."""
        prompt = tuple(row["prompt_ids"])
        return self._logprob_cache.get((prompt, tuple(row["chosen_ids"]))), self._logprob_cache.get(
            (prompt, tuple(row["rejected_ids"]))
        )

    def on_adapter_changed(self) -> None:
        """To be called when the adapter has changed: the twin takes it over."""
        adapter.merge_adapter_into(self.merged_model, self.model)
        self.decoder.load_weights(self.merged_model)
        self._logprob_cache.clear()

    def save(self, folder: Path) -> None:
        """Write the adapter, with the fingerprint of the weights it belongs to; see ``Student.save``."""
        adapter.save_adapter(self.model, folder, base_fingerprint=self.weights_fingerprint)

    def load(self, folder: Path) -> None:
        """Take up a saved adapter; see ``Student.load``. One that names no weights was trained on version 0.1's.

        :raises StudentError: also where it was trained on other weights.
        """
        adapter.check_base_fingerprint(folder, self.weights_fingerprint, default_fingerprint=FINGERPRINT_0_1)
        adapter.load_adapter(self.model, folder)
        self.on_adapter_changed()


def _add_elapsed_time(rows: Sequence[_PendingAnswer], started: float) -> Sequence[_PendingAnswer]:
    for row in rows:
        row.milliseconds += 1000 * (time.monotonic() - started) / len(rows)
    return rows


def draw_uniforms(seed_key: Sequence[object], count: int) -> np.ndarray:
    """The first ``count`` uniforms (0 to 1) of a row's luck."""
    return np.random.Generator(np.random.Philox(key=derive_seed(*seed_key))).random(count)
