"""The shipped marker, fine-tuned on a language model's replies: it reads them at both ends, and is told by kind of reply."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from casts import config
from safetensors.torch import load_file
from tiny_graders import answers_of, fake_run, make
from written_replies import LONG, answer, question, replies

from studentsim.analysis import grader_evaluation
from studentsim.errors import ConfigError
from studentsim.grader.check import ConfusionCounts, confusion_by_reply_kind, evaluate_on_answers, format_evaluation
from studentsim.grader.encoding import InputEncoder
from studentsim.grader.finetune import FinetuneResult, finetune_grader
from studentsim.grader.finetune_report import report_result
from studentsim.grader.finetune_training import FinetuneSettings
from studentsim.grader.loading import CARD_FILE_NAME
from studentsim.grader.model import WEIGHTS_FOLDER, load_grader
from studentsim.grader.prompt import excerpt_both_ends
from studentsim.grader.reply_classification import ReplyKind
from studentsim.grader.student_answer import SplitSizes
from studentsim.runs import grader_info
from studentsim.settings import TeacherSettings
from studentsim.ui.teaching import replies as table

SIZES = SplitSizes(96, 10, 30)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[FinetuneResult, Path, list[str]]:
    """A marker made from the shipped one; its folder; what was said."""
    torch.set_num_threads(1)
    out, said = tmp_path_factory.mktemp("markers") / "mine", []
    settings = FinetuneSettings.for_base("embedded", epochs=2, learning_rate=2e-3, input_tokens=128)
    return (
        finetune_grader("embedded", list(replies(300)), out, sizes=SIZES, settings=settings, on_progress=said.append),
        out,
        said,
    )


def test_it_reads_replies_better_than_the_shipped_one_which_reads_their_end_alone(made):
    result, out, _ = made
    unseen = list(replies(60, right_every=2, seed=9))
    before, after = (confusion_by_reply_kind(load_grader(name), unseen) for name in ("embedded", str(out)))
    kind = ReplyKind.ANSWER_THEN_EXPLANATION
    assert before[kind].right_right == 0 < before[kind].right_wrong, (
        "the letter stands where the shipped one does not look"
    )
    assert after[kind].right_right > 0 and after[kind].agreed > before[kind].agreed
    assert result.grader_confusion.agreed > result.base_confusion.agreed


def test_a_run_can_take_it_and_pins_it_and_the_shipped_weights_stay(made):
    _, out, _ = made
    pinned = grader_info.check_teacher(config(teacher=TeacherSettings(grader=str(out), grade_source="grader"))).teacher
    assert pinned.grader_revision.startswith("files-") and pinned.grader == str(out)
    before, after = load_file(WEIGHTS_FOLDER / "model.safetensors"), load_file(out / "model.safetensors")
    assert before.keys() == after.keys() and any(not torch.equal(before[name], after[name]) for name in before)
    card = json.loads((out / CARD_FILE_NAME).read_text())
    assert card["base"] == "embedded" and card["settings"]["reading"] == "ends" and card["settings"]["balanced"]
    encode = load_grader(str(out)).encode_input
    assert isinstance(encode, InputEncoder) and (encode.truncation, encode.max_tokens) == ("ends", 128)


def test_figures_by_kind_stand_in_the_folder_are_printed_and_are_those_of_its_weights(made):
    result, out, said = made
    held_out = result.dataset.held_out
    assert set(result.grader_by_reply_kind) == set(ReplyKind) == {ReplyKind(kind) for kind in result.base_by_reply_kind}
    assert result.grader_by_reply_kind == confusion_by_reply_kind(load_grader(str(out)), held_out)
    assert sum(result.grader_by_reply_kind.values(), ConfusionCounts()).answers == len(held_out)
    stored = json.loads((out / grader_evaluation.EVALUATION_FILE).read_text())["replies"]
    assert {kind: ConfusionCounts(**cells) for kind, cells in stored.items()} == result.grader_by_reply_kind
    assert {
        k: ConfusionCounts(**c) for k, c in json.loads((out / CARD_FILE_NAME).read_text())["replies"]["before"].items()
    } == result.base_by_reply_kind
    told = "\n".join(said)
    assert all(kind.title in told for kind in ReplyKind) and "false right" in told
    assert "are answers with another option taken" in told and "of all these answers 2" in told
    assert "longer than 128 tokens: their beginning and their end are read" in told


@pytest.mark.parametrize("balanced", [True, False])
def test_where_the_base_agrees_more_often_on_all_held_out_answers_it_is_said(made, balanced: bool):
    result, out, _ = made
    fewer, more = (
        {ReplyKind.LETTER_ONLY.value: count} for count in (ConfusionCounts(2, 0, 3, 5), ConfusionCounts(2, 0, 0, 8))
    )
    settings = replace(result.settings, balanced=balanced)

    def said(before: dict[str, ConfusionCounts], after: dict[str, ConfusionCounts]) -> list[str]:
        lines: list[str] = []
        report_result(
            replace(result, base_by_reply_kind=before, grader_by_reply_kind=after, settings=settings), out, lines.append
        )
        return [line for line in lines if "the base agrees with the key more often" in line]

    (line,) = said(more, fewer)
    assert "of which 20.0 % are right" in line and ("--as-they-come" in line) is balanced
    assert not said(fewer, more)


def test_the_page_has_them_with_intervals(made):
    result, out, _ = made
    found = grader_evaluation.load_evaluation(out)
    assert found is not None and found.written_answers.answers == 30 and found.reply_kind_counts is not None
    shown = table.reply_kind_frame(found.reply_kind_counts).set_index("kind")
    count = result.grader_by_reply_kind[ReplyKind.LETTER_VALUE_MISMATCH]
    row = shown.loc["letter and value disagree"]
    assert (row.answers, row.right) == (count.answers, count.right_right + count.right_wrong)
    assert (row.wrong_right, row.right_wrong) == (count.wrong_right, count.right_wrong) and " to " in row.bounds


def test_check_teacher_tells_them_of_any_run(made):
    found = evaluate_on_answers(load_grader(str(made[1])), list(replies(60, seed=3)))
    assert found.written.answers == 60 == sum(found.replies.values(), ConfusionCounts()).answers
    assert "By kind of reply:" in "\n".join(format_evaluation(found))


@pytest.mark.parametrize(
    "text", ['{"settings": {"input_tokens": 128}}', '{"settings": {"input_tokens": 128, "reading": 7}}', "[]"]
)
def test_a_folder_that_does_not_say_how_it_reads_reads_as_before(tmp_path, text):
    folder = make(tmp_path)
    (folder / CARD_FILE_NAME).write_text(text)
    assert load_grader(str(folder)).encode_input.truncation == "whole"


def test_of_a_long_reply_both_ends_are_read_within_the_limit():
    tokenizer = load_grader().tokenizer
    asked = question(3)
    long = answer(asked, f"b) 182\n\n{LONG}\nSo it is b) 182.")
    read = tokenizer.decode(InputEncoder(tokenizer, 256, "ends")(asked, long.text))
    end = tokenizer.decode(InputEncoder(tokenizer, 256)(asked, long.text))
    assert read != end and len(InputEncoder(tokenizer, 256, "ends")(asked, long.text)) <= 256
    assert excerpt_both_ends(long.text, 60).startswith("b) 182\n") and excerpt_both_ends(long.text, 60).endswith("182.")
    assert excerpt_both_ends("b) 182", 60) == "b) 182" and excerpt_both_ends("", 0) == ""
    assert excerpt_both_ends("Because.\nAnswer: b) 182", 60) == "Answer: b) 182", "an answer line decides"


def test_what_a_model_wrote_is_taken_and_what_was_scored_is_not(tmp_path, monkeypatch):
    written, data = fake_run(tmp_path), tmp_path
    assert {a.phase for a in answers_of(data, written.run_id)} == {"exam", "study"}
    settings = json.loads((written.path / "config.json").read_text())
    settings |= {"model": "some/model", "model_loading": {**settings["model_loading"], "exam_mode": "scored"}}
    (written.path / "config.json").write_text(json.dumps(settings))
    assert {a.phase for a in answers_of(data, written.run_id)} == {"study"}


def test_of_the_embedded_marker_more_tokens_are_read_and_of_others_the_papers():
    given = [(s.input_tokens, s.reading, s.balanced) for s in map(FinetuneSettings.for_base, ("embedded", "some/t5"))]
    assert given == [(256, "ends", True), (128, "whole", True)]
    assert FinetuneSettings.for_base("some/t5") == FinetuneSettings()


def test_a_way_of_reading_that_there_is_not_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="--reading is 'half'. Choose whole or ends"):
        finetune_grader(
            "embedded", [], tmp_path / "out", settings=FinetuneSettings.for_base("embedded", reading="half"), on_progress=lambda _: None
        )  # fmt: skip
    with pytest.raises(ConfigError, match="--input-tokens is 0"):
        finetune_grader(
            "embedded", [], tmp_path / "out", settings=FinetuneSettings.for_base("embedded", input_tokens=0), on_progress=lambda _: None
        )  # fmt: skip
