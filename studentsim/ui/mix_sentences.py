"""What a lesson's category mix rests on, in words: the mistakes that led to it, or what else settled it. No streamlit here.

For the pages, the report and the command line. Rows are those of ``studentsim/store/practice_mix.py``, as plain mappings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from studentsim.config import RunConfig
from studentsim.ui import category_names, words
from studentsim.ui.mix_table import Row, exam_title

RESTS_ON: Mapping[str, str] = {
    "random": "Any question of the pool may come: a category comes about as often as the pool has questions of it.",
    "log-probability": "Questions on which the student is unsure are taken, whatever their category; the mix is what comes of that.",
    "likely-wrong": "Questions that it would most probably get wrong are taken, whatever their category; the mix is what comes of that.",
    "none": "Any question of the pool may come, as from a mixed bag; nothing is learnt from them.",
    "fixed": "The same questions come in every lesson, drawn once at random: the mix never changes.",
}
"""What the mix of a way of choosing rests on, where it is not the mistakes and not set by hand."""
BESIDE = "The exams' mistakes stand beside the lessons for comparison; they did not lead to them."


def rests_on(config: RunConfig) -> str:
    """What settles the mix of categories in this run."""
    if config.follows_mistakes:
        within = "" if config.strategy == "category" else "; within it come the questions that the student is unsure of"
        return f"Each lesson's mix of categories follows the mistakes of the exam before it{within}."
    if config.mix is not None and config.strategy != "fixed":
        return f"The mix of categories was set by hand ({words.way(config)})."
    unknown = f"This way of choosing ({words.way(config)}) does not look at the mistakes of the exams."
    return RESTS_ON.get(config.strategy, unknown)


def choosing(config: RunConfig) -> str:
    """What settles the mix, and that an exam's mistakes did not where that is so."""
    return rests_on(config) if config.follows_mistakes else f"{rests_on(config)} {BESIDE}"


def current(config: RunConfig, lessons: Sequence[Row], exams: Sequence[Row], *, going_on: bool) -> str:
    """The last exam's mistakes and the questions that they lead to; of a way that follows none, what its mix rests on.

    ``exams`` are ``practice_mix.exam_rows_of``. ``going_on``: more lessons may come.
    """
    if not config.follows_mistakes:
        return rests_on(config)
    last = max((int(row["turn"]) for row in exams), default=-1)
    if last < 0:
        return "The mistakes of the first exam will settle the mix of the lessons after it." if going_on else ""
    after = {int(row["turn"]) for row in lessons if row["exam_turn"] == last}
    if after:
        return led_to(config, lessons, now=going_on and len(after) == 1)
    if going_on and last < config.turns:
        return _announced(config, [row for row in exams if int(row["turn"]) == last])
    return led_to(config, lessons)


def led_to(config: RunConfig, lessons: Sequence[Row], *, now: bool = False) -> str:
    """The last lesson's greatest share, with the mistakes it followed: "17 of 58 mistakes in the exam after lesson 4 were in physics,
    so 12 of the next 40 questions were." Blank where no exam led to it. ``now``: these questions are being practised.
    """
    led = [row for row in lessons if row["planned"] is not None]
    if not led:
        return ""
    first = _first_after(led)
    questions = sum(int(row["practised"]) for row in first)
    row = max(first, key=lambda row: (not left_out(config, row["category"]), int(row["wrong"])))
    exam, category = exam_title(int(row["exam_turn"])), category_names.in_sentence(row["category"], _categories(led))
    wrong, total, planned, practised = (int(row[k]) for k in ("wrong", "all_wrong", "planned", "practised"))
    is_now = _are if now else _were
    if not total:
        said = f"Nothing was wrong in the {exam}, so all categories counted alike"
        return f"{said}: {practised} of the next {questions} questions {is_now(practised)} in {category}."
    said = f"{_mistakes(wrong, total, exam, category)}, so"
    if planned == practised:
        return f"{said} {practised} of the next {questions} questions {is_now(practised)}."
    return f"{said} {planned} of the next {questions} questions {_were(planned)} planned to be; {practised} {is_now(practised)}."


def _announced(config: RunConfig, exam: Sequence[Row]) -> str:
    """What the last exam's mistakes will lead to. Where the pool is limited the plan's figure counts categories that cannot come, so
    none is told before the lesson has begun.
    """
    row = max(exam, key=lambda row: (not left_out(config, row["category"]), int(row["wrong"])))
    total, questions = (sum(int(row[key]) for row in exam) for key in ("wrong", "next_mix"))
    title, category = exam_title(int(row["turn"])), category_names.in_sentence(row["category"], _categories(exam))
    if not total:
        return f"Nothing was wrong in the {title}, so all categories count alike in the next lessons."
    said = _mistakes(int(row["wrong"]), total, title, category)
    if config.categories or config.skills or config.difficulties:
        return f"{said}; the next lesson's mix follows that."
    return f"{said}, so {int(row['next_mix'])} of the next {questions} questions will be."


def _mistakes(wrong: int, total: int, exam: str, category: str) -> str:
    return f"{wrong} of {words.plural(total, 'mistake')} in the {exam} {_were(wrong)} in {category}"


def _categories(rows: Sequence[Row]) -> set[str]:
    return {row["category"] for row in rows}


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _first_after(led: Sequence[Row]) -> list[Row]:
    """The first lesson after the last exam that led to one."""
    exam = max(int(row["exam_turn"]) for row in led)
    turn = min(int(row["turn"]) for row in led if row["exam_turn"] == exam)
    return [row for row in led if row["turn"] == turn]


def departures(config: RunConfig, lessons: Sequence[Row]) -> str:
    """Why lessons hold another mix than was planned; blank where none does."""
    apart = [row for row in lessons if row["planned"] is not None and row["planned"] != row["practised"]]
    if not apart:
        return ""
    turns = sorted({int(row["turn"]) for row in apart})
    outside = [c for c in dict.fromkeys(row["category"] for row in lessons) if left_out(config, c)]
    said = [f"Another mix than planned was practised in {words.plural(len(turns), 'lesson')}."]
    if outside:
        listed = ", ".join(category_names.in_sentence(category, _categories(lessons)) for category in outside)
        said.append(
            f"The plan counts all of the bank's categories, but the run's settings leave out {listed}: their part went to the others."
        )
    if config.skills or config.difficulties:
        said.append("The settings limit practice to some kinds or difficulties of questions.")
    if any(int(row["practised"]) < int(row["planned"]) and not left_out(config, row["category"]) for row in apart):
        said.append(
            "Where fewer were practised than planned, the pool had no more of them, or others had been asked less often: "
            "those come first, and make up the number."
        )
    return " ".join(said)


def left_out(config: RunConfig, category: str) -> bool:
    """Whether the run's settings keep a category out of practice."""
    return bool(config.categories) and category not in config.categories
