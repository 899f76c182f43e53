"""Compare: what it claims, on what it rests, and the page in every state runs can be in."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import journals
import pandas as pd
import pytest
from crowds import crowd
from hypothesis import given
from hypothesis import strategies as st
from journals import make_run
from scipy import stats
from visits import link_labels, text_of, visit

from studentsim.analysis import curves, intervals, paper_curves
from studentsim.analysis import setting_differences as settings
from studentsim.analysis.differences import AccuracyDifference, compute_differences, last_shared_turn
from studentsim.analysis.run_groups import IGNORED_SETTINGS, ComparedRun, group_runs_by_settings, group_table_labels
from studentsim.config import RunConfig
from studentsim.exam import wilson_interval
from studentsim.labels import category_names, formatting
from studentsim.labels.strategy_styles import theme_color
from studentsim.narration import comparison_summary
from studentsim.types import CATEGORIES
from studentsim.ui.charts.compare import category_accuracy_figure
from studentsim.ui.charts.compare import comparison_figure as picture
from studentsim.ui.charts.mix import mix_by_strategy_figure
from studentsim.ui.compare import captions
from studentsim.ui.compare.data import MAX_SELECTED, parse_selection, propose_selection
from studentsim.ui.home.sentences import _describe_difference as home_difference

COMPARE = "pages/3_Compare.py"
GAIN = {"random": 0.2, "category": 0.6, "log-probability": 0.25, "none": 0.0}


@pytest.fixture
def taught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Invented students whom each way of choosing teaches differently well, each seed a little differently."""

    def skill(config: RunConfig, turn: int) -> float:
        rng = Random(f"{config.strategy} {config.seed} {turn}").gauss(0, 0.02) if turn else 0.0
        return 0.25 + GAIN.get(config.strategy, 0.3) * turn / config.turns + rng

    monkeypatch.setattr(journals, "skill", skill)


def run(run_id: str = "a", **settings: Any) -> ComparedRun:
    """A finished run of these settings that nobody made."""
    config = RunConfig.make(**{"turns": 4, "exam_size": 240, **settings})
    return ComparedRun(run_id, config, "finished", False, 0.0, config.turns, 99)


def marks(**right: list[bool]) -> pd.DataFrame:
    """Marks of runs on the same questions: ``a=[True, False, …]``."""
    rows = [(run_id, f"q{i}", mark) for run_id, all in right.items() for i, mark in enumerate(all)]
    return pd.DataFrame(rows, columns=["run_id", "question_id", "is_correct"])


# ------------------------------------------------------------------ arithmetic


@pytest.mark.parametrize("df", [1, 1.4, 2, 3.7, 9, 40, 900, 1e7])
@pytest.mark.parametrize("p", [0.975, 0.99, 0.9983])
def test_students_t_is_scipys(df: float, p: float):
    assert intervals.t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-3)


@pytest.mark.parametrize("this, other", [(0, 0), (1, 0), (9, 2), (2, 9), (41, 12), (30, 30)])
def test_mcnemars_test_is_scipys_binomial_test(this: int, other: int):
    expected = stats.binomtest(this, this + other).pvalue if this + other else 1.0
    assert intervals.mcnemar_p_value(this, other) == pytest.approx(expected)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 120))
def test_a_paired_interval_is_a_mirror_of_itself_and_never_empty(this: int, other: int, both: int):
    low, high = intervals.paired_difference_interval(this, other, this + other + both)
    assert -1 <= low < high <= 1
    assert intervals.paired_difference_interval(other, this, this + other + both) == pytest.approx((-high, -low))


def test_paired_intervals_hold_their_level_where_the_truth_is_known():
    rng, held = Random(7), 0
    for _ in range(400):
        pairs = [(rng.random() < 0.6, rng.random() < 0.5) for _ in range(120)]
        low, high = intervals.paired_difference_interval(
            sum(a and not b for a, b in pairs), sum(b and not a for a, b in pairs), len(pairs)
        )
        held += low <= 0.1 <= high
    assert 370 <= held <= 396


