"""Sentences on what decides a turn's category mix: the mistakes of an exam, the strategy, or a mix set by hand. No streamlit.

For the pages, the report and the command line. Rows are those of ``studentsim/store/queries/practice_mix.py``, as plain mappings.
"""

from __future__ import annotations

from collections.abc import Sequence

from studentsim.analysis.mix_table import MixRow, exam_title
from studentsim.config import RunConfig
from studentsim.labels import category_names, formatting
from studentsim.selection.registry import find_strategy

FOLLOWS_MISTAKES_SENTENCE = "Each lesson's mix of categories follows the mistakes of the exam before it."
MISTAKES_NOT_USED_NOTE = "The exams' mistakes stand beside the lessons for comparison; they did not lead to them."


def describe_mix_source(config: RunConfig) -> str:
    """What decides the mix of categories in this run."""
    strategy = find_strategy(config.strategy)
    if config.mix is not None and strategy.heeds_mix:
        return f"The mix of categories was set by hand ({formatting.strategy_label(config)})."
    if strategy.mix_source:
        return strategy.mix_source
    if config.follows_mistakes:
        return FOLLOWS_MISTAKES_SENTENCE
    return f"This way of choosing ({formatting.strategy_label(config)}) does not look at the mistakes of the exams."


def describe_mix_with_caveat(config: RunConfig) -> str:
    """What decides the mix; where that is not the exams' mistakes, that these did not."""
    return (
        describe_mix_source(config)
        if config.follows_mistakes
        else f"{describe_mix_source(config)} {MISTAKES_NOT_USED_NOTE}"
    )


def describe_current_mix(
    config: RunConfig, lessons: Sequence[MixRow], exams: Sequence[MixRow], *, is_running: bool
) -> str:
    """The last exam's mistakes and the questions they lead to; for a strategy that follows none, what its mix rests on.

    ``lessons`` are rows of ``queries.fetch_practice_mix``, ``exams`` of ``queries.fetch_next_mix``; ``is_running``: more turns may come.
    """
    if not config.follows_mistakes:
        return describe_mix_source(config)
    last = max((int(row["turn"]) for row in exams), default=-1)
    if last < 0:
        return "The mistakes of the first exam will settle the mix of the lessons after it." if is_running else ""
    turns_after = {int(row["turn"]) for row in lessons if row["exam_turn"] == last}
    if turns_after:
        return describe_mix_cause(config, lessons, in_progress=is_running and len(turns_after) == 1)
    if is_running and last < config.turns:
        return _describe_next_mix(config, [row for row in exams if int(row["turn"]) == last])
    return describe_mix_cause(config, lessons)


def describe_mix_cause(config: RunConfig, lessons: Sequence[MixRow], *, in_progress: bool = False) -> str:
    """The first turn after the last exam, by the category with the most mistakes; blank where no exam led to a mix.

    "17 of 58 mistakes in the exam after lesson 4 were in physics, so 12 of the next 40 questions were." ``in_progress``: these
    questions are being practised.
    """
    planned_rows = [row for row in lessons if row["planned"] is not None]
    if not planned_rows:
        return ""
    first = _first_lesson_after_exam(planned_rows)
    questions = sum(int(row["practised"]) for row in first)
    row = max(first, key=lambda row: (not is_category_excluded(config, row["category"]), int(row["wrong"])))
    exam, category = (
        exam_title(int(row["exam_turn"])),
        category_names.inline_category_label(row["category"], _category_set(planned_rows)),
    )
    wrong, total, planned, practised = (int(row[k]) for k in ("wrong", "all_wrong", "planned", "practised"))
    is_now = _is_or_are if in_progress else _was_or_were
    if not total:
        cause = f"Nothing was wrong in the {exam}, so all categories counted alike"
        return f"{cause}: {practised} of the next {questions} questions {is_now(practised)} in {category}."
    cause = f"{_format_mistakes(wrong, total, exam, category)}, so"
    if planned == practised:
        return f"{cause} {practised} of the next {questions} questions {is_now(practised)}."
    return f"{cause} {planned} of the next {questions} questions {_was_or_were(planned)} planned to be; {practised} {is_now(practised)}."


def _describe_next_mix(config: RunConfig, exam: Sequence[MixRow]) -> str:
    """What the last exam's mistakes will lead to. Where settings limit the pool the plan counts categories that cannot come, so no
    number is given before the turn has begun.
    """
    row = max(exam, key=lambda row: (not is_category_excluded(config, row["category"]), int(row["wrong"])))
    total, questions = (sum(int(row[key]) for row in exam) for key in ("wrong", "next_mix"))
    title, category = (
        exam_title(int(row["turn"])),
        category_names.inline_category_label(row["category"], _category_set(exam)),
    )
    if not total:
        return f"Nothing was wrong in the {title}, so all categories count alike in the next lessons."
    cause = _format_mistakes(int(row["wrong"]), total, title, category)
    if config.categories or config.skills or config.difficulties:
        return f"{cause}; the next lesson's mix follows that."
    return f"{cause}, so {int(row['next_mix'])} of the next {questions} questions will be."


def _format_mistakes(wrong: int, total: int, exam: str, category: str) -> str:
    return f"{wrong} of {formatting.pluralize(total, 'mistake')} in the {exam} {_was_or_were(wrong)} in {category}"


def _category_set(rows: Sequence[MixRow]) -> set[str]:
    return {row["category"] for row in rows}


def _was_or_were(count: int) -> str:
    return "was" if count == 1 else "were"


def _is_or_are(count: int) -> str:
    return "is" if count == 1 else "are"


def _first_lesson_after_exam(planned_rows: Sequence[MixRow]) -> list[MixRow]:
    """Rows of the first turn after the last exam that led to one."""
    exam = max(int(row["exam_turn"]) for row in planned_rows)
    turn = min(int(row["turn"]) for row in planned_rows if row["exam_turn"] == exam)
    return [row for row in planned_rows if row["turn"] == turn]


def describe_mix_departures(config: RunConfig, lessons: Sequence[MixRow]) -> str:
    """Why turns practised another mix than planned; blank where none did."""
    deviating_rows = [row for row in lessons if row["planned"] is not None and row["planned"] != row["practised"]]
    if not deviating_rows:
        return ""
    turns = sorted({int(row["turn"]) for row in deviating_rows})
    excluded = [c for c in dict.fromkeys(row["category"] for row in lessons) if is_category_excluded(config, c)]
    parts = [f"Another mix than planned was practised in {formatting.pluralize(len(turns), 'lesson')}."]
    if excluded:
        listed = ", ".join(
            category_names.inline_category_label(category, _category_set(lessons)) for category in excluded
        )
        parts.append(
            f"The plan counts all of the bank's categories, but the run's settings leave out {listed}: their part went to the others."
        )
    if config.skills or config.difficulties:
        parts.append("The settings limit practice to some kinds or difficulties of questions.")
    if any(
        int(row["practised"]) < int(row["planned"]) and not is_category_excluded(config, row["category"])
        for row in deviating_rows
    ):
        parts.append(
            "Where fewer were practised than planned, the pool had no more of them, or others had been asked less often: "
            "those come first, and make up the number."
        )
    return " ".join(parts)


def is_category_excluded(config: RunConfig, category: str) -> bool:
    """Whether the run's settings exclude a category from practice."""
    return bool(config.categories) and category not in config.categories
