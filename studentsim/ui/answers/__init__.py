"""The Answers page. view.py defines its links; ``AnswersView(...).to_params()`` makes one, for any page that links here."""

from studentsim.ui.answers.view import AnswersView

__all__ = ["AnswersView"]
