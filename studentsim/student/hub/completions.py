"""What may follow a prompt, as token ids: a question's options as answers, and the two texts of a preference pair."""

from __future__ import annotations

from studentsim.records import Option, Pair, Question
from studentsim.student.hub.chat import Chat, Prompt
from studentsim.student.hub.form import AnswerForm, in_form, letter_of

LAST = 24
"""Tokens at the end of a given working that are learnt however long it is: they tell the answer."""


def option_ids(question: Question, prompt: Prompt, chat: Chat, *, scores: str) -> list[list[int]]:
    """The ids of each option as the answer, told by its ``text`` or its ``letter`` (``Hub.scores``)."""
    told = [chat.defused(f"Answer: {option_named(o, chat.form, scores=scores)}") for o in question.options]
    return [chat.continuation(prompt, text) for text in told]


def option_named(option: Option, form: AnswerForm, *, scores: str) -> str:
    """What stands for an option where it is scored: its text, or its letter as the form has it."""
    return letter_of(option, form) if scores == "letter" else option.text


def pair_texts(pair: Pair, prompt: Prompt, chat: Chat, *, limit: int) -> tuple[list[int], list[int]]:
    """The ids of chosen and rejected. What the student wrote itself is taken as it wrote it; a given working, which may be longer than
    any answer (``limit`` tokens), is put into the run's form, and keeps its beginning and its end."""
    most = max(limit, 2 * LAST)

    def ids_of(ids: tuple[int, ...] | None, text: str, ended: bool) -> list[int]:
        if ids:
            return list(ids)
        whole = chat.completion(prompt, in_form(pair.question, text, chat.form), ended=ended)
        return without_middle(whole, most, LAST)

    return (
        ids_of(pair.chosen_ids, pair.chosen, pair.chosen_ended),
        ids_of(pair.rejected_ids, pair.rejected, pair.rejected_ended),
    )


def without_middle(ids: list[int], most: int, last: int) -> list[int]:
    """Without the middle, where there are more than ``most``; the ``last`` ones stay."""
    return ids if len(ids) <= most else ids[: most - last] + ids[-last:]
