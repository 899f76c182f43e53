"""How a question becomes the embedded student's prompt, in token ids.

    <student:balanced>The question's text<work>                                 a first attempt begins
    <student:balanced>The question's text<work>attempt<end><teacher>words<work>      a second one

The options are not in the prompt: the student works the value out and ticks the option that shows it, as a pupil does
(so small a model could not be taught to look letters up; docs/log.md). Text is encoded so that control tokens in a
question are plain characters.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerFast

from studentsim.student.reading import WORK, as_read, profile_token
from studentsim.student.tokenizer import END, TEACHER, encode


def prompt_ids(
    tokenizer: PreTrainedTokenizerFast, profile: str, problem: str, attempts: Sequence[tuple[str, str]] = ()
) -> list[int]:
    """Ids up to where the student begins to write. ``attempts``: earlier ones, each with the teacher's words."""
    token = tokenizer.convert_tokens_to_ids
    ids = [token(profile_token(profile)), *encode(tokenizer, as_read(problem))]
    for attempt, said in attempts:
        ids += [token(WORK), *completion_ids(tokenizer, attempt), token(TEACHER), *encode(tokenizer, said)]
    return [*ids, token(WORK)]


def completion_ids(tokenizer: PreTrainedTokenizerFast, working: str) -> list[int]:
    """Ids of a whole working, its end token included."""
    return [*encode(tokenizer, working), tokenizer.convert_tokens_to_ids(END)]