def test_the_interval_of_a_mean_over_runs_is_never_narrower_than_that_of_its_questions():
    for runs in ([0.6, 0.6], [0.5, 0.7], [0.61, 0.6, 0.62]):
        low, high = intervals.mean_interval(runs, 240)
        mean = sum(runs) / len(runs)
        exact = wilson_interval(round(mean * 240), 240)
        assert high - low > 0.99 * (exact[1] - exact[0])
    assert intervals.mean_interval([0.5, 0.7], 240)[0] < intervals.mean_interval([0.5, 0.5, 0.7, 0.7], 240)[0]


# ------------------------------------------------------------------ groups


def test_runs_that_differ_in_their_seed_alone_are_one_group():
    groups, left_out = group_runs_by_settings(
        [run("a", seed=0), run("b", seed=1), run("c", strategy="random"), run("d", seed=2, turns=6)]
    )
    assert [[r.run_id for r in g.runs] for g in groups] == [["c"], ["a", "b", "d"]]
    assert [g.label for g in groups] == ["Mixed bag", "Follow the mistakes"]
    assert not left_out


def test_a_table_of_one_s_own_is_named_by_its_student_and_no_label_holds_all_of_it():
    tables = [{"title": "Mira", "skills": {f"skill-{n}": level for n in range(40)}} for level in (10.0, 20.0)]
    mira, other = (run(id, student="mira", student_table=table) for id, table in zip("ab", tables, strict=True))
    assert [g.label for g in group_runs_by_settings([run("c"), mira])[0]] == ["Balanced beginner", "Mira"]
    assert [g.label for g in group_runs_by_settings([mira, other])[0]] == [
        "Follow the mistakes 1",
        "Follow the mistakes 2",
    ]
    assert settings.format_setting("student_table", mira.config).startswith("mixed: skill-0 10 %, skill-1 10 %")
    later = RunConfig.model_construct(student="mira", student_table={"title": "Mira", "shape": "of another version"})
    assert settings.format_setting("student_table", later) == "a table of its own"


def test_the_same_draw_of_luck_counts_once_however_often_it_was_run():
    groups, left_out = group_runs_by_settings([run("a"), run("again", name="My own"), run("b", seed=1)])
    assert len(groups) == 1 and len(groups[0].runs) == 2
    assert [r.run_id for r in left_out] == ["a"] or [r.run_id for r in left_out] == ["again"]
    assert "same random choices" in captions.describe_left_out(left_out, (), 0)[0]


def test_labels_say_what_tells_runs_apart_and_are_never_the_same():
    groups, _ = group_runs_by_settings(
        [run("a"), run("b", student="physics-gap"), run("c", student="physics-gap", strategy="random")]
    )
    follow = "Follow the mistakes, "
    assert [g.label for g in groups] == ["Mixed bag", f"{follow}Balanced beginner", f"{follow}Physics gap"]
    groups, _ = group_runs_by_settings([run("a"), run("b", student="physics-gap")])
    assert [g.label for g in groups] == ["Balanced beginner", "Physics gap"]
    many = [
        run(str(i), dpo={"learning_rate": 1e-4 * (i + 1), "beta": 0.1 + i / 100, "batch_size": 1 + i}) for i in range(5)
    ]
    labels = [g.label for g in group_runs_by_settings(many)[0]]
    assert len(set(labels)) == 5


def test_an_own_mix_is_never_called_follow_the_mistakes():
    """The form says that the mistakes have no say in it."""
    mix, other = {"physics": 60.0, "gain": 40.0}, {"physics": 40.0, "gain": 60.0}
    groups, _ = group_runs_by_settings([run("a"), run("b", mix=mix), run("c", mix=other)])
    own = "Own mix (physics 60 %, “profit, discount, interest” 40 %)"
    assert [g.label for g in groups] == [
        "Follow the mistakes",
        own,
        "Own mix (“profit, discount, interest” 60 %, physics 40 %)",
    ]
    assert comparison_summary.other_differing_settings(
        groups
    ) == [] and "Follow" not in captions.describe_shared_settings(groups)
    assert settings.format_setting("strategy", groups[1].config) == "Own mix"
    assert settings.format_setting("mix", groups[1].config) == "physics 60, “profit, discount, interest” 40"
    few = RunConfig.make(categories=("general", "physics"))
    assert settings.format_setting("categories", few) == "“averages, ages, ratios”, physics"
    own_bank = RunConfig.make(bank="questions.csv", mix={"gain": 50.0, "voltage": 50.0})
    assert settings.format_setting("mix", own_bank) == "gain 50, voltage 50", "another bank's names are its own"
    unsure = run("d", strategy="log-probability+category", mix=mix).config
    assert settings.format_setting("strategy", unsure) == "Where it is unsure, own mix"
    (label,) = (
        g.label for g in group_runs_by_settings([run("b", mix=mix), run("e", mix=mix, student="physics-gap")])[0][:1]
    )
    assert label == "Balanced beginner"


