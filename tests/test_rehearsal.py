"""What is kept, how it was, and that this is known after an interruption too. The student's words come from a table here."""

import json
import math

import casts
import pytest
import tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from run_help import last

from studentsim.config import RunConfig
from studentsim.datasets.bank import Bank
from studentsim.datasets.registry import open_bank
from studentsim.errors import StudentError
from studentsim.events import TrainingStep, TurnFinished, TurnStarted
from studentsim.runs import checkpoints
from studentsim.runs.executor import execute
from studentsim.runs.run_dir import RunFolder, create_run
from studentsim.settings import DPOSettings
from studentsim.simulation import Components, LoopState, simulate
from studentsim.store.journal import read_events
from studentsim.student.embedded.student import EmbeddedStudent
from studentsim.student.testing import FakeStudent
from studentsim.teacher.teacher import Teacher
from studentsim.training import rehearsal
from studentsim.training.dpo import DPOStudentTrainer
from studentsim.training.rehearsal import (
    REFERENCES_FILE,
    STEP_INTERVAL,
    TEXTS_PER_STEP,
    Rehearsal,
    rehearsal_key,
    sample_rehearsal_pairs,
)
from studentsim.types import Option, PairScore, Question


class Changing:
    """A student that says every pair otherwise after each lesson: how it stands is ``lesson``; a pair's row tells its own number."""

    def __init__(self) -> None:
        self.lesson = 0
        self.asked: list[int] = []

    def pair_ids(self, pair):
        number = int(pair.question.id[1:])
        return {"prompt_ids": [number] * (1 + number % 7), "chosen_ids": [1], "rejected_ids": [2, 3]}

    def pair_scores(self, rows):
        self.asked += [row["prompt_ids"][0] for row in rows]
        return [PairScore(-self.lesson - row["prompt_ids"][0] / 1000, -10 - self.lesson / 3, 0.0, 0.0) for row in rows]

    def says(self, lesson: int, pairs) -> list[tuple[float, float]]:
        return [(-lesson - int(p.question.id[1:]) / 1000, -10 - lesson / 3) for p in pairs]


def questions(keys: int = 4, each: int = 6, *, skills: bool = True) -> list[Question]:
    options = (Option("a", "1"), Option("b", "2"), Option("c", "3"))
    return [
        Question(
            f"q{key * each + n}", "made", f"c{key % 2}" if skills else f"c{key}", f"{key} and {n}?", options, "a", "So.",
            skill=f"s{key}" if skills else None,
        )
        for key in range(keys)
        for n in range(each)
    ]  # fmt: skip


def held(keys: int = 4, each: int = 6, seed: int = 0, **how) -> Rehearsal:
    return Rehearsal(sample_rehearsal_pairs(questions(keys, each, **how), seed), seed)


# ------------------------------------------------------------------ what is kept


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**31 - 1))
def test_what_is_kept_comes_from_the_study_split_alone(seed):
    bank = open_bank("curriculum")
    kept = sample_rehearsal_pairs(bank.study, seed)
    others = {q.id for q in (*bank.validation, *bank.exam)}
    found = [p.question for pairs in kept.values() for p in pairs]
    assert found and not others & {q.id for q in found} and {q.split for q in found} == {"study"}
    assert all(rehearsal_key(q) == key for key, pairs in kept.items() for q in [p.question for p in pairs])
    assert set(kept) == {q.skill for q in bank.study} and kept == sample_rehearsal_pairs(bank.study, seed)


def test_a_casts_rehearsal_is_its_seeds_and_off_there_is_none():
    from studentsim.factory import build_rehearsal

    bank = open_bank("curriculum")
    one, other = (build_rehearsal(RunConfig.make(seed=seed), bank) for seed in (1, 2))
    assert one.pairs_by_key == sample_rehearsal_pairs(bank.study, 1) != other.pairs_by_key
    assert build_rehearsal(RunConfig.make(dpo=DPOSettings(rehearsal=0.0)), bank) is None


