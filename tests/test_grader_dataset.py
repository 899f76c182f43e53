"""The rows a grader is fine-tuned on: dealt by question, labelled by the key, refused where they would teach nothing."""

from collections import Counter
from dataclasses import replace
from random import Random

import pyarrow.csv as csv
import pyarrow.parquet as parquet
import pytest
from casts import bank, config
from tiny_graders import answers_of, fake_run

from studentsim.errors import ConfigError, UnknownRun
from studentsim.grader.finetune_data import GRADER_ROW_COLUMNS, build_grader_dataset, write_grader_rows
from studentsim.grader.prompt import CORRECT, WRONG
from studentsim.grader.student_answer import SPLITS, SplitSizes, StudentAnswer
from studentsim.runs.run_dir import create_run
from studentsim.store.journal import read_events

QUESTIONS = [*bank().study, *bank().exam]
SMALL = SplitSizes(30, 6, 6)


def answer(number: int, text: str, right: bool = True, question=None) -> StudentAnswer:
    return StudentAnswer(question or QUESTIONS[number], text, right, "run", "balanced", 1, "study")


def plenty(count: int = 60, each: int = 1, wrong_every: int = 2) -> list[StudentAnswer]:
    return [
        answer(n, f"{n} {k}\nAnswer: {n + k}", bool((n + k) % wrong_every)) for n in range(count) for k in range(each)
    ]


def build(answers, sizes=SMALL, *, seed=0, is_short=lambda a: True):
    return build_grader_dataset(answers, is_short, sizes, seed=seed)


def split_rows(dataset):
    return {split: getattr(dataset, split) for split in SPLITS}


def test_the_papers_sizes_are_the_default():
    assert (SplitSizes(), SplitSizes().total) == (SplitSizes(680, 110, 110), 900)


def test_the_splits_have_the_sizes_asked_for_and_share_no_question():
    for each in (1, 3, 7):
        dataset = build(plenty(60, each))
        assert [len(rows) for rows in split_rows(dataset).values()] == [30, 6, 6]
        ids = [{a.question.id for a in rows} for rows in split_rows(dataset).values()]
        assert not ids[0] & ids[1] and not ids[0] & ids[2] and not ids[1] & ids[2]
        assert len(ids[2]) == 6, "every question's first answer goes before another's second"


@pytest.mark.parametrize("seed", range(8))
def test_however_questions_share_ids_and_texts_none_stands_in_two_splits(seed: int):
    rng, answers = Random(seed), []
    for n in range(300):
        base = QUESTIONS[rng.randrange(60)]
        question = replace(base, id=f"q{rng.randrange(80)}" if rng.random() < 0.02 else base.id)
        answers.append(answer(0, f"{n}\nAnswer: {n}", rng.random() < 0.5, question))
    dataset = build(answers, seed=seed)
    for key in (lambda q: q.id, lambda q: q.problem):
        seen = [{key(a.question) for a in rows} for rows in split_rows(dataset).values()]
        assert sum(map(len, seen)) == len(set().union(*seen))


def test_the_same_seed_gives_the_same_rows_and_another_seed_others():
    answers = plenty(60, 2)
    assert build(answers, seed=1) == build(answers, seed=1) != build(answers, seed=2)


def test_an_answer_that_repeats_another_is_left_out_and_told():
    dataset = build(plenty(60) * 3)
    assert (dataset.answer_count, dataset.duplicate_count, dataset.over_long_count) == (180, 120, 0)
    texts = [(a.question.id, a.text) for rows in split_rows(dataset).values() for a in rows]
    assert len(texts) == len(set(texts))


def test_too_few_are_refused_with_the_counts_and_what_would_do():
    with pytest.raises(ConfigError) as caught:
        build(plenty(30) * 2, SplitSizes(680, 110, 110))
    told = str(caught.value)
    assert "900 rows are needed (680 / 110 / 110), and there are 30 answers to 30 questions (30 left out" in told
    assert "--answers can be said several times" in told and "--train-rows" not in told, "30 are too few for any split"
    with pytest.raises(ConfigError, match="Or ask for fewer rows: --train-rows 75 --validation-rows 12 --test-rows 12"):
        build(plenty(100), SplitSizes(680, 110, 110))


