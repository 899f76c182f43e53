"""Hints written by a larger model: an instruct model of the hub or of a folder, given question, solution and attempt.

A hint that reveals the answer never reaches the student; the question's own hint is used instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from studentsim.config import RunConfig
from studentsim.curriculum.feedback import reveals_answer
from studentsim.settings import ModelLoadingSettings
from studentsim.student.batching import iter_batches
from studentsim.student.generation.generate import generate, prefill
from studentsim.student.huggingface.chat import ChatFormatter
from studentsim.student.huggingface.loading import LoadedModel, autocast_context, load_model
from studentsim.student.huggingface.threads import use_all_cores
from studentsim.types import Question

MAX_HINT_TOKENS = 80
"""Longest hint: two sentences."""
MAX_HINT_CHARS = 300
"""Longer hints are cut, after a sentence if possible."""


class ChatHintModel:
    """Writes hints in batches by greedy decoding: the same attempt gets the same hint."""

    def __init__(self, loaded: LoadedModel, *, date: str = "") -> None:
        self.model = loaded.inference_model
        self.tokenizer = loaded.tokenizer
        self.chat = ChatFormatter(loaded.tokenizer, prompt_date=date)
        self.end_token_ids = {self.chat.end_token_id, self.tokenizer.eos_token_id} - {None}
        # A quantised model's norms are in float32, and not every architecture computes with two dtypes by itself.
        quantised = loaded.model.config.studentsim_held != "none"
        self.compute_context = (
            partial(autocast_context, loaded.model, loaded.dtype) if quantised else contextlib.nullcontext
        )
        self.is_on_cpu = loaded.model.device.type == "cpu"
        self.batch_size = max(1, loaded.plan.generation_batch_size)

    def write_hints(self, rows: Sequence[tuple[Question, str]]) -> list[str]:
        """A hint for each (question, wrong answer); "" if what the model wrote is empty or reveals the answer."""
        hints: list[str] = []
        for batch in iter_batches(rows, self.batch_size):
            prompts = [self.chat.build_user_prompt(build_hint_request(question, answer)) for question, answer in batch]
            uniforms = np.zeros((len(batch), MAX_HINT_TOKENS))
            with self.compute_context(), use_all_cores() if self.is_on_cpu else contextlib.nullcontext():
                prefix = prefill(self.model, [prompt.ids for prompt in prompts], self.tokenizer.pad_token_id)
                generations = generate(
                    self.model, prefix, None, uniforms, eos_token_id=self.end_token_ids, temperature=0
                )
            texts = [self.tokenizer.decode(g.ids, skip_special_tokens=True) for g in generations]
            hints += [clean_hint(text, question) for text, (question, _) in zip(texts, batch, strict=True)]
        return hints


def load_hint_model(name: str, model_loading: ModelLoadingSettings) -> ChatHintModel:
    """Load the model of that name with the run's settings for models of the hub.

    :raises ConfigError, StudentError: it cannot be loaded.
    """
    with torch.no_grad():
        loaded = load_model(RunConfig.make(model=name, model_loading=model_loading.model_copy(update={"revision": ""})))
        return ChatHintModel(loaded, date=model_loading.prompt_date)


def build_hint_request(question: Question, answer: str) -> str:
    """The prompt for one hint."""
    return (
        "You are a patient maths teacher. A pupil answered this question wrongly.\n"
        f"Question: {question.problem}\nRight working, for you alone: {question.rationale}\n"
        f"The pupil wrote: {answer.strip()[:1000]}\n"
        "In one or two short sentences, give a hint that helps the pupil to find the mistake. "
        "Do not tell the answer, and do not name an option."
    )


def clean_hint(text: str, question: Question) -> str:
    """The first paragraph, at most ``MAX_HINT_CHARS`` long; "" if it is empty or reveals the answer."""
    first_paragraph = " ".join(text.strip().split("\n\n")[0].split())
    if len(first_paragraph) > MAX_HINT_CHARS:
        shortened = first_paragraph[:MAX_HINT_CHARS]
        first_paragraph = shortened[: shortened.rfind(".") + 1] or shortened
    return "" if not first_paragraph or reveals_answer(first_paragraph, question) else first_paragraph