def test_two_own_mixes_are_told_apart_the_same_in_every_picture_and_table_of_the_page():
    mixes = [{"physics": 60.0, "gain": 40.0}, {"physics": 40.0, "gain": 60.0}, None]
    runs = [run(f"{i}{seed}", mix=mix, seed=seed) for i, mix in enumerate(mixes) for seed in (0, 1)]
    groups = group_runs_by_settings(runs)[0]
    looks = {group.label: (group.style.color_slot, group.style.dash, group.style.symbol) for group in groups}
    assert all(len(set(values)) == 3 for values in zip(*looks.values(), strict=True))
    sat = pd.DataFrame(
        [(r.run_id, turn, 20 + turn, 40) for r in runs for turn in (0, 2)],
        columns=["run_id", "turn", "correct", "questions"],
    )
    figure = picture(curves.group_means_frame(groups, sat), curves.run_accuracies_frame(groups, sat), turns=4)
    lines = [t for t in figure.data if t.name in looks]
    assert {t.name: (t.line.color, t.line.dash, t.marker.symbol) for t in lines} == {
        label: (theme_color(slot), dash, symbol) for label, (slot, dash, symbol) in looks.items()
    }
    colours = [t.line.color for t in lines]
    assert [t.fillcolor for t in figure.data if t.fill] == colours
    assert [t.line.color for t in figure.data if t.mode == "lines" and not t.fill] == [
        c for c in colours for _ in range(2)
    ]
    ends = [
        note.text.replace("<br>", " ").rsplit(" <b>")[0] for note in figure.layout.annotations if "<b>" in note.text
    ]
    assert ends == list(looks)  # whole
    told = sat[sat.turn == 2].assign(category="physics")
    forest = category_accuracy_figure(curves.category_means_frame(groups, told))
    assert {t.name: (t.error_x.color, t.marker.color, t.marker.symbol) for t in forest.data if t.name in looks} == {
        label: (theme_color(slot), theme_color(slot), symbol) for label, (slot, _, symbol) in looks.items()
    }
    assert len({text[0] for text in group_table_labels(groups).values()}) == 3
    assert "of its own on this page" in captions.describe_curves(groups)
    (alone,) = group_runs_by_settings(runs[:2])[0]
    assert group_table_labels([alone]) == {alone.label: alone.label}


def test_the_categories_of_the_mix_are_named_whole_and_have_room_below():
    whole = mix_by_strategy_figure([("A", [1] * 6, [1] * 6)], CATEGORIES)
    assert list(whole.layout.xaxis.ticktext) == [category_names.curriculum_category_label(c) for c in CATEGORIES]
    short = mix_by_strategy_figure([("A", [1, 1], [1, 1])], ["physics", "geometry"])
    assert whole.layout.margin.b > short.layout.margin.b + 12
    (long,) = mix_by_strategy_figure([("A", [1], [1])], ["word " * 40]).layout.xaxis.ticktext
    assert long.endswith("…") and "<br>" not in long and len(long) <= 30