def test_no_answers_at_all_are_too_few():
    with pytest.raises(ConfigError, match="there are 0 answers to 0 questions"):
        build([])


@pytest.mark.parametrize("right", [True, False])
def test_one_sided_answers_are_refused_with_the_counts(right: bool):
    one_sided = [replace(a, is_correct=right if n % 12 else not right) for n, a in enumerate(plenty(60))]
    with pytest.raises(ConfigError, match=r"Of 60 answers (55|5) are Correct, (55|5) are Wrong.*at least 10%"):
        build(one_sided)


def test_answers_as_one_sided_as_is_allowed_are_taken_as_they_come():
    dataset = build(plenty(100, wrong_every=4), SplitSizes(30, 20, 20))
    counts = dataset.label_counts_by_split()
    assert 0.6 < counts["train"][CORRECT] / 30 < 0.9 and sum(c[WRONG] for c in counts.values()) > 5


def test_over_long_answers_are_left_out_and_told_and_too_many_are_refused():
    some = build(plenty(80), is_short=lambda a: int(a.text.split()[0]) >= 20)
    assert some.over_long_count == 20 and all(int(a.text.split()[0]) >= 20 for a in some.train)
    with pytest.raises(ConfigError, match="50 of 80 answers are longer than the marker reads"):
        build(plenty(80), is_short=lambda a: int(a.text.split()[0]) >= 50)


def test_so_many_answers_to_so_few_questions_that_a_split_stays_short_are_refused():
    with pytest.raises(ConfigError, match="to 3 questions alone"):
        build(plenty(3, 20))


# ------------------------------------------------------------------ from journals


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    data = tmp_path_factory.mktemp("data")
    return data, fake_run(data, teacher={"attempts": 2, "challenge_rate": 0.5})


def test_the_answers_are_the_first_attempts_of_exams_and_practice_labelled_by_the_key(run):
    data, folder = run
    told = [e for e in read_events(folder.journal_path) if e["type"] == "AnswerRecorded"]
    first = [e for e in told if e["phase"] in ("exam", "study")]
    assert len(first) < len(told), "there are second attempts to leave out"
    answers = answers_of(data, folder.run_id, folder.run_id)
    assert Counter(a.phase for a in answers) == Counter(e["phase"] for e in first)
    assert [(a.question.id, a.text, a.is_correct) for a in answers] == [
        (e["question_id"], e["text"], e["is_correct"]) for e in first
    ]
    assert {(a.student, a.run_id) for a in answers} == {("balanced", folder.run_id)}
    by_id = {q.id: q for q in QUESTIONS}
    for a in answers:
        assert [o.text for o in a.question.options] == [o.text for o in by_id[a.question.id].options]
        assert a.question.correct_option == replace(by_id[a.question.id].correct_option, solution=None)


def test_a_run_that_is_not_there_is_refused_and_one_without_answers_gives_none(run, tmp_path):
    with pytest.raises(UnknownRun, match="no run 'nobody'"):
        answers_of(run[0], "nobody")
    assert answers_of(tmp_path, create_run(tmp_path, config()).run_id) == []


def test_the_rows_are_written_for_a_look(run, tmp_path):
    data, folder = run
    dataset = build(answers_of(data, folder.run_id), SplitSizes(40, 15, 15))
    for name, read in (("rows.csv", csv.read_csv), ("rows.parquet", parquet.read_table)):
        write_grader_rows(dataset, tmp_path / "new" / name)
        table = read(tmp_path / "new" / name)
        assert tuple(table.column_names) == GRADER_ROW_COLUMNS and table.num_rows == 70
    row = table.to_pylist()[0]
    assert row["sentences"].startswith(f"Context: {row['correct'].split(')')[0]}) ") and row["label"] in (
        CORRECT,
        WRONG,
    )
    assert row["sentences"].endswith("Is the answer Correct or Wrong?") and row["split"] == "train"
    with pytest.raises(ConfigError, match="neither .csv nor .parquet"):
        write_grader_rows(dataset, tmp_path / "rows.xlsx")