@pytest.mark.parametrize("keys", [1, 3, 30, 200])
def test_many_keys_share_what_few_have_alone(keys):
    kept = sample_rehearsal_pairs(questions(keys, 30), 0)
    sizes = {len(pairs) for pairs in kept.values()}
    assert len(kept) == keys and sizes == {
        min(rehearsal.MAX_PAIRS_PER_KEY, max(rehearsal.MIN_PAIRS_PER_KEY, rehearsal.TOTAL_PAIRS // keys))
    }
    assert all(p.chosen != p.rejected for pairs in kept.values() for p in pairs)


def test_without_skills_the_category_is_kept_together():
    assert set(held(skills=False).pairs_by_key) == {"c0", "c1", "c2", "c3"} and set(held().pairs_by_key) == {
        "s0",
        "s1",
        "s2",
        "s3",
    }


# ------------------------------------------------------------------ how it was


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.frozensets(st.sampled_from(["s0", "s1", "s2", "s3"])), st.booleans()), max_size=7))
def test_a_reference_is_what_the_student_said_when_the_key_was_last_practised(lessons):
    """Each lesson: the keys it practises, and whether it has pairs, without which nothing is trained."""
    student, kept = Changing(), held()
    as_of = dict.fromkeys(kept.pairs_by_key, 0)
    for turn, (practised, trains) in enumerate(lessons, 1):
        if trains:
            kept.begin_turn(student, practised)
            for key, pairs in kept.pairs_by_key.items():
                if key not in practised:
                    assert kept.references[key] == student.says(as_of[key], pairs)
            drawn = [h for batch in kept.sample_batches(student, turn, practised, 5) for h in batch]
            assert {h.row["prompt_ids"][0] // 6 for h in drawn} <= {
                int(key[1:]) for key in set(kept.pairs_by_key) - practised
            }
            student.lesson += 1
        else:
            kept.skip_turn(practised)
        as_of |= dict.fromkeys(practised, student.lesson)


def test_nothing_is_scored_twice_nor_while_it_is_practised():
    student, kept = Changing(), held()
    each = len(kept.pairs_by_key["s0"])
    for practised, scored in ((("s0", "s1"), 2), (("s0", "s1"), 0), (("s1", "s2"), 1), (("s0", "s1", "s2", "s3"), 0)):
        student.asked.clear()
        kept.begin_turn(student, practised)
        assert len(student.asked) == len(set(student.asked)) == scored * each
        student.lesson += 1
    assert kept.references == {}


def test_a_lesson_draws_its_own_without_replacement_and_all_anew_when_none_is_left():
    student, kept = Changing(), held(each=8)
    kept.begin_turn(student, ["s0"])
    pool = sum(len(pairs) for key, pairs in kept.pairs_by_key.items() if key != "s0")
    steps = STEP_INTERVAL * 2
    told = kept.sample_batches(student, 1, ["s0"], steps)
    numbers = [h.row["prompt_ids"][0] for batch in told for h in batch]
    assert [len(batch) for batch in told] == [TEXTS_PER_STEP] * 2 and len(set(numbers)) == len(numbers) <= pool
    assert told == kept.sample_batches(student, 1, ["s0"], steps) != kept.sample_batches(student, 2, ["s0"], steps)
    assert len(kept.sample_batches(student, 1, ["s0"], steps - 1)) == 2, "a last step of its own rehearses too"
    many = [
        h.row["prompt_ids"][0] for batch in kept.sample_batches(student, 1, ["s0"], STEP_INTERVAL * 20) for h in batch
    ]
    assert len(many) == 20 * TEXTS_PER_STEP and set(many) == set(range(8, 32))
    sides = [[h.side for h in batch] for batch in kept.sample_batches(student, 1, ["s0"], STEP_INTERVAL * 20)]
    assert all(row.count("chosen") == row.count("rejected") for row in sides) and len(set(map(tuple, sides))) > 5
    counts = [many.count(n) for n in set(many)]
    assert max(counts) - min(counts) <= 1
    # Those of like length together: a step's longest row is little longer than its shortest.
    lengths = [
        [len(h.row["prompt_ids"]) for h in batch]
        for batch in kept.sample_batches(student, 1, ["s0"], STEP_INTERVAL * 20)
    ]
    assert all(max(row) - min(row) <= 1 for row in lengths)