def test_labels_that_begin_alike_are_not_cut_to_the_same():
    sat = pd.DataFrame([(str(i), 2, 20 + i, 40) for i in range(6)], columns=["run_id", "turn", "correct", "questions"])
    mix = {"physics": 40.0, "geometry": 30.0}
    runs = [
        run(str(i), mix={**mix, "gain": 10.0 + i, "general": 20.0 - i}, teacher={"error_rate": i / 100})
        for i in range(6)
    ]
    figure = picture(
        curves.group_means_frame(group_runs_by_settings(runs)[0], sat), curves.run_accuracies_frame([], sat), turns=4
    )
    ends = [note.text.rsplit(" <b>")[0] for note in figure.layout.annotations if "<b>" in note.text]
    assert len(set(ends)) == 6


def test_a_mean_over_runs_is_rounded_once_in_words_as_in_the_picture():
    """99 and 100 of 240 are 41.46 of 100; through a whole number of questions it was 42 in the headline, and 41 in the chart."""
    right = {"random0": 99, "random1": 100, "category0": 200, "category1": 205, "none0": 99, "none1": 100}
    chosen = [run(name, strategy=name[:-1], seed=int(name[-1])) for name in right]
    groups, _ = group_runs_by_settings(chosen)
    told = compute_differences(
        groups, marks(**{name: [i < count for i in range(240)] for name, count in right.items()}), 4
    )
    assert (
        "compared with mixed bag (41 of 100), follow the mistakes got 43 more"
        in comparison_summary.describe_differences(told, is_active=False)
    )
    sat = pd.DataFrame(
        [(name, 4, count, 240) for name, count in right.items()], columns=["run_id", "turn", "correct", "questions"]
    )
    exams = curves.group_means_frame(groups[:1], sat)
    assert "41 of 100 never-practised questions right" in comparison_summary.describe_single_group(groups[0], exams)
    assert "Mixed bag: 41 of 100" in captions.describe_picture(exams)


def test_every_setting_has_a_name_in_plain_words_and_can_be_said():
    assert set(settings.SETTING_LABELS) == set(settings.flatten_settings(RunConfig()))
    odd = RunConfig.make(mix={"general": 50.0, "physics": 50.0}, skills=("x",), difficulties=(1, 2))
    for config in (RunConfig(), RunConfig.paper(), odd):
        for name in settings.SETTING_LABELS:
            assert settings.format_setting(name, config)
    assert settings.differing_settings([RunConfig(), odd]) == ["skills", "difficulties", "mix"]


# ------------------------------------------------------------------ what is claimed


def test_a_clear_difference_of_single_runs_is_told_with_its_interval_and_its_limit():
    groups, _ = group_runs_by_settings([run("a", strategy="random"), run("b")])
    told = compute_differences(groups, marks(a=[i % 2 == 0 for i in range(240)], b=[i % 6 != 1 for i in range(240)]), 4)
    (d,) = told
    assert (d.only_this, d.only_other, d.questions) == (80, 0, 240) and d.is_significant
    says = comparison_summary.describe_differences(told, is_active=False)
    assert says == (
        "After 4 lessons, on the same 240 exam questions, follow the mistakes got 33 more of 100 right than mixed bag "
        "(27 to 39 more)."
    )
    assert any(
        "one run each cannot tell a way of choosing from chance" in c
        for c in comparison_summary.describe_caveats(groups, told)
    )


def test_an_unclear_difference_is_not_claimed():
    groups, _ = group_runs_by_settings([run("a", strategy="random"), run("b")])
    told = compute_differences(groups, marks(a=[i % 3 == 0 for i in range(240)], b=[i % 3 == 1 for i in range(240)]), 4)
    says = comparison_summary.describe_differences(told, is_active=True)
    assert says.startswith("So far: after 4 lessons") and "cannot be told apart" in says
    assert "fewer to" in says


def test_several_runs_of_each_speak_of_the_ways_and_single_ones_do_not():
    chosen = [run(f"{s}{seed}", strategy=s, seed=seed) for s in ("random", "category") for seed in range(3)]
    groups, _ = group_runs_by_settings(chosen)
    rng = Random(3)
    right = {
        r.run_id: [rng.random() < (0.4 if r.config.strategy == "random" else 0.7) for _ in range(240)] for r in chosen
    }
    told = compute_differences(groups, marks(**right), 4)
    assert told[0].has_repeated_runs and told[0].p_value is None
    assert comparison_summary.describe_differences(told, is_active=False).startswith(
        "Over 3 runs of each, after 4 lessons"
    )
    assert not [c for c in comparison_summary.describe_caveats(groups, told) if "from chance" in c]
    one = group_runs_by_settings([*chosen[:3], chosen[3]])[0]
    told = compute_differences(one, marks(**right), 4)
    assert not told[0].has_repeated_runs
    assert any("only one run of follow the mistakes" in c for c in comparison_summary.describe_caveats(one, told))


