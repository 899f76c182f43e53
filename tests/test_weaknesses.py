"""The sums behind Weaknesses: accuracies, slips and what became of them, item figures, what to practise next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from weak_runs import GAIN, PER_SKILL, PHYSICS, PROBABILITY, make_weak_run, plain, questions, slip

from studentsim.analysis import advice, item_analysis, misconception_status, misconceptions
from studentsim.analysis.findings import ExamFindings, load_findings
from studentsim.analysis.misconceptions import ComparisonCounts, MisconceptionHistory
from studentsim.analysis.weakness_selection import WeaknessesSelection, resolve_selection
from studentsim.exam import wilson_interval
from studentsim.labels.titles import misconception_title
from studentsim.narration import weaknesses_summary
from studentsim.store import ingest, queries
from studentsim.store.database import Database
from studentsim.types import Question


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    with Database.open(folder) as opened:
        ingest.sync_journals(opened, folder / "runs")
        yield opened


def findings(folder: Path, run_id: str = "weak") -> ExamFindings:
    with database(folder) as opened:
        return load_findings(opened, run_id)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> ExamFindings:
    folder = tmp_path_factory.mktemp("data")
    make_weak_run(folder)
    return findings(folder)


# ------------------------------------------------------------------ accuracies


def test_categories_and_skills_add_up_to_the_exam(found: ExamFindings):
    for frame in (found.categories, found.skills):
        sums = frame.groupby("turn")[["correct", "questions"]].sum()
        assert list(sums.correct) == list(found.exams.correct) and set(sums.questions) == {3 * PER_SKILL}
    row = found.in_last_exam(found.categories).set_index("row").loc["probability"]
    assert (row.correct, row.questions) == (3, PER_SKILL)
    assert (row.ci_low, row.ci_high) == wilson_interval(3, PER_SKILL)


def test_an_exam_that_is_half_done_counts_for_nothing(tmp_path: Path):
    make_weak_run(tmp_path, status="", half=5)
    assert findings(tmp_path).exam_turns == [0, 2, 4]
    assert set(findings(tmp_path).categories.turn) == {0, 2, 4}


def test_before_the_first_exam_all_frames_are_empty_and_nothing_is_claimed(tmp_path: Path):
    make_weak_run(tmp_path, turns=(), half=3, status="")
    empty = findings(tmp_path)
    assert (
        empty.exams.empty
        and empty.categories.empty
        and empty.misconception_counts.empty
        and empty.judged_misconceptions.empty
    )
    assert weaknesses_summary.describe_run(empty) == weaknesses_summary.NO_EXAM and advice.build_advice(empty) == []


def test_a_bank_without_skills_or_slips_still_has_its_categories(tmp_path: Path):
    bare = [
        replace(q, skill=None, options=tuple(replace(o, misconception=None) for o in q.options)) for q in questions()
    ]
    make_weak_run(tmp_path, asked=bare, letter=lambda turn, number, q: q.correct if number % 2 else None)
    here = findings(tmp_path)
    assert here.exams.correct.iloc[-1] == here.in_last_exam(here.categories).correct.sum() == 18
    assert list(here.in_last_exam(here.skills).row) == [""]
    assert here.judged_misconceptions.empty and here.misconception_counts.empty
    assert advice.build_advice(here) == []


def test_advice_on_a_bank_without_slips_names_none(tmp_path: Path):
    bare = [replace(q, options=tuple(replace(o, misconception=None) for o in q.options)) for q in questions()]
    make_weak_run(
        tmp_path, asked=bare, letter=lambda turn, number, q: None if q.skill == PHYSICS and number < 11 else q.correct
    )
    (line,) = advice.build_advice(findings(tmp_path))
    assert line.category == "physics" and not line.misconceptions and not line.teacher_prompt


# ------------------------------------------------------------------ slips


def test_a_slip_is_counted_among_the_questions_that_invite_it(found: ExamFindings):
    made = found.in_last_exam(found.misconception_counts).set_index("misconception")
    assert made.made.sum() == 3 * PER_SKILL - found.exams.correct.iloc[-1]
    worst = made.sort_values("made").iloc[-1]
    assert (worst.skill, worst.made, worst.offered, worst.blind) == (PROBABILITY, 9, PER_SKILL, 0.2)
    assert set(made.offered) == {PER_SKILL} and len(made) == 6


def course(*counts: int, offered: int = 6, blind: float = 0.2, right: tuple[int, ...] = ()) -> MisconceptionHistory:
    """So often made, exam by exam; what is not made is ``right``, unless said."""
    return MisconceptionHistory(counts, (offered,) * len(counts), right or tuple(offered - k for k in counts), blind)


ALONE, AMONG_FIFTY = ComparisonCounts(1, 1, 1), ComparisonCounts(50, 50, 50)


@pytest.mark.parametrize(
    "counts, offered, verdict",
    [
        ((3, 0), 6, "fewer"), ((4, 2, 0), 6, "fewer"), ((5, 1), 6, "fewer"), ((2, 0), 6, "fewer"), ((3, 1), 6, "fewer"),
        ((5, 0), 6, "unlearnt"), ((6, 3, 0), 6, "unlearnt"), ((5, 5), 6, "remains"), ((0, 0, 4), 6, "remains"), ((0, 6), 6, "grown"),
        ((3, 2), 6, "fewer"), ((1, 2), 6, "more"), ((1, 1), 1, "same"), ((2, 2), 2, "same"), ((0, 1, 0), 6, "same"),
        ((6, 0, 6), 6, "back"), ((5, 0, 2), 6, "fewer"), ((0, 5, 0, 0, 6), 6, "back"), ((1, 0, 5), 6, "remains"),
        ((90, 60), 100, "remains"), ((90, 15), 100, "unlearnt"), ((40,), 60, "remains"), ((1,), 6, "seen"), ((2,), 6, "seen"),
        ((40, 15), 60, "less"), ((12, 3), 12, "less"), ((0, 4), 20, "more"), ((0, 10, 0), 20, "same"),
    ],
)  # fmt: skip
def test_what_became_of_a_slip_is_said_only_where_the_counts_bear_it(counts: tuple, offered: int, verdict: str):
    assert misconceptions.classify_trend(course(*counts, offered=offered), ALONE) == verdict


def test_among_many_slips_more_is_needed():
    for counts, offered, verdict in (
        ((6, 0), 6, "fewer"),
        ((5, 5), 6, "same"),
        ((6, 6), 6, "remains"),
        ((60, 5), 100, "unlearnt"),
    ):
        assert misconceptions.classify_trend(course(*counts, offered=offered), AMONG_FIFTY) == verdict


def test_a_slip_is_unlearnt_only_where_its_questions_go_better():
    for right, verdict in ((1, "replaced"), (3, "replaced"), (4, "unlearnt")):  # of six that went, half at least
        assert misconceptions.classify_trend(course(6, 0, right=(1, right)), ALONE) == verdict


def test_of_a_slip_that_luck_may_have_made_fewer_the_count_is_said_and_no_more():
    fewer = misconception_status.MISCONCEPTION_VERDICTS["fewer"]
    assert (
        fewer.format_label(0, 6) == "fewer now, 0 of 6"
        and not fewer.is_clear
        and fewer.icon != misconception_status.MISCONCEPTION_VERDICTS["unlearnt"].icon
    )
    assert misconception_status.MISCONCEPTION_VERDICTS["unlearnt"].format_label(0, 60) == "unlearnt"


def test_three_of_six_that_went_are_not_called_unlearnt(tmp_path: Path):
    """Seen in a browser: "unlearnt" at 3 of 6, then 0 of 6."""
    make_weak_run(
        tmp_path,
        asked=questions(each=6),
        letter=lambda turn, number, q: slip(q) if not turn and number < 3 else q.correct,
    )
    here = findings(tmp_path)
    assert set(here.judged_misconceptions.verdict) == {"fewer"}
    said = weaknesses_summary.describe_misconceptions(here, here.judged_misconceptions)
    assert said == (
        "None of these 3 slips has clearly gone or clearly stayed, since each rests on few questions: 3 fewer now. All slips together: "
        "in 9 of 18 answers of the first exam, in 0 of 18 of the last, fewer by more than chance."
    )


@given(some.lists(some.integers(0, 12), min_size=1, max_size=8), some.integers(1, 20))
def test_a_verdict_never_contradicts_its_counts(counts: list[int], many: int):
    verdict = misconceptions.classify_trend(course(*counts, offered=12), ComparisonCounts(many, many, many))
    if verdict == "unlearnt":
        assert counts[-1] < counts[0] and counts[-1] / 12 <= 0.2
    if verdict == "remains":
        assert counts[-1] >= misconceptions.MIN_REMAINING_COUNT
    if verdict in ("grown", "more"):
        assert counts[-1] > counts[0]
    if verdict in ("fewer", "less", "replaced"):
        assert counts[-1] < counts[0]
    if verdict == "back":
        assert min(counts[1:-1]) < min(counts[-1], max(counts))
    assert (verdict == "seen") <= (len(counts) == 1) and set(misconception_status.MISCONCEPTION_VERDICTS) >= {verdict}


def test_how_many_of_its_questions_are_right_stands_beside_each_slip(found: ExamFindings):
    here = found.in_last_exam(found.misconception_counts)
    of = {row.row: row.correct for row in found.in_last_exam(found.skills).itertuples()}
    assert list(here.right) == [of[skill] for skill in here.skill]


def test_slips_never_made_are_left_out_and_the_urgent_come_first(found: ExamFindings):
    assert (found.judged_misconceptions.most > 0).all()
    assert (
        found.judged_misconceptions.verdict.iloc[0] == "remains"
        and found.judged_misconceptions.skill.iloc[0] == PROBABILITY
    )
    assert list(found.judged_misconceptions.series.iloc[0]) == [9, 9, 9]


# ------------------------------------------------------------------ items


def test_item_figures_are_those_of_the_textbook(tmp_path: Path):
    asked = questions()
    rng = Random(4)
    ability = {f"r{i}": rng.random() for i in range(12)}
    marks: dict[tuple[str, int], list[int]] = {}

    def student(run_id: str):
        def letter(turn: int, number: int, question: Question) -> str | None:
            right = rng.random() < ability[run_id] * (0.4 + 0.6 * number / PER_SKILL)
            marks.setdefault((run_id, turn), []).append(int(right))
            return question.correct if right else rng.choice([slip(question), None])

        return letter

    for run_id in ability:
        make_weak_run(tmp_path, run_id, turns=(0, 2), letter=student(run_id))
    with database(tmp_path) as opened:
        sheets = queries.fetch_answer_sheets(opened, "r3")
        choices = queries.fetch_item_choices(opened, "r3", sheets)
        table = item_analysis.analyse_items(load_findings(opened, "r3").questions, choices).set_index("question_id")
    x = np.array(list(marks.values()))
    assert len(sheets) == len(x) == 24
    for i, question in enumerate(asked):
        row, rest = table.loc[question.id], x.sum(axis=1) - x[:, i]
        assert row.facility == pytest.approx(x[:, i].mean()) and (row.ci_low, row.ci_high) == wilson_interval(
            int(x[:, i].sum()), 24
        )
        if 0 < x[:, i].sum() < 24:
            assert row.discrimination == pytest.approx(np.corrcoef(x[:, i], rest)[0, 1])
        else:
            assert math.isnan(row.discrimination)
        assert row.own == 2 and row.own_correct == sum(marks["r3", t][i] for t in (0, 2)) == row.history.count(
            item_analysis.CORRECT_SYMBOL
        )


def test_few_sheets_give_no_discrimination_and_say_so(tmp_path: Path):
    make_weak_run(tmp_path)
    with database(tmp_path) as opened:
        sheets = queries.fetch_answer_sheets(opened, "weak")
        table = item_analysis.analyse_items(
            load_findings(opened, "weak").questions, queries.fetch_item_choices(opened, "weak", sheets)
        )
    assert table.discrimination.isna().all() and table.facility.notna().all()
    assert f"needs at least {item_analysis.MIN_SHEETS}" in weaknesses_summary.describe_item_analysis(len(sheets), 3)


def test_only_sheets_of_the_same_exam_count_and_equal_ones_once(tmp_path: Path):
    def worse(turn: int, number: int, question: Question) -> str | None:
        return plain(turn, number, question) if number else None

    make_weak_run(tmp_path)
    make_weak_run(tmp_path, "another", letter=worse, turns=(0, 2))
    make_weak_run(tmp_path, "other-exam", letter=worse, exam_seed=7)
    make_weak_run(tmp_path, "shorter", letter=worse, asked=questions(each=4))
    with database(tmp_path) as opened:
        sheets = queries.fetch_answer_sheets(opened, "weak")
        assert [run for run, *_ in sheets] == ["weak"] * 3 + ["another"] * 2
        assert len(queries.fetch_answer_sheets(opened, "weak", limit=4)) == 4
        assert queries.fetch_answer_sheets(opened, "nobody") == []
        assert queries.fetch_item_choices(opened, "nobody", []).empty


def test_sheets_alike_in_every_figure_count_once(tmp_path: Path):
    """All runs of one student sit the same first exam with the same luck."""
    for name in ("weak", "twin"):
        folder = make_weak_run(tmp_path, name, turns=(0,))
        journal = folder / "events.jsonl"
        journal.write_text(journal.read_text().replace('"p_correct": null, "seconds"', '"p_correct": 0.25, "seconds"'))
    with database(tmp_path) as opened:
        assert [run for run, *_ in queries.fetch_answer_sheets(opened, "weak")] == ["weak"]


def test_what_each_option_drew_adds_up_to_the_sheets(tmp_path: Path):
    make_weak_run(tmp_path, letter=lambda turn, number, q: None if turn == 2 else slip(q) if turn else q.correct)
    with database(tmp_path) as opened:
        found = load_findings(opened, "weak")
        choices = queries.fetch_item_choices(opened, "weak", queries.fetch_answer_sheets(opened, "weak"))
    question = found.questions.iloc[0]
    drawn = item_analysis.option_choice_frame(question, choices)
    assert drawn.sheets.sum() == 3 and list(drawn[drawn.sheets > 0].own) == [1, 1, 1]
    assert drawn[drawn.right].letter.iloc[0] == question.correct
    assert drawn.iloc[-1].text == "nothing ticked" and drawn.iloc[-1].sheets == 1
    figures = item_analysis.analyse_items(found.questions, choices).set_index("question_id").loc[question.question_id]
    assert (
        figures.top_distractor == drawn[drawn.slip != ""].sort_values("sheets").letter.iloc[-1]
        and figures.top_distractor_count == 1
    )


# ------------------------------------------------------------------ what to practise, and what is said


def test_practice_starts_with_what_is_behind_by_more_than_luck_and_gives_its_evidence(found: ExamFindings):
    first, *others = advice.build_advice(found)
    assert first.category == "probability" and first.title == "Practise probability"
    assert "3 of 12 right" in first.evidence[0] and "behind by more than chance" in first.evidence[0]
    assert (
        any("9 of the 12 questions that invite it" in sentence for sentence in first.evidence) and first.teacher_prompt
    )
    assert not others and advice.describe_advice_basis([first]) == "This rests on more than chance. Nothing else does."


def test_where_nothing_is_behind_by_more_than_luck_nothing_is_ordered(tmp_path: Path):
    make_weak_run(tmp_path, letter=lambda turn, number, q: slip(q) if number < 4 + (q.skill == GAIN) else q.correct)
    here = findings(tmp_path)
    assert advice.build_advice(here) == []
    assert advice.describe_no_advice(here).startswith(
        "Nothing is behind the rest by more than chance could make it, so this exam gives no reason"
    )


def test_nothing_is_advised_where_everything_is_mastered(tmp_path: Path):
    make_weak_run(tmp_path, turns=(0,), asked=questions(each=40), letter=lambda turn, number, q: q.correct)
    assert advice.build_advice(findings(tmp_path)) == []
    assert "every category is above 90 of 100" in advice.describe_no_advice(findings(tmp_path))


def test_one_bad_kind_of_question_among_many_is_clear_only_if_the_worst_of_so_many_would_not_be_so_bad(tmp_path: Path):
    make_weak_run(tmp_path, letter=lambda turn, number, q: slip(q) if q.skill == PHYSICS and number < 11 else q.correct)
    assert list(advice.skills_far_behind(findings(tmp_path)).row) == [PHYSICS]
    make_weak_run(
        tmp_path, "mild", letter=lambda turn, number, q: slip(q) if number < 5 + (q.skill == PHYSICS) else q.correct
    )
    assert advice.skills_far_behind(findings(tmp_path, "mild")).empty


def test_the_opening_names_the_weakest_category_and_its_commonest_slip(found: ExamFindings):
    said = weaknesses_summary.describe_run(found)
    assert said.startswith("After 4 lessons this student answers 25 of 36 never-practised questions rightly")
    assert "It is weakest in probability, 3 of 12" in said
    assert "“gave the odds instead of the chance”, 9 of 9 wrong answers" in said


def test_the_lowest_category_is_named_as_no_more_than_that_where_luck_can_make_it(tmp_path: Path):
    make_weak_run(tmp_path, letter=lambda turn, number, q: slip(q) if number < 4 + (q.skill == GAIN) else q.correct)
    here = findings(tmp_path)
    said = weaknesses_summary.describe_run(here)
    assert (
        "No category is behind by more than chance; the lowest is “profit, discount, interest”, 7 of 12 (32 to 81 of 100)"
        in said
    )
    assert "there its commonest slip is" in said and "weakest" not in said
    assert weaknesses_summary.weakest_category(here) == "gain"


def test_a_change_is_told_by_both_exams(tmp_path: Path):
    def learns(turn: int, number: int, q: Question) -> str:
        return slip(q) if q.skill == PHYSICS and number < (12 if not turn else 6) else q.correct

    make_weak_run(tmp_path, letter=learns)
    make_weak_run(tmp_path, "same", letter=lambda turn, number, q: learns(1, number, q))
    up, same = (advice.build_advice(findings(tmp_path, name))[0].evidence for name in ("weak", "same"))
    assert "Up: 0 of 12 right in the first exam, 6 of 12 in the last." in up
    assert "No clear change: 6 of 12 right in the first exam, 6 of 12 in the last." in same


def test_the_opening_says_that_no_option_showed_the_result_where_no_slip_is_as_frequent(tmp_path: Path):
    def letter(turn: int, number: int, q: Question) -> str | None:
        return q.correct if q.skill != PROBABILITY or number > 8 else None if number < 6 else slip(q)

    make_weak_run(tmp_path, letter=letter)
    here = findings(tmp_path)
    said = weaknesses_summary.describe_run(here)
    assert (
        "there it most often gives a result that no option shows, 6 of 9 wrong answers; the most frequent slip is “"
        in said
    )
    assert said.endswith("”, 3.")
    line = next(line for line in advice.build_advice(here) if line.category == "probability")
    assert any(why.startswith("On 6 of its questions nothing was ticked") for why in line.evidence)
    assert [count for _, count in line.misconceptions] == [3]


def test_slips_of_equal_count_stand_in_the_order_of_their_titles(tmp_path: Path):
    make_weak_run(tmp_path, letter=lambda turn, number, q: slip(q, number % 2) if number < 8 else q.correct)
    here = findings(tmp_path)
    for told in (here.judged_misconceptions, advice.most_common_misconceptions(here, limit=None)):
        titles = [misconception_title(s) for s in told.misconception]
        assert len(titles) == 6 and titles == sorted(titles)


def test_the_opening_claims_no_weakest_category_where_luck_could_make_it(tmp_path: Path):
    make_weak_run(tmp_path, letter=lambda turn, number, q: q.correct if number < 6 + (q.skill == GAIN) else slip(q))
    said = weaknesses_summary.describe_run(findings(tmp_path))
    assert "No category is behind by more than chance" in said and "weakest" not in said


def test_the_opening_says_when_two_weak_categories_cannot_be_told_apart(tmp_path: Path):
    def letter(turn: int, number: int, question: Question) -> str:
        return (
            question.correct if question.skill == GAIN or number < 2 + (question.skill == PHYSICS) else slip(question)
        )

    make_weak_run(tmp_path, asked=[*questions((GAIN,), 40), *questions((PHYSICS, PROBABILITY), 12)], letter=letter)
    assert "can't be told apart" in weaknesses_summary.describe_run(findings(tmp_path))


def test_an_opened_place_says_where_it_stands_and_whether_it_changed(found: ExamFindings):
    assert weaknesses_summary.describe_selection(found, WeaknessesSelection("weak", "probability")).endswith(
        "it began at 3 of 12, which is no clear change yet."
    )
    assert weaknesses_summary.describe_selection(found, WeaknessesSelection("weak", "gain", GAIN)).startswith("“")
    assert "no clear change" not in weaknesses_summary.describe_selection(
        found, WeaknessesSelection("weak", "gain", GAIN)
    )


# ------------------------------------------------------------------ places


def test_a_slip_in_a_link_brings_its_skill_and_category_along(found: ExamFindings):
    name = found.judged_misconceptions.misconception.iloc[0]
    place, lost = resolve_selection(WeaknessesSelection("weak", slip=name, lesson="2"), found)
    assert (place.category, place.skill, place.slip, place.lesson, lost) == ("probability", PROBABILITY, name, "2", [])
    assert (
        place.parent == WeaknessesSelection("weak", "probability")
        and place.parent.parent == WeaknessesSelection("weak")
        and place.parent.parent.parent is None
    )


@pytest.mark.parametrize(
    "value", ["nothing", "x" * 100_000, "<script>alert(1)</script>", "' OR 1=1--", "a\0b", "\u202e"]
)
@pytest.mark.parametrize("name", ["category", "skill", "slip", "lesson", "question"])
def test_what_a_link_names_in_vain_is_left_out_and_said(found: ExamFindings, name: str, value: str):
    place, lost = resolve_selection(WeaknessesSelection.from_params("weak", {name: value}), found)
    assert place == WeaknessesSelection("weak") and len(lost) == 1 and len(lost[0]) < 150


def test_a_place_leads_to_its_wrong_answers():
    place = WeaknessesSelection("r", "gain", GAIN, "s")
    assert place.answers_params(lesson=4) == {
        "run": "r", "lesson": "4", "phase": "exam", "mark": "wrong", "category": "gain", "skill": GAIN, "slip": "s",
    }  # fmt: skip
    assert WeaknessesSelection.from_params("r", place.params) == place
