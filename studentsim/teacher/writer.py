"""Hints in a larger model's own words: an instruct model of the hub or of a folder reads question, working and attempt.

What it writes reaches the student only if it does not tell the answer; else the questions' own hint is said.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from studentsim.bank.feedback import gives_away
from studentsim.config import Hub, RunConfig
from studentsim.records import Question
from studentsim.student.generate import read, write
from studentsim.student.hub.chat import Chat
from studentsim.student.hub.loading import Loaded, computing, load
from studentsim.student.huggingface.threads import all_cores

TOKENS = 80
"""Longest hint: two sentences."""
LONGEST = 300
"""Characters of it that are kept."""


class HintWriter:
    """Writes hints, a batch at a time, always the likeliest words: the same attempt gets the same hint."""

    def __init__(self, loaded: Loaded, *, date: str = "") -> None:
        self.model = loaded.reader
        self.tokenizer = loaded.tokenizer
        self.chat = Chat(loaded.tokenizer, date=date)
        self.ends = {self.chat.end, self.tokenizer.eos_token_id} - {None}
        # Of a quantised model the norms are in float32: not every architecture computes with both by itself.
        quantised = loaded.model.config.studentsim_held != "none"
        self.computing = partial(computing, loaded.model, loaded.dtype) if quantised else contextlib.nullcontext
        self.on_processor = loaded.model.device.type == "cpu"
        self.at_once = max(1, loaded.plan.answers_at_once)

    def hints(self, rows: Sequence[tuple[Question, str]]) -> list[str]:
        """A hint for each (question, wrong answer); "" where what was written is empty or tells the answer."""
        found: list[str] = []
        for start in range(0, len(rows), self.at_once):
            batch = rows[start : start + self.at_once]
            said = [self.chat.said(request(question, answer)) for question, answer in batch]
            luck = np.zeros((len(batch), TOKENS))
            with self.computing(), all_cores() if self.on_processor else contextlib.nullcontext():
                prefix = read(self.model, [prompt.ids for prompt in said], self.tokenizer.pad_token_id)
                written = write(self.model, prefix, None, luck, end=self.ends, temperature=0)
            texts = [self.tokenizer.decode(w.ids, skip_special_tokens=True) for w in written]
            found += [tidy(text, question) for text, (question, _) in zip(texts, batch, strict=True)]
        return found


def load_writer(name: str, hub: Hub) -> HintWriter:
    """The model of that name, loaded as the run's settings for models of the hub say.

    :raises ConfigError, StudentError: it cannot be had.
    """
    with torch.no_grad():
        loaded = load(RunConfig.make(model=name, hub=hub.model_copy(update={"revision": ""})))
        return HintWriter(loaded, date=hub.prompt_date)


def request(question: Question, answer: str) -> str:
    """What the model is asked for."""
    return (
        "You are a patient maths teacher. A pupil answered this question wrongly.\n"
        f"Question: {question.problem}\nRight working, for you alone: {question.rationale}\n"
        f"The pupil wrote: {answer.strip()[:1000]}\n"
        "In one or two short sentences, give a hint that helps the pupil to find the mistake. "
        "Do not tell the answer, and do not name an option."
    )


def tidy(text: str, question: Question) -> str:
    """The first paragraph, within bounds and ending with a sentence where it can; "" if it is empty or tells the answer."""
    first = " ".join(text.strip().split("\n\n")[0].split())
    if len(first) > LONGEST:
        cut = first[:LONGEST]
        first = cut[: cut.rfind(".") + 1] or cut
    return "" if not first or gives_away(first, question) else first