def test_ways_with_other_numbers_of_runs_are_not_said_to_have_the_first_one_s():
    runs = [
        run(f"{way}{seed}", strategy=way, seed=seed)
        for way, n in (("random", 3), ("none", 3), ("category", 2))
        for seed in range(n)
    ]
    rng = Random(3)
    table = marks(**{r.run_id: [rng.random() < 0.5 for _ in range(60)] for r in runs})
    told = compute_differences(group_runs_by_settings(runs)[0], table, 4)
    assert comparison_summary.describe_differences(told, is_active=False).startswith(
        "Over 2 to 3 runs of each, after 4 lessons"
    )


def test_more_comparisons_make_each_interval_wider():
    right = {
        "a": [i % 2 == 0 for i in range(240)],
        "b": [i % 3 != 0 for i in range(240)],
        "c": [i % 5 < 3 for i in range(240)],
    }
    two = group_runs_by_settings([run("a", strategy="random"), run("b")])[0]
    three = group_runs_by_settings([run("a", strategy="random"), run("b"), run("c", strategy="none")])[0]
    (alone,) = compute_differences(two, marks(**right), 4)
    among = next(d for d in compute_differences(three, marks(**right), 4) if d.group.strategy == "category")
    assert among.ci_low < alone.ci_low and among.ci_high > alone.ci_high and among.accuracy_gain == alone.accuracy_gain
    assert "Bonferroni" in captions.describe_interval_method(compute_differences(three, marks(**right), 4))


def test_of_several_the_clear_ones_are_told_first_and_the_others_not_claimed():
    groups, _ = group_runs_by_settings(
        [run("a", strategy="random"), run("b"), run("c", strategy="none"), run("d", strategy="fixed")]
    )
    half = [i % 2 == 0 for i in range(240)]
    told = compute_differences(groups, marks(a=half, b=[True] * 240, c=half, d=half[1:] + half[:1]), 4)
    says = comparison_summary.describe_differences(told, is_active=False)
    assert "compared with mixed bag (50 of 100), follow the mistakes got 50 more of 100 right" in says
    assert says.endswith("; no teaching and same questions again cannot be told apart from it.")
    told = [d for d in told if not d.is_significant]
    assert (
        "none can be told apart from mixed bag (50 of 100): no teaching, "
        in comparison_summary.describe_differences(told, is_active=False)
    )


def test_other_questions_are_never_compared_though_the_settings_agree():
    groups, _ = group_runs_by_settings([run("a", strategy="random"), run("b")])
    other = marks(b=[True] * 240).assign(question_id=lambda f: "other-" + f.question_id)
    assert compute_differences(groups, pd.concat([marks(a=[True] * 240), other]), 4) == []


def test_the_comparison_is_after_the_last_lesson_all_have_sat():
    groups, _ = group_runs_by_settings([run("a", strategy="random"), run("b")])
    sat = pd.DataFrame([("a", t) for t in (0, 2, 4)] + [("b", t) for t in (0, 2)], columns=["run_id", "turn"])
    assert last_shared_turn(groups, sat) == 2
    assert last_shared_turn(groups, sat[sat.run_id == "a"]) is None


def test_few_questions_are_told_as_counts():
    groups, _ = group_runs_by_settings([run("a", strategy="random", exam_size=12), run("b", exam_size=12)])
    told = compute_differences(groups, marks(a=[False] * 12, b=[i < 9 for i in range(12)]), 4)
    assert "9 more of 12 right" in comparison_summary.describe_differences(told, is_active=False)


