"""The parts of Answers. What its links may say stands in view.py; ``AnswersView(...).params()`` makes one, for any page that leads here."""

from studentsim.ui.answers.view import AnswersView

__all__ = ["AnswersView"]
