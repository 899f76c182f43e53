"""Formats questions as prompts for a language model: in its tokenizer's chat template, or as plain text.

    Answer the multiple-choice question:          the source paper's prompt (P0), in Gemma's turns for Gemma and so on
    A coat is marked at $40 …
    a) 24
    b) 30

For a second attempt the chat continues: question, attempt, the teacher's feedback, attempt …
Control tokens in a question, an attempt or feedback are broken up, so that they are read as text.
A template that prints today's date (``strftime_now``) gets the run's date, so that a resumed run builds the same prompts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from transformers import PreTrainedTokenizerBase

from studentsim.errors import StudentError
from studentsim.student.huggingface.answer_form import AnswerForm, answer_instruction
from studentsim.types import Question

QUESTION_INSTRUCTION = "Answer the multiple-choice question:"
_CONTROL_TOKEN_PATTERN = re.compile(r"<[^<>\s]{1,40}>|\[/?[A-Z_]{2,20}\]")
"""Control tokens in a chat template, by their form."""
_STRFTIME_NOW_PATTERN = re.compile(r"""strftime_now\(\s*(['"])(.*?)\1\s*\)""")
_SENTINEL_TEXT = "studentsim3141592"


@dataclass(frozen=True)
class Prompt:
    """A prompt as text and as token ids."""

    text: str
    ids: list[int]


class ChatFormatter:
    """Builds prompts from questions and encodes answers, for one tokenizer.

    ``prompt_date`` (ISO): the date that a template prints; "": today's. ``answer_form``: the format that prompts ask for.

    :raises StudentError: when the tokenizer's chat template cannot be rendered.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, *, prompt_date: str = "", answer_form: AnswerForm = "free"
    ) -> None:
        self.tokenizer = tokenizer
        self.answer_form: AnswerForm = answer_form
        template = tokenizer.chat_template
        if isinstance(template, dict):  # several, for tools and others: this is the one that is used
            template = template.get("default")
        self._dated_template = fix_template_date(template, prompt_date) if prompt_date and template else None
        self.has_template = bool(tokenizer.chat_template)
        self._control_token_pattern = _compile_control_pattern(tokenizer)
        self.answer_prefix = self._find_answer_prefix() if self.has_template else " "
        """White space between a prompt and an answer's first word: a space in Llama 2's template, in most none."""
        self.end_token_id = self._find_end_token_id() if self.has_template else tokenizer.eos_token_id
        """The token that ends an answer."""

    def build_question_prompt(self, question: Question, earlier_attempts: Sequence[tuple[str, str]] = ()) -> Prompt:
        """The question, then ``earlier_attempts``: pairs of an attempt and the teacher's feedback on it."""
        turns = [self.escape_control_tokens(format_question(question)) + answer_instruction(self.answer_form)]
        for attempt, feedback in earlier_attempts:
            turns += [self.escape_control_tokens(attempt.strip()), self.escape_control_tokens(feedback)]
        if self.has_template:
            text = self._render_template(turns, add_generation_prompt=True)
        else:
            labelled_turns = [
                turns[0],
                *(f"{'Teacher' if n % 2 else 'Solution'}: {t}" for n, t in enumerate(turns[1:])),
            ]
            text = "\n".join([*labelled_turns, "Solution:"])
        return Prompt(text, self._tokenize(text))

    def build_user_prompt(self, text: str) -> Prompt:
        """Any other request, as one user turn."""
        if not self.has_template:
            return Prompt(text, self._tokenize(f"{self.escape_control_tokens(text)}\n"))
        rendered = self._render_template([self.escape_control_tokens(text)], add_generation_prompt=True)
        return Prompt(rendered, self._tokenize(rendered))

    def encode_completion(self, prompt: Prompt, text: str, *, ended: bool = True) -> list[int]:
        """Ids of an answer after this prompt; ``ended``: with the end token."""
        return [
            *self.encode_continuation(prompt, self.escape_control_tokens(text.strip())),
            *([self.end_token_id] if ended else []),
        ]

    def encode_continuation(self, prompt: Prompt, text: str) -> list[int]:
        """Ids of a text after this prompt, tokenised together with it, so that the boundary is that of generated text."""
        text = self.answer_prefix + text
        whole = self._tokenize(prompt.text + text)
        # The ids of a prompt that was too long lack its middle; its text does not.
        return (
            _strip_prefix(whole, prompt.ids)
            or _strip_prefix(whole, self._tokenize(prompt.text))
            # The tokenizer merges the end of the prompt with the beginning of the text. SentencePiece's tokenizers begin a separate
            # text with a space of their own, which is unwanted here.
            or encode_after_anchor(self.tokenizer, text, ("\n", ".", ")", "a"))
            or self.tokenizer(text, add_special_tokens=False).input_ids
        )

    def escape_control_tokens(self, text: str) -> str:
        """The text with control tokens broken up by a space after their first character."""
        return (
            self._control_token_pattern.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
            if self._control_token_pattern
            else text
        )

    # ------------------------------------------------------------------ inside

    def _tokenize(self, text: str) -> list[int]:
        ids = list(self.tokenizer(text, add_special_tokens=not self.has_template).input_ids)
        # Some tokenizers append their end token to every text; a prompt is to be continued.
        return ids[:-1] if ids and not self.has_template and ids[-1] == self.tokenizer.eos_token_id else ids

    def _render_template(self, turns: Sequence[str], *, add_generation_prompt: bool) -> str:
        roles = ("user", "assistant")
        messages = [{"role": roles[n % 2], "content": text} for n, text in enumerate(turns)]
        try:
            # Without a thinking phase (Qwen 3): answers are limited in length.
            return self.tokenizer.apply_chat_template(
                messages,
                chat_template=self._dated_template,
                tokenize=False,
                add_generation_prompt=add_generation_prompt,
                enable_thinking=False,
            )
        except Exception as error:  # a template may raise anything
            raise StudentError(
                f"The model's chat template cannot be used ({str(error)[:200]}).", "Choose another model."
            ) from error

    def _find_answer_prefix(self) -> str:
        """White space that the template puts before an answer but not at the end of a prompt."""
        prompt, whole = (
            self._render_template(["Q"], add_generation_prompt=True),
            self._render_template(["Q", _SENTINEL_TEXT], add_generation_prompt=False),
        )
        prefix = whole[len(prompt) :].partition(_SENTINEL_TEXT)[0] if whole.startswith(prompt) else ""
        return prefix if prefix.isspace() else ""

    def _find_end_token_id(self) -> int:
        """The control token that the template puts after an answer; else the tokenizer's own end."""
        after = self._render_template(["Q", _SENTINEL_TEXT], add_generation_prompt=False).partition(_SENTINEL_TEXT)[2]
        ids = self.tokenizer(after, add_special_tokens=False).input_ids
        special = {*self.tokenizer.all_special_ids, *self.tokenizer.added_tokens_decoder}
        return next((i for i in ids[:1] if i in special), self.tokenizer.eos_token_id)


def _strip_prefix(whole: list[int], prefix: list[int]) -> list[int]:
    """``whole`` without ``prefix`` at its beginning; empty where it does not begin with it."""
    return whole[len(prefix) :] if whole[: len(prefix)] == prefix else []


def encode_after_anchor(tokenizer: PreTrainedTokenizerBase, text: str, anchors: Sequence[str]) -> list[int]:
    """A text's ids after the first of the ``anchors`` that it isn't merged with; none where it is merged with all."""
    for anchor in anchors:
        before, whole = (list(tokenizer(t, add_special_tokens=False).input_ids) for t in (anchor, anchor + text))
        if before and (ids := _strip_prefix(whole, before)):
            return ids
    return []


def fix_template_date(template: str, date: str) -> str:
    """The chat template with this ``date`` (ISO) in the place of today's.

    >>> fix_template_date("Today is {{ strftime_now('%d %b %Y') }}.", "2026-01-31")
    'Today is {{ "31 Jan 2026" }}.'
    """
    day = datetime.fromisoformat(date)
    return _STRFTIME_NOW_PATTERN.sub(lambda match: json.dumps(day.strftime(match[2])), template)


def format_question(question: Question) -> str:
    """The question with its options, as in the paper's prompt (P0)."""
    options = "\n".join(f"{o.letter}) {o.text}" for o in question.options)
    return f"{QUESTION_INSTRUCTION}\n{question.problem}\n{options}"


def _compile_control_pattern(tokenizer: PreTrainedTokenizerBase) -> re.Pattern[str] | None:
    control_tokens = {token.content for token in tokenizer.added_tokens_decoder.values() if token.special}
    control_tokens |= {*tokenizer.all_special_tokens}
    if isinstance(tokenizer.chat_template, str):
        control_tokens |= {*_CONTROL_TOKEN_PATTERN.findall(tokenizer.chat_template)}
    longest_first = sorted(
        (token for token in control_tokens if len(token) > 1), key=lambda token: (-len(token), token)
    )
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
