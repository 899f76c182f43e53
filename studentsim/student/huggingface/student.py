"""A Hugging Face language model as a student: its prompt contains the options, it generates an answer, and has a LoRA adapter.

The base model is never changed and never copied, since it may be quantised and large. The same model generates, scores and is trained,
with its adapter enabled; with the adapter disabled it is the base model.
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
from studentsim.student.batching import TOKEN_BUDGET_FACTOR, iter_batches, iter_batches_by_tokens
from studentsim.student.embedded.student import draw_uniforms
from studentsim.student.generation.generate import generate, has_plain_lm_head
from studentsim.student.generation.sampling import Generation
from studentsim.student.huggingface.adapter_setup import (
    collect_end_token_ids,
    compute_max_prompt_tokens,
    get_hub_commit,
    resolve_lora_targets,
)
from studentsim.student.huggingface.cache_check import max_logprob_error
from studentsim.student.huggingface.calculator import TextCalculator
from studentsim.student.huggingface.chat import ChatFormatter, Prompt
from studentsim.student.huggingface.completions import encode_options, tokenize_pair, truncate_middle
from studentsim.student.huggingface.loading import LoadedModel
from studentsim.student.huggingface.memory import TYPICAL_PROMPT_TOKENS
from studentsim.student.huggingface.option_probabilities import (
    choose_likeliest_option,
    correct_option_probability,
    option_probabilities,
)
from studentsim.student.huggingface.packed_inference import PackedInference
from studentsim.student.huggingface.progress import make_step_callback
from studentsim.student.huggingface.threads import limit_torch_threads
from studentsim.student.huggingface.transformers_inference import TransformersInference
from studentsim.types import Answer, AttemptHistory, Pair, PairScore, Question, WritingProgress

SCORING_BATCH_SIZE = 40
"""Questions whose options are scored before the first of their answers is yielded."""


class HubStudent:
    """See ``studentsim.student.protocols.Student``, and ``studentsim.training.dpo.TrainableStudent``."""

    def __init__(self, loaded: LoadedModel, config: RunConfig, *, use_packed_decoder: bool = True) -> None:
        self.tokenizer = loaded.tokenizer
        self.chat = ChatFormatter(
            loaded.tokenizer, prompt_date=config.model_loading.prompt_date, answer_form=config.model_loading.answer_form
        )
        self.plan = loaded.plan
        self.summary = loaded.summary
        """See ``LoadedModel.summary``."""
        self.dtype = loaded.dtype
        self.revision = loaded.revision
        self.model_loading = config.model_loading
        self.temperature, self.min_p, self.max_new_tokens = config.temperature, config.min_p, config.max_new_tokens
        self.end_token_ids = collect_end_token_ids(loaded, self.chat)
        self.max_prompt_tokens = compute_max_prompt_tokens(loaded, self.max_new_tokens)
        self.max_batch_tokens = (
            TOKEN_BUDGET_FACTOR * self.plan.generation_batch_size * (TYPICAL_PROMPT_TOKENS + self.max_new_tokens)
        )
        """Tokens of prompts and answers for which a batch has memory."""
        self.model = adapter.attach_adapter(
            loaded.model,
            config.dpo,
            config.seed,
            target_modules=resolve_lora_targets(loaded, config),
            revision=get_hub_commit(loaded),
        )
        self.model.eval()
        self.base_model = self.model.get_base_model()
        """The language model itself; its projections have the adapter."""
        self.inference_model = loaded.inference_model
        """See ``LoadedModel.inference_model``."""
        self.on_progress: Callable[[WritingProgress], None] | None = None
        """Called with the text of an unfinished answer while answers are generated."""
        self.calculator = TextCalculator(self.tokenizer) if config.model_loading.calculator else None
        self.transformers_inference = TransformersInference(
            self.model, self.inference_model, self.dtype, self.plan, pad_token_id=self.tokenizer.pad_token_id
        )
        with self.transformers_inference.autocast():
            self.has_plain_lm_head = has_plain_lm_head(self.inference_model)
            self.packed_inference = PackedInference.from_model(self.model, self.dtype) if use_packed_decoder else None
        self._inference = self.packed_inference or self.transformers_inference
        self.decoder = self.packed_inference and self.packed_inference.decoder
        """The packed decoder; None where transformers computes everything."""
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

        ``with_p_correct`` is set in exams: it adds the correct option's probability among the options. If
        ``ModelLoadingSettings.exam_mode`` is ``scored``, the likeliest option is then the answer, without generation.
        """
        prompts = {q.id: self._build_prompt(q, (earlier or {}).get(q.id, ())) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        score_only = with_p_correct and self.model_loading.exam_mode == "scored"
        answer_batch = self._answer_packed if self.packed_inference else self._answer_with_transformers
        try:
            for batch in self._iter_answer_batches(in_order, prompts, score_only):
                yield from answer_batch(batch, [prompts[q.id] for q in batch], seed_key, with_p_correct, score_only)
        finally:
            if self.packed_inference:
                self.packed_inference.release_weights()

    def _iter_answer_batches(
        self, questions: Sequence[Question], prompts: Mapping[str, Prompt], score_only: bool
    ) -> Iterator[Sequence[Question]]:
        if not self.packed_inference:
            return iter_batches(questions, self.plan.generation_batch_size)
        if score_only:
            return iter_batches(questions, SCORING_BATCH_SIZE)
        # The keys and values of a whole batch are in memory until its last answer is finished.
        lengths = [len(prompts[q.id].ids) + self.max_new_tokens for q in questions]
        return iter_batches_by_tokens(
            questions, lengths, batch_size=self.plan.generation_batch_size, max_tokens=self.max_batch_tokens
        )

    def _answer_with_transformers(
        self,
        batch: Sequence[Question],
        prompts: Sequence[Prompt],
        seed_key: Sequence[object],
        with_p_correct: bool,
        score_only: bool,
    ) -> Iterator[Answer]:
        """The answers to a batch, by transformers."""
        started = time.monotonic()
        inference = self.transformers_inference
        logps: list[list[float]] | list[None] = [None] * len(batch)
        with inference.autocast():
            prefix = inference.prefill([p.ids for p in prompts])
            if with_p_correct:
                logps = inference.score(prefix, self._encode_options(batch, prompts))
            if score_only:
                answers = [choose_likeliest_option(q, row) for q, row in zip(batch, logps, strict=True)]
            else:
                generations = generate(
                    self.inference_model, prefix, self.calculator, self._draw_uniforms(batch, seed_key),
                    eos_token_id=self.end_token_ids, temperature=self.temperature, min_p=self.min_p,
                    on_step=make_step_callback(batch, self.tokenizer, self.on_progress),
                )  # fmt: skip
                answers = [self._build_answer(q, g, row) for q, g, row in zip(batch, generations, logps, strict=True)]
        milliseconds = 1000 * (time.monotonic() - started) / len(batch)
        yield from (replace(answer, milliseconds=milliseconds) for answer in answers)

    def _answer_packed(
        self,
        batch: Sequence[Question],
        prompts: Sequence[Prompt],
        seed_key: Sequence[object],
        with_p_correct: bool,
        score_only: bool,
    ) -> Iterator[Answer]:
        """The answers to a batch, by the packed decoder, each as soon as it is finished."""
        started = time.monotonic()
        packed, prompt_ids = self.packed_inference, [p.ids for p in prompts]
        score = packed.rechecked_logprobs if score_only else packed.completion_logprobs
        logps = score(prompt_ids, self._encode_options(batch, prompts)) if with_p_correct else [None] * len(batch)
        if score_only:
            answers = (choose_likeliest_option(q, row) for q, row in zip(batch, logps, strict=True))
        else:
            generations = packed.generate(
                prompt_ids, self._draw_uniforms(batch, seed_key), self.calculator,
                end_token_ids=self.end_token_ids, temperature=self.temperature, min_p=self.min_p,
                on_step=make_step_callback(batch, self.tokenizer, self.on_progress),
            )  # fmt: skip
            answers = (self._build_answer(batch[row], generation, logps[row]) for row, generation in generations)
        for answer in answers:
            # its share of the batch's time so far
            yield replace(answer, milliseconds=1000 * (time.monotonic() - started) / len(batch))

    def _draw_uniforms(self, batch: Sequence[Question], seed_key: Sequence[object]) -> np.ndarray:
        """Uniforms (B, N) of each question's random stream, one for each token."""
        return np.stack([draw_uniforms((*seed_key, q.id), self.max_new_tokens) for q in batch])

    def _build_answer(self, question: Question, generation: Generation, logps: list[float] | None) -> Answer:
        """The parsed answer; the caller sets its ``milliseconds``."""
        text = self.tokenizer.decode(generation.ids, skip_special_tokens=True).strip()
        reply = parse_reply_full(text, question, ended=generation.ended)
        end_ids = [generation.eos_token_id] if generation.ended else []
        return Answer(
            question.id, text, reply.letter, reply.value, generation.logprob, 0.0,
            logps and correct_option_probability(question, logps),
            ended=generation.ended, ids=(*generation.ids, *end_ids), value_letter=reply.value_letter,
        )  # fmt: skip

    # ------------------------------------------------------------------ scoring options

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """The likeliest option's probability among the options (P0, strategy "log-probability").

        From the summed token log-probabilities of the options as answers, by text or by letter (``ModelLoadingSettings.option_scoring``).
        """
        return [max(option_probabilities(row)) for row in self.option_logps(questions)]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """The correct option's probability among the options, as in exams. Takes as long as ``confidence``."""
        return [
            correct_option_probability(q, row) for q, row in zip(questions, self.option_logps(questions), strict=True)
        ]

    def option_logps(self, questions: Sequence[Question]) -> list[list[float]]:
        """Summed natural log-probability of each option as the answer; a prompt is computed once for all of its options."""
        logps_by_id: dict[str, list[float]] = {}
        prompts = {q.id: self._build_prompt(q) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        batch_size = max(1, len(in_order)) if self.packed_inference else self.plan.generation_batch_size
        for batch in iter_batches(in_order, batch_size):
            logps = self._score_options(batch, [prompts[q.id] for q in batch])
            logps_by_id |= {q.id: row for q, row in zip(batch, logps, strict=True)}
        return [logps_by_id[q.id] for q in questions]

    def _score_options(self, questions: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[float]]:
        """As ``option_logps``, in one batch."""
        return self._inference.completion_logprobs([p.ids for p in prompts], self._encode_options(questions, prompts))

    def _encode_options(self, batch: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[list[int]]]:
        """Token ids of each question's options as answers to its prompt."""
        return [
            encode_options(q, p, self.chat, option_scoring=self.model_loading.option_scoring)
            for q, p in zip(batch, prompts, strict=True)
        ]

    def measure_cache_error(self, questions: Sequence[Question]) -> float:
        """The largest error (nats) of the options' log-probabilities against forward passes over whole texts. For benchmarks.

        The questions form one batch, so that shorter prompts are padded.
        """
        prompts = [self._build_prompt(q) for q in questions]
        logps, texts = self._score_options(questions, prompts), self._encode_options(questions, prompts)
        with self.transformers_inference.autocast():
            return max_logprob_error(
                self.base_model, [p.ids for p in prompts], texts, logps, self.tokenizer.pad_token_id
            )

    def count_prompt_tokens(self, question: Question) -> tuple[int, int]:
        """Tokens of a question's prompt, and of the prompt after truncation."""
        return len(self.chat.build_question_prompt(question).ids), len(self._build_prompt(question).ids)

    # ------------------------------------------------------------------ training

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair's token ids and masks; see ``completions.tokenize_pair``."""
        prompt = self._build_prompt(pair.question)
        return tokenize_pair(pair, prompt, self.chat, self.calculator, max_new_tokens=self.max_new_tokens)

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected with the current adapter or, with ``base``, without it."""
        return [score.logps for score in self.pair_scores(rows, base=base)]

    def pair_scores(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[PairScore]:
        """As ``pair_logps``, with the mean logits, which cost little next to the LM head."""
        self.model.eval()
        with self.model.disable_adapter() if base else contextlib.nullcontext():
            return self._inference.pair_scores(rows)

    def on_adapter_changed(self) -> None:
        """Called when the adapter has changed: frees copies of the weights with the former adapter, which remain where a caller of
        ``answer`` stopped early."""
        self.model.eval()
        if self.packed_inference:
            self.packed_inference.release_weights()

    def save(self, folder: Path) -> None:
        """Write the adapter, with the base model's version; see ``Student.save``."""
        adapter.save_adapter(self.model, folder, base_fingerprint=self.revision)

    def load(self, folder: Path) -> None:
        """Load a saved adapter; see ``Student.load``. One without a version is taken to be for this base model.

        :raises StudentError: when it is incomplete or damaged, or was trained on another version of the model.
        """
        adapter.check_base_fingerprint(folder, self.revision, default_fingerprint=self.revision)
        adapter.load_adapter(self.model, folder)
        self.on_adapter_changed()

    @property
    def micro_batch_size(self) -> int:
        """Pairs that go through the model together in training: a divisor of the batch whose activations fit into memory."""
        planned_size = self.plan.micro_batch_size
        return (
            self.packed_inference.fit_micro_batch_size(planned_size, TYPICAL_PROMPT_TOKENS + 2 * self.max_new_tokens)
            if self.packed_inference
            else planned_size
        )

    def peak_memory(self) -> float:
        """The GPU's peak memory so far, in bytes; 0 without a GPU."""
        return float(torch.cuda.max_memory_allocated()) if self.model.device.type == "cuda" else 0.0

    # ------------------------------------------------------------------ inside

    def _build_prompt(self, question: Question, earlier: Sequence[tuple[str, str]] = ()) -> Prompt:
        prompt = self.chat.build_question_prompt(question, earlier)
        return Prompt(prompt.text, truncate_middle(prompt.ids, self.max_prompt_tokens, self.max_prompt_tokens // 2))