def test_who_practises_all_rehearses_nothing():
    student, kept = Changing(), held()
    everything = list(kept.pairs_by_key)
    kept.begin_turn(student, everything)
    assert kept.sample_batches(student, 1, everything, 10) == [] and student.asked == []


# ------------------------------------------------------------------ in a checkpoint


def test_it_is_saved_to_the_last_bit(tmp_path):
    student, kept, again = Changing(), held(), held()
    student.lesson = math.pi
    kept.begin_turn(student, ["s1"])
    kept.save(tmp_path)
    again.load(tmp_path)
    assert again.references == kept.references and list(again.references) == ["s0", "s2", "s3"]


def harmed(folder, how: str) -> None:
    told = json.loads((folder / REFERENCES_FILE).read_text())
    if how == "missing":
        (folder / REFERENCES_FILE).unlink()
    elif how == "cut":
        (folder / REFERENCES_FILE).write_text((folder / REFERENCES_FILE).read_text()[:-9])
    elif how == "other":
        told["references"]["s0"][0][0] = "q99"
    elif how == "unknown":
        told["references"]["s9"] = told["references"].pop("s0")
    elif how == "short":
        told["references"]["s0"][0].pop()
    elif how == "shape":
        told = [told]
    if how not in ("missing", "cut"):
        (folder / REFERENCES_FILE).write_text(json.dumps(told))


@pytest.mark.parametrize("how", ["missing", "cut", "other", "unknown", "short", "shape"])
def test_what_is_missing_or_anothers_is_refused_in_words(tmp_path, how):
    kept, again = held(), held()
    kept.begin_turn(Changing(), ["s1"])
    kept.save(tmp_path)
    harmed(tmp_path, how)
    with pytest.raises(StudentError, match=REFERENCES_FILE) as caught:
        again.load(tmp_path)
    assert tmp_path.name in caught.value.problem and caught.value.remedy and again.references == {}


CONFIG = {
    "turns": 3,
    "questions_per_turn": 3,
    "exam_size": 5,
    "exam_every": 2,
    "validation": 3,
    "max_new_tokens": 16,
    "strategy": "random",
}


def cast(config: RunConfig) -> Components:
    told = [*tiny.questions(30), *tiny.questions(5, "exam"), *tiny.questions(5, "validation")]
    own = EmbeddedStudent(tiny.model(), tiny.tokenizer(), config)
    kept = Rehearsal(sample_rehearsal_pairs([q for q in told if q.split == "study"], config.seed), config.seed)
    learner = DPOStudentTrainer(own, config.dpo, rehearsal=kept)
    return Components(Bank.from_questions("curriculum", told), own, Teacher(config.teacher), learner)


def steps(events) -> list[TrainingStep]:
    return [e for e in events if isinstance(e, TrainingStep)]


def test_a_run_taken_up_after_any_lesson_equals_one_that_was_never_stopped(tmp_path):
    config = RunConfig.make(**CONFIG, dpo=DPOSettings(batch_size=2, learning_rate=5e-3))
    whole, saved, practised = [], cast(config), []
    for event in simulate(config, saved):
        whole.append(event)
        if isinstance(event, TurnStarted):
            practised.append({rehearsal_key(q) for q in saved.bank.study if q.id in event.question_ids})
        if type(event).__name__ == "TurnFinished":
            folder = tmp_path / str(event.turn)
            folder.mkdir()
            saved.save(folder)
    assert sum(s.metrics.rehearsal is not None for s in steps(whole)) >= 3
    assert max(s.metrics.rehearsal or 0 for s in steps(whole)) > 1e-4, "what was left alone drifted, and was held"
    assert len(set(map(frozenset, practised))) > 1, "keys are left and taken up again"
    for turn in (1, 2):
        again, before = cast(config), [e for e in whole if e.turn <= turn]
        again.load(tmp_path / str(turn))
        after = list(simulate(config, again, LoopState.from_events([e.to_json() for e in before])))
        assert steps([*before, *after]) == steps(whole)
        (last := tmp_path / f"from-{turn}").mkdir()
        again.save(last)
        for name in (REFERENCES_FILE, "adapter_model.safetensors"):
            assert (last / name).read_bytes() == (tmp_path / str(config.turns) / name).read_bytes()


