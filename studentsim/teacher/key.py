"""The teacher that marks by the key. A trained marker will stand behind the same method."""

from __future__ import annotations

from typing import Protocol

from studentsim.records import Answer, Mark, Question


class Teacher(Protocol):
    """Whoever judges answers."""

    def mark(self, question: Question, answer: Answer) -> Mark:
        """Right or wrong, and which misconception led there, if that can be told."""
        ...


class KeyTeacher:
    """Right is what the key says, by letter (two options may show the same text)."""

    def mark(self, question: Question, answer: Answer) -> Mark:
        """An unanswered question is wrong. The misconception is the one behind the chosen option."""
        chosen = question.option(answer.letter)
        if chosen is None:
            return Mark(right=False)
        return Mark(right=chosen.letter == question.correct, misconception=chosen.misconception)
