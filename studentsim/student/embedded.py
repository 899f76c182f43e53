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

from studentsim import luck as lucks
from studentsim.config import RunConfig
from studentsim.errors import StudentError
from studentsim.parallel import each
from studentsim.records import Answer, Earlier, Pair, PairScore, Question
from studentsim.student import adapter
from studentsim.student.batches import even_batches, in_batches
from studentsim.student.calculator import Calculator
from studentsim.student.confidence import ConfidenceEstimator, workings
from studentsim.student.decoder import Decoder
from studentsim.student.drafts import write_along
from studentsim.student.embedded_weights import FINGERPRINT_0_1
from studentsim.student.generate import Prefix, read, score, write
from studentsim.student.parsing import read_answer
from studentsim.student.passages import of_use
from studentsim.student.profiles import profile_of
from studentsim.student.prompts import completion_ids, knows_levels, named_opening, opening, prompt_ids
from studentsim.student.sampling import Written

FIRST = 24
"""Rows written before all others where there are many, so that a page has something to show at once."""

BATCH = 120
"""Rows written at once, token after token."""

FOLLOWED = 12
"""Rows that follow their drafts at once: few, so that what is computed stays in a core's cache."""

LENGTH_WINDOW = 60
"""Rows among which those of like length are sought: an exam's first answers are there after as many."""

PAIRS = 12
"""Pairs of like length that are scored at once."""

KNOWN = 4096
"""Workings whose ids are kept: an exam comes again and again."""


@dataclass
class _Row:
    """A question on its way to its answer."""

    question: Question
    prompt: list[int]
    luck: np.ndarray
    """Uniforms (N,), one for each token."""
    written: Written = Written([], 0.0, False)
    p_right: float | None = None
    milliseconds: float = 0.0