def test_without_rehearsal_no_file_is_written_and_none_is_asked_for(tmp_path):
    off = cast(RunConfig.make(**CONFIG, dpo=DPOSettings(rehearsal=0.0)))
    off.save(tmp_path)
    off.load(tmp_path)
    assert not (tmp_path / REFERENCES_FILE).exists()
    with pytest.raises(StudentError, match=f"lacks {REFERENCES_FILE}"):
        cast(RunConfig.make(**CONFIG)).load(tmp_path)


class Keeping(Changing):
    """Who trains a fake student and rehearses beside it."""

    def __init__(self, student: FakeStudent, kept: Rehearsal) -> None:
        super().__init__()
        self.student, self.kept = student, kept

    def learn(self, pairs, held_out, *, turn, seed, practised):
        self.kept.begin_turn(self, practised)
        yield from self.student.learn(pairs, held_out, turn=turn, seed=seed)

    def pair_ids(self, pair):
        return {"prompt_ids": [1], "chosen_ids": [1], "rejected_ids": [1]}

    def pair_scores(self, rows):
        return [PairScore(-float(sum(self.student.pairs_by_category.values())), -1.0, 0.0, 0.0) for _ in rows]

    def save(self, folder):
        self.kept.save(folder)

    def load(self, folder):
        self.kept.load(folder)


def keeping(config: RunConfig) -> Components:
    student, small = FakeStudent(), casts.bank()
    learner = Keeping(student, Rehearsal(sample_rehearsal_pairs(small.study, config.seed), config.seed))
    return Components(small, student, Teacher(config.teacher), learner)


def paused_after_two(data) -> RunFolder:
    folder = create_run(data, casts.config(strategy="random"))

    def pause(event):
        if isinstance(event, TurnFinished) and event.turn == 2:
            folder.write_request("pause")

    assert execute(folder, build_components=keeping, on_event=pause) == "paused"
    return folder


def test_a_checkpoint_without_it_is_refused_in_words_and_a_damaged_one_falls_back(tmp_path):
    lost, damaged, whole = (paused_after_two(tmp_path / name) for name in ("lost", "damaged", "whole"))
    for folder in (lost, damaged):
        (checkpoints.checkpoint_path(folder.checkpoints, 2) / REFERENCES_FILE).unlink()
    manifest = checkpoints.checkpoint_path(lost.checkpoints, 2) / checkpoints.MANIFEST_FILE
    told = json.loads(manifest.read_text())
    manifest.write_text(
        json.dumps({name: told[name] for name in told if name != REFERENCES_FILE})
    )  # as if it had never been there
    assert execute(lost, build_components=keeping) == "failed"
    assert REFERENCES_FILE in last(lost)["message"] and last(lost)["remedy"] and last(lost)["error"] == "StudentError"
    assert execute(damaged, build_components=keeping) == execute(whole, build_components=keeping) == "finished"
    ends = [checkpoints.checkpoint_path(folder.checkpoints, 4) / REFERENCES_FILE for folder in (damaged, whole)]
    assert ends[0].read_text() == ends[1].read_text() and json.loads(ends[0].read_text())["references"]
    assert [e["turn"] for e in read_events(damaged.journal_path) if e["type"] == "RunResumed"] == [1]


def test_an_exported_adapter_is_without_it(tmp_path):
    folder = paused_after_two(tmp_path / "data")
    checkpoints.copy_adapter(folder.checkpoints, tmp_path / "out")
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["fake.json"]
