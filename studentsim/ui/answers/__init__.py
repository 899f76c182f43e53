"""The parts of Answers. What its links may say stands in view.py; ``View(...).params()`` makes one, for any page that leads here."""

from studentsim.ui.answers.view import View

__all__ = ["View"]