class EmbeddedStudent:
    """See ``studentsim.student.base.Student``. ``model`` is trained, ``twin`` (base and adapter merged) writes."""

    def __init__(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, config: RunConfig) -> None:
        torch.set_num_threads(1)  # the cores are for whole batches: ``each`` has a thread for each
        self.tokenizer = tokenizer
        self.profile = profile_of(config)
        self._knows_levels = knows_levels(tokenizer)
        self.weights = getattr(model, "weights_fingerprint", "")  # a model made on the spot has none
        self.temperature = config.temperature
        self.min_p = config.min_p
        self.limit = config.max_new_tokens
        self.calculator = Calculator(tokenizer)
        self._manner = {"end": tokenizer.eos_token_id, "temperature": self.temperature, "min_p": self.min_p}
        self._encoded = lru_cache(KNOWN)(lambda working: completion_ids(tokenizer, working))
        self._told: dict[tuple[tuple[int, ...], tuple[int, ...]], float] = {}
        self.twin = copy.deepcopy(model).eval().requires_grad_(False)
        self.decoder = Decoder(self.twin)
        self._estimator = ConfidenceEstimator(self.decoder, self.calculator, self._prompt, self._encoded)
        self.model = adapter.put_on(model, config.learning, config.seed)

    # ------------------------------------------------------------------ answering

    def answer(
        self,
        questions: Sequence[Question],
        *,
        luck: Sequence[object],
        sure: bool = False,
        earlier: Earlier | None = None,
        passages: Mapping[str, str] | None = None,
    ) -> Iterator[Answer]:
        """One answer for each question; see ``Student.answer``. Of earlier attempts the last is read, as in pretraining.

        ``passages``: what lies open beside a question while it is answered, by question id (an open book).

        :raises StudentError: there are passages, but the weights are version 0.1's, which know none.
        """
        earlier, beside = earlier or {}, self._beside(questions, passages or {})
        prompts = [self._prompt(q, earlier.get(q.id, ()), beside.get(q.id, ""), True) for q in questions]
        rows = [
            _Row(q, prompt, uniforms_of((*luck, q.id), self.limit))
            for q, prompt in zip(questions, prompts, strict=True)
        ]
        rows.sort(key=lambda row: (len(row.prompt), row.question.id))  # rows of like length go together
        # First what follows a known working, many tokens in a pass; then, token after token, what does not.
        known = [row for row in rows if row.question.right.working]
        known.sort(key=lambda row: len(row.question.right.working or ""))
        waiting = deque(known)
        for _ in each(self._follow, self._batches_by_length(known)):
            while waiting and waiting[0].p_right is not None:  # they come in this order, whatever is computed together
                row = waiting.popleft()
                if row.written.done(self.limit):
                    yield self._answer(row, sure)
        rest = [row for row in rows if not row.written.done(self.limit)]
        first = FIRST if len(rest) > BATCH else 0
        for batch in each(self._write, (*in_batches(rest[:first], BATCH), *in_batches(rest[first:], BATCH))):
            yield from (self._answer(row, sure) for row in batch)

    def _batches_by_length(self, rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
        """The rows in batches to be computed, those of like length together as far as they stand near each other."""
        for near in in_batches(rows, LENGTH_WINDOW):
            lengths = {r.question.id: len(r.prompt) + len(self._encoded(r.question.right.working or "")) for r in near}
            yield from even_batches(sorted(near, key=lambda r: (lengths[r.question.id], r.question.id)), FOLLOWED)

    def _prompt(
        self,
        question: Question,
        earlier: Sequence[tuple[str, str]] = (),
        passage: str = "",
        fits: bool | None = None,
    ) -> list[int]:
        return prompt_ids(self.tokenizer, self._opening(question), question.problem, earlier[-1:], passage, fits)

    def _beside(self, questions: Sequence[Question], passages: Mapping[str, str]) -> dict[str, str]:
        """The passages that the student takes to be of use, by question id. Others it lays aside: what it writes is the same without."""
        asked = [q for q in questions if passages.get(q.id)]
        if asked and not self._knows_levels:
            raise StudentError(
                "The embedded student of version 0.1 has never had a book beside a question.",
                "Take today's, without weights.",
            )
        # Judged is the prompt without the token that opens the working: what comes there is whether the passage is of use.
        use = of_use(self.decoder, self.tokenizer, [self._prompt(q, passage=passages[q.id])[:-1] for q in asked])
        return {q.id: passages[q.id] for q, judged in zip(asked, use, strict=True) if judged}

    def _opening(self, question: Question) -> list[int]:
        if not self._knows_levels:
            return named_opening(self.tokenizer, self.profile.id)
        level = self.profile.level(question.skill, question.category, question.difficulty)
        return opening(self.tokenizer, level, self.profile.leaning)

    def _follow(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """Write along the questions' workings, the right one first: what their answers will probably be."""
        started = time.monotonic()
        drafts = [[self._encoded(working) for working in workings(row.question)] for row in rows]
        written, first = write_along(
            self.decoder, [row.prompt for row in rows], self.calculator, np.stack([row.luck for row in rows]), drafts,
            **self._manner,
        )  # fmt: skip
        for row, own, w, logprob in zip(rows, drafts, written, first, strict=True):
            row.written, row.p_right = w, math.exp(logprob)
            self._told[tuple(row.prompt), tuple(own[0])] = logprob
        return _share_time(rows, started)

    def _write(self, rows: Sequence[_Row]) -> Sequence[_Row]:
        """Write on, each row from where it is."""
        started = time.monotonic()
        written = write(
            self.decoder, self._read(rows), self.calculator, np.stack([row.luck for row in rows]),
            begun=[row.written for row in rows], **self._manner,
        )  # fmt: skip
        for row, w in zip(rows, written, strict=True):
            row.written = w
        return _share_time(rows, started)

    def _read(self, rows: Sequence[_Row]) -> Prefix:
        return read(self.decoder, [row.prompt for row in rows], self.tokenizer.pad_token_id)

    def _answer(self, row: _Row, sure: bool) -> Answer:
        written = row.written
        if written.ended:
            self._told[tuple(row.prompt), (*written.ids, self._manner["end"])] = written.logprob
        text = self.tokenizer.decode(written.ids)
        letter, value = read_answer(text, row.question)
        p_right = row.p_right if sure else None
        return Answer(
            row.question.id, text, letter, value, written.logprob, row.milliseconds, p_right, ended=written.ended
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
            "prompt_ids": self._prompt(pair.question),
            "chosen_ids": chosen,
            "rejected_ids": rejected,
            "chosen_mask": self.calculator.mask(chosen),
            "rejected_mask": self.calculator.mask(rejected),
        }

    def pair_logps(self, rows: Sequence[dict[str, list[int]]], *, base: bool = False) -> list[tuple[float, float]]:
        """Log-probabilities of chosen and rejected, by the twin: the student as it was when last trained, or the ``base``."""
        if base:
            adapter.merge_into(self.twin, self.model, base=True)
            self.decoder.take(self.twin)
            self._told.clear()
            try:
                return self.pair_logps(rows)
            finally:
                self.trained()
        found = [self._known(row) for row in rows]
        for n, scored in self._scores(rows, [n for n, known in enumerate(found) if None in known]):
            found[n] = (scored.chosen, scored.rejected)
        return found

    def pair_scores(self, rows: Sequence[dict[str, list[int]]]) -> list[PairScore]:
        """As ``pair_logps``, with the mean logits. Every row is scored, whatever answering has told."""
        found = dict(self._scores(rows, range(len(rows)), logits=True))
        return [found[n] for n in range(len(rows))]

    def _scores(
        self, rows: Sequence[dict[str, list[int]]], wanted: Iterable[int], *, logits: bool = False
    ) -> Iterator[tuple[int, PairScore]]:
        """The ``wanted`` rows' figures, each with its number, those of like length together; mean logits are 0 where not asked for."""
        in_order = sorted(wanted, key=lambda n: max(len(rows[n]["chosen_ids"]), len(rows[n]["rejected_ids"])))
        batches = list(in_batches(in_order, PAIRS))
        told = each(lambda b: self._pairs_told([rows[n] for n in b], logits), batches)
        for batch, scores in zip(batches, told, strict=True):
            yield from zip(batch, scores, strict=True)

    def _pairs_told(self, rows: Sequence[dict[str, list[int]]], logits: bool) -> list[PairScore]:
        prefix = read(self.decoder, [row["prompt_ids"] for row in rows], self.tokenizer.pad_token_id)
        means: list[list[float]] = []
        scored = score(
            self.decoder, prefix,
            [[row["chosen_ids"], row["rejected_ids"]] for row in rows],
            [[row["chosen_mask"], row["rejected_mask"]] for row in rows],
            mean_logits=means if logits else None,
        )  # fmt: skip
        return [PairScore(*logps, *mean) for logps, mean in zip(scored, means or [(0.0, 0.0)] * len(rows), strict=True)]

    def _known(self, row: dict[str, list[int]]) -> tuple[float | None, float | None]:
        """What answering has told already of a pair: of the right working, and of what the student wrote."""
        prompt = tuple(row["prompt_ids"])
        return self._told.get((prompt, tuple(row["chosen_ids"]))), self._told.get((prompt, tuple(row["rejected_ids"])))

    def trained(self) -> None:
        """To be called when the adapter has changed: the twin takes it over."""
        adapter.merge_into(self.twin, self.model)
        self.decoder.take(self.twin)
        self._told.clear()

    def save(self, folder: Path) -> None:
        """Write the adapter, with the fingerprint of the weights it belongs to; see ``Student.save``."""
        adapter.save(self.model, folder, base=self.weights)

    def load(self, folder: Path) -> None:
        """Take up a saved adapter; see ``Student.load``. One that names no weights was trained on version 0.1's.

        :raises StudentError: also where it was trained on other weights.
        """
        adapter.check_base(folder, self.weights, unnamed=FINGERPRINT_0_1)
        adapter.load(self.model, folder)
        self.trained()


def _share_time(rows: Sequence[_Row], started: float) -> Sequence[_Row]:
    for row in rows:
        row.milliseconds += 1000 * (time.monotonic() - started) / len(rows)
    return rows


def uniforms_of(luck: Sequence[object], count: int) -> np.ndarray:
    """The first ``count`` uniforms (0 to 1) of a row's luck."""
    return np.random.Generator(np.random.Philox(key=lucks.number(*luck))).random(count)