def apart(this: float, other: float, questions: int = 240) -> AccuracyDifference:
    """A clear difference of two ways that have these accuracies."""
    a, b = group_runs_by_settings([run("a", strategy="random"), run("b")])[0]
    gained = this - other
    low, high = (gained / 2, gained * 2) if gained > 0 else (gained * 2, gained / 2)
    return AccuracyDifference(b, a, 4, questions, gained, low, high, this, other, comparison_count=1)


@pytest.mark.parametrize(
    "this, other, questions, said",
    [
        (0.8254, 0.7714, 240, "5.4 more of 100"),  # told beside 83 and 77
        (0.3856, 0.4106, 240, "2.5 fewer of 100"),  # 39 and 41
        (0.83, 0.77, 240, "6 more of 100"),
        (0.405, 0.4049, 240, "0 more of 100"),  # a tenth would be none, too
        (0.4081, 0.4049, 240, "0.3 more of 100"),  # 41 and 40
        (7.3 / 12, 5 / 12, 12, "2.3 more of 12"),
        (7 / 12, 5 / 12, 12, "2 more of 12"),
    ],
)
def test_a_difference_beside_two_levels_is_theirs_or_told_to_a_tenth(
    this: float, other: float, questions: int, said: str
):
    d = apart(this, other, questions)
    assert comparison_summary.format_gain(d) == said
    assert f" {said} right than" in home_difference(d)
    assert f"got {said} right" in comparison_summary.describe_differences([d], is_active=False)


@given(st.integers(50, 400), st.integers(0, 400), st.integers(0, 400))
def test_a_whole_number_more_is_always_the_difference_of_the_levels_told(questions: int, this: int, other: int):
    a, b = (min(n, questions) / questions for n in (this, other))
    said = comparison_summary.format_gain(apart(a, b, questions)).split(" ")
    if "." not in said[0] and round(100 * abs(a - b), 1):
        told = int(said[0]) * (1 if said[1] == "more" else -1)
        assert told == formatting.round_percent(a) - formatting.round_percent(b)


def test_what_else_differs_is_said():
    groups, _ = group_runs_by_settings([run("a", strategy="random", student="physics-gap"), run("b")])
    told = compute_differences(groups, marks(a=[False] * 240, b=[True] * 240), 4)
    assert any(
        "more than how questions are chosen (student)" in c for c in comparison_summary.describe_caveats(groups, told)
    )


# ------------------------------------------------------------------ the paper


def test_the_papers_figures_are_those_of_40_questions_with_wilsons_interval():
    frame = paper_curves.load_published_curves()
    assert len(frame) == 44 and set(frame.strategy) == {
        "random",
        "category",
        "log-probability",
        "log-probability+category",
    }
    assert ((frame.accuracy * 40) % 1 == 0).all()
    best = frame.loc[frame.accuracy.idxmax()]
    assert (best.strategy, best.turn, best.accuracy) == ("log-probability+category", 4, 0.35)
    assert (best.ci_low, best.ci_high) == wilson_interval(14, 40)
    assert paper_curves.published_intervals_overlap()


def test_the_overlay_is_drawn_thin_open_and_named():
    groups, _ = group_runs_by_settings([run("a")])
    sat = pd.DataFrame({"run_id": "a", "turn": [0, 2, 4], "correct": [60, 90, 120], "questions": 240})
    means, singles = curves.group_means_frame(groups, sat), curves.run_accuracies_frame(groups, sat)
    figure = picture(means, singles, turns=4, published=paper_curves.load_published_curves())
    theirs = [t for t in figure.data if t.hovertemplate and "Paper" in t.hovertemplate]
    assert len(theirs) == 4 and all(t.marker.symbol.endswith("-open") and t.line.dash == "dot" for t in theirs)
    assert len({t.line.color for t in theirs}) == 4 and len({t.marker.symbol for t in theirs}) == 4
    assert sum("Paper" in a.text for a in figure.layout.annotations) == 4
    assert figure.layout.xaxis.range[1] > 20


# ------------------------------------------------------------------ links


def test_a_link_names_runs_once_in_its_order_and_says_what_is_missing():
    known = {f"r{i}": run(f"r{i}", seed=i) for i in range(20)}
    choice = parse_selection(["r2,r1", "r2,nobody", ",,"], known)
    assert choice.names == ("r2", "r1") and choice.unknown_names == ("nobody",)
    assert parse_selection([",".join(known)], known).excess_count == 20 - MAX_SELECTED


