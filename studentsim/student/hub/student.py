"""A model of the hub as the student: it reads the options, writes freely, ticks by what it wrote, carries a LoRA adapter.

The base is never changed and never copied: it may be quantised and large. So the same model writes, scores and learns, with
its adapter on; the adapter off, it is the base again.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from studentsim.config import ALL_PROJECTIONS, RunConfig
from studentsim.records import Answer, Earlier, Pair, PairScore, Question, Writing
from studentsim.student import adapter
from studentsim.student.embedded import uniforms_of
from studentsim.student.generate import Prefix, Written, head_is_plain, read, write, write_on
from studentsim.student.hub.chat import Chat, Prompt
from studentsim.student.hub.form import in_form, letter_of
from studentsim.student.hub.loading import Loaded, computing
from studentsim.student.hub.scoring import score_options
from studentsim.student.hub.sizes import PROMPT
from studentsim.student.huggingface.calculator import TextCalculator
from studentsim.student.huggingface.decoder import PackedDecoder
from studentsim.student.huggingface.decoder_check import decoder_of
from studentsim.student.huggingface.generation import PackedSession
from studentsim.student.huggingface.packing import PackedRow
from studentsim.student.huggingface.scoring import score_completions
from studentsim.student.huggingface.step_weights import OrderedWeights
from studentsim.student.huggingface.threads import all_cores
from studentsim.student.recompute import Recomputing
from studentsim.student.replies import read_reply_full

T = TypeVar("T")

SCORED_AT_ONCE = 40
"""Questions whose options are scored before the first of their ticks is told."""
CLOSE = 0.5
"""Nats by which the likeliest option must lead for the tick to be left to 16 bits: four standard deviations of what rounding makes of
a lead (SmolLM2, docs/log.md)."""
HEARD_EVERY = 4
"""Tokens after which a listener is told anew."""
KEPT_AT_ONCE = 1.6e9
"""Bytes that a training step may keep for its backward pass."""

LONGEST_PROMPT = 2048
"""Tokens of a prompt at most; a longer one loses its middle, so that its beginning and its options stay."""
LAST = 24
"""Tokens at the end of a given working that are learnt however long it is: they tell the answer."""


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
        self.longest = _longest_prompt(loaded, self.limit)
        self.model = adapter.put_on(
            loaded.model, config.learning, config.seed, targets=_targets(loaded, config), revision=_commit(loaded)
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
            self.decoder = decoder_of(self.model, self.dtype) if fast else None
        self._weights: OrderedWeights | None = None
        self._exact: PackedDecoder | None = None
        if self.decoder:
            torch.set_num_threads(1)  # pieces have a thread each, as ``parallel.each`` deals them

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
        if self.decoder:
            yield from self._answered_packed(in_order, prompts, luck=luck, sure=sure, scored=scored)
            return
        for batch in _batches(in_order, self.plan.answers_at_once):
            started = time.monotonic()
            answers = self._answered(batch, [prompts[q.id] for q in batch], luck=luck, sure=sure, scored=scored)
            milliseconds = 1000 * (time.monotonic() - started) / len(batch)
            for answer in answers:
                yield replace(answer, milliseconds=milliseconds)

    def _answered(
        self, batch: Sequence[Question], prompts: Sequence[Prompt], *, luck: Sequence[object], sure: bool, scored: bool
    ) -> list[Answer]:
        """The answers to a batch; how long they took is not in them yet."""
        with self._computing():
            prefix = read(self.reader, [p.ids for p in prompts], self.tokenizer.pad_token_id)
            logps = self._option_logps(batch, prompts, prefix) if sure else [None] * len(batch)
            if scored:
                return [_ticked(q, row) for q, row in zip(batch, logps, strict=True)]
            uniforms = np.stack([uniforms_of((*luck, q.id), self.limit) for q in batch])
            written = write(
                self.reader, prefix, self.calculator, uniforms, end=self.ends, temperature=self.temperature, min_p=self.min_p
            )  # fmt: skip
        return [self._answer(q, w, row) for q, w, row in zip(batch, written, logps, strict=True)]

    def _answered_packed(
        self,
        questions: Sequence[Question],
        prompts: Mapping[str, Prompt],
        *,
        luck: Sequence[object],
        sure: bool,
        scored: bool,
    ) -> Iterator[Answer]:
        """The answers by the packed decoder, each as soon as it is written."""
        try:
            for batch in _batches(questions, SCORED_AT_ONCE if scored else self.plan.answers_at_once):
                started = time.monotonic()
                own = [prompts[q.id] for q in batch]
                logps = self._packed_option_logps(batch, own) if sure else [None] * len(batch)
                if scored:
                    logps = self._decided(batch, own, logps)
                answers = (
                    (_ticked(q, row) for q, row in zip(batch, logps, strict=True))
                    if scored
                    else self._written_packed(batch, own, logps, luck)
                )
                for answer in answers:
                    # one that is written beside others takes its share of the time so far
                    yield replace(answer, milliseconds=1000 * (time.monotonic() - started) / len(batch))
        finally:  # weights held a second time: made again in half a second, and training needs the memory
            self._weights = self._exact = None

    def _written_packed(
        self,
        batch: Sequence[Question],
        prompts: Sequence[Prompt],
        logps: Sequence[list[float] | None],
        luck: Sequence[object],
    ) -> Iterator[Answer]:
        uniforms = np.stack([uniforms_of((*luck, q.id), self.limit) for q in batch])
        self._weights = self._weights or OrderedWeights(self.decoder)
        session = PackedSession(self.decoder, self._weights, [p.ids for p in prompts])
        ids: list[list[int]] = [[] for _ in batch]
        rows = write_on(
            session, self.calculator and self.calculator.processor(ids), uniforms, ids=ids,
            end=self.ends, temperature=self.temperature, min_p=self.min_p, on_step=self._heard(batch),
        )  # fmt: skip
        with all_cores():
            for row, written in rows:
                yield self._answer(batch[row], written, logps[row])

    def _heard(self, batch: Sequence[Question]) -> Callable[[Sequence[Sequence[int]]], None] | None:
        """What tells whoever listens, after each token, of the longest answer in the making."""
        if not (listen := self.listen):
            return None
        began = time.monotonic()
        lengths = [0] * len(batch)

        def tell(ids: Sequence[Sequence[int]]) -> None:
            growing = [n for n, row in enumerate(ids) if len(row) > lengths[n]]
            lengths[:] = map(len, ids)
            if growing and len(ids[growing[0]]) % HEARD_EVERY == 1:
                row = growing[0]
                text = self.tokenizer.decode(ids[row], skip_special_tokens=True).strip()
                done = len(batch) - len(growing)
                listen(
                    Writing(
                        batch[row].id,
                        batch[row].problem,
                        text,
                        lengths[row],
                        done,
                        len(batch),
                        time.monotonic() - began,
                    )
                )

        return tell

    def _answer(self, question: Question, written: Written, logps: list[float] | None) -> Answer:
        """What was written, read; how long it took is not in it yet."""
        text = self.tokenizer.decode(written.ids, skip_special_tokens=True).strip()
        reply = read_reply_full(text, question, ended=written.ended)
        return Answer(
            question.id, text, reply.letter, reply.value, written.logprob, 0.0, logps and _shares(logps)[_right(question)],
            ended=written.ended, ids=(*written.ids, *([written.end] if written.ended else [])), value_letter=reply.value_letter,
        )  # fmt: skip

    # ------------------------------------------------------------------ being sure

    def confidence(self, questions: Sequence[Question]) -> list[float]:
        """The likeliest option's share of the probability of all options (P0, strategy "log-probability").

        Summed token log-probabilities of the options as answers, by text or by letter (``hub.scores``).
        """
        return [max(_shares(row)) for row in self.option_logps(questions)]

    def p_correct(self, questions: Sequence[Question]) -> list[float]:
        """The right option's share of the probability of all options, as P(right) in exams. Takes as long as ``confidence``."""
        scored = zip(questions, self.option_logps(questions), strict=True)
        return [_shares(row)[_right(question)] for question, row in scored]

    def option_logps(self, questions: Sequence[Question]) -> list[list[float]]:
        """Summed log-probability of each option as the answer; the prompt is computed once for all of a question's options."""
        found: dict[str, list[float]] = {}
        prompts = {q.id: self._prompt(q) for q in questions}
        in_order = sorted(questions, key=lambda q: (len(prompts[q.id].ids), q.id))
        if self.decoder:
            logps = self._packed_option_logps(in_order, [prompts[q.id] for q in in_order])
            found = {q.id: row for q, row in zip(in_order, logps, strict=True)}
            return [found[q.id] for q in questions]
        for batch in _batches(in_order, self.plan.answers_at_once):
            rows = [prompts[q.id] for q in batch]
            with self._computing():
                prefix = read(self.reader, [p.ids for p in rows], self.tokenizer.pad_token_id)
                for question, logps in zip(batch, self._option_logps(batch, rows, prefix), strict=True):
                    found[question.id] = logps
        return [found[q.id] for q in questions]

    def _option_logps(self, batch: Sequence[Question], prompts: Sequence[Prompt], prefix: Prefix) -> list[list[float]]:
        ids = [self._option_ids(q, p) for q, p in zip(batch, prompts, strict=True)]
        return score_options(self.reader, prefix, ids, at_once=5 * self.plan.answers_at_once)

    def _packed_option_logps(self, batch: Sequence[Question], prompts: Sequence[Prompt]) -> list[list[float]]:
        rows = [PackedRow(p.ids, self._option_ids(q, p)) for q, p in zip(batch, prompts, strict=True)]
        return [[score.logprob for score in row] for row in score_completions(self.decoder, rows)]

    def _decided(
        self, batch: Sequence[Question], prompts: Sequence[Prompt], logps: Sequence[list[float]]
    ) -> list[list[float]]:
        """``logps`` with close calls told anew in float32: which option is ticked is not to hang on 16 bits' rounding."""
        found = list(logps)
        close = [n for n, row in enumerate(logps) if _lead(row) < CLOSE] if self.dtype != torch.float32 else []
        if close:
            self._exact = self._exact or PackedDecoder(self.model, torch.float32)
            rows = [PackedRow(prompts[n].ids, self._option_ids(batch[n], prompts[n])) for n in close]
            for n, scores in zip(close, score_completions(self._exact, rows), strict=True):
                found[n] = [score.logprob for score in scores]
        return found

    def _option_ids(self, question: Question, prompt: Prompt) -> list[list[int]]:
        said = [f"Answer: {self._said(question, n)}" for n in range(len(question.options))]
        return [self.chat.continuation(prompt, self.chat.defused(text)) for text in said]

    def _said(self, question: Question, number: int) -> str:
        option = question.options[number]
        return letter_of(option, self.hub.answer_form) if self.hub.scores == "letter" else option.text

    def cache_gap(self, questions: Sequence[Question]) -> float:
        """How far an option's log-probability is off, at most, from what forward passes over whole texts tell. For trials.

        The questions are read side by side, the shorter ones behind padding.
        """
        prompts = [self._prompt(q) for q in questions]
        ids = [self._option_ids(q, p) for q, p in zip(questions, prompts, strict=True)]
        with self._computing(), torch.no_grad():
            if self.decoder:
                found = self._packed_option_logps(questions, prompts)
            else:
                prefix = read(self.reader, [p.ids for p in prompts], self.tokenizer.pad_token_id)
                found = score_options(self.reader, prefix, ids, at_once=5 * len(questions))
            plain = Recomputing(self.base)
            wanted = [
                score_options(plain, read(plain, [p.ids], self.tokenizer.pad_token_id), [own], at_once=1)[0]
                for p, own in zip(prompts, ids, strict=True)
            ]
        return max(abs(a - b) for row, own in zip(found, wanted, strict=True) for a, b in zip(row, own, strict=True))

    def prompt_tokens(self, question: Question) -> tuple[int, int]:
        """How many tokens a question's prompt has, and how many of them are read."""
        return len(self.chat.prompt(question).ids), len(self._prompt(question).ids)

    # ------------------------------------------------------------------ learning

    def pair_ids(self, pair: Pair) -> dict[str, list[int]]:
        """A pair as token ids; what the student wrote is learnt token for token as it wrote it. The calculator's tokens do not count."""
        prompt = self._prompt(pair.question)
        # A given working may be longer than any answer: its beginning and its end are learnt.
        most = max(self.limit, 2 * LAST)
        chosen, rejected = (
            list(ids)
            if ids
            else _cut(
                self.chat.completion(prompt, in_form(pair.question, text, self.hub.answer_form), ended=ended),
                most,
                LAST,
            )
            for ids, text, ended in (
                (pair.chosen_ids, pair.chosen, pair.chosen_ended),
                (pair.rejected_ids, pair.rejected, pair.rejected_ended),
            )
        )
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
        if self.decoder:
            return self._packed_pair_scores(rows, base)
        found: list[PairScore] = []
        with self._computing(), self.model.disable_adapter() if base else contextlib.nullcontext():
            for batch in _batches(rows, max(1, self.plan.pairs_at_once)):
                prefix = read(self.reader, [row["prompt_ids"] for row in batch], self.tokenizer.pad_token_id)
                ids = [[row["chosen_ids"], row["rejected_ids"]] for row in batch]
                masks = [[row["chosen_mask"], row["rejected_mask"]] for row in batch]
                means: list[list[float]] = []
                scored = score_options(
                    self.reader, prefix, ids, at_once=2 * len(batch), counted=masks, mean_logits=means
                )
                found += [PairScore(*logps, *logits) for logps, logits in zip(scored, means, strict=True)]
        return found

    def _packed_pair_scores(self, rows: Sequence[dict[str, list[int]]], base: bool) -> list[PairScore]:
        in_order = sorted(range(len(rows)), key=lambda n: len(rows[n]["prompt_ids"]))
        packed = [PackedRow(rows[n]["prompt_ids"], [rows[n]["chosen_ids"], rows[n]["rejected_ids"]]) for n in in_order]
        masks = [[rows[n]["chosen_mask"], rows[n]["rejected_mask"]] for n in in_order]
        with self.model.disable_adapter() if base else contextlib.nullcontext():
            scores = score_completions(self.decoder, packed, masks)
        found = {
            n: PairScore(chosen.logprob, rejected.logprob, chosen.mean_logit, rejected.mean_logit)
            for n, (chosen, rejected) in zip(in_order, scores, strict=True)
        }
        return [found[n] for n in range(len(rows))]

    def trained(self) -> None:
        """To be called when the adapter has changed."""
        self.model.eval()
        self._weights = None  # they hold the adapter as it was; whoever left off reading answers left them here

    def save(self, folder: Path) -> None:
        """Write the adapter, with the version of the model it belongs to; see ``Student.save``."""
        adapter.save(self.model, folder, base=self.version)

    def load(self, folder: Path) -> None:
        """Take up a saved adapter; see ``Student.load``. One that names no version is taken to be of this one.

        :raises StudentError: also where it was trained on another version of the model.
        """
        adapter.check_base(folder, self.version, unnamed=self.version)
        adapter.load(self.model, folder)
        self._weights = None

    @property
    def pairs_at_once(self) -> int:
        """Pairs that go through the model together in training: a divisor of the batch, and all that is kept of them fits."""
        config = self.base.config
        # of each token: residuals in float32, norms, queries, keys, values, both of the gate, and what the adapters look at
        token = config.num_hidden_layers * (18 * config.hidden_size + 6 * config.intermediate_size)
        most = max(
            1, int(KEPT_AT_ONCE / (token * (PROMPT + 2 * self.limit) * (2 if self.dtype == torch.float32 else 1)))
        )
        return max(d for d in range(1, self.plan.pairs_at_once + 1) if self.plan.pairs_at_once % d == 0 and d <= most)

    def peak_memory(self) -> float:
        """The most of the GPU's memory that was in use so far, in bytes; 0 without a GPU."""
        return float(torch.cuda.max_memory_allocated()) if self.model.device.type == "cuda" else 0.0

    # ------------------------------------------------------------------ inside

    def _prompt(self, question: Question, earlier: Sequence[tuple[str, str]] = ()) -> Prompt:
        prompt = self.chat.prompt(question, earlier)
        return Prompt(prompt.text, _cut(prompt.ids, self.longest, self.longest // 2))

    def _computing(self) -> contextlib.AbstractContextManager[object]:
        """Computing in the run's dtype, although norms and adapter are in float32."""
        return computing(self.model, self.dtype)


def _lead(logps: Sequence[float]) -> float:
    """How far (nats) the likeliest option is ahead of the next."""
    best, *others = sorted(logps, reverse=True)
    return best - others[0] if others else math.inf


def _shares(logps: Sequence[float]) -> list[float]:
    """Probabilities normalised over the options."""
    top = max(logps)
    weights = [math.exp(x - top) for x in logps]
    return [w / sum(weights) for w in weights]


def _right(question: Question) -> int:
    return next(n for n, option in enumerate(question.options) if option.letter == question.correct)


def _ticked(question: Question, logps: Sequence[float]) -> Answer:
    best = max(range(len(logps)), key=lambda n: logps[n])
    option = question.options[best]
    text = f"Answer: {option.letter}) {option.text}"
    p_right = _shares(logps)[_right(question)]
    return Answer(question.id, text, option.letter, option.text, logps[best], 0.0, p_right)


def _targets(loaded: Loaded, config: RunConfig) -> str | None:
    """PEFT's word for every projection, where the usual names are meant and the architecture has others (BLOOM, Phi)."""
    if config.learning.lora_targets != ALL_PROJECTIONS:
        return None
    ends = {name.rpartition(".")[2] for name, _ in loaded.model.named_modules()}
    return None if set(ALL_PROJECTIONS) <= ends else "all-linear"


def _commit(loaded: Loaded) -> str | None:
    return None if loaded.revision.startswith("files-") or not loaded.revision else loaded.revision


def _longest_prompt(loaded: Loaded, limit: int) -> int:
    config = loaded.model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or LONGEST_PROMPT + limit
    rope = getattr(config, "rope_parameters", None) or {}
    if rope.get("rope_type") == "longrope":
        # From here on all positions are turned otherwise, those in the cache and in shorter rows of the batch too.
        positions = min(positions, rope.get("original_max_position_embeddings") or positions)
    return max(16, min(LONGEST_PROMPT, positions - limit - 1))


def _cut(ids: list[int], most: int, last: int) -> list[int]:
    """Without the middle, where there are more than ``most``; the ``last`` ones stay."""
    return ids if len(ids) <= most else ids[: most - last] + ids[-last:]


def _batches(rows: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
