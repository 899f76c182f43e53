"""Words, sentences and the mix: what the pages say, from data made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from studentsim.config import STRATEGIES, RunConfig
from studentsim.ui import looks, rewards, sentences, words
from studentsim.ui.new import mix


def exams(*rows: tuple[int, int, int, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["turn", "correct", "questions", "low", "high"])
    return frame.assign(accuracy=frame.correct / frame.questions)


def steps(chosen: list[float], margins: list[float], turn: int = 1) -> pd.DataFrame:
    n = len(chosen)
    return pd.DataFrame(
        {
            "turn": [turn] * n, "step": range(1, n + 1), "steps": [n] * n, "logps_chosen": chosen, "rewards_margins": margins,
            "rewards_chosen": margins, "rewards_rejected": [-m for m in margins], "rewards_accuracies": [0.9] * n, "loss": [0.5] * n,
        }
    )  # fmt: skip


def test_every_strategy_has_a_name_and_a_look_of_its_own():
    assert set(looks.STRATEGIES) == set(STRATEGIES)
    for what in ("name", "slot"):
        assert len({getattr(look, what) for look in looks.STRATEGIES.values()}) == len(STRATEGIES)


def test_a_strategy_from_a_newer_version_is_drawn_under_its_own_id():
    assert looks.look("clever").name == "clever"


def test_a_result_from_few_questions_is_not_told_of_a_hundred():
    assert words.score(7, 12) == "7 of 12"
    assert words.score(146, 240) == "61 of 100"


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.2, "1 second"),
        (45, "45 seconds"),
        (120, "2 minutes"),
        (3900, "65 minutes"),
        (7500, "2 hours 5 minutes"),
        (7200, "2 hours"),
    ],
)
def test_times_grow_coarser_as_they_grow(seconds: float, text: str):
    assert words.duration(seconds) == text


def test_markdown_in_a_name_is_shown_as_it_is():
    assert words.literal("$5 and *10* <b> a_b") == r"\$5 and \*10\* \<b\> a\_b"
    assert words.literal("1. one") == r"1\. one" and words.literal("# not a heading") == r"\# not a heading"
    assert words.literal("Balanced beginner: unsure, 3.5 - 2.") == "Balanced beginner: unsure, 3.5 - 2."
    assert ":red:" not in words.literal(":red:")


def test_a_run_without_a_name_is_called_after_its_student_and_way_of_choosing():
    assert words.title(RunConfig()) == "Balanced beginner: follow the mistakes"
    assert words.title(RunConfig(name="Class 7b")) == "Class 7b"


def test_the_headline_says_where_the_student_stands_and_where_it_began():
    text = sentences.headline(exams((0, 74, 240, 0.25, 0.37), (12, 146, 240, 0.55, 0.67)))
    assert text == "After 12 lessons this student answers 61 of 100 new questions rightly (55 to 67); it began at 31."


def test_the_headline_of_a_small_exam_mixes_no_counts_with_hundreds():
    text = sentences.headline(exams((0, 9, 38, 0.13, 0.39), (12, 24, 38, 0.47, 0.77)))
    assert text == (
        "After 12 lessons this student answers 24 of 38 new questions rightly, which is 47 to 77 of 100; it began at 9 of 38."
    )
    assert words.bounded("24 of 38", 0.47, 0.77, 38) == "24 of 38, which is 47 to 77 of 100"
    assert words.bounded("61 of 100", 0.55, 0.67, 240) == "61 of 100 (55 to 67)"


def test_the_headline_claims_no_change_that_luck_could_explain():
    text = sentences.headline(exams((0, 74, 240, 0.25, 0.37), (2, 84, 240, 0.29, 0.41)))
    assert "no clear change yet" in text


def test_the_headline_before_any_lesson_and_before_any_exam():
    assert sentences.headline(exams((0, 74, 240, 0.25, 0.37))).startswith(
        "Before any lesson this student answers 31 of 100"
    )
    assert "no exam result yet" in sentences.headline(exams())


def test_the_weakest_category_is_named_only_where_it_is_clearly_below_the_whole():
    results = exams((0, 74, 240, 0.25, 0.37), (12, 146, 240, 0.55, 0.67))
    weak = pd.DataFrame(
        [("physics", 0.63, 25, 40, 0.47, 0.76), ("probability", 0.35, 14, 40, 0.22, 0.50)],
        columns=["category", "accuracy", "correct", "questions", "low", "high"],
    )
    assert "weakest in probability: 14 of 40, which is 22 to 50 of 100." in sentences.headline(results, weak)
    assert "weakest" not in sentences.headline(results, weak.assign(high=0.7))


def test_the_alert_comes_when_the_right_answer_falls_while_its_lead_grows():
    assert "what not to say" in rewards.alert(steps([-10, -10, -12, -12], [0, 0, 1, 1]))
    assert rewards.alert(steps([-10, -10, -8, -8], [0, 0, 1, 1])) == ""
    assert rewards.alert(steps([-10, -10, -12, -12], [1, 1, 0, 0])) == ""
    assert rewards.alert(steps([-10], [1])) == ""
    assert rewards.alert(steps([], [])) == ""


@pytest.mark.parametrize("view", list(rewards.VIEWS))
def test_every_reward_view_has_a_sentence_with_and_without_data(view: str):
    assert "lesson 1" in rewards.sentence(view, steps([], []))
    assert len(rewards.sentence(view, steps([-10, -9], [0.1, 0.4]))) > 40


@pytest.mark.parametrize("value", [0, 1, 33, 100])
def test_moving_one_share_keeps_the_sum_at_a_hundred(value: int):
    start = mix.even(["a", "b", "c", "d", "e", "f"])
    after = mix.moved(start, "c", value)
    assert sum(after.values()) == 100 and after["c"] == value and min(after.values()) >= 0
    assert sum(mix.moved(after, "a", 17).values()) == 100


def test_a_share_moved_down_from_all_gives_the_others_even_parts():
    assert mix.moved(mix.only(["a", "b", "c"], "a"), "a", 40) == {"a": 40, "b": 30, "c": 30}


def test_progress_tells_lesson_and_time_left():
    assert sentences.progress(7, 20, 24.2) == "Lesson 7 of 20, about 24 seconds left."
    assert sentences.progress(0, 20, None) == "Before lesson 1 of 20."