def test_without_a_choice_what_may_fairly_be_set_side_by_side_is_proposed():
    runs = [run("new", student="physics-gap"), run("a"), run("b", strategy="random"), run("c", exam_seed=3)]
    assert propose_selection({r.run_id: r for r in runs}, None) == ["a", "b"]
    assert propose_selection({r.run_id: r for r in runs}, "c") == ["c"]
    assert propose_selection({}, None) == []


def test_where_some_ways_have_several_runs_and_some_one_each_difference_says_what_it_rests_on():
    ways = [("random", 3), ("category", 3), ("none", 1)]
    groups, _ = group_runs_by_settings(
        [run(f"{way}{seed}", strategy=way, seed=seed) for way, count in ways for seed in range(count)]
    )
    right = {"random": 120, "category": 200, "none": 40}
    all_marks = marks(**{r.run_id: [i < right[g.strategy] for i in range(240)] for g in groups for r in g.runs})
    says = comparison_summary.describe_differences(compute_differences(groups, all_marks, 4), is_active=False)
    assert says.startswith("After 4 lessons") and says.count("over 3 runs of each") == 1
    assert "follow the mistakes got 33 more of 100 right (" in says


# ------------------------------------------------------------------ the page


def test_without_runs_the_page_says_what_to_do(folder: Path):
    app = visit(COMPARE)
    assert not app.exception and not app.error
    assert "There is no simulation to compare yet" in text_of(app) and "Start one on Home" in link_labels(app)


def test_two_ways_are_compared_at_once_and_the_link_says_which(folder: Path, taught: None):
    make_run(folder, "mixed", strategy="random", exam_size=240)
    make_run(folder, "follow", strategy="category", exam_size=240)
    app = visit(COMPARE)
    assert not app.exception and not app.error
    assert set(app.query_params["runs"].split(",")) == {"mixed", "follow"}
    text = text_of(app)
    assert "follow the mistakes got" in text and "of 100 right than mixed bag" in text
    assert "In what do they differ?" in text
    assert "own names: general (averages, ages, ratios), gain (profit, discount, interest), other (sequences" in text
    assert "Watch" in link_labels(app)[-8:]


def test_practice_waits_in_its_fold_since_it_is_no_contest(folder: Path, taught: None):
    make_run(folder, "mixed", strategy="random")
    make_run(folder, "follow")
    app = visit(COMPARE, runs="mixed,follow")
    pictures = len(app.get("plotly_chart"))
    app.session_state["compare.lessons"] = True  # as a click on the fold does
    app.run()
    assert not app.exception and len(app.get("plotly_chart")) == pictures + 1
    assert "Each practised other questions" in text_of(app)


def test_settings_are_told_in_the_narrower_way(folder: Path, taught: None):
    for strategy in ("random", "category", "none", "fixed"):
        make_run(folder, strategy, strategy=strategy)
    few, many = (visit(COMPARE, runs=runs).table[0].value for runs in ("random,category", "random,category,none,fixed"))
    assert few.shape == (3, 2) and many.shape == (4, 3)
    assert list(few.columns) == list(many.index[:2]) and list(few.index) == list(many.columns)


def test_groups_of_runs_have_a_mean_and_say_how_many(folder: Path, taught: None):
    for strategy in ("random", "category"):
        for seed in (0, 1, 2):
            make_run(folder, f"{strategy}-{seed}", strategy=strategy, seed=seed, exam_size=240, turns=2)
    app = visit(COMPARE)
    assert not app.exception and not app.error
    assert "Over 3 runs of each" in text_of(app)
    assert "Thin lines are single runs" in text_of(app)


def test_the_paper_can_be_laid_over_and_the_link_remembers(folder: Path, taught: None):
    make_run(folder, "mixed", strategy="random")
    make_run(folder, "follow")
    app = visit(COMPARE, runs="mixed,follow")
    assert "gemma" not in text_of(app)
    app.toggle(key="compare.paper").set_value(True).run()
    assert app.query_params["paper"] == "1"
    assert "do not compare their level with ours" in text_of(app)
    assert "gemma" in text_of(visit(COMPARE, runs="mixed,follow", paper="1"))


