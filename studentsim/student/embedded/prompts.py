"""The embedded student's prompts, as token ids.

    <level:7><leaning:mixed>The question's text<work>                                          a first attempt
    <level:7><leaning:mixed>The question's text<book>A passageUse<work>                        one with an open book
    <level:7><leaning:mixed>The question's text<work>attempt<end><teacher>feedback<work>       a second one

The student first judges whether a passage is useful. The level is the profile's at this question's skill, so any table of levels
defines a student. The options are not in the prompt: the student computes a value and the option that shows it is chosen, since a
model this small could not learn to look letters up (docs/log.md). Control tokens in a question's text are encoded as ordinary
characters.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from studentsim.student.embedded.prompt_text import (
    BOOK_TOKEN,
    PASSAGE_VERDICT_WORDS,
    WORK_TOKEN,
    leaning_token,
    level_token,
    normalize_problem,
    profile_token,
)
from studentsim.student.embedded.tokenizer import END_TOKEN, TEACHER_TOKEN, encode


def control_token_ids(tokenizer: PreTrainedTokenizerFast, level: float, leaning: str) -> list[int]:
    """The control tokens before a question: the level (0 to 1) at its skill, and the leaning."""
    return [tokenizer.convert_tokens_to_ids(token) for token in (level_token(level), leaning_token(leaning))]


def profile_token_ids(tokenizer: PreTrainedTokenizerFast, profile: str) -> list[int]:
    """The control token before a question in version 0.1, whose weights had learnt six profiles by name."""
    return [tokenizer.convert_tokens_to_ids(profile_token(profile))]


def has_level_tokens(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Whether the prompts contain levels; in version 0.1 they contain a profile's name."""
    return tokenizer.convert_tokens_to_ids(level_token(0)) not in (None, tokenizer.unk_token_id)


def prompt_ids(
    tokenizer: PreTrainedTokenizerFast,
    control_ids: Sequence[int],
    problem: str,
    attempts: Sequence[tuple[str, str]] = (),
    passage: str = "",
    passage_fits: bool | None = None,
) -> list[int]:
    """The prompt's ids. ``attempts``: earlier attempts, each with the feedback on it.

    ``passage_fits``: the student's judgement of the passage; None: none is inserted.
    """
    token_id = tokenizer.convert_tokens_to_ids
    ids = [*control_ids, *encode(tokenizer, normalize_problem(problem))]
    if passage:
        ids += [token_id(BOOK_TOKEN), *encode(tokenizer, normalize_problem(passage))]
        ids += [] if passage_fits is None else [token_id(PASSAGE_VERDICT_WORDS[passage_fits])]
    for attempt, feedback in attempts:
        ids += [
            token_id(WORK_TOKEN),
            *completion_ids(tokenizer, attempt),
            token_id(TEACHER_TOKEN),
            *encode(tokenizer, feedback),
        ]
    return [*ids, token_id(WORK_TOKEN)]


def completion_ids(tokenizer: PreTrainedTokenizerFast, text: str) -> list[int]:
    """Ids of a completion, with its end token."""
    return [*encode(tokenizer, text), tokenizer.convert_tokens_to_ids(END_TOKEN)]
