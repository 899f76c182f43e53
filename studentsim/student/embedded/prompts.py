"""How a question becomes the embedded student's prompt, in token ids.

    <level:7><leaning:mixed>The question's text<work>                                          a first attempt begins
    <level:7><leaning:mixed>The question's text<book>A passageUse<work>                        one with an open book
    <level:7><leaning:mixed>The question's text<work>attempt<end><teacher>words<work>          a second one

Of a passage the student says first whether it is of use. The level is the student's at this question's skill, so any table of levels
is a student. The options are not in the prompt: the student works the value out and ticks the option that shows it, as a pupil does (so
small a model could not be taught to look letters up; docs/log.md). Text is encoded so that control tokens in a question are plain
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
    """The control tokens before a question: the student's level (0 to 1) at its skill, and its leaning."""
    return [tokenizer.convert_tokens_to_ids(token) for token in (level_token(level), leaning_token(leaning))]


def profile_token_ids(tokenizer: PreTrainedTokenizerFast, profile: str) -> list[int]:
    """The control token before a question in version 0.1, whose weights knew six students by name."""
    return [tokenizer.convert_tokens_to_ids(profile_token(profile))]


def has_level_tokens(tokenizer: PreTrainedTokenizerFast) -> bool:
    """Whether these weights are told levels; those of version 0.1 are told a name."""
    return tokenizer.convert_tokens_to_ids(level_token(0)) not in (None, tokenizer.unk_token_id)


def prompt_ids(
    tokenizer: PreTrainedTokenizerFast,
    control_ids: Sequence[int],
    problem: str,
    attempts: Sequence[tuple[str, str]] = (),
    passage: str = "",
    passage_fits: bool | None = None,
) -> list[int]:
    """Ids up to where the student begins to write. ``attempts``: earlier ones, each with the teacher's words.

    ``passage_fits``: what the student says of the passage; None: nothing.
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


def completion_ids(tokenizer: PreTrainedTokenizerFast, working: str) -> list[int]:
    """Ids of a whole working, its end token included."""
    return [*encode(tokenizer, working), tokenizer.convert_tokens_to_ids(END_TOKEN)]
