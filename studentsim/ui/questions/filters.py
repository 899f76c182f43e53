"""The filters of Questions."""

from __future__ import annotations

from studentsim.curriculum.generator import SKILLS
from studentsim.datasets.curriculum_coverage import DIFFICULTY_LABELS, SPLIT_LABELS
from studentsim.labels import category_names
from studentsim.types import CATEGORIES
from studentsim.ui import components, glossary
from studentsim.ui.device import is_phone
from studentsim.ui.filtered_list import FIELD_WIDTH_PX, FilteredList


def render_filters(questions: FilteredList) -> None:
    """Two rows of fields, and a link to the unfiltered view if a filter is active; in an expander on a phone."""
    category = questions.view.category
    with questions.filter_box(folded=is_phone()):
        with components.field_row():
            questions.select(
                "category", "Category", CATEGORIES, category_names.curriculum_category_label, "all categories",
                help=glossary.term_help("category"),
            )  # fmt: skip
            skills = [skill.id for skill in SKILLS.values() if category in ("", skill.category)]
            questions.select(
                "skill", "Skill", skills, lambda id: SKILLS[id].title, "all skills", width=2 * FIELD_WIDTH_PX - 20
            )
            difficulties = {str(difficulty): label for difficulty, label in DIFFICULTY_LABELS.items()}
            questions.select("difficulty", "Difficulty", list(difficulties), difficulties.__getitem__, "all")
        with components.field_row():
            questions.segments("split", "Asked in", SPLIT_LABELS, width="content", wrap=True)
            questions.search_field("in a question or its working")
        if questions.view.active_filters:
            questions.remove_all_link()
