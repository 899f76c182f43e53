"""What Questions says. Plain text throughout. No streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

from studentsim.bank.curriculum import SKILLS, SLIPS
from studentsim.bank.skill import Skill
from studentsim.bank.sources import PER_SKILL
from studentsim.ui import category_names
from studentsim.ui.questions.coverage import DIFFICULTIES, SPLITS, by_skill
from studentsim.ui.questions.view import View
from studentsim.ui.words import plural

KINDS = {"concept": "a mistaken idea", "careless": "carelessness"}
"""What kind of slip a misconception is, in plain words."""

NAMES = {"difficulty": "difficulty", "split": "practice or exam", "search": "text"}


def opening(view: View, count: int, total: int) -> str:
    """The page's first sentence: what there is, or what of it is shown."""
    if not view.narrowed:
        skills = by_skill()
        return (
            f"{total:,} questions on {len(skills)} skills in {skills.category.nunique()} categories; every skill has "
            f"{PER_SKILL['study']} for practice, {PER_SKILL['exam']} for exams and {PER_SKILL['validation']} held out; "
            "no exam question is ever practised."
        )
    if not count:
        return "No questions match."
    return f"{plural(count, 'question')} of {total:,}: {', '.join(value_of(view, name) for name in view.narrowed)}."


def value_of(view: View, name: str) -> str:
    """A filter's value in plain words."""
    value = getattr(view, name)
    return {
        "category": category_names.own_label(value),
        "skill": f"“{SKILLS[value].title}”" if value in SKILLS else value,
        "difficulty": DIFFICULTIES.get(int(value), value) if value.isdigit() else value,
        "split": f"for {SPLITS[value]}" if value in SPLITS else value,
        "search": f"mentioning “{value}”",
    }.get(name, value)


def left_out(names: Sequence[str]) -> str:
    """Said where a link's values could not be meant."""
    told = " and ".join(NAMES.get(name, name) for name in names)
    return f"What this link says of {told} could not be understood and was left out."


def stands_for(slip_id: str | None, *, right: bool) -> str:
    """What ticking an option says about a student."""
    if right:
        return "the right answer"
    if slip_id is None:
        return "near the right value; no known slip leads here"
    slip = SLIPS.get(slip_id)
    return f"{slip.title} ({KINDS.get(slip.kind, slip.kind)})" if slip else slip_id


def about(skill: Skill) -> str:
    """What a skill is, in one sentence."""
    return (
        f"A skill of the category “{category_names.own_label(skill.category)}”, {DIFFICULTIES[skill.difficulty]}. "
        f"Its questions are asked in {plural(len(skill.phrasings), 'way')} of wording, and {plural(len(skill.slips), 'slip')} "
        f"{'is' if len(skill.slips) == 1 else 'are'} known to lead to wrong answers."
    )


def went(answers: int, correct: int, last_right: bool) -> str:
    """How a question went in one run: ``right 2 of 4 times, right the last time``."""
    if answers == 1:
        return f"asked once: {'right' if last_right else 'wrong'}"
    if correct in (0, answers):
        return f"asked {answers} times: {'right' if correct else 'wrong'} every time"
    return f"right {correct} of {answers} times; {'right' if last_right else 'wrong'} the last time"
