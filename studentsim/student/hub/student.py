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
from studentsim.records import Answer, Earlier, Pair, PairScore, Question, Writing
from studentsim.student import adapter
from studentsim.student.embedded import uniforms_of
from studentsim.student.generate import head_is_plain, read, write
from studentsim.student.hub.batches import LONGER, batches, batches_in_room
from studentsim.student.hub.cache_check import logprob_gap
from studentsim.student.hub.chat import Chat, Prompt
from studentsim.student.hub.completions import option_ids, pair_texts, without_middle
from studentsim.student.hub.fitting import commit_of, longest_prompt, lora_targets
from studentsim.student.hub.loading import Loaded, computing
from studentsim.student.hub.option_shares import right_share, shares, ticked
from studentsim.student.hub.scoring import score_options, score_pairs
from studentsim.student.hub.sizes import PROMPT
from studentsim.student.huggingface.calculator import TextCalculator
from studentsim.student.huggingface.listening import step_listener
from studentsim.student.huggingface.packed_inference import PackedInference
from studentsim.student.huggingface.threads import share_cores
from studentsim.student.replies import read_reply_full
from studentsim.student.sampling import Written

SCORED_AT_ONCE = 40
"""Questions whose options are scored before the first of their ticks is told."""


class HubStudent:
    """See ``studentsim.student.base.Student``, and ``studentsim.learning.dpo.Trainable``."""

    def __init__(self, loaded: Loaded, config: RunConfig, *, fast: bool = True) -> None:
        self.tokenizer = loaded.tokenizer
        self.chat = Chat(loaded.tokenizer, date=config.hub.prompt_date, form=config.hub.answer_form)
        self.plan = loaded.plan
        self.said = loaded.said
        """What was loaded, and how, in a line."""
        self.dtype = loaded.dtype
        self.version = loaded.revision
        self.hub = config.hub
        self.temperature, self.min_p, self.limit = config.temperature, config.min_p, config.max_new_tokens
        told = loaded.model.generation_config.eos_token_id if loaded.model.generation_config else None
        self.ends = {self.chat.end, self.tokenizer.eos_token_id, *(told if isinstance(told, list) else [told])} - {None}
        self.longest = longest_prompt(loaded, self.limit)
        self.room = LONGER * self.plan.answers_at_once * (PROMPT + self.limit)
        """Tokens of prompts and answers that a batch has memory for."""
        self.model = adapter.put_on(
            loaded.model, config.learning, config.seed, targets=lora_targets(loaded, config), revision=commit_of(loaded)
        )
        self.model.eval()
        self.base = self.model.get_base_model()
        """The language model itself; its projections carry the adapter."""
        self.reader = loaded.reader
        """It, or what reads with it; see ``Loaded.reader``."""
        self.listen: Callable[[Writing], None] | None = None
        """Hears, while answers are written, how far one of them has come."""
        self.calculator = TextCalculator(self.tokenizer) if config.hub.calculator else None
        with self._computing():
            self.plain_head = head_is_plain(self.reader)
            self.packed = PackedInference.of(self.model, self.dtype) if fast else None
        self.decoder = self.packed and self.packed.decoder
        """Computes the model's figures where transformers does not."""
        if self.packed:
            share_cores()

    # ------------------------------------------------------------------ answering

    def answer(
        self,
        questions: Sequence[Question],
        *,
        luck: Sequence[object],
        sure: bool = False,
        earlier: Earlier | None = None,
    ) -> Iterator[Answer]:
        """One answer for each question; see ``Student.answer``.

        ``sure`` is asked in exams: then P(right) is the right option's share among the options, scored, and where the run has
        its exams scored the likeliest option is ticked and nothing is written.
        """
        prompts = {q.id: self._prompt(q, (earlier or {}).get(q.id, ())) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        scored = sure and self.hub.exams == "scored"
        if self.packed:
            yield from self._answered_packed(self.packed, in_order, prompts, luck=luck, sure=sure, scored=scored)
            return
        for batch in batches(in_order, self.plan.answers_at_once):
            started = time.monotonic()
            answers = self._answered(batch, [prompts[q.id] for q in batch], luck=luck, sure=sure, scored=scored)
            milliseconds = 1000 * (time.monotonic() - started) / len(batch)
            yield from (replace(answer, milliseconds=milliseconds) for answer in answers)

    def _answered(
        self, batch: Sequence[Question], prompts: Sequence[Prompt], *, luck: Sequence[object], sure: bool, scored: bool
    ) -> list[Answer]:
        """The answers to a batch; how long they took is not in them yet."""
        with self._computing():
            prefix = read(self.reader, [p.ids for p in prompts], self.tokenizer.pad_token_id)
            logps: list[list[float]] | list[None] = [None] * len(batch)
            if sure:
                texts = self._texts(batch, prompts)
                logps = score_options(self.reader, prefix, texts, at_once=5 * self.plan.answers_at_once)
            if scored:
                return [ticked(q, row) for q, row in zip(batch, logps, strict=True)]
            uniforms = np.stack([uniforms_of((*luck, q.id), self.limit) for q in batch])
            written = write(
                self.reader, prefix, self.calculator, uniforms, end=self.ends, temperature=self.temperature, min_p=self.min_p,
                on_step=step_listener(batch, self.tokenizer, self.listen),
            )  # fmt: skip
        return [self._answer(q, w, row) for q, w, row in zip(batch, written, logps, strict=True)]

    def _answered_packed(
        self,
        packed: PackedInference,
        questions: Sequence[Question],
        prompts: Mapping[str, Prompt],
        *,
        luck: Sequence[object],
        sure: bool,
        scored: bool,
    ) -> Iterator[Answer]:
        """The answers by the packed decoder, each as soon as it is written."""
        # where answers are written, keys and values of all are held until the last is done
        lengths, size = [len(prompts[q.id].ids) + self.limit for q in questions], self.plan.answers_at_once
        in_room = batches_in_room(questions, lengths, size=size, room=self.room)
        try:
            for batch in batches(questions, SCORED_AT_ONCE) if scored else in_room:
                started = time.monotonic()
                own = [prompts[q.id] for q in batch]
                weigh = packed.decided if scored else packed.logprobs
                logps = weigh([p.ids for p in own], self._texts(batch, own)) if sure else [None] * len(batch)
                answers = (
                    (ticked(q, row) for q, row in zip(batch, logps, strict=True))
                    if scored
                    else self._written_packed(batch, own, logps, luck)
                )
                for answer in answers:
                    # one that is written beside others takes its share of the time so far
                    yield replace(answer, milliseconds=1000 * (time.monotonic() - started) / len(batch))
        finally:
            packed.release()

    def _written_packed(
        self,
        batch: Sequence[Question],
        prompts: Sequence[Prompt],
        logps: Sequence[list[float] | None],
        luck: Sequence[object],
    ) -> Iterator[Answer]:
        uniforms = np.stack([uniforms_of((*luck, q.id), self.limit) for q in batch])
        for row, written in self.packed.write(
            [p.ids for p in prompts], uniforms, self.calculator, end=self.ends, temperature=self.temperature, min_p=self.min_p,
            on_step=step_listener(batch, self.tokenizer, self.listen),
        ):  # fmt: skip
            yield self._answer(batch[row], written, logps[row])

    def _answer(self, question: Question, written: Written, logps: list[float] | None) -> Answer:
        """What was written, read; how long it took is not in it yet."""
        text = self.tokenizer.decode(written.ids, skip_special_tokens=True).strip()
        reply = read_reply_full(text, question, ended=written.ended)
        return Answer(
            question.id, text, reply.letter, reply.value, written.logprob, 0.0, logps and right_share(question, logps),
            ended=written.ended, ids=(*written.ids, *([written.end] if written.ended else [])), value_letter=reply.value_letter,
        )  # fmt: skip

    # ------------------------------------------------------------------ being sure

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """The likeliest option's share of the probability of all options (P0, strategy "log-probability").

        Summed token log-probabilities of the options as answers, by text or by letter (``hub.scores``).
        """
        return [max(shares(row)) for row in self.option_logps(questions)]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """The right option's share of the probability of all options, as P(right) in exams. Takes as long as ``confidence``."""
        return [right_share(q, row) for q, row in zip(questions, self.option_logps(questions), strict=True)]

    def option_logps(self, questions: Sequence[Question]) -> list[list[float]]:
        """Summed log-probability of each option as the answer; the prompt is computed once for all of a question's options."""
        found: dict[str, list[float]] = {}
        prompts = {q.id: self._prompt(q) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        for batch in batches(in_order, max(1, len(in_order)) if self.packed else self.plan.answers_at_once):
            logps = self._weighed(batch, [prompts[q.id] for q in batch])
            found |= {q.id: row for q, row in zip(batch, logps, strict=True)}
        return [found[q.id] for q in questions]

    def _weighed(self, questions: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[float]]:
        """The same of questions that are read side by side."""
        ids, texts = [p.ids for p in prompts], self._texts(questions, prompts)
        if self.packed:
            return self.packed.logprobs(ids, texts)
        with self._computing():
            prefix = read(self.reader, ids, self.tokenizer.pad_token_id)
            return score_options(self.reader, prefix, texts, at_once=5 * self.plan.answers_at_once)

    def _texts(self, batch: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[list[int]]]:
        """The ids of each question's options as answers behind its prompt."""
        return [option_ids(q, p, self.chat, scores=self.hub.scores) for q, p in zip(batch, prompts, strict=True)]

    def cache_gap(self, questions: Sequence[Question]) -> float:
        """How far an option's log-probability is off, at most, from what forward passes over whole texts tell. For trials.

        The questions are read side by side, the shorter ones behind padding.
        """
        prompts = [self._prompt(q) for q in questions]
        found, texts = self._weighed(questions, prompts), self._texts(questions, prompts)
        with self._computing():
            return logprob_gap(self.base, [p.ids for p in prompts], texts, found, self.tokenizer.pad_token_id)

    def prompt_tokens(self, question: Question) -> tuple[int, int]:
        """How many tokens a question's prompt has, and how many of them are read."""
        return len(self.chat.prompt(question).ids), len(self._prompt(question).ids)

    # ------------------------------------------------------------------ learning

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids; what the student wrote is learnt token for token as it wrote it. The calculator's tokens do not count."""
        prompt = self._prompt(pair.question)
        chosen, rejected = pair_texts(pair, prompt, self.chat, limit=self.limit)
        return {
            "prompt_ids": prompt.ids,
            "chosen_ids": chosen,
            "rejected_ids": rejected,
            "chosen_mask": self._own(chosen),
            "rejected_mask": self._own(rejected),
        }

    def _own(self, ids: Sequence[int]) -> list[int]:
        """1 for each token that is the student's own, 0 for the calculator's."""
        return self.calculator.forced_mask(ids) if self.calculator else [1] * len(ids)

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected by the student as it stands, or with its adapter off (``base``)."""
        return [(score.chosen, score.rejected) for score in self.pair_scores(rows, base=base)]

    def pair_scores(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[PairScore]:
        """As ``pair_logps``, with the mean logits, which beside a language model's head cost next to nothing."""
        self.model.eval()
        with self.model.disable_adapter() if base else contextlib.nullcontext():
            if self.packed:
                return self.packed.pair_scores(rows)
            at_once = max(1, self.plan.pairs_at_once)
            with self._computing():
                return score_pairs(self.reader, rows, pad=self.tokenizer.pad_token_id, at_once=at_once)

    def trained(self) -> None:
        """To be called when the adapter has changed. Weights that hold it as it was are forgotten: whoever left off reading answers
        has left them here."""
        self.model.eval()
        if self.packed:
            self.packed.release()

    def save(self, folder: Path) -> None:
        """Write the adapter, with the version of the model it belongs to; see ``Student.save``."""
        adapter.save(self.model, folder, base=self.version)

    def load(self, folder: Path) -> None:
        """Take up a saved adapter; see ``Student.load``. One that names no version is taken to be of this one.

        :raises StudentError: also where it was trained on another version of the model.
        """
        adapter.check_base(folder, self.version, unnamed=self.version)
        adapter.load(self.model, folder)
        self.trained()

    @property
    def pairs_at_once(self) -> int:
        """Pairs that go through the model together in training: a divisor of the batch, and all that is kept of them fits."""
        most = self.plan.pairs_at_once
        return self.packed.pairs_at_once(most, PROMPT + 2 * self.limit) if self.packed else most

    def peak_memory(self) -> float:
        """The most of the GPU's memory that was in use so far, in bytes; 0 without a GPU."""
        return float(torch.cuda.max_memory_allocated()) if self.model.device.type == "cuda" else 0.0

    # ------------------------------------------------------------------ inside

    def _prompt(self, question: Question, earlier: Sequence[tuple[str, str]] = ()) -> Prompt:
        prompt = self.chat.prompt(question, earlier)
        return Prompt(prompt.text, without_middle(prompt.ids, self.longest, self.longest // 2))

    def _computing(self) -> contextlib.AbstractContextManager[object]:
        """Computing in the run's dtype, although norms and adapter are in float32."""
        return computing(self.model, self.dtype)
