"""Making the marker: its data set, its training, and how it is checked."""

from collections import Counter
from random import Random

import pyarrow.parquet as parquet
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from studentsim import factory, simulation
from studentsim.arithmetic import parse_number
from studentsim.datasets.registry import open_bank
from studentsim.events import TurnFinished
from studentsim.grader import check, collect, dataset, injections, number_variants, training
from studentsim.grader.collect import TURNS_BY_SPLIT, Simulator
from studentsim.grader.hard_cases import HARD_CASE_MAKERS
from studentsim.grader.label import is_correct_by_key, label_by_key
from studentsim.grader.model import GraderVerdict, load_grader
from studentsim.grader.prompt import CORRECT, WRONG
from studentsim.grader.training import TrainingRecipe, train_embedded_grader
from studentsim.student.answer_parsing.final_line import parse_answer
from studentsim.student.embedded.profiles import PROFILES
from studentsim.teacher.answer_key import AnswerKeyGrader
from studentsim.types import Answer

SMALL = TrainingRecipe(
    hidden_size=16,
    num_layers=1,
    num_heads=2,
    feed_forward_size=16,
    cases_per_answer=1,
    max_steps=4,
    batch_size=4,
    warmup_steps=1,
    checkpoint_every_steps=2,
)


class Pupil:
    """Writes an option's working, or a value of no option; which depends on the luck."""

    def answer(self, questions, *, seed_key, with_p_correct=False):
        for q in questions:
            rng = Random(f"{seed_key}{q.id}")
            option = rng.choice([q.correct_option, *q.options])
            yield Answer(
                q.id, option.solution or f"So it is {option.text}\nAnswer: {option.text}", None, None, 0.0, 0.0
            )


class FakeComponents:
    def __init__(self):
        self.bank = open_bank("curriculum")
        self.student = Pupil()


@pytest.fixture
def school(monkeypatch):
    """Lessons that teach nothing, and few answers at each stage."""
    monkeypatch.setattr(collect, "ANSWERS_PER_PROFILE_AND_TURN", {"train": 6, "validation": 3, "test": 8})

    def simulate(config, cast):
        return (TurnFinished(turn, 0, 0, 0, None, {}) for turn in range(config.turns + 1))

    return Simulator(build_components=lambda config: FakeComponents(), simulate=simulate)


@pytest.fixture
def own(school):
    return list(collect.collect_answers(school))


def of(own, part):
    return [a for a in own if a.split == part]


# ------------------------------------------------------------------ the student's own answers


def test_every_profile_is_asked_at_every_stage_of_each_part(own):
    seen = {(a.split, a.profile, a.turns_trained) for a in own}
    assert seen == {
        (part, profile, stage) for part in TURNS_BY_SPLIT for profile in PROFILES for stage in TURNS_BY_SPLIT[part]
    }


def test_the_parts_share_no_question_and_the_test_no_stage(own):
    questions = {part: {a.question.id for a in of(own, part)} for part in TURNS_BY_SPLIT}
    texts = {part: {a.question.problem for a in of(own, part)} for part in TURNS_BY_SPLIT}
    for a, b in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert not questions[a] & questions[b] and not texts[a] & texts[b]
    assert not set(TURNS_BY_SPLIT["test"]) & set(TURNS_BY_SPLIT["train"] + TURNS_BY_SPLIT["validation"])


def test_answers_are_collected_once_and_read_back_as_they_were(school, own, tmp_path):
    said = []
    first = collect.load_or_collect(tmp_path, school, "train", said.append)
    assert len(said) == len(PROFILES) and first == of(own, "train")
    assert collect.load_or_collect(tmp_path, school, "train", said.append) == first and len(said) == len(PROFILES)


def test_lessons_are_the_products_own():
    """A real student, two stages, few answers: its lessons run and its texts can be read."""
    school = Simulator(factory.build_components, simulation.simulate)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(collect, "TURNS_BY_SPLIT", {"train": (0,), "validation": (0,), "test": (1,)})
        patch.setattr(collect, "ANSWERS_PER_PROFILE_AND_TURN", {"train": 6, "validation": 2, "test": 6})
        answers = list(collect.collect_answers(school, profiles=["nearly-there"]))
    assert [a.turns_trained for a in answers] == [0] * 8 + [1] * 6
    assert sum(is_correct_by_key(a.question, a.text) for a in answers) >= 4


# ------------------------------------------------------------------ labels