def test_different_exams_are_said_to_be_not_comparable(folder: Path, taught: None):
    make_run(folder, "mixed", strategy="random")
    make_run(folder, "follow", exam_seed=4)
    text = text_of(visit(COMPARE, runs="mixed,follow"))
    assert "different exams (exam seeds 0 and 4)" in text
    assert "more of" not in text.split("In what do they differ?")[0].replace("more of the", "")


STATES: dict[str, dict[str, Any]] = {
    "finished": {}, "paused": {"status": "paused", "turn": 2}, "failed": {"status": "failed", "turn": 2, "until": "training"},
    "cancelled": {"status": "cancelled", "turn": 2}, "queued": {"status": "", "turn": -1},
    "getting ready": {"status": "", "turn": -1, "until": "loading", "alive": True},
    "in the first exam": {"status": "", "turn": -1, "until": "exam", "alive": True},
    "dpo": {"status": "", "turn": 2, "until": "training", "alive": True},
    "one answer": {"exam_size": 1, "questions_per_turn": 1, "turns": 1, "turn": 0, "status": "paused"},
}  # fmt: skip


@pytest.mark.parametrize("state", list(STATES))
@pytest.mark.parametrize("beside", [True, pytest.param(False, marks=pytest.mark.long)])
def test_a_run_in_any_state_can_be_compared(folder: Path, state: str, beside: bool):
    make_run(folder, "it", **STATES[state])
    if beside:
        make_run(folder, "mixed", strategy="random")
    app = visit(COMPARE, runs="it,mixed" if beside else "it")
    assert not app.exception and not app.error
    assert app.header


def test_a_recorded_run_is_labelled(folder: Path, monkeypatch: pytest.MonkeyPatch):
    started = journals.RunStarted
    monkeypatch.setattr(journals, "RunStarted", lambda *args, **more: started(*args, **more, recorded=True))
    make_run(folder, "it")
    app = visit(COMPARE, runs="it")
    assert app.multiselect[0].options[0].endswith("recorded")


def test_a_bad_link_is_a_friendly_page(folder: Path):
    make_run(folder, "it")
    for link in ("nobody", "' OR 1=1--", "x," * 3000, "../../etc/passwd", "<script>", "a\0b", ",", ""):
        app = visit(COMPARE, runs=link)
        assert not app.exception and not app.error, link
        assert "Choose two or more simulations" in text_of(app), link


def test_a_run_deleted_meanwhile_leaves_the_rest(folder: Path, taught: None):
    from studentsim.ui import data

    make_run(folder, "mixed", strategy="random")
    make_run(folder, "follow")
    app = visit(COMPARE, runs="mixed,follow")
    data.get_engine().manager.delete("mixed")
    app.run()
    assert not app.exception and not app.error
    assert "1 run named in the link is not here" in text_of(app) or "mixed" not in app.query_params["runs"]


def test_names_are_shown_literally(folder: Path, taught: None):
    make_run(folder, "mixed", strategy="random", name="Class $7_b$ and $8$")
    make_run(folder, "follow")
    assert r"\$7\_b\$" in text_of(visit(COMPARE, runs="mixed,follow"))


@pytest.mark.long  # as many answers of one run are in test_ui_states.py
def test_the_page_bears_a_hundred_thousand_answers(folder: Path, taught: None):
    for i in range(2):
        make_run(folder, f"run-{i}", strategy=("random", "category")[i], turns=20, questions_per_turn=40, exam_size=240)
    crowd(folder, ["run-0", "run-1"], answers=100_000)
    app = visit(COMPARE)
    assert not app.exception and not app.error
    assert len(app.multiselect[0].options) >= 30


def test_how_often_held_out_pairs_are_looked_at_is_no_reason_for_a_difference():
    configs = [RunConfig(strategy="random"), RunConfig(strategy="category", validation_every="epoch")]
    assert [name for name in settings.differing_settings(configs) if name not in IGNORED_SETTINGS] == ["strategy"]
