"""Texts of Questions, without Markdown. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim.curriculum.generator import MISCONCEPTIONS, SKILLS
from studentsim.curriculum.schema import Skill
from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS, skill_coverage_frame
from studentsim.datasets.registry import QUESTIONS_PER_SKILL
from studentsim.labels import category_names
from studentsim.labels.formatting import pluralize
from studentsim.ui.questions.view import QuestionsView

MISCONCEPTION_KIND_LABELS = {"concept": "a mistaken idea", "careless": "carelessness"}
"""Label of each kind of misconception."""
FILTER_LABELS = {"difficulty": "difficulty", "split": "practice or exam", "search": "text"}


def describe_view(view: QuestionsView, count: int, total: int) -> str:
    """The page's headline: what the bank holds, or which of its questions match."""
    if not view.active_filters:
        skills = skill_coverage_frame()
        return (
            f"{total:,} questions on {len(skills)} skills in {skills.category.nunique()} categories; every skill has "
            f"{QUESTIONS_PER_SKILL['study']} for practice, {QUESTIONS_PER_SKILL['exam']} for exams and "
            f"{QUESTIONS_PER_SKILL['validation']} held out; no exam question is ever practised."
        )
    if not count:
        return "No questions match."
    return f"{pluralize(count, 'question')} of {total:,}: {', '.join(describe_filter(view, name) for name in view.active_filters)}."


def describe_filter(view: QuestionsView, name: str) -> str:
    """An active filter in words."""
    value = getattr(view, name)
    return {
        "category": category_names.curriculum_category_label(value),
        "skill": f"“{SKILLS[value].title}”" if value in SKILLS else value,
        "difficulty": DIFFICULTY_LABELS.get(int(value), value) if value.isdigit() else value,
        "split": f"for {SPLIT_LABELS[value]}" if value in SPLIT_LABELS else value,
        "search": f"mentioning “{value}”",
    }.get(name, value)


def describe_invalid_parameters(names: Sequence[str]) -> str:
    """The warning for parameters of a link that are invalid."""
    names_text = " and ".join(FILTER_LABELS.get(name, name) for name in names)
    return f"What this link says of {names_text} could not be understood and was left out."


def describe_option(misconception_id: str | None, *, is_correct: bool) -> str:
    """What choosing an option shows about a student."""
    if is_correct:
        return "the right answer"
    if misconception_id is None:
        return "near the right value; no known slip leads here"
    misconception = MISCONCEPTIONS.get(misconception_id)
    return (
        f"{misconception.title} ({MISCONCEPTION_KIND_LABELS.get(misconception.kind, misconception.kind)})"
        if misconception
        else misconception_id
    )


def describe_skill(skill: Skill) -> str:
    """What a skill is, in one sentence."""
    return (
        f"A skill of the category “{category_names.curriculum_category_label(skill.category)}”, {DIFFICULTY_LABELS[skill.difficulty]}. "
        f"Its questions are asked in {pluralize(len(skill.phrasings), 'way')} of wording, and "
        f"{pluralize(len(skill.misconceptions), 'slip')} {'is' if len(skill.misconceptions) == 1 else 'are'} known to lead to wrong "
        "answers."
    )


def describe_results(answer_count: int, correct_count: int, is_last_correct: bool) -> str:
    """A question's results in one run: ``right 2 of 4 times; right the last time``."""
    if answer_count == 1:
        return f"asked once: {'right' if is_last_correct else 'wrong'}"
    if correct_count in (0, answer_count):
        return f"asked {answer_count} times: {'right' if correct_count else 'wrong'} every time"
    return f"right {correct_count} of {answer_count} times; {'right' if is_last_correct else 'wrong'} the last time"