def test_labels_are_the_keys(own):
    for case in dataset.build_training_cases(of(own, "train"), 2):
        letter, value = parse_answer(case.text, case.question)
        mark = AnswerKeyGrader().grade(case.question, Answer(case.question.id, case.text, letter, value, 0.0, 0.0))
        assert case.to_row().label == (CORRECT if mark.is_correct else WRONG) or case.kind == "two letters"


@pytest.mark.parametrize("said", ["d or a", "d, a", "d/a", "d) or a)", "d) 5 or a) 6", "(d) (a)", "D and A"])
def test_two_letters_tick_nothing(own, said):
    question = own[0].question
    assert not any(
        is_correct_by_key(question, f"Answer: {said}".replace("d", question.correct)) for said in (said, said[::-1])
    )


def test_one_letter_and_what_looks_like_another_is_one_letter(own):
    q = own[0].question
    assert is_correct_by_key(q, f"Answer: {q.correct}) a half") and is_correct_by_key(
        q, f"Answer: {q.correct}) 5 a day"
    )


MUST = {
    "right value, wrong letter": WRONG, "right letter, wrong value": CORRECT, "two letters": WRONG, "no answer": WRONG,
    "near value": WRONG,
}  # fmt: skip


@pytest.mark.parametrize("kind", HARD_CASE_MAKERS)
def test_each_kind_of_hard_case_is_labelled_as_the_table_says(own, kind):
    rng = Random(0)
    texts = [
        (a.question, HARD_CASE_MAKERS[kind](a.question, a.text, rng, injections.TRAIN_INJECTIONS))
        for a in own
        for _ in range(3)
    ]
    labels = Counter(label_by_key(question, text) for question, text in texts if text is not None)
    assert sum(labels.values()) >= 20
    if kind in MUST:
        assert set(labels) == {MUST[kind]}
    else:
        assert min(labels[CORRECT], labels[WRONG]) >= 0.2 * sum(labels.values())


# ------------------------------------------------------------------ values


@given(st.integers(1, 10**6), st.sampled_from([1, 2, 4, 5, 10, 20, 100]), st.randoms(use_true_random=False))
def test_another_phrasing_is_the_same_number_and_a_slip_is_not(numerator, denominator, rng):
    for text in (f"{numerator}", f"{numerator / denominator:.2f}", f"{numerator}/{denominator}"):
        value = parse_number(text)
        for said in (
            number_variants.swap_fraction_and_decimal(text, rng),
            number_variants.change_digit_format(text, rng),
            number_variants.add_random_unit(text, rng),
        ):
            assert said is None or parse_number(said) == value, said
        assert parse_number(number_variants.perturb_number(text, rng)) not in (None, value)


@settings(max_examples=50)
@given(st.randoms(use_true_random=False))
def test_drawn_values_are_numbers(rng):
    assert parse_number(number_variants.sample_number_text(rng)) is not None


def test_text_without_a_number_has_no_slip():
    with pytest.raises(ValueError, match="none of these"):
        number_variants.perturb_number("none of these", Random(0))
    assert number_variants.add_random_unit("none of these", Random(0)) == "none of these"


# ------------------------------------------------------------------ the data set


def test_the_training_rows_are_balanced_and_of_every_kind(own):
    cases = dataset.build_training_cases(of(own, "train"), 20)
    labels = Counter(case.label for case in cases)
    assert labels[CORRECT] == labels[WRONG] > 500
    assert {case.kind for case in cases} == {"as written", *HARD_CASE_MAKERS}


def test_the_same_seed_gives_the_same_rows(own):
    first, second = (dataset.build_training_cases(of(own, "train"), 2, seed=3) for _ in range(2))
    assert [c.to_row() for c in first] == [c.to_row() for c in second]
    assert first != dataset.build_training_cases(of(own, "train"), 2, seed=4)


def test_the_tests_answers_are_as_their_students_wrote_them_and_none_stands_twice(own):
    cases = dataset.sample_test_cases(of(own, "test"), 40)
    assert len({(c.question.id, c.text) for c in cases}) == 40
    assert {(c.question.id, c.text) for c in cases} <= {(a.question.id, a.text) for a in of(own, "test")}
    assert Counter(c.label for c in cases) == {CORRECT: 20, WRONG: 20}


