"""Words, sentences and the mix: what the pages say, from data made by hand."""

from __future__ import annotations

import json
import lzma
import re
import statistics
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studentsim.analysis import accuracy_bounds, estimate, rewards, setting_differences
from studentsim.config import RunConfig, describe_mix
from studentsim.curriculum.generator import MISCONCEPTIONS
from studentsim.labels import formatting, strategy_styles, titles
from studentsim.legacy_names import upgrade_event
from studentsim.narration import run_summary
from studentsim.runs import demo
from studentsim.runs.demo import RECORDED_FOLDER
from studentsim.runs.run_dir import list_runs
from studentsim.selection.registry import STRATEGIES
from studentsim.settings import DPOSettings
from studentsim.store.journal import read_events
from studentsim.types import CATEGORIES
from studentsim.ui import charts
from studentsim.ui.new import mix
from studentsim.ui.new.category_mix import MIX_LABELS


def exams(*rows: tuple[int, int, int, float, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["turn", "correct", "questions", "ci_low", "ci_high"])
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
    assert set(strategy_styles.STRATEGY_STYLES) == set(STRATEGIES)
    assert len({look.name for look in strategy_styles.STRATEGY_STYLES.values()}) == len(STRATEGIES)
    slots = [strategy_styles.STRATEGY_STYLES[id].color_slot for id in [*STRATEGIES][: len(strategy_styles.PALETTE)]]
    assert len(set(slots)) == len(slots)


def test_a_strategy_from_a_newer_version_is_drawn_under_its_own_id():
    assert strategy_styles.strategy_style("clever").name == "clever"


def test_a_result_from_few_questions_is_not_told_of_a_hundred():
    assert formatting.format_score(7, 12) == "7 of 12"
    assert formatting.format_score(146, 240) == "61 of 100"


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
    assert formatting.format_duration(seconds) == text


def test_markdown_in_a_name_is_shown_as_it_is():
    assert formatting.escape_markdown("$5 and *10* <b> a_b") == r"\$5 and \*10\* \<b\> a\_b"
    assert (
        formatting.escape_markdown("1. one") == r"1\. one"
        and formatting.escape_markdown("# not a heading") == r"\# not a heading"
    )
    assert formatting.escape_markdown("Balanced beginner: unsure, 3.5 - 2.") == "Balanced beginner: unsure, 3.5 - 2."
    assert ":red:" not in formatting.escape_markdown(":red:")


@pytest.mark.parametrize("text", ["12. one", "12) one", "3.5 km"])
def test_a_number_at_the_beginning_makes_no_list(text: str):
    assert not re.match(r"\d+[.)]", formatting.escape_markdown(text))


@pytest.mark.parametrize(
    "text", ["http://a.b/c", "HTTPS://a.b", "www.a.b", "see WWW.a.b", "a@b.c", "mailto:a@b.c", "ftp://a.b"]
)
def test_an_address_in_a_text_makes_no_link(text: str):
    shown = formatting.escape_markdown(text)
    assert shown.replace("\u2060", "") == text
    assert not re.search(r"(?i)https?://|www\.|[-.\w+]@[-\w]", shown), "what the pages' Markdown makes a link of"


def test_what_a_terminal_obeys_and_what_turns_a_line_is_shown_as_a_mark():
    assert formatting.escape_markdown("a\x1b[31mb\x7f \x9b1mc") == "a\ufffd\\[31mb\ufffd \ufffd1mc"
    assert formatting.escape_markdown("exam\u202efdp") == "exam\ufffdfdp"
    assert formatting.escape_markdown("שלום\u200f 👩\u200d🏫") == "שלום\u200f 👩\u200d🏫"
    config = RunConfig.model_construct(name="", model="./m\x1b]0;x\x07", strategy="random")
    for title in (config.title, formatting.run_title(config), formatting.student_title(config)):
        assert "\x1b" not in title and "\x07" not in title and "\ufffd" in title


def test_a_run_without_a_name_is_called_after_its_student_and_way_of_choosing():
    assert formatting.run_title(RunConfig()) == "Balanced beginner: follow the mistakes"
    assert formatting.run_title(RunConfig(name="Class 7b")) == "Class 7b"


MIX = {"general": 0.0, "physics": 50.0, "gain": 30.0, "other": 15.0, "probability": 5.0}


@pytest.mark.parametrize(
    "strategy, told",
    [
        ("category", "own mix (physics 50 %, “profit, discount, interest” 30 %, …)"),
        ("random", "own mix (physics 50 %, “profit, discount, interest” 30 %, …)"),
        (
            "log-probability+category",
            "where it is unsure, own mix (physics 50 %, “profit, discount, interest” 30 %, …)",
        ),
        ("none", "no teaching, own mix (physics 50 %, “profit, discount, interest” 30 %, …)"),
        ("fixed", "same questions again"),
    ],
)
def test_an_own_mix_is_told_instead_of_what_it_overrules(strategy: str, told: str):
    config = RunConfig(strategy=strategy, mix=MIX)
    assert formatting.strategy_label(config) == told
    assert formatting.run_title(config) == f"Balanced beginner: {told}"
    for plain, id in (
        ("where it is unsure", "log-probability"),
        ("no teaching", "none"),
        ("same questions again", "fixed"),
        ("“profit, discount, interest”", "gain"),
    ):
        told = told.replace(plain, id)
    assert config.title == f"balanced, {told}"


def test_a_mix_of_few_categories_is_told_whole_and_an_even_one_as_such():
    assert describe_mix({"gain": 33.5, "other": 66.5}) == "own mix (other 66.5 %, gain 33.5 %)"
    assert describe_mix(mix.even_shares(list("abcdef"))) == "even mix (6 categories)"
    assert describe_mix({"gain": 51, "other": 49}) == "own mix (gain 51 %, other 49 %)"
    assert describe_mix({"gain": 100}) == "own mix (gain 100 %)"


@pytest.mark.parametrize("categories", [CATEGORIES, CATEGORIES[:4], CATEGORIES[:3], CATEGORIES[:2]])
def test_an_even_mix_has_one_name_in_the_form_the_list_and_compare(categories: tuple[str, ...]):
    name = MIX_LABELS["even"]
    config = RunConfig(mix={c: float(share) for c, share in mix.even_shares(categories).items()})
    assert formatting.capitalize_first(formatting.strategy_label(config)).startswith(
        f"{name} ("
    ) and formatting.run_title(config).endswith(formatting.strategy_label(config))
    assert setting_differences.format_setting("strategy", config) == name


def test_a_range_of_times_is_told_in_one_unit_where_it_can_be():
    assert formatting.format_duration_range(20, 47) == "20 to 47 seconds"
    assert formatting.format_duration_range(1, 5) == "1 to 5 seconds"
    assert formatting.format_duration_range(50, 130) == "50 seconds to 2 minutes"
    assert formatting.format_duration_range(120, 121) == "2 minutes"


def test_a_fraction_that_its_sum_leaves_as_it_was_is_told_once():
    told = "Chance of the wanted kind: 4/7 = 4/7\nIn lowest terms: 8/14 = 4/7\nAnswer: 4/7"
    assert formatting.format_working(told) == "Chance of the wanted kind: 4/7\nIn lowest terms: 8/14 = 4/7\nAnswer: 4/7"


def test_the_headline_says_where_the_student_stands_and_where_it_began():
    text = run_summary.results_headline(exams((0, 74, 240, 0.25, 0.37), (12, 146, 240, 0.55, 0.67)))
    assert (
        text
        == "After 12 lessons this student answers 61 of 100 never-practised questions rightly (55 to 67); it began at 31."
    )


def test_the_headline_of_a_small_exam_mixes_no_counts_with_hundreds():
    text = run_summary.results_headline(exams((0, 9, 38, 0.13, 0.39), (12, 24, 38, 0.47, 0.77)))
    assert text == (
        "After 12 lessons this student answers 24 of 38 never-practised questions rightly, which is 47 to 77 of 100; it began at 9 of 38."
    )
    assert formatting.append_interval("24 of 38", 0.47, 0.77, 38) == "24 of 38, which is 47 to 77 of 100"
    assert formatting.append_interval("61 of 100", 0.55, 0.67, 240) == "61 of 100 (55 to 67)"


def test_the_headline_claims_no_change_that_luck_could_explain():
    text = run_summary.results_headline(exams((0, 74, 240, 0.25, 0.37), (2, 84, 240, 0.29, 0.41)))
    assert "no clear change yet" in text


def test_the_headline_before_any_lesson_and_before_any_exam():
    assert run_summary.results_headline(exams((0, 74, 240, 0.25, 0.37))).startswith(
        "Before any lesson this student answers 31 of 100"
    )
    assert "no exam result yet" in run_summary.results_headline(exams())


def test_the_weakest_category_is_named_only_where_it_is_clearly_below_the_whole():
    results = exams((0, 74, 240, 0.25, 0.37), (12, 146, 240, 0.55, 0.67))
    weak = pd.DataFrame(
        [("physics", 0.63, 25, 40, 0.47, 0.76), ("probability", 0.35, 14, 40, 0.22, 0.50)],
        columns=["category", "accuracy", "correct", "questions", "ci_low", "ci_high"],
    )
    assert "weakest in probability: 14 of 40, which is 22 to 50 of 100." in run_summary.results_headline(results, weak)
    few = pd.DataFrame([("other", 0.0, 0, 2, 0.0, 0.66)], columns=weak.columns)  # lower, but of two questions
    assert "weakest in probability" in run_summary.results_headline(
        results, pd.concat([few, weak.assign(correct=[35, 14])])
    )
    near = weak.assign(correct=[25, 19])  # luck makes the lower of two so
    assert "weakest" not in run_summary.results_headline(results, near)


def passes(*likely: float, reference: str = "last-turn", pairs: int = 24) -> pd.DataFrame:
    """Held-out pairs after lessons 1, 2 …: ``likely`` are the right answers' mean log-probabilities, first those before lesson 1; the
    wrong ones' stay at -9. Rewards as DPO has them, with beta 0.1."""
    base = [likely[0]] * (len(likely) - 1) if reference == "base" else likely[:-1]
    rewards = [0.1 * (now - before) for now, before in zip(likely[1:], base, strict=True)]
    return pd.DataFrame({
        "turn": range(1, len(likely)), "pairs": pairs, "loss": 0.6, "rewards_chosen": rewards, "rewards_rejected": 0.0,
        "rewards_margins": rewards, "rewards_accuracies": 0.75, "logps_chosen": likely[1:], "logps_rejected": -9.0,
    })  # fmt: skip


ROSE = exams((0, 120, 240, 0.44, 0.56), (2, 180, 240, 0.69, 0.80))
FELL = exams((0, 120, 240, 0.44, 0.56), (2, 180, 240, 0.69, 0.80), (4, 140, 240, 0.52, 0.64))
BELOW_THE_FIRST = exams((0, 120, 240, 0.44, 0.56), (2, 105, 240, 0.38, 0.50), (4, 85, 240, 0.30, 0.42))


@pytest.mark.parametrize(
    ("sat", "likely", "says"),
    [
        (FELL, (-10, -9, -9, -10, -11), "the one after lesson 2: 58 of 100 (52 to 64), against 75 of 100 (69 to 80)"),
        (BELOW_THE_FIRST, (-10, -11, -11, -12, -13), "the one before any lesson: 35 of 100"),
        (FELL, (-10, -9, -9, -9, -8), ""),  # the exam alone
        (ROSE, (-10, -11, -12), ""),  # the held-out answers alone, as in 28 of 80 recorded lessons
        (
            FELL.assign(correct=[120, 180, 175]),
            (-10, -9, -9, -10, -11),
            "",
        ),  # luck could have made the exam fall so far
        (FELL.iloc[:1], (-10, -12), ""),
        (FELL.iloc[:0], (-10, -12), ""),
    ],
)
@pytest.mark.parametrize("reference", ["last-turn", "base"])
def test_the_alert_comes_only_where_an_exam_fell_and_the_held_out_right_answers_with_it(sat, likely, says, reference):
    told = rewards.degradation_alert(passes(*likely, reference=reference), sat, DPOSettings(reference=reference))
    assert says in told and bool(told) == bool(says)
    assert rewards.degradation_alert(passes(-10).iloc[:0], sat, DPOSettings()) == ""


def test_luck_alone_hardly_ever_warns():
    """Runs whose student never changes, while its held-out answers grow ever less likely: exams of 240 that differ by luck."""
    rng, falling = np.random.default_rng(7), passes(*range(0, -21, -1))
    warned = 0
    for _ in range(300):
        right = rng.binomial(240, 0.6, 11)
        sat = pd.DataFrame({"turn": range(0, 22, 2), "correct": right, "questions": 240})
        warned += bool(rewards.degradation_alert(falling, sat, DPOSettings()))
    assert warned <= 15


def test_no_recorded_lesson_is_warned_of():
    lessons = 0
    for path in sorted(RECORDED_FOLDER.glob("*.xz")):
        events = [upgrade_event(json.loads(line)) for line in lzma.open(path, "rt")]
        looked = [e for e in events if e["type"] == "ValidationFinished"]
        sat = pd.DataFrame([e for e in events if e["type"] == "ExamFinished"])
        dpo = DPOSettings.model_validate(events[0]["config"]["dpo"])
        for lesson in looked:
            seen = pd.DataFrame([{**e, **e["metrics"]} for e in looked if e["turn"] <= lesson["turn"]])
            assert rewards.degradation_alert(seen, sat[sat.turn <= lesson["turn"]], dpo) == ""
            lessons += 1
    assert lessons >= 80


def test_what_is_not_practised_is_told_of_in_one_quiet_line():
    lessons = [steps([-10, -9, -9], [0, 1, 1], turn=turn) for turn in (1, 2)]

    def describe(*drift: float | None) -> str:
        return rewards.describe_rehearsal(
            pd.concat([lessons[0].assign(rehearsal=0.5), lessons[1].assign(rehearsal=drift)])
        )

    assert (
        describe(0.25, None, 0.55)
        == "What lesson 2 does not practise stays as it was (rehearsal: drift 0.4 nat² a step)."
    )
    assert describe(3.0, None, 9.0) == (
        "What lesson 2 does not practise has moved, and is pulled back to where it was (rehearsal: drift 6 nat² a step)."
    )
    assert "every kind" in describe(None, None, None)
    assert rewards.describe_rehearsal(lessons[0].assign(rehearsal=None)) == "" == rewards.describe_rehearsal(lessons[0])
    assert rewards.describe_rehearsal(steps([], []).assign(rehearsal=[])) == ""


@pytest.mark.parametrize("view", list(rewards.REWARD_VIEWS))
@pytest.mark.parametrize("reference", ["last-turn", "base"])
def test_every_view_s_sentence_speaks_of_the_held_out_pairs_alone(view: str, reference: str):
    dpo = DPOSettings(reference=reference)
    trained = steps([-1, -20], [5, 9])  # training pairs: another figure in every step
    told = rewards.describe_training(view, trained, passes(-12, -11, -10.5, reference=reference), dpo)
    assert "held-out pairs" in told and "so far" not in told
    assert told == rewards.describe_training(view, trained.iloc[:1], passes(-12, -11, -10.5, reference=reference), dpo)
    assert "lesson 1" in rewards.describe_training(view, trained.iloc[:0], passes(-12), dpo)
    assert "only the exams say" in rewards.describe_training(view, trained, passes(-12), dpo)
    away = passes(-12, -11).assign(logps_chosen=float("nan"), loss=float("nan"))
    assert "learning has run away" in rewards.describe_training(view, trained, away, dpo)


@pytest.mark.parametrize("reference", ["last-turn", "base"])
def test_what_was_gained_is_told_since_the_start_whatever_the_reference(reference: str):
    found = [
        rewards.describe_training(
            view, steps([-1], [0]), passes(-12, -11, -10.5, reference=reference), DPOSettings(reference=reference)
        )
        for view in ("margins", "chosen_rejected", "logps")
    ]
    assert found == [
        "In 24 held-out pairs the right working has gained 1.50 on the wrong one, on average, since before lesson 1 (log-probability).",
        "In 24 held-out pairs the right working has gained 1.50 and the wrong one has not moved, on average, since before lesson 1 "
        "(log-probability).",
        "In 24 held-out pairs the right working's log-probability is −10.50 on average, and was −12.00 before lesson 1: higher is "
        "likelier.",
    ]
    assert "neither gained" in rewards.describe_training(
        "margins", steps([-1], [0]), passes(-12, -12.001), DPOSettings()
    )


def test_each_lesson_starts_again_only_where_the_lesson_before_is_the_reference():
    said = {
        reference: rewards.describe_reference(DPOSettings(reference=reference)) for reference in ("last-turn", "base")
    }
    assert (
        "starts again from about 0" in said["last-turn"] and "adds up" in said["base"] and "about 0" not in said["base"]
    )
    found = {
        reference: rewards.describe_training(
            "accuracies", steps([-1], [0]), passes(-12, -11, reference=reference), DPOSettings(reference=reference)
        )
        for reference in said
    }
    assert found["last-turn"].startswith(
        "In lesson 1 the right working has gained on the wrong one in 18 of 24 held-out pairs, which is 55 to 88 of 100; a coin would "
        "get half."
    )
    assert found["base"].startswith("Since before any lesson the right working has gained")


def test_a_loss_is_explained_only_where_the_explanation_holds():
    told = {
        loss: rewards.describe_training("loss", steps([-1], [0]), passes(-12, -11), DPOSettings(loss=loss))
        for loss in ("sigmoid", "robust", "ipo")
    }
    assert (
        all("0.69" in told[loss] for loss in ("sigmoid", "robust"))
        and "0.69" not in told["ipo"]
        and "(ipo)" in told["ipo"]
    )
    assert "0.69" not in rewards.describe_training(
        "loss", steps([-1], [0]), passes(-12, -11), DPOSettings(sft_weight=0.5)
    )


# ------------------------------------------------------------------ slips in one order


def test_slips_of_equal_count_stand_in_the_order_of_their_titles():
    ids = sorted(MISCONCEPTIONS)[:4]
    frame = pd.DataFrame({"misconception": ids, "made": [2, 5, 2, 2]})
    told = titles.sort_misconceptions(frame, "made").misconception.tolist()
    assert told[0] == ids[1]
    assert [titles.misconception_title(s) for s in told[1:]] == sorted(
        titles.misconception_title(s) for s in (ids[0], ids[2], ids[3])
    )


def test_a_lesson_of_one_step_is_seen_as_a_dot_in_every_view():
    none = pd.DataFrame({"turn": []})
    one = steps([-3.0], [0.1], turn=1).assign(x=1.0)
    two = steps([-3.0, -2.0], [0.1, 0.2], turn=2).assign(x=[1.5, 2.0])
    for name, view in rewards.REWARD_VIEWS.items():
        frame = pd.concat([one, two]).assign(logps_rejected=-4.0)
        for trace in charts.training_figure(frame, none, view, turns=2).data:
            sizes = [s for s, y in zip(trace.marker.size, trace.y, strict=True) if y == y]
            assert trace.mode == "lines+markers" and [s > 0 for s in sizes] == [True, False, False], name
        assert charts.training_figure(frame[frame.turn == 2], none, view, turns=2).data[0].mode == "lines"


def test_hatching_is_spoken_of_where_a_cell_is_hatched():
    cells = pd.DataFrame({"row": ["a", "b"], "turn": [0, 0], "correct": [3, 4], "questions": [40, 10]})
    assert not accuracy_bounds.has_hatched_cells(cells) and accuracy_bounds.has_hatched_cells(
        cells.assign(questions=[40, 9])
    )


# ------------------------------------------------------------------ the estimate


def test_the_estimate_is_a_range_once_three_runs_tell_how_far_estimates_are_out():
    assert estimate.estimate_from_history(21, [], 0) == estimate.DurationEstimate(21, 21, 0)
    assert estimate.estimate_from_history(21, [2.2, 1.0], 2) == estimate.DurationEstimate(21, 21, 2)
    told = estimate.estimate_from_history(20, [0.9, 1.0, 1.1, 2.5], 4)
    assert told.low_seconds < 20 < 40 < told.high_seconds < 50


def test_what_recent_runs_took_beyond_their_sums_is_in_the_next_estimate():
    """The form said 87 seconds where such runs take 107."""
    assert estimate.estimate_from_history(87, [107 / 87], 1) == estimate.DurationEstimate(107, 107, 1)
    told = estimate.estimate_from_history(87, [1.2, 107 / 87, 1.3], 3)
    assert 87 < told.low_seconds < 107 < told.high_seconds < 115


def test_without_any_run_the_estimate_is_near_what_the_recorded_study_took(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("STUDENTSIM_RECORDED", "1")
    demo.unpack_recorded_runs(tmp_path)
    found: dict[str, list[float]] = {}
    for folder in list_runs(tmp_path):
        config, events = folder.read_config(), [e for e in read_events(folder.journal_path) if e["type"] == "RunEnded"]
        if config.model == "embedded" and events:
            found.setdefault(config.strategy, []).append(events[-1]["seconds"] / estimate.estimate_seconds(config))
    assert len(found) >= 4
    assert all(0.6 < statistics.median(out) < 1.7 for out in found.values()), found


def test_the_estimate_says_what_it_rests_on():
    assert (
        run_summary.describe_estimated_duration(61, 61, 0)
        == "About 61 seconds on a computer with two processor cores that does nothing else."
    )
    assert (
        run_summary.describe_estimated_duration(21, 21, 2)
        == "About 21 seconds on this computer when nothing else runs."
    )
    told = run_summary.describe_estimated_duration(20, 47, 7)
    assert told.startswith("About 20 to 47 seconds on this computer, going by its last 7 simulations")


# ------------------------------------------------------------------ the mix


@pytest.mark.parametrize("value", [0, 1, 33, 100])
def test_moving_one_share_keeps_the_sum_at_a_hundred(value: int):
    start = mix.even_shares(["a", "b", "c", "d", "e", "f"])
    after = mix.move_share(start, "c", value)
    assert sum(after.values()) == 100 and after["c"] == value and min(after.values()) >= 0
    assert sum(mix.move_share(after, "a", 17).values()) == 100


def test_a_share_moved_down_from_all_gives_the_others_even_parts():
    assert mix.move_share(mix.single_category_shares(["a", "b", "c"], "a"), "a", 40) == {"a": 40, "b": 30, "c": 30}


SHARES = st.lists(st.integers(0, 100), min_size=1, max_size=7).map(
    lambda w: mix.proportional_shares(dict(zip("abcdefg", w, strict=False)))
)


@given(SHARES, st.data())
def test_whatever_is_moved_the_shares_sum_to_a_hundred_and_locked_ones_stay(
    shares: dict[str, int], data: st.DataObject
):
    category = data.draw(st.sampled_from(sorted(shares)))
    locked = data.draw(st.sets(st.sampled_from(sorted(shares))) if len(shares) > 1 else st.just(set()))
    locked -= {category}
    value = data.draw(st.integers(-20, 200))
    after = mix.move_share(shares, category, value, locked=locked)
    assert sum(after.values()) == 100 and min(after.values()) >= 0 and list(after) == list(shares)
    assert all(after[c] == shares[c] for c in locked)
    free = [c for c in shares if c != category and c not in locked]
    room = 100 - sum(shares[c] for c in locked)
    assert after[category] == (min(room, max(0, value)) if free else shares[category])
    for one in free:
        for other in free:
            assert shares[one] <= shares[other] or after[one] >= after[other], "who had more has not less"


@given(SHARES, st.data())
def test_a_share_moved_to_where_it_is_moves_nothing(shares: dict[str, int], data: st.DataObject):
    category = data.draw(st.sampled_from(sorted(shares)))
    locked = data.draw(st.sets(st.sampled_from(sorted(shares)))) - {category}
    assert mix.move_share(shares, category, shares[category], locked=locked) == shares


@given(SHARES, st.data())
def test_a_share_set_by_hand_gives_only_what_the_others_cannot(shares: dict[str, int], data: st.DataObject):
    category = data.draw(st.sampled_from(sorted(shares)))
    held = data.draw(st.sets(st.sampled_from(sorted(shares)))) - {category}
    value = data.draw(st.integers(0, 100))
    after, rest = (
        mix.move_share(shares, category, value, adjust_last=held),
        [c for c in shares if c != category and c not in held],
    )
    assert sum(after.values()) == 100 and min(after.values()) >= 0
    assert after[category] == (value if len(shares) > 1 else shares[category])
    if rest and value <= shares[category] + sum(shares[c] for c in rest):
        assert all(after[c] == shares[c] for c in held)
    elif rest:
        assert all(after[c] == 0 for c in rest)


def test_a_single_unlocked_share_has_nothing_to_move_against():
    shares = {"a": 50, "b": 30, "c": 20}
    assert mix.movable_categories(shares, ["b"]) == ["a", "c"]
    assert mix.movable_categories(shares, ["b", "c"]) == []
    assert mix.move_share(shares, "a", 90, locked=["b", "c"]) == shares


def test_progress_tells_lesson_and_time_left():
    assert run_summary.describe_progress(7, 20, 24.2) == "Lesson 7 of 20, about 24 seconds left."
    assert run_summary.describe_progress(0, 20, None) == "Before lesson 1 of 20."


def test_a_student_with_a_table_of_its_own_is_called_by_the_table_s_title_validated_or_not():
    table = {"title": "Mira", "categories": {"physics": 10.0}}
    for make in (RunConfig.make, RunConfig.model_construct):
        assert formatting.student_title(make(student="mira-k", student_table=table)) == "Mira"
        assert formatting.student_title(make(student="mira-k", student_table={**table, "title": ""})) == "mira-k"
    assert (
        formatting.student_title(RunConfig.model_construct(student="mira-k", student_table="another version's"))
        == "mira-k"
    )


def test_a_mix_of_some_categories_names_them_as_the_whole_bank_does():
    mix = {"general": 60.0, "physics": 40.0}
    assert formatting.strategy_label(RunConfig(mix=mix)) == "own mix (“averages, ages, ratios” 60 %, physics 40 %)"
    assert formatting.strategy_label(RunConfig(mix=mix, bank="own.csv")) == "own mix (general 60 %, physics 40 %)"
