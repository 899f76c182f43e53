"""A question as a model of the hub reads it: in its tokenizer's chat template, or as plain text.

    Answer the multiple-choice question:          the source paper's prompt (P0), in Gemma's turns for Gemma and so on
    A coat is marked at $40 …
    a) 24
    b) 30

A second attempt is asked for as the chat goes on: question, attempt, the teacher's words, attempt …
Control tokens that stand in a question, an attempt or the teacher's words are broken up: they are text, not turns.
A template that prints today's date (``strftime_now``) gets the run's own, so that a resumed run reads what it read before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from transformers import PreTrainedTokenizerBase

from studentsim.errors import StudentError
from studentsim.records import Question
from studentsim.student.hub.form import AnswerForm, request_of

INTRODUCTION = "Answer the multiple-choice question:"
_CONTROL = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,20}\]")
"""What looks like a control token in a chat template."""
_NOW = re.compile(r"""strftime_now\(\s*(['"])(.*?)\1\s*\)""")
_SENTINEL = "studentsim3141592"


@dataclass(frozen=True)
class Prompt:
    """What stands before the student: as text, and as token ids."""

    text: str
    ids: list[int]


class Chat:
    """Turns questions into prompts for one tokenizer, and answers into token ids.

    ``date`` (ISO) is what a template prints as today's; blank: today's. ``form`` is asked for behind each question.

    :raises StudentError: the tokenizer has a chat template that cannot be used.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, date: str = "", form: AnswerForm = "free") -> None:
        self.tokenizer = tokenizer
        self.form: AnswerForm = form
        template = tokenizer.chat_template
        if isinstance(template, dict):  # several, for tools and the like: this is the one that is taken
            template = template.get("default")
        self._dated = dated(template, date) if date and template else None
        self.template = bool(tokenizer.chat_template)
        self._controls = _controls(tokenizer)
        self.lead = self._lead() if self.template else " "
        """What stands between a prompt and the first word of an answer: a space in Llama 2's template, in most nothing."""
        self.end = self._turn_end() if self.template else tokenizer.eos_token_id
        """The token that ends an answer."""

    def prompt(self, question: Question, earlier: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The question; after it the earlier attempts, each with the teacher's words."""
        turns = [self.defused(as_asked(question)) + request_of(self.form)]
        for attempt, words in earlier:
            turns += [self.defused(attempt.strip()), self.defused(words)]
        if self.template:
            text = self._rendered(turns, open_end=True)
        else:
            named = [turns[0], *(f"{'Teacher' if n % 2 else 'Solution'}: {t}" for n, t in enumerate(turns[1:]))]
            text = "\n".join([*named, "Solution:"])
        return Prompt(text, self._ids(text))

    def said(self, text: str) -> Prompt:
        """Any other request, as one turn of the user's."""
        if not self.template:
            return Prompt(text, self._ids(f"{self.defused(text)}\n"))
        rendered = self._rendered([self.defused(text)], open_end=True)
        return Prompt(rendered, self._ids(rendered))

    def completion(self, prompt: Prompt, text: str, *, ended: bool = True) -> list[int]:
        """Ids of an answer after this prompt, its end included where it has ``ended``."""
        return [*self.continuation(prompt, self.defused(text.strip())), *([self.end] if ended else [])]

    def continuation(self, prompt: Prompt, text: str) -> list[int]:
        """Ids of a text after this prompt, tokenised together with it: the boundary is what it is where the model writes on."""
        text = self.lead + text
        whole = self._ids(prompt.text + text)
        # A prompt that was too long lost its middle; then its text still tells how it goes on.
        return _behind(whole, prompt.ids) or _behind(whole, self._ids(prompt.text)) or self._inside(text)

    def _inside(self, text: str) -> list[int]:
        """Ids of a text as it would go on from another, where prompt and text share a token that the prompt alone does not have.

        SentencePiece's tokenizers begin a text that stands alone with a space of their own, which is not meant here.
        """
        for anchor in ("\n", ".", ")", "a"):
            before, whole = (self.tokenizer(t, add_special_tokens=False).input_ids for t in (anchor, anchor + text))
            if ids := _behind(whole, before):
                return ids
        return self.tokenizer(text, add_special_tokens=False).input_ids

    def defused(self, text: str) -> str:
        """The text with control tokens broken up by a space after their first character."""
        return self._controls.sub(lambda found: f"{found[0][0]} {found[0][1:]}", text) if self._controls else text

    # ------------------------------------------------------------------ inside

    def _ids(self, text: str) -> list[int]:
        ids = list(self.tokenizer(text, add_special_tokens=not self.template).input_ids)
        # Some tokenizers end every text; a prompt is to be gone on with.
        return ids[:-1] if ids and not self.template and ids[-1] == self.tokenizer.eos_token_id else ids

    def _rendered(self, turns: Sequence[str], *, open_end: bool) -> str:
        roles = ("user", "assistant")
        messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]
        try:
            # Without thinking aloud first (Qwen 3 and its like): answers are limited in length.
            return self.tokenizer.apply_chat_template(
                messages,
                chat_template=self._dated,
                tokenize=False,
                add_generation_prompt=open_end,
                enable_thinking=False,
            )
        except Exception as error:  # a template may raise anything
            raise StudentError(
                f"The model's chat template cannot be used ({str(error)[:200]}).", "Choose another model."
            ) from error

    def _lead(self) -> str:
        """White space that the template puts before an answer, and not at the end of a prompt."""
        prompt, whole = self._rendered(["Q"], open_end=True), self._rendered(["Q", _SENTINEL], open_end=False)
        lead = whole[len(prompt) :].partition(_SENTINEL)[0] if whole.startswith(prompt) else ""
        return lead if lead.isspace() else ""

    def _turn_end(self) -> int:
        """The control token that the template puts after an answer; else the tokenizer's own end."""
        after = self._rendered(["Q", _SENTINEL], open_end=False).partition(_SENTINEL)[2]
        ids = self.tokenizer(after, add_special_tokens=False).input_ids
        special = {*self.tokenizer.all_special_ids, *self.tokenizer.added_tokens_decoder}
        return next((i for i in ids[:1] if i in special), self.tokenizer.eos_token_id)


def _behind(whole: list[int], before: list[int]) -> list[int]:
    """What stands in ``whole`` behind what it begins with; nothing where it does not begin so."""
    return whole[len(before) :] if whole[: len(before)] == before else []


def dated(template: str, date: str) -> str:
    """A chat template that prints this day (ISO) where it printed today.

    >>> dated("Today is {{ strftime_now('%d %b %Y') }}.", "2026-01-31")
    'Today is {{ "31 Jan 2026" }}.'
    """
    day = datetime.fromisoformat(date)
    return _NOW.sub(lambda found: json.dumps(day.strftime(found[2])), template)


def as_asked(question: Question) -> str:
    """The question with its options, as the paper puts it."""
    options = "\n".join(f"{o.letter}) {o.text}" for o in question.options)
    return f"{INTRODUCTION}\n{question.problem}\n{options}"


def _controls(tokenizer: PreTrainedTokenizerBase) -> re.Pattern[str] | None:
    known = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    known |= {*tokenizer.all_special_tokens}
    if isinstance(tokenizer.chat_template, str):
        known |= {*_CONTROL.findall(tokenizer.chat_template)}
    longest_first = sorted((token for token in known if len(token) > 1), key=lambda token: (-len(token), token))
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
