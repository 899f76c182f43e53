"""A model of the hub as the student: it reads the options, writes freely, ticks by what it wrote, carries a LoRA adapter.

The base is never changed and never copied: it may be quantised and large. So the same model writes, scores and learns, with
its adapter on; the adapter off, it is the base again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from studentsim.config import RunConfig
from studentsim.student import adapter
from studentsim.student.answer_parsing.reply import parse_reply_full
from studentsim.student.embedded.student import draw_uniforms
from studentsim.student.generation.generate import generate, has_plain_lm_head, prefill
from studentsim.student.generation.sampling import Generation
from studentsim.student.huggingface.adapter_setup import compute_max_prompt_tokens, get_hub_commit, resolve_lora_targets
from studentsim.student.huggingface.batching import TOKEN_BUDGET_FACTOR, iter_batches, iter_batches_by_tokens
from studentsim.student.huggingface.cache_check import max_logprob_error
from studentsim.student.huggingface.calculator import TextCalculator
from studentsim.student.huggingface.chat import ChatFormatter, Prompt
from studentsim.student.huggingface.completions import encode_options, encode_pair_texts, truncate_middle
from studentsim.student.huggingface.loading import LoadedModel, autocast_context
from studentsim.student.huggingface.memory import TYPICAL_PROMPT_TOKENS
from studentsim.student.huggingface.option_probabilities import (
    choose_likeliest_option,
    correct_option_probability,
    option_probabilities,
)
from studentsim.student.huggingface.packed_inference import PackedInference
from studentsim.student.huggingface.progress import make_step_callback
from studentsim.student.huggingface.scoring import score_options, score_pairs
from studentsim.student.huggingface.threads import limit_torch_threads
from studentsim.types import Answer, AttemptHistory, Pair, PairScore, Question, WritingProgress

SCORING_BATCH_SIZE = 40
"""Questions whose options are scored before the first of their ticks is told."""


class HubStudent:
    """See ``studentsim.student.protocols.Student``, and ``studentsim.training.dpo.TrainableStudent``."""

    def __init__(self, loaded: LoadedModel, config: RunConfig, *, use_packed_decoder: bool = True) -> None:
        self.tokenizer = loaded.tokenizer
        self.chat = ChatFormatter(
            loaded.tokenizer, prompt_date=config.hub.prompt_date, answer_form=config.hub.answer_form
        )
        self.plan = loaded.plan
        self.summary = loaded.summary
        """What was loaded, and how, in a line."""
        self.dtype = loaded.dtype
        self.revision = loaded.revision
        self.hub = config.hub
        self.temperature, self.min_p, self.max_new_tokens = config.temperature, config.min_p, config.max_new_tokens
        default_end_ids = loaded.model.generation_config.eos_token_id if loaded.model.generation_config else None
        self.end_token_ids = {
            self.chat.end_token_id,
            self.tokenizer.eos_token_id,
            *(default_end_ids if isinstance(default_end_ids, list) else [default_end_ids]),
        } - {None}
        self.max_prompt_tokens = compute_max_prompt_tokens(loaded, self.max_new_tokens)
        self.max_batch_tokens = (
            TOKEN_BUDGET_FACTOR * self.plan.generation_batch_size * (TYPICAL_PROMPT_TOKENS + self.max_new_tokens)
        )
        """Tokens of prompts and answers that a batch has memory for."""
        self.model = adapter.attach_adapter(
            loaded.model,
            config.learning,
            config.seed,
            target_modules=resolve_lora_targets(loaded, config),
            revision=get_hub_commit(loaded),
        )
        self.model.eval()
        self.base_model = self.model.get_base_model()
        """The language model itself; its projections carry the adapter."""
        self.inference_model = loaded.inference_model
        """It, or what reads with it; see ``LoadedModel.inference_model``."""
        self.on_progress: Callable[[WritingProgress], None] | None = None
        """Hears, while answers are written, how far one of them has come."""
        self.calculator = TextCalculator(self.tokenizer) if config.hub.calculator else None
        with self._autocast():
            self.has_plain_lm_head = has_plain_lm_head(self.inference_model)
            self.packed_inference = PackedInference.from_model(self.model, self.dtype) if use_packed_decoder else None
        self.decoder = self.packed_inference and self.packed_inference.decoder
        """Computes the model's figures where transformers does not."""
        if self.packed_inference:
            limit_torch_threads()

    # ------------------------------------------------------------------ answering

    def answer(
        self,
        questions: Sequence[Question],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool = False,
        earlier: AttemptHistory | None = None,
    ) -> Iterator[Answer]:
        """One answer for each question; see ``Student.answer``.

        ``with_p_correct`` is asked in exams: then P(right) is the right option's share among the options, scored, and where the run has
        its exams scored the likeliest option is ticked and nothing is written.
        """
        prompts = {q.id: self._build_prompt(q, (earlier or {}).get(q.id, ())) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        score_only = with_p_correct and self.hub.exams == "scored"
        if self.packed_inference:
            yield from self._answer_packed(
                self.packed_inference,
                in_order,
                prompts,
                seed_key=seed_key,
                with_p_correct=with_p_correct,
                score_only=score_only,
            )
            return
        for batch in iter_batches(in_order, self.plan.generation_batch_size):
            started = time.monotonic()
            answers = self._answer_batch(
                batch,
                [prompts[q.id] for q in batch],
                seed_key=seed_key,
                with_p_correct=with_p_correct,
                score_only=score_only,
            )
            milliseconds = 1000 * (time.monotonic() - started) / len(batch)
            yield from (replace(answer, milliseconds=milliseconds) for answer in answers)

    def _answer_batch(
        self,
        batch: Sequence[Question],
        prompts: Sequence[Prompt],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool,
        score_only: bool,
    ) -> list[Answer]:
        """The answers to a batch; how long they took is not in them yet."""
        with self._autocast():
            prefix = prefill(self.inference_model, [p.ids for p in prompts], self.tokenizer.pad_token_id)
            logps: list[list[float]] | list[None] = [None] * len(batch)
            if with_p_correct:
                texts = self._encode_options(batch, prompts)
                logps = score_options(
                    self.inference_model, prefix, texts, batch_size=5 * self.plan.generation_batch_size
                )
            if score_only:
                return [choose_likeliest_option(q, row) for q, row in zip(batch, logps, strict=True)]
            uniforms = np.stack([draw_uniforms((*seed_key, q.id), self.max_new_tokens) for q in batch])
            written = generate(
                self.inference_model, prefix, self.calculator, uniforms, end=self.end_token_ids, temperature=self.temperature, min_p=self.min_p,
                on_step=make_step_callback(batch, self.tokenizer, self.on_progress),
            )  # fmt: skip
        return [self._build_answer(q, w, row) for q, w, row in zip(batch, written, logps, strict=True)]

    def _answer_packed(
        self,
        packed: PackedInference,
        questions: Sequence[Question],
        prompts: Mapping[str, Prompt],
        *,
        seed_key: Sequence[object],
        with_p_correct: bool,
        score_only: bool,
    ) -> Iterator[Answer]:
        """The answers by the packed decoder, each as soon as it is written."""
        # where answers are written, keys and values of all are held until the last is done
        lengths, batch_size = (
            [len(prompts[q.id].ids) + self.max_new_tokens for q in questions],
            self.plan.generation_batch_size,
        )
        token_batches = iter_batches_by_tokens(
            questions, lengths, batch_size=batch_size, max_tokens=self.max_batch_tokens
        )
        try:
            for batch in iter_batches(questions, SCORING_BATCH_SIZE) if score_only else token_batches:
                started = time.monotonic()
                batch_prompts = [prompts[q.id] for q in batch]
                score = packed.rechecked_logprobs if score_only else packed.completion_logprobs
                logps = (
                    score([p.ids for p in batch_prompts], self._encode_options(batch, batch_prompts))
                    if with_p_correct
                    else [None] * len(batch)
                )
                answers = (
                    (choose_likeliest_option(q, row) for q, row in zip(batch, logps, strict=True))
                    if score_only
                    else self._generate_packed(batch, batch_prompts, logps, seed_key)
                )
                for answer in answers:
                    # one that is written beside others takes its share of the time so far
                    yield replace(answer, milliseconds=1000 * (time.monotonic() - started) / len(batch))
        finally:
            packed.release_weights()

    def _generate_packed(
        self,
        batch: Sequence[Question],
        prompts: Sequence[Prompt],
        logps: Sequence[list[float] | None],
        seed_key: Sequence[object],
    ) -> Iterator[Answer]:
        uniforms = np.stack([draw_uniforms((*seed_key, q.id), self.max_new_tokens) for q in batch])
        for row, written in self.packed_inference.generate(
            [p.ids for p in prompts], uniforms, self.calculator, end_token_ids=self.end_token_ids, temperature=self.temperature, min_p=self.min_p,
            on_step=make_step_callback(batch, self.tokenizer, self.on_progress),
        ):  # fmt: skip
            yield self._build_answer(batch[row], written, logps[row])

    def _build_answer(self, question: Question, written: Generation, logps: list[float] | None) -> Answer:
        """What was written, read; how long it took is not in it yet."""
        text = self.tokenizer.decode(written.ids, skip_special_tokens=True).strip()
        reply = parse_reply_full(text, question, ended=written.ended)
        return Answer(
            question.id, text, reply.letter, reply.value, written.logprob, 0.0, logps and correct_option_probability(question, logps),
            ended=written.ended, ids=(*written.ids, *([written.eos_token_id] if written.ended else [])), value_letter=reply.value_letter,
        )  # fmt: skip

    # ------------------------------------------------------------------ being sure

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """The likeliest option's share of the probability of all options (P0, strategy "log-probability").

        Summed token log-probabilities of the options as answers, by text or by letter (``hub.scores``).
        """
        return [max(option_probabilities(row)) for row in self.option_logps(questions)]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """The right option's share of the probability of all options, as P(right) in exams. Takes as long as ``confidence``."""
        return [
            correct_option_probability(q, row) for q, row in zip(questions, self.option_logps(questions), strict=True)
        ]

    def option_logps(self, questions: Sequence[Question]) -> list[list[float]]:
        """Summed log-probability of each option as the answer; the prompt is computed once for all of a question's options."""
        found: dict[str, list[float]] = {}
        prompts = {q.id: self._build_prompt(q) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        for batch in iter_batches(
            in_order, max(1, len(in_order)) if self.packed_inference else self.plan.generation_batch_size
        ):
            logps = self._score_options(batch, [prompts[q.id] for q in batch])
            found |= {q.id: row for q, row in zip(batch, logps, strict=True)}
        return [found[q.id] for q in questions]

    def _score_options(self, questions: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[float]]:
        """The same of questions that are read side by side."""
        ids, texts = [p.ids for p in prompts], self._encode_options(questions, prompts)
        if self.packed_inference:
            return self.packed_inference.completion_logprobs(ids, texts)
        with self._autocast():
            prefix = prefill(self.inference_model, ids, self.tokenizer.pad_token_id)
            return score_options(self.inference_model, prefix, texts, batch_size=5 * self.plan.generation_batch_size)

    def _encode_options(self, batch: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[list[int]]]:
        """The ids of each question's options as answers behind its prompt."""
        return [
            encode_options(q, p, self.chat, option_scoring=self.hub.scores) for q, p in zip(batch, prompts, strict=True)
        ]

    def measure_cache_error(self, questions: Sequence[Question]) -> float:
        """How far an option's log-probability is off, at most, from what forward passes over whole texts tell. For trials.

        The questions are read side by side, the shorter ones behind padding.
        """
        prompts = [self._build_prompt(q) for q in questions]
        found, texts = self._score_options(questions, prompts), self._encode_options(questions, prompts)
        with self._autocast():
            return max_logprob_error(
                self.base_model, [p.ids for p in prompts], texts, found, self.tokenizer.pad_token_id
            )

    def count_prompt_tokens(self, question: Question) -> tuple[int, int]:
        """How many tokens a question's prompt has, and how many of them are read."""
        return len(self.chat.build_question_prompt(question).ids), len(self._build_prompt(question).ids)

    # ------------------------------------------------------------------ learning

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids; what the student wrote is learnt token for token as it wrote it. The calculator's tokens do not count."""
        prompt = self._build_prompt(pair.question)
        chosen, rejected = encode_pair_texts(pair, prompt, self.chat, max_new_tokens=self.max_new_tokens)
        return {
            "prompt_ids": prompt.ids,
            "chosen_ids": chosen,
            "rejected_ids": rejected,
            "chosen_mask": self._loss_mask(chosen),
            "rejected_mask": self._loss_mask(rejected),
        }

    def _loss_mask(self, ids: Sequence[int]) -> list[int]:
        """1 for each token that is the student's own, 0 for the calculator's."""
        return self.calculator.loss_mask(ids) if self.calculator else [1] * len(ids)

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected by the student as it stands, or with its adapter off (``base_model``)."""
        return [(score.chosen, score.rejected) for score in self.pair_scores(rows, base=base)]

    def pair_scores(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[PairScore]:
        """As ``pair_logps``, with the mean logits, which beside a language model's head cost next to nothing."""
        self.model.eval()
        with self.model.disable_adapter() if base else contextlib.nullcontext():
            if self.packed_inference:
                return self.packed_inference.pair_scores(rows)
            batch_size = max(1, self.plan.micro_batch_size)
            with self._autocast():
                return score_pairs(
                    self.inference_model, rows, pad_token_id=self.tokenizer.pad_token_id, batch_size=batch_size
                )

    def on_adapter_changed(self) -> None:
        """To be called when the adapter has changed. Weights that hold it as it was are forgotten: whoever left off reading answers
        has left them here."""
        self.model.eval()
        if self.packed_inference:
            self.packed_inference.release_weights()

    def save(self, folder: Path) -> None:
        """Write the adapter, with the version of the model it belongs to; see ``Student.save``."""
        adapter.save_adapter(self.model, folder, base_fingerprint=self.revision)

    def load(self, folder: Path) -> None:
        """Take up a saved adapter; see ``Student.load``. One that names no version is taken to be of this one.

        :raises StudentError: also where it was trained on another version of the model.
        """
        adapter.check_base_fingerprint(folder, self.revision, default_fingerprint=self.revision)
        adapter.load_adapter(self.model, folder)
        self.on_adapter_changed()

    @property
    def micro_batch_size(self) -> int:
        """Pairs that go through the model together in training: a divisor of the batch, and all that is kept of them fits."""
        planned_size = self.plan.micro_batch_size
        return (
            self.packed_inference.fit_micro_batch_size(planned_size, TYPICAL_PROMPT_TOKENS + 2 * self.max_new_tokens)
            if self.packed_inference
            else planned_size
        )

    def peak_memory(self) -> float:
        """The most of the GPU's memory that was in use so far, in bytes; 0 without a GPU."""
        return float(torch.cuda.max_memory_allocated()) if self.model.device.type == "cuda" else 0.0

    # ------------------------------------------------------------------ inside

    def _build_prompt(self, question: Question, earlier: Sequence[tuple[str, str]] = ()) -> Prompt:
        prompt = self.chat.build_question_prompt(question, earlier)
        return Prompt(prompt.text, truncate_middle(prompt.ids, self.max_prompt_tokens, self.max_prompt_tokens // 2))

    def _autocast(self) -> contextlib.AbstractContextManager[object]:
        """Computing in the run's dtype, although norms and adapter are in float32."""
        return autocast_context(self.model, self.dtype)