def test_the_tests_talk_is_such_as_training_never_heard(own):
    assert not set(injections.TEST_INJECTIONS) & set(injections.TRAIN_INJECTIONS)
    cases = dataset.build_hard_test_cases(of(own, "test"), 30)
    assert Counter(c.kind for c in cases) == dict.fromkeys(HARD_CASE_MAKERS, 30)


def test_rows_have_the_papers_fields(own, tmp_path):
    case = dataset.GradingCase("as written", own[0], own[0].question, "so\nAnswer: 7")
    dataset.write_cases([case], tmp_path / "rows.parquet")
    (row,) = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert row["answer"] == "so\nAnswer: 7" and row["label"] in (CORRECT, WRONG)
    assert row["correct"] == f"{case.question.correct}) {case.question.correct_option.text}"
    assert row["sentences"] == f'Context: {row["correct"]}\nAnswer: "Answer: 7"\nIs the answer Correct or Wrong?'


# ------------------------------------------------------------------ training


def test_training_changes_the_weights_and_what_is_written_judges_alike(school, tmp_path):
    said = []
    train_embedded_grader(
        school, tmp_path / "out", recipe=SMALL, work_folder=tmp_path / "work", on_progress=said.append
    )
    marker = load_grader(str(tmp_path / "out"))
    fresh = training.init_model(marker.tokenizer, SMALL).state_dict()
    changed = [n for n, t in marker.model.state_dict().items() if not torch.equal(t, fresh[n])]
    assert len(changed) > len(fresh) / 2
    assert any("validation loss" in line for line in said) and "MB" in said[-1]
    assert {p.name for p in (tmp_path / "work").glob("*.parquet")} == {"train.parquet", "validation.parquet"}


@pytest.mark.long
def test_a_stopped_training_goes_on_to_the_very_same_weights(school, tmp_path, monkeypatch):
    torch.set_num_threads(1)
    train_embedded_grader(
        school, tmp_path / "whole", recipe=SMALL, work_folder=tmp_path / "a", on_progress=lambda line: None
    )

    with monkeypatch.context() as patch:
        patch.setattr(training._ProgressReporter, "on_save", _stop_after_saving, raising=False)
        with pytest.raises(KeyboardInterrupt):
            train_embedded_grader(
                school, tmp_path / "stopped", recipe=SMALL, work_folder=tmp_path / "b", on_progress=lambda line: None
            )
    assert not (tmp_path / "stopped").exists() and list((tmp_path / "b").glob("checkpoints-*/checkpoint-2"))
    train_embedded_grader(
        school, tmp_path / "stopped", recipe=SMALL, work_folder=tmp_path / "b", on_progress=lambda line: None
    )
    whole, stopped = (load_grader(str(tmp_path / name)).model.state_dict() for name in ("whole", "stopped"))
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def _stop_after_saving(self, args, state, control, **kwargs):
    raise KeyboardInterrupt


# ------------------------------------------------------------------ the check


class Key:
    """A marker that errs on every answer to which ``errs`` says yes."""

    def __init__(self, errs=lambda text: False):
        self.errs = errs

    def judge(self, rows):
        found = [is_correct_by_key(question, text) != self.errs(text) for question, text in rows]
        return [GraderVerdict(right, float(right)) for right in found]


def test_the_key_itself_has_no_errors_and_the_naive_rule_has(own):
    cases = dataset.build_hard_test_cases(of(own, "test"), 10)
    found = check.confusion_on_cases(Key(), cases)
    assert found.agreed == found.answers == len(cases) and found.naive < 0.8 * len(cases)


def test_errors_stand_where_they_belong(own):
    cases = dataset.sample_test_cases(of(own, "test"), 40)
    found = check.confusion_on_cases(Key(lambda text: True), cases)
    assert (found.right_right, found.right_wrong, found.wrong_right, found.wrong_wrong) == (0, 20, 20, 0)
    assert found.naive == 40  # these students write the option's text


def test_the_check_tells_its_figures(school, tmp_path):
    marker = Key(lambda text: "or" in text)
    result = check.evaluate_grader(
        marker, school, tmp_path, answer_count=40, hard_per_kind=10, timed_count=50, on_progress=lambda line: None
    )
    told = "\n".join(check.format_evaluation(result))
    assert result.written.answers == 40 and result.hard_total.answers == 10 * len(HARD_CASE_MAKERS)
    assert 0 < result.hard_total.agreed < result.hard_total.answers
    assert "hard cases" in told and "50 answers judged in" in told and "two letters" in told
    assert (tmp_path / "test.parquet").is_file()
